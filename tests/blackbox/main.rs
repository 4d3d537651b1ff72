//! Black-box tests: the built module in a real Envoy, between real HTTP servers and clients on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]
#![allow(unreachable_pub, reason = "`pub` marks what cases may use; nothing here is a library")]

use std::process::ExitCode;

mod harness;
mod lab;
mod service_callout;

use lab::Lab;

fn main() -> ExitCode {
    let mut lab = Lab::from_args();
    lab.group("harness", harness::cases);
    lab.group("service_callout", service_callout::cases);
    lab.run()
}
