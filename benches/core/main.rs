//! The cost of the core without Envoy: loading policies, and whole transactions with a host that responds at once.
//! Criterion's estimates are in `bench/core/` in Cargo's target directory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark fails at the first error")]

mod configuration;
mod host;
mod load;
mod transaction;

use std::path::Path;

use criterion::Criterion;

fn main() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut criterion =
        Criterion::default().output_directory(&target.join("bench/core")).without_plots().configure_from_args();
    load::benchmark(&mut criterion);
    transaction::benchmark(&mut criterion);
    criterion.final_summary();
}
