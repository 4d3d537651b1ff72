//! The fault strings of a call without a response (docs/apigee-semantics.md 2.14).

use crate::flow::call::{CallFailure, Outcome};

/// Apigee's fault string for an unreachable host.
pub(super) const NOT_REACHABLE: &str = "Host not reachable";

impl CallFailure {
    /// The reason in the fault string of the calling policy.
    pub(super) fn reason(&self, policy: &str) -> String {
        match self {
            CallFailure::Timeout => format!("timeout occurred in {policy}"),
            CallFailure::Unreachable => NOT_REACHABLE.to_owned(),
            CallFailure::Reset => "Connection reset".to_owned(),
            CallFailure::Protocol => "Protocol error".to_owned(),
            CallFailure::TooLarge(bytes) => format!("Response larger than {bytes} bytes"),
            CallFailure::NoMemory => "Response larger than the memory for bodies".to_owned(),
        }
    }

    /// The outcome in the policy's metrics.
    pub(in crate::flow) fn outcome(&self) -> Outcome {
        match self {
            CallFailure::Timeout => Outcome::Timeout,
            CallFailure::Unreachable => Outcome::Unreachable,
            CallFailure::Reset | CallFailure::Protocol | CallFailure::TooLarge(_) | CallFailure::NoMemory => {
                Outcome::Fault
            }
        }
    }
}
