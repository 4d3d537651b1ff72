//! `module`: the module for Envoy, which this program contains or finds.

use crate::{CommandError, Outcome};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Write the module for Envoy to standard output
///
/// The module is the one that `run` uses and that the configuration of `render` names.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The module [default: $CALLOUT_WASM, else the one in this program, else envoy_callout.wasm here, next to this
    /// program or in the folder of cargo]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout module > /etc/envoy/envoy_callout.wasm
  envoy-callout module | sha256sum";

/// The module that the build embedded.
const EMBEDDED: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/module.rs"));

/// The file names of the module.
const NAMES: [&str; 2] = ["envoy_callout.wasm", "plugin.wasm"];

/// The file that cargo builds.
const BUILT: &str = "target/wasm32-wasip1/release/envoy_callout.wasm";

/// Runs the command.
///
/// # Errors
/// There is no module, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let bytes = match located(arguments.module.as_deref()).map_err(CommandError::Run)? {
        Located::File(file) => std::fs::read(file).map_err(CommandError::Run)?.into(),
        Located::Embedded(bytes) => std::borrow::Cow::Borrowed(bytes),
    };
    output.write_all(&bytes)?;
    Ok(Outcome::Fine)
}

/// The absolute path of the module. The embedded module is written to a folder of the user's cache.
///
/// # Errors
/// The module does not exist, or the cache cannot be written.
pub(super) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    match located(named)? {
        Located::File(file) => Ok(file),
        Located::Embedded(bytes) => cached(bytes, &cache()?),
    }
}

/// Whether `$CALLOUT_WASM` names the module.
pub(super) fn is_in_environment() -> bool {
    variable("CALLOUT_WASM").is_some()
}

enum Located {
    File(PathBuf),
    Embedded(&'static [u8]),
}

fn located(named: Option<&Path>) -> io::Result<Located> {
    let of_environment = variable("CALLOUT_WASM").map(PathBuf::from);
    if let Some(named) = named.map(Path::to_owned).or(of_environment) {
        let file = named
            .canonicalize()
            .map_err(|error| io::Error::new(error.kind(), format!("no module at {}: {error}", named.display())))?;
        return Ok(Located::File(file));
    }
    if let Some(bytes) = EMBEDDED {
        return Ok(Located::Embedded(bytes));
    }
    let program_folder = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let folders = [Some(PathBuf::new()), program_folder];
    let candidates = folders.into_iter().flatten().flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = candidates.chain([PathBuf::from(BUILT)]).find(|path| path.is_file());
    let missing = || {
        let text = "no module for Envoy: pass --module, set $CALLOUT_WASM, or install the tool with `make install`";
        io::Error::new(io::ErrorKind::NotFound, text)
    };
    Ok(Located::File(found.ok_or_else(missing)?.canonicalize()?))
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The folder of the user's cache for this program.
fn cache() -> io::Result<PathBuf> {
    let folder = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
    let missing = || {
        let text = "no folder for the module: set $HOME or $XDG_CACHE_HOME, or pass --module";
        io::Error::new(io::ErrorKind::NotFound, text)
    };
    Ok(folder.ok_or_else(missing)?.join("envoy-callout"))
}

/// The file of a module in a folder. Its name contains the digest of the module, so that a running Envoy keeps the
/// module of an earlier version.
fn cached(bytes: &[u8], folder: &Path) -> io::Result<PathBuf> {
    let digest: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let file = folder.join(format!("envoy_callout-{digest}.wasm"));
    if std::fs::read(&file).is_ok_and(|found| found == bytes) {
        return Ok(file);
    }
    let in_folder = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot write the module to {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(in_folder)?;
    // Another process never sees an incomplete module.
    let mut part = tempfile::NamedTempFile::new_in(folder).map_err(in_folder)?;
    part.write_all(bytes).map_err(in_folder)?;
    readable(part.as_file()).map_err(in_folder)?;
    part.persist(&file).map_err(|error| in_folder(error.error))?;
    Ok(file)
}

/// Lets an Envoy of another user read the file.
fn readable(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_module_has_its_content_and_is_written_again_only_when_it_differs() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("cache");
        let file = cached(b"one", &folder).unwrap();
        // The first 8 bytes of the SHA-256 digest of "one".
        assert_eq!(file.file_name().unwrap(), "envoy_callout-7692c3ad3540bb80.wasm");
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        let written = std::fs::metadata(&file).unwrap().modified().unwrap();
        assert_eq!(cached(b"one", &folder).unwrap(), file);
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written);
        std::fs::write(&file, "cut").unwrap();
        assert_eq!(cached(b"one", &folder).unwrap(), file);
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        assert_ne!(cached(b"two", &folder).unwrap(), file);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    }
}
