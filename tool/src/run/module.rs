//! Where the module for Envoy is.

use std::io;
use std::path::{Path, PathBuf};

/// The names under which it is found.
const NAMES: [&str; 2] = ["envoy_callout.wasm", "plugin.wasm"];

/// Where cargo leaves it.
const BUILT: &str = "target/wasm32-wasip1/release/envoy_callout.wasm";

/// The module's file, with its whole path.
///
/// # Errors
/// There is none.
pub(super) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    let of_environment = std::env::var_os("CALLOUT_WASM").filter(|name| !name.is_empty()).map(PathBuf::from);
    if let Some(named) = named.map(Path::to_owned).or(of_environment) {
        return named.canonicalize().map_err(|error| {
            io::Error::new(error.kind(), format!("there is no module at {}: {error}", named.display()))
        });
    }
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let folders = [Some(PathBuf::new()), beside];
    let beside = folders.into_iter().flatten().flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = beside.chain([PathBuf::from(BUILT)]).find(|path| path.is_file());
    let missing = || {
        let text = "there is no module for Envoy: name it with --module, or build it with `make build`";
        io::Error::new(io::ErrorKind::NotFound, text)
    };
    found.ok_or_else(missing)?.canonicalize()
}
