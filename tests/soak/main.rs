//! The soak test: an Envoy under load, with failing services, restarts and updates. Every request has an id, which must
//! come back from its own callouts. `make soak MINUTES=10` runs it and prints one table.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a soak ends at the first error of its own code"
)]
#![allow(unreachable_pub, reason = "this crate is not a library")]

use std::process::ExitCode;
use std::time::Duration;

mod behaviour;
#[path = "../blackbox"]
mod blackbox {
    #[allow(unused_imports, reason = "the soak uses a part of the lab")]
    pub mod lab;
}
mod clients;
mod configuration;
mod disconnecting;
mod expectation;
mod kills;
mod ledger;
mod memory;
mod metrics;
mod odd;
mod random;
mod report;
mod request;
mod run;
mod server;
mod services;
mod updates;

use blackbox::lab;

/// What the command line selects.
struct Arguments {
    duration: Duration,
    seed: u64,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut options = Arguments { duration: Duration::from_secs(60), seed: 1 };
    while let Some(name) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok());
        let number: Option<u64> = number();
        match (name.as_str(), number) {
            // A process of its own, so that it can be killed.
            ("server", Some(port)) => return server::run(port),
            ("--seconds", Some(seconds)) => options.duration = Duration::from_secs(seconds),
            ("--minutes", Some(minutes)) => options.duration = Duration::from_secs(minutes * 60),
            ("--seed", Some(seed)) => options.seed = seed,
            _ => {
                eprintln!("usage: soak [--minutes N | --seconds N] [--seed N]");
                return ExitCode::from(2);
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = runtime.block_on(run::run(&options));
    print!("{report}");
    if report.has_deviations() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
