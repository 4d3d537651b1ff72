//! `schema`: the JSON Schemas of the filter configuration and of the environment file, for editors.

use crate::{CommandError, Outcome};
use std::io::Write;

/// Write the JSON Schema of a file to standard output
///
/// Editors complete and check files with it: `# yaml-language-server: $schema=FILE` in the first line of a YAML file.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The file
    #[arg(value_enum)]
    file: File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum File {
    /// The configuration of the filter
    Filter,
    /// The environment file
    Environment,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout schema filter > filter.schema.json
  envoy-callout schema environment > environment.schema.json";

const FILTER: &str = include_str!("../../envoy/filter.schema.json");
const ENVIRONMENT: &str = include_str!("../../envoy/environment.schema.json");

/// Runs the command.
///
/// # Errors
/// The output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let text = match arguments.file {
        File::Filter => FILTER,
        File::Environment => ENVIRONMENT,
    };
    output.write_all(text.as_bytes())?;
    Ok(Outcome::Fine)
}

#[cfg(test)]
mod tests;
