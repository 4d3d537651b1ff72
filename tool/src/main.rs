//! `envoy-callout`, the command-line tool: its arguments and its exit status. It uses the code of the filter.

mod attachment;
mod bundle;
mod check;
mod configuration;
mod connection;
mod document;
mod embedded;
mod environment;
mod finding;
mod input;
mod needs;
mod parsed;
mod policy_types;
mod render;
mod report;
mod routing;
mod run;
mod source;
mod trace;

use clap::{Parser, Subcommand};
use input::InputError;
use std::io::{self, Write};
use std::process::ExitCode;

/// Apigee's callout policies inside Envoy: look at them before you deploy them.
///
/// The commands use the same code as the filter that runs in Envoy, so that what they say is what the filter does.
#[derive(Debug, Parser)]
#[command(name = "envoy-callout", version, after_help = EXIT_STATUS, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Render(render::Arguments),
    Trace(trace::Arguments),
    Run(run::Arguments),
}

const EXIT_STATUS: &str = "\
Exit status: 0 when all is well, 1 when there are problems, 2 when the arguments make no sense or a
path cannot be read. `envoy-callout COMMAND --help` shows examples.
Colours are used on a terminal unless NO_COLOR is set.";

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Trace(#[from] trace::TraceError),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Run(io::Error),
}

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    Problems,
}

/// Runs the command of the process's arguments.
fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let mut output = anstream::AutoStream::auto(io::stdout().lock());
    let result = match command {
        Command::Check(arguments) => check::run(&arguments, &mut output),
        Command::Render(arguments) => render::run(&arguments, &mut output),
        Command::Trace(arguments) => trace::run(&arguments, &mut output),
        Command::Run(arguments) => run::run(&arguments, &mut output),
    };
    let result = result.and_then(|outcome| {
        output.flush()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        // Who reads the output has seen enough, as `head` does.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed too.
            let _ = writeln!(io::stderr(), "envoy-callout: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_declared_without_contradiction() {
        Arguments::command().debug_assert();
    }
}
