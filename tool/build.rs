//! Embeds the module for Envoy in the tool: the file that `$ENVOY_CALLOUT_MODULE` names at build time. Without the
//! variable, the tool looks for the module at run time.
#![allow(clippy::print_stdout, reason = "cargo reads the instructions of a build script from standard output")]

use std::path::{Path, PathBuf};

/// The variable that names the module.
const VARIABLE: &str = "ENVOY_CALLOUT_MODULE";

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
    let embedded = match named {
        Some(name) => {
            let file = Path::new(&name).canonicalize().map_err(|error| format!("{VARIABLE}={name:?}: {error}"))?;
            println!("cargo::rerun-if-changed={}", file.display());
            format!("Some(include_bytes!({file:?}))")
        }
        None => "None".to_owned(),
    };
    let output = std::env::var_os("OUT_DIR").map(PathBuf::from).ok_or("cargo sets OUT_DIR")?;
    std::fs::write(output.join("module.rs"), embedded).map_err(|error| error.to_string())
}
