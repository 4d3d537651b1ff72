//! `envoy-callout`, the command-line tool: its arguments and its exit status. It uses the code of the filter.

mod attachment;
mod bundle;
mod check;
mod configuration;
mod connection;
mod diff;
mod document;
mod embedded;
mod environment;
mod envoy_file;
mod finding;
mod input;
mod local_proxies;
mod manual;
mod message;
mod module;
mod native;
mod needs;
mod parsed;
mod policy_types;
mod render;
mod report;
mod routing;
mod run;
mod schema;
mod shared_flow_hint;
mod source;
mod trace;
mod tree;

use clap::{Parser, Subcommand};
use input::InputError;
use std::io::{self, Write};
use std::process::ExitCode;

/// Check, trace, render and run Apigee bundles for the envoy-callout filter
///
/// The commands use the code of the filter, so that their results are the results of the filter.
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
    Diff(diff::Arguments),
    Module(module::Arguments),
    Schema(schema::Arguments),
    Completions(manual::CompletionsArguments),
    Man(manual::ManArguments),
}

const EXIT_STATUS: &str = "\
Exit status: 0 without problems, 1 with problems, 2 for invalid arguments and for a path that cannot
be read. `envoy-callout COMMAND --help` shows examples.
The output has colors on a terminal unless NO_COLOR is set.";

/// An error that ends a command.
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
    #[error("nothing to compare: a revision has errors")]
    Rejected,
}

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    Problems,
}

/// Runs the command that the arguments name.
fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let mut output = anstream::AutoStream::auto(io::stdout());
    let result = match command {
        Command::Check(arguments) => check::run(&arguments, &mut output),
        Command::Render(arguments) => render::run(&arguments, &mut output),
        Command::Trace(arguments) => trace::run(&arguments, &mut output),
        Command::Diff(arguments) => diff::run(&arguments, &mut output),
        Command::Run(arguments) => run::run(&arguments, &mut output),
        Command::Module(arguments) => module::run(&arguments, &mut io::stdout().lock()),
        Command::Schema(arguments) => schema::run(&arguments, &mut output),
        Command::Completions(arguments) => manual::completions(&arguments, &mut output),
        Command::Man(arguments) => manual::write_pages(&arguments),
    };
    let result = result.and_then(|outcome| {
        output.flush()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        // A reader such as `head` closes the pipe early.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error can be closed too.
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
    fn the_declaration_of_the_arguments_is_consistent() {
        Arguments::command().debug_assert();
    }
}
