//! A configuration of Envoy for `run`: with the module, the ports and the access log of `run`.

use super::port::Taken;
use super::{module, requests};
use crate::envoy_file::{self, EnvoyFile, Listener, ReadFile};
use crate::finding::{Code, Findings};
use crate::render::{self, DeployArguments};
use crate::{CommandError, check, native};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Reads a file and prepares its configuration, with the native module if it runs. `None` when the file has errors, which are reported to standard error.
///
/// # Errors
/// The file cannot be read, or the module does not exist.
pub(super) fn prepare(
    path: &Path,
    deploy: &DeployArguments,
    named: Option<&Path>,
) -> Result<Option<(EnvoyFile, Option<PathBuf>)>, CommandError> {
    let mut findings = Findings::default();
    findings.files = 1;
    let Some(mut file) = read(path, &mut findings).map_err(CommandError::Run)? else {
        render::report_problems(&findings)?;
        return Ok(None);
    };
    if render::report_problems(&findings)? {
        return Ok(None);
    }
    if deploy.host == native::Host::Native {
        file.make_native();
    }
    let native = if file.is_native() { Some(native::find(named).map_err(CommandError::Run)?) } else { None };
    if native.is_none()
        && let Some(module) = replacement(&file, named).map_err(CommandError::Run)?
    {
        file.set_module(&module.to_string_lossy());
    }
    deploy.port.into_iter().for_each(|port| file.set_port(port));
    deploy.admin_port.into_iter().for_each(|port| file.set_admin_port(port));
    file.change_configurations(&mut |configuration| requests::publish_urls(configuration));
    file.add_access_log(&|configurations| requests::access_log(configurations.iter()));
    Ok(Some((file, native)))
}

/// Reads a file and checks it as `check` does.
fn read(path: &Path, findings: &mut Findings) -> io::Result<Option<EnvoyFile>> {
    let Some(ReadFile { source, parsed, file }) = envoy_file::read(path, findings)? else { return Ok(None) };
    check::value(&source, &parsed, findings);
    // A missing module is replaced.
    findings.change(|finding| finding.code != Code::MissingModule);
    Ok(Some(file))
}

/// The module that replaces those of the file: the one of `--module` or `$CALLOUT_WASM`, or the default one when the file
/// names a module that does not exist.
fn replacement(file: &EnvoyFile, named: Option<&Path>) -> io::Result<Option<PathBuf>> {
    let plugins = file.plugins(None);
    if plugins.is_empty() {
        return Ok(None);
    }
    if named.is_some() || module::is_in_environment() {
        return module::find(named).map(Some);
    }
    let modules = || plugins.iter().filter_map(|plugin| plugin.module.as_deref());
    let Some(missing) = modules().find(|module| !Path::new(module).is_file()) else { return Ok(None) };
    let found = module::find(None).map_err(|error| {
        io::Error::new(error.kind(), format!("the file names the module {missing}, which does not exist: {error}"))
    })?;
    // Standard error can be closed.
    let _ = writeln!(io::stderr(), "warning: no module at {missing}: {} runs instead", found.display());
    Ok(Some(found))
}

/// The URLs of the listeners, as a client on this machine writes them.
pub(super) fn urls(file: &EnvoyFile) -> Vec<String> {
    let listeners = file.listeners();
    listeners.iter().filter(|listener| listener.port > 0).map(url).collect()
}

fn url(listener: &Listener) -> String {
    let scheme = if listener.has_tls { "https" } else { "http" };
    let host = match listener.address.as_str() {
        "0.0.0.0" | "::" => "127.0.0.1".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        address => address.to_owned(),
    };
    format!("{scheme}://{host}:{}", listener.port)
}

/// The addresses that must be free, with the way to change each.
pub(super) fn addresses(file: &EnvoyFile, path: &Path) -> Vec<Taken> {
    let in_file = format!("change it in {}", path.display());
    let of_listener = |(index, listener): (usize, Listener)| Taken {
        hint: if index == 0 { "choose another with --port".to_owned() } else { in_file.clone() },
        listener,
    };
    let admin = file.admin().map(|listener| Taken { hint: "choose another with --admin-port".to_owned(), listener });
    file.listeners().into_iter().enumerate().map(of_listener).chain(admin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_a_client() {
        let cases = [
            ("0.0.0.0", false, "http://127.0.0.1:80"),
            ("::", true, "https://127.0.0.1:80"),
            ("::1", false, "http://[::1]:80"),
            ("10.0.0.1", false, "http://10.0.0.1:80"),
        ];
        for (address, has_tls, expected) in cases {
            let listener = Listener { address: address.to_owned(), port: 80, has_tls };
            assert_eq!(url(&listener), expected);
        }
    }
}
