//! `run`: runs bundles in Envoy on this machine and logs their callouts.

mod dns;
mod file;
mod log;
mod mocks;
mod port;
mod process;
mod program;
pub(super) mod requests;

use super::envoy_file::{EnvoyFile, Listener};
use super::render::{self, DeployArguments};
use super::{CommandError, Outcome, module, native};
use dns::Dns;
use log::{Action, Log};
use mocks::Mocks;
use port::Taken;
use process::Line;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// Run bundles in Envoy on this machine and log their requests
///
/// Renders the bundles like `render`, starts Envoy, and logs each request with its callouts and faults. Also runs a
/// configuration of Envoy. Ctrl-C stops Envoy.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// The module [default: $CALLOUT_WASM, else the one in this program, else envoy_callout.wasm here, next to this
    /// program or in the folder of cargo; with --host native $CALLOUT_NATIVE, else libenvoy_callout.so in these folders]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Envoy [default: $ENVOY, else envoy on the PATH, else a download with python3]
    #[arg(long, value_name = "PROGRAM")]
    envoy: Option<PathBuf>,
    /// Responses in place of all services, so that nothing needs a network: a YAML file
    ///
    /// A list of entries with url, response (a file, as `curl -i` prints it) and optionally method. The first entry that
    /// matches responds, else 404. * at the end of a path matches any rest.
    #[arg(long, value_name = "FILE")]
    mocks: Option<PathBuf>,
    /// Show every warning and error of Envoy, also those that follow from an error of the filter
    #[arg(long, short)]
    verbose: bool,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout run weather
  envoy-callout run weather --host native
  envoy-callout run shop shop/trace --environment environment.yaml --port 9000
  envoy-callout run weather --mocks weather/mocks.yaml
  envoy-callout run envoy.yaml      # a configuration of Envoy, with the module of this program if its own does not exist
  envoy-callout run envoy.yaml --port 9000 --module ./envoy_callout.wasm";

/// Runs the command until Envoy ends.
///
/// # Errors
/// A path cannot be read, or Envoy or the module is missing.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let mocks = arguments.mocks.as_deref().map(Mocks::read).transpose().map_err(CommandError::Run)?;
    let Some(Prepared { mut file, mut text, taken, urls, native }) = prepare(arguments)? else {
        return Ok(Outcome::Problems);
    };
    taken.iter().try_for_each(port::check_free).map_err(CommandError::Run)?;
    let directory = tempfile::tempdir().map_err(CommandError::Run)?;
    if let (Some(mocks), Some(file)) = (mocks, &mut file) {
        mocks.replace_services(file, directory.path());
        text = file.to_text();
    }
    let configuration = directory.path().join("envoy.yaml");
    std::fs::write(&configuration, text).map_err(CommandError::Run)?;
    if let Some(native) = native {
        // Envoy finds the module by the name of its file.
        std::os::unix::fs::symlink(native, directory.path().join(native::FILE)).map_err(CommandError::Run)?;
    }
    let envoy = program::find(arguments.envoy.as_deref()).map_err(CommandError::Run)?;
    let mut log = Log::new(arguments.verbose);
    let mut dns = file.map(Dns::of);
    let ended = process::run(&envoy, &configuration, &mut |line| {
        let text = match line {
            Line::Log(line) => match log.take(&line) {
                Action::Ready => {
                    taken.iter().for_each(port::await_connection);
                    ready(&urls)
                }
                Action::Show(text) => match &mut dns {
                    Some(dns) => dns.explained(text),
                    None => text,
                },
                Action::Skip => return Ok(()),
            },
            Line::Output(line) => requests::readable(&line).unwrap_or(line),
        };
        writeln!(output, "{text}")?;
        output.flush()
    });
    let ended = ended.map_err(CommandError::Run)?;
    if ended.is_requested {
        return Ok(Outcome::Fine);
    }
    writeln!(output, "Envoy ({}) ended: {}.", envoy.display(), ended.status)?;
    if log.has_hidden() {
        writeln!(output, "--verbose shows the messages of Envoy.")?;
    }
    Ok(Outcome::Problems)
}

fn ready(urls: &[String]) -> String {
    match urls {
        [] => "Envoy is ready. Ctrl-C stops it.".to_owned(),
        urls => format!("Envoy listens on {}. Ctrl-C stops it.", urls.join(", ")),
    }
}

/// A configuration of Envoy that can run.
struct Prepared {
    /// The configuration as a value.
    file: Option<EnvoyFile>,
    /// Its text.
    text: String,
    /// The addresses that Envoy will listen on.
    taken: Vec<Taken>,
    /// The URLs of the listeners.
    urls: Vec<String>,
    /// The native module, if it runs.
    native: Option<PathBuf>,
}

/// Prepares the configuration. `None` when the paths have errors, which are reported to standard error.
fn prepare(arguments: &Arguments) -> Result<Option<Prepared>, CommandError> {
    let Arguments { deploy, module, .. } = arguments;
    if let Some(port) = deploy.port {
        port::check_number("--port", port).map_err(CommandError::Run)?;
    }
    if let Some(path) = deploy.envoy_configuration() {
        return Ok(file::prepare(path, deploy, module.as_deref())?.map(|(file, native)| Prepared {
            text: file.to_text(),
            taken: file::addresses(&file, path),
            urls: file::urls(&file),
            file: Some(file),
            native,
        }));
    }
    let find = match deploy.host {
        native::Host::Wasm => module::find,
        native::Host::Native => native::find,
    };
    let module = find(module.as_deref()).map_err(CommandError::Run)?;
    let (wasm, native) = match deploy.host {
        native::Host::Wasm => (Some(module), None),
        native::Host::Native => (None, Some(module)),
    };
    let Some(text) = render::for_run(deploy, wasm.as_deref())? else { return Ok(None) };
    let listener = |address: Ipv4Addr, port| Listener { address: address.to_string(), port, has_tls: false };
    let taken = |address, port, option: &str| Taken {
        listener: listener(address, port),
        hint: format!("choose another with {option}"),
    };
    let (port, admin_port) = (deploy.port(), deploy.admin_port());
    Ok(Some(Prepared {
        file: serde_saphyr::from_str(&text).ok().as_ref().and_then(EnvoyFile::of),
        text,
        taken: vec![
            taken(Ipv4Addr::UNSPECIFIED, port, "--port"),
            taken(Ipv4Addr::LOCALHOST, admin_port, "--admin-port"),
        ],
        urls: vec![format!("http://127.0.0.1:{port}")],
        native,
    }))
}
