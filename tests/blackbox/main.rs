//! Black-box tests: the built module in a real Envoy, between real HTTP servers and clients on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails at the first error"
)]
#![allow(unreachable_pub, reason = "`pub` marks helpers for cases; this crate is not a library")]

use std::process::ExitCode;

mod any_host;
mod assign_message;
mod assign_payload;
mod assign_response;
mod basic_authentication;
mod bodies;
mod caches;
mod callout_responses;
mod client_messages;
mod coalescing;
mod conditions;
mod configuration;
mod connections_configuration;
mod continue_on_error;
mod dashboards;
mod endpoints;
mod examples;
mod exhaustion;
mod extract_variables;
mod extract_variables_faults;
mod fault;
mod fault_format;
mod fault_rules;
mod filter_state;
mod fire_and_forget;
mod google;
mod google_cache;
mod google_failures;
mod google_tokens;
mod harness;
mod integration;
mod integration_callouts;
mod integration_configuration;
mod integration_endpoints;
mod integration_faults;
mod integration_requests;
mod integration_values;
mod jwt;
mod jwt_key_sets;
mod key_value_maps;
mod lab;
mod lifecycle;
mod load_balancer;
mod local_target;
mod malicious;
mod metrics;
mod mutual_tls;
mod native;
mod outcomes;
mod parallel_callouts;
mod payloads;
mod policy;
mod post_client;
mod predefined;
mod proxy;
mod raise_fault;
mod rendered;
mod request_headers;
mod requests;
mod response_bodies;
mod response_caches;
mod response_flow;
mod responses;
mod routing;
mod samples;
mod spans;
mod target_faults;
mod target_requests;
mod target_servers_failing;
mod templates;
mod traces;
mod unresolved;
mod unsupported;
mod worked_examples;
mod worked_failures;

use lab::Lab;

fn main() -> ExitCode {
    let mut lab = Lab::from_args();
    lab.group("harness", harness::cases);
    lab.group("samples", samples::cases);
    lab.group("requests", requests::cases);
    lab.group("request_headers", request_headers::cases);
    lab.group("parallel_callouts", parallel_callouts::cases);
    lab.group("payloads", payloads::cases);
    lab.group("templates", templates::cases);
    lab.group("unresolved", unresolved::cases);
    lab.group("outcomes", outcomes::cases);
    lab.group("callout_responses", callout_responses::cases);
    lab.group("fault_format", fault_format::cases);
    lab.group("responses", responses::cases);
    lab.group("response_flow", response_flow::cases);
    lab.group("continue_on_error", continue_on_error::cases);
    lab.group("dashboards", dashboards::cases);
    lab.group("fire_and_forget", fire_and_forget::cases);
    lab.group("malicious", malicious::cases);
    lab.group("bodies", bodies::cases);
    lab.group("lifecycle", lifecycle::cases);
    lab.group("predefined", predefined::cases);
    lab.group("filter_state", filter_state::cases);
    lab.group("metrics", metrics::cases);
    lab.group("configuration", configuration::cases);
    lab.group("worked_examples", worked_examples::cases);
    lab.group("worked_failures", worked_failures::cases);
    lab.group("conditions", conditions::cases);
    lab.group("assign_message", assign_message::cases);
    lab.group("assign_payload", assign_payload::cases);
    lab.group("assign_response", assign_response::cases);
    lab.group("client_messages", client_messages::cases);
    lab.group("basic_authentication", basic_authentication::cases);
    lab.group("jwt", jwt::cases);
    lab.group("jwt_key_sets", jwt_key_sets::cases);
    lab.group("extract_variables", extract_variables::cases);
    lab.group("extract_variables_faults", extract_variables_faults::cases);
    lab.group("raise_fault", raise_fault::cases);
    lab.group("fault_rules", fault_rules::cases);
    lab.group("endpoints", endpoints::cases);
    lab.group("routing", routing::cases);
    lab.group("target_faults", target_faults::cases);
    lab.group("target_requests", target_requests::cases);
    lab.group("post_client", post_client::cases);
    lab.group("response_bodies", response_bodies::cases);
    lab.group("unsupported", unsupported::cases);
    lab.group("integration_requests", integration_requests::cases);
    lab.group("integration_values", integration_values::cases);
    lab.group("integration_callouts", integration_callouts::cases);
    lab.group("integration_faults", integration_faults::cases);
    lab.group("integration_endpoints", integration_endpoints::cases);
    lab.group("integration_configuration", integration_configuration::cases);
    lab.group("caches", caches::cases);
    lab.group("response_caches", response_caches::cases);
    lab.group("cache_coalescing", coalescing::cases);
    lab.group("key_value_maps", key_value_maps::cases);
    lab.group("examples", examples::cases);
    lab.group("traces", traces::cases);
    lab.group("load_balancer", load_balancer::cases);
    lab.group("target_servers_failing", target_servers_failing::cases);
    lab.group("local_target", local_target::cases);
    lab.group("google_tokens", google_tokens::cases);
    lab.group("google_cache", google_cache::cases);
    lab.group("google_failures", google_failures::cases);
    lab.group("any_host", any_host::cases);
    lab.group("mutual_tls", mutual_tls::cases);
    lab.group("connections_configuration", connections_configuration::cases);
    lab.group("rendered", rendered::cases);
    lab.group("native", native::cases);
    lab.group("spans", spans::cases);
    lab.check_skips();
    let all = lab.run();

    let mut lab = Lab::one_at_a_time();
    lab.group("exhaustion", exhaustion::cases);
    let exhausting = lab.run();
    if all == ExitCode::SUCCESS { exhausting } else { all }
}
