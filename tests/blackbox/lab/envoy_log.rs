//! The health of the module in Envoy's logs.

use std::fs;
use std::path::Path;

use super::Host;

/// Signs that a call into the VM trapped, in Envoy's log or, the last one, as response code details in an access log.
fn is_vm_failure(line: &str) -> bool {
    let failed_call = line.contains("Function: proxy_") && line.contains("failed");
    // Only the cases of panics force one.
    let is_forced = line.contains("forced by the test");
    failed_call
        || !is_forced
            && ["Uncaught RuntimeError", "panicked at", "Wasm VM failed", "wasm_fail_stream"]
                .iter()
                .any(|sign| line.contains(sign))
}

/// The messages of the module for this plugin: level and text, in order. Of a line that several VMs wrote, as they do
/// of a configuration, each counts.
pub fn module_log(directory: &Path, plugin: &str) -> Vec<(String, String)> {
    let log = fs::read(directory.join("envoy.log")).unwrap();
    let host = Host::current();
    let mark = match host {
        Host::Wasm => format!("wasm log {plugin} "),
        Host::Native => format!("] {plugin}"),
    };
    let line = |line: &str| {
        let (head, text) = line.split_once(": callout: ").filter(|(head, _)| match host {
            Host::Wasm => head.contains(&mark),
            Host::Native => head.ends_with(&mark),
        })?;
        let level = head.split(['[', ']']).filter(|part| !part.is_empty()).nth(2)?;
        Some((level.to_owned(), text.to_owned()))
    };
    String::from_utf8_lossy(&log).lines().filter_map(line).collect()
}

/// Fails with every line of the logs in this directory that reports a failed VM.
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
