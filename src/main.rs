//! `envoy-callout`: the filter's own checks as a command that people run before they deploy.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
