//! `run`: runs bundles in Envoy on this machine and logs their callouts.

mod log;
mod port;
mod process;
mod program;
pub(super) mod requests;

use super::render::{self, DeployArguments};
use super::{CommandError, Outcome, module};
use log::{Action, Log};
use process::Line;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// Run bundles in Envoy on this machine and log their requests
///
/// Renders the bundles like `render`, starts Envoy, and logs each request with its callouts and faults. Ctrl-C stops
/// Envoy.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// The module [default: $CALLOUT_WASM, else the one in this program, else envoy_callout.wasm here, next to this
    /// program or in the folder of cargo]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Envoy [default: $ENVOY, else envoy on the PATH, else a download with python3]
    #[arg(long, value_name = "PROGRAM")]
    envoy: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout run weather
  envoy-callout run shop shop/trace --environment environment.yaml --port 9000
  envoy-callout run envoy.yaml      # a configuration of Envoy, unchanged";

/// Runs the command until Envoy ends.
///
/// # Errors
/// A path cannot be read, or Envoy or the module is missing.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let directory = tempfile::tempdir().map_err(CommandError::Run)?;
    let (configuration, url) = match arguments.deploy.envoy_configuration() {
        Some(path) => (path.to_owned(), None),
        None => {
            port::check_number("--port", arguments.deploy.port).map_err(CommandError::Run)?;
            let module = module::find(arguments.module.as_deref()).map_err(CommandError::Run)?;
            let Some(text) = render::for_run(&arguments.deploy, &module)? else { return Ok(Outcome::Problems) };
            let DeployArguments { port, admin_port, .. } = arguments.deploy;
            port::check_free("--port", Ipv4Addr::UNSPECIFIED, port).map_err(CommandError::Run)?;
            port::check_free("--admin-port", Ipv4Addr::LOCALHOST, admin_port).map_err(CommandError::Run)?;
            let path = directory.path().join("envoy.yaml");
            std::fs::write(&path, text).map_err(CommandError::Run)?;
            (path, Some(format!("http://127.0.0.1:{}", arguments.deploy.port)))
        }
    };
    let envoy = program::find(arguments.envoy.as_deref()).map_err(CommandError::Run)?;
    let mut log = Log::new(url.is_some());
    let ended = process::run(&envoy, &configuration, &mut |line| {
        let text = match line {
            Line::Log(line) => match log.take(&line) {
                Action::Ready => match &url {
                    Some(url) => format!("Envoy listens on {url}. Ctrl-C stops it."),
                    None => "Envoy is ready. Ctrl-C stops it.".to_owned(),
                },
                Action::Show(text) => text,
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
    Ok(Outcome::Problems)
}
