//! What a call without an answer is called (semantics section 2.14).

use crate::flow::exchange::{CallFailure, Outcome};

/// Why no host was reached, in Apigee's words.
pub(super) const NOT_REACHABLE: &str = "Host not reachable";

impl CallFailure {
    /// The reason in the fault string of the policy that called.
    pub(super) fn reason(&self, policy: &str) -> String {
        match self {
            CallFailure::Timeout => format!("timeout occurred in {policy}"),
            CallFailure::Unreachable => NOT_REACHABLE.to_owned(),
            CallFailure::Reset => "Connection reset".to_owned(),
            CallFailure::Protocol => "Protocol error".to_owned(),
            CallFailure::TooLarge(bytes) => format!("Response larger than {bytes} bytes"),
        }
    }

    /// How the policy's metrics count it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            CallFailure::Timeout => Outcome::Timeout,
            CallFailure::Unreachable => Outcome::Unreachable,
            CallFailure::Reset | CallFailure::Protocol | CallFailure::TooLarge(_) => Outcome::Fault,
        }
    }
}
