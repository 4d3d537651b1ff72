//! Finds Envoy, or downloads it with the script of the Makefile.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The script of the Makefile. It prints the path of `$ENVOY`, or of an Envoy that it installs.
const SCRIPT: &str = include_str!("../../../scripts/envoy.sh");

/// The path of Envoy.
///
/// # Errors
/// Envoy cannot be downloaded.
pub(super) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    let of_environment = std::env::var_os("ENVOY").filter(|name| !name.is_empty()).map(PathBuf::from);
    match named.map(Path::to_owned).or(of_environment) {
        Some(named) => Ok(named),
        None => match on_path("envoy") {
            Some(found) => Ok(found),
            None => downloaded(),
        },
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The folder of downloaded programs.
fn cache() -> OsString {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.unwrap_or_else(std::env::temp_dir).join("envoy-callout").into_os_string()
}

fn downloaded() -> io::Result<PathBuf> {
    let script = Command::new("sh")
        .args(["-c", SCRIPT, "/usr/envoy.sh"])
        .env("CARGO_TARGET_DIR", cache())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot start sh to download Envoy: {error}")))?;
    let path = String::from_utf8_lossy(&script.stdout).trim().to_owned();
    if !script.status.success() || path.is_empty() {
        return Err(io::Error::other("no Envoy: pass --envoy or set $ENVOY"));
    }
    Ok(PathBuf::from(path))
}
