//! `completions` and `man`: completions for shells and manual pages, from the declaration of the arguments.

use crate::{CommandError, Outcome};
use clap::CommandFactory as _;
use std::io::{self, Write};
use std::path::PathBuf;

/// Write completions for a shell to standard output
#[derive(Debug, clap::Args)]
#[command(after_long_help = COMPLETIONS)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

const COMPLETIONS: &str = "\
Examples:
  envoy-callout completions bash > ~/.local/share/bash-completion/completions/envoy-callout
  envoy-callout completions zsh > ~/.zfunc/_envoy-callout
  envoy-callout completions fish > ~/.config/fish/completions/envoy-callout.fish";

/// Write a manual page for each command into a folder
#[derive(Debug, clap::Args)]
#[command(after_long_help = MAN)]
pub(super) struct ManArguments {
    /// The folder of the pages
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

const MAN: &str = "\
Examples:
  envoy-callout man ~/.local/share/man/man1";

/// Writes the completions.
///
/// # Errors
/// The output cannot be written.
pub(super) fn completions(arguments: &CompletionsArguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Arguments::command(), "envoy-callout", &mut text);
    output.write_all(&text)?;
    Ok(Outcome::Fine)
}

/// Writes the manual pages.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn write_pages(arguments: &ManArguments) -> Result<Outcome, CommandError> {
    let folder = &arguments.folder;
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(crate::Arguments::command().disable_help_subcommand(true), folder));
    let in_folder = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot write manual pages to {}: {error}", folder.display()))
    };
    written.map_err(in_folder).map_err(CommandError::Run)?;
    Ok(Outcome::Fine)
}
