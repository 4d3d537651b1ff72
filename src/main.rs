//! `envoy-callout`: the filter's own checks as a command that people run before they deploy.

#[cfg(not(target_family = "wasm"))]
mod cli;

#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(target_family = "wasm")]
compile_error!("the tool runs natively; build the module for Envoy with --lib, as `make build` does");

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    cli::main()
}
