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

mod answers;
mod bodies;
mod configuration;
mod continue_on_error;
mod fault;
mod fault_format;
mod filter_state;
mod fire_and_forget;
mod harness;
mod hostile;
mod lab;
mod lifecycle;
mod metrics;
mod outcomes;
mod payloads;
mod policy;
mod request_headers;
mod requests;
mod response_flow;
mod responses;
mod samples;
mod unresolved;

use lab::Lab;

fn main() -> ExitCode {
    let mut lab = Lab::from_args();
    lab.group("harness", harness::cases);
    lab.group("samples", samples::cases);
    lab.group("requests", requests::cases);
    lab.group("request_headers", request_headers::cases);
    lab.group("payloads", payloads::cases);
    lab.group("unresolved", unresolved::cases);
    lab.group("outcomes", outcomes::cases);
    lab.group("answers", answers::cases);
    lab.group("fault_format", fault_format::cases);
    lab.group("responses", responses::cases);
    lab.group("response_flow", response_flow::cases);
    lab.group("continue_on_error", continue_on_error::cases);
    lab.group("fire_and_forget", fire_and_forget::cases);
    lab.group("hostile", hostile::cases);
    lab.group("bodies", bodies::cases);
    lab.group("lifecycle", lifecycle::cases);
    lab.group("filter_state", filter_state::cases);
    lab.group("metrics", metrics::cases);
    lab.group("configuration", configuration::cases);
    lab.run()
}
