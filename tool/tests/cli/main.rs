//! Tests of the command-line tool: its arguments, output and exit status.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails at the first error")]

mod bundles;
mod caches;
mod causes;
mod check;
mod codes;
mod diff;
mod download;
mod environment;
mod envoy_file;
mod jwt;
mod mistakes;
mod mocks;
mod names;
mod parallel;
mod positions;
mod readme;
mod render;
mod routing;
mod run;
mod run_file;
mod shared_flows;
mod trace;
mod trace_secrets;
mod usage;
mod variables;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The result of a run of the tool. The texts are without the codes of findings, which `codes` tests.
struct Run {
    status: i32,
    output: String,
    errors: String,
}

/// Runs the tool in `tests/bundles`, so that paths in its output are short.
fn run(arguments: &[&str]) -> Run {
    run_with(arguments, &[])
}

/// Runs the tool in the folder of the project.
fn run_in_project(arguments: &[&str]) -> Run {
    run_in(&project(), arguments, &[])
}

fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    run_in(&bundles(), arguments, environment)
}

fn run_in(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    finished(tool(folder, arguments, environment).output().unwrap())
}

/// Runs the tool with a text as standard input.
fn run_reading(arguments: &[&str], input: &str) -> Run {
    let mut tool = tool(&bundles(), arguments, &[]);
    let mut child = tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    finished(child.wait_with_output().unwrap())
}

fn bundles() -> PathBuf {
    project().join("tests/bundles")
}

/// The folder of the workspace.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn tool(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_envoy-callout"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env("CALLOUT_WASM", module())
        .envs(environment.iter().copied());
    command
}

/// The module of the tests that run Envoy. Without it, any file: `render` only writes its path.
fn module() -> PathBuf {
    std::env::var_os("CALLOUT_WASM").map_or_else(|| project().join("Cargo.toml"), PathBuf::from)
}

fn finished(output: Output) -> Run {
    Run {
        status: output.status.code().unwrap(),
        output: without_codes(&String::from_utf8(output.stdout).unwrap()),
        errors: without_codes(&String::from_utf8(output.stderr).unwrap()),
    }
}

/// A text with `error: …` instead of `error[unknown-policy]: …`. Apigee's names stay.
fn without_codes(text: &str) -> String {
    let is_code = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let line = |line: &str| {
        let (severity, rest) = line.split_once('[')?;
        let (code, rest) = rest.split_once("]: ")?;
        let is_title = ["error", "warning", "note"].contains(&severity) && is_code(code);
        is_title.then(|| format!("{severity}: {rest}"))
    };
    text.split_inclusive('\n').map(|text| line(text).unwrap_or_else(|| text.to_owned())).collect()
}

/// Creates an empty folder for the files of a test.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
