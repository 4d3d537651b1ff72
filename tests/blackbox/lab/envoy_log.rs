//! What Envoy's logs tell about the health of the module.

use std::fs;
use std::path::Path;

/// Signs that a call into the VM trapped, in Envoy's log or, the last one, as response code details in an access log.
fn is_vm_failure(line: &str) -> bool {
    let failed_call = line.contains("Function: proxy_") && line.contains("failed");
    failed_call
        || ["Uncaught RuntimeError", "panicked at", "Wasm VM failed", "wasm_fail_stream"]
            .iter()
            .any(|sign| line.contains(sign))
}

/// Fails with every line of the logs in this directory that tells of a failed VM.
pub fn no_vm_failed(directory: &Path) -> Result<(), String> {
    let mut failures = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let log = fs::read(&path).map_err(|error| error.to_string())?;
            failures.extend(
                String::from_utf8_lossy(&log).lines().filter(|line| is_vm_failure(line)).map(ToOwned::to_owned),
            );
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}
