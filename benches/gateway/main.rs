//! What a callout costs the gateway: an Envoy, and for each way of making the same callout a listener of its own.
//!
//! The way of measuring: every variant runs in short rounds, all variants in turn, and what counts is the processor time
//! that Envoy's threads spent per request. Variants are compared within a round, so that a busy machine disturbs both
//! sides; the median over the rounds is what the table shows. The servers behind Envoy are a process of their own.
//! Where the system puts an Envoy's memory and code changes the cost of every variant, by a tenth for those that run much
//! code, so Envoy is started several times.
//!
//! `make bench` runs it. `cargo bench --bench gateway -- lua ours` runs only the variants named;
//! `$BENCH_STARTS`, `$BENCH_ROUNDS` and `$BENCH_REQUESTS` change the length. `$BENCH_MODULES` adds other builds of the
//! module, since two builds compare well only in the same Envoys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops at the first surprise, and prints its table"
)]
#![allow(unreachable_pub, reason = "nothing here is a library")]

mod connection;
mod cpu;
mod envoy;
mod geo;
mod load;
mod machine;
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
    // One thread: it must not take Envoy's processor.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|argument| argument == servers::ARGUMENT) {
        return runtime.block_on(servers::run());
    }
    // `cargo bench` passes it, `cargo test --all-targets` does not.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("the gateway benchmark runs by `make bench` only");
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
    let mut results = Results::none(&variants);
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
