//! Texts that a trace as text and as HTML have in common.

use super::record::{Failure, Outcome, Start, Step};
use envoy_callout::flow::message::standard_reason;

/// The start line of a message.
pub(super) fn start_line(start: &Start) -> String {
    match start {
        Start::Request { method, url } => format!("{method} {url}"),
        Start::Response { status } => format!("{status} {}", standard_reason(*status)).trim_end().to_owned(),
    }
}

/// The reason of a failed call.
pub(super) fn reason(failure: Failure, timeout: u64) -> String {
    match failure {
        Failure::Timeout => format!("none within {timeout} ms"),
        Failure::Unreachable => "none: Host not reachable".to_owned(),
        Failure::Reset => "none: the connection is reset".to_owned(),
        Failure::Protocol => "none: the response is not HTTP".to_owned(),
        Failure::TooLarge => "none: the response is too large".to_owned(),
    }
}

/// The start of a group of steps.
pub(super) fn group(policies: &[String]) -> String {
    format!("The calls of {} start together", policies.join(", "))
}

/// The outcome of a step after its name. Empty when it ran.
pub(super) fn outcome(step: &Step) -> &'static str {
    match step.outcome {
        Outcome::Ran => "",
        Outcome::Fault if step.kind == "RaiseFault" => "raises a fault",
        Outcome::Fault => "failed",
        Outcome::FaultContinued => "failed, the flow continues",
        Outcome::ConditionFalse => "does not run",
        Outcome::Disabled => "does not run: the policy is disabled",
        Outcome::Unsupported => "is skipped: the filter does not run this policy type",
    }
}
