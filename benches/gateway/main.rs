//! The cost of a callout in the gateway: an Envoy with one listener for each implementation of the same callout.
//!
//! Every variant runs in short rounds, in turn with all others. The result is the CPU time of Envoy's threads per
//! request. Variants are compared within a round, so that other load on the machine affects both sides; the table shows
//! the median over the rounds. The servers behind Envoy run in a separate process. The memory layout of an Envoy
//! process changes the cost of every variant, by a tenth for those that run much code, so Envoy is started several
//! times.
//!
//! `make bench` runs it. `cargo bench --bench gateway -- lua callout` runs only the named variants;
//! `$BENCH_STARTS`, `$BENCH_ROUNDS` and `$BENCH_REQUESTS` change the length. `$BENCH_MODULES` adds other builds of the
//! module, because two builds are comparable only in the same Envoy processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark fails at the first error, and prints its table"
)]
#![allow(unreachable_pub, reason = "nothing here is a library")]

mod connection;
mod cpu;
mod envoy;
mod geo;
mod load;
mod report;
mod rounds;
mod servers;
mod statistics;
mod variants;

// Envoy's configuration is built as in the black-box tests.
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/blackbox/lab/bootstrap.rs"]
mod bootstrap;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/blackbox/lab/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/blackbox/lab/filter.rs"]
mod filter;

use std::fs;
use std::path::{Path, PathBuf};

use tokio::runtime::Builder;

use envoy::Envoy;
use rounds::{Results, Settings};
use servers::Servers;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // One thread, so that the clients do not use Envoy's processor.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|argument| argument == servers::ARGUMENT) {
        return runtime.block_on(servers::run());
    }
    // `cargo bench` passes `--bench`, `cargo test --all-targets` does not.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("the gateway benchmark runs only with `make bench`");
        return;
    }

    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut variants = variants::all();
    if !names.is_empty() {
        variants.retain(|variant| names.iter().any(|name| *name == variant.name));
    }
    assert!(!variants.is_empty(), "no variant has one of the names {names:?}");
    let settings = Settings::from_environment();
    let directory = directory();
    let servers = Servers::start();
    let mut results = Results::none(&variants, &settings);
    for start in 0..settings.starts {
        let envoy = Envoy::start(&variants, &servers, &directory, &runtime);
        runtime.block_on(rounds::run(&variants, &settings, &envoy, start, &mut results));
    }
    report::write(&results, &settings, &directory);
}

/// `bench` in Cargo's target directory, for results and for Envoy's configuration and log.
fn directory() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let directory = target.join("bench");
    fs::create_dir_all(&directory).unwrap();
    directory
}
