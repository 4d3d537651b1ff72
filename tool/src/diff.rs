//! `diff`: what changes in Envoy's configuration between two revisions of a bundle.

mod change;
mod compare;
mod document;
mod location;

use super::envoy_file::{self, EnvoyFile};
use super::finding::Findings;
use super::render::{self, DeployArguments, SkipArguments};
use super::{CommandError, Outcome};
use change::Change;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Show what changes in Envoy's configuration between two revisions of a bundle
///
/// Renders both, and compares listeners, routes, clusters and the configuration of the filter with its policies. Exit
/// status 0 without changes, 1 with changes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The earlier revision: a bundle, or a configuration of Envoy that `render` wrote
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later revision
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// A shared flow that both revisions call; repeatable
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
    /// The environment file of both revisions
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// The environment file of the later revision, when it differs
    #[arg(long, value_name = "FILE", requires = "environment")]
    environment_after: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    skip: SkipArguments,
}

/// The output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line for each change
    Text,
    /// One JSON object
    Json,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout diff weather-1.zip weather-2.zip
  envoy-callout diff envoy.yaml weather      # what a new deployment would change
  envoy-callout diff old/shop shop --with shop/trace --environment environment.yaml --format json";

/// Runs the command.
///
/// # Errors
/// A path cannot be read, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let Arguments { before, after, environment, .. } = arguments;
    let later = arguments.environment_after.as_ref().or(environment.as_ref());
    let before = read(before, arguments, environment.as_ref())?;
    let after = read(after, arguments, later)?;
    let (Some(mut before), Some(mut after)) = (before, after) else { return Err(CommandError::Rejected) };
    if before.is_bundle != after.is_bundle {
        // The file decides on module and ports, the bundle does not.
        [&mut before, &mut after].into_iter().for_each(Revision::remove_options);
    }
    let changes = compare::changes(before.file.value(), after.file.value());
    match arguments.format {
        Format::Text => write_text(&changes, output)?,
        Format::Json => {
            let changes: Vec<Value> = changes.iter().map(Change::to_json).collect();
            serde_json::to_writer_pretty(&mut *output, &json!({"changes": changes})).map_err(io::Error::from)?;
            writeln!(output)?;
        }
    }
    Ok(if changes.is_empty() { Outcome::Fine } else { Outcome::Problems })
}

/// A configuration of Envoy and its origin.
struct Revision {
    file: EnvoyFile,
    is_bundle: bool,
}

impl Revision {
    /// Replaces what the options of `render` determine.
    fn remove_options(&mut self) {
        self.file.set_module("");
        self.file.set_port(0);
        self.file.set_admin_port(0);
    }
}

/// Reads a configuration, or renders a bundle. `None` when it has errors, which are reported to standard error.
fn read(path: &Path, arguments: &Arguments, environment: Option<&PathBuf>) -> Result<Option<Revision>, CommandError> {
    if envoy_file::is_configuration(path) {
        let mut findings = Findings::default();
        findings.files = 1;
        let read = envoy_file::read(path, &mut findings).map_err(CommandError::Run)?;
        render::report_problems(&findings)?;
        return Ok(read.map(|read| Revision { file: read.file, is_bundle: false }));
    }
    let paths = std::iter::once(path).chain(arguments.with.iter().map(PathBuf::as_path)).map(Path::to_owned).collect();
    let rendered = render::value(&DeployArguments::of(paths, environment.cloned(), arguments.skip))?;
    Ok(rendered.as_ref().and_then(EnvoyFile::of).map(|file| Revision { file, is_bundle: true }))
}

fn write_text(changes: &[Change], output: &mut dyn Write) -> io::Result<()> {
    changes.iter().try_for_each(|change| writeln!(output, "{change}"))?;
    let count = |kind: &str| changes.iter().filter(|change| change.kind() == kind).count();
    match changes {
        [] => writeln!(output, "no changes"),
        _ => {
            let counts = ["added", "removed", "changed"].map(|kind| format!("{} {kind}", count(kind)));
            writeln!(output, "\n{}", counts.join(", "))
        }
    }
}
