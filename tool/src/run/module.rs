//! Finds the module for Envoy.

use std::io;
use std::path::{Path, PathBuf};

/// The file names of the module.
const NAMES: [&str; 2] = ["envoy_callout.wasm", "plugin.wasm"];

/// The file that cargo builds.
const BUILT: &str = "target/wasm32-wasip1/release/envoy_callout.wasm";

/// The absolute path of the module.
///
/// # Errors
/// The module does not exist.
pub(super) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    let of_environment = std::env::var_os("CALLOUT_WASM").filter(|name| !name.is_empty()).map(PathBuf::from);
    if let Some(named) = named.map(Path::to_owned).or(of_environment) {
        return named
            .canonicalize()
            .map_err(|error| io::Error::new(error.kind(), format!("no module at {}: {error}", named.display())));
    }
    let program_folder = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let folders = [Some(PathBuf::new()), program_folder];
    let candidates = folders.into_iter().flatten().flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = candidates.chain([PathBuf::from(BUILT)]).find(|path| path.is_file());
    let missing = || {
        let text = "no module for Envoy: pass --module, or build it with `make build`";
        io::Error::new(io::ErrorKind::NotFound, text)
    };
    found.ok_or_else(missing)?.canonicalize()
}
