//! Finding Envoy, or fetching it as the Makefile does.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The script that the Makefile uses: it prints the path of the Envoy that `$ENVOY` names, or installs one.
const SCRIPT: &str = include_str!("../../../scripts/envoy.sh");

/// The Envoy to start.
///
/// # Errors
/// The one that is named does not exist, or none can be fetched.
pub(super) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    let of_environment = std::env::var_os("ENVOY").filter(|name| !name.is_empty()).map(PathBuf::from);
    match named.map(Path::to_owned).or(of_environment) {
        Some(named) => Ok(named),
        None => match on_path("envoy") {
            Some(found) => Ok(found),
            None => fetched(),
        },
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Where fetched programs are kept.
fn cache() -> OsString {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.unwrap_or_else(std::env::temp_dir).join("envoy-callout").into_os_string()
}

fn fetched() -> io::Result<PathBuf> {
    let script = Command::new("sh")
        .args(["-c", SCRIPT, "/usr/envoy.sh"])
        .env("CARGO_TARGET_DIR", cache())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot start sh to fetch Envoy: {error}")))?;
    let path = String::from_utf8_lossy(&script.stdout).trim().to_owned();
    if !script.status.success() || path.is_empty() {
        return Err(io::Error::other("there is no Envoy: name one with --envoy"));
    }
    Ok(PathBuf::from(path))
}
