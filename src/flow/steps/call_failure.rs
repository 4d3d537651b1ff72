//! What a call without an answer leaves, and what it is called (docs/apigee-semantics.md 2.7 and 2.14).

use crate::flow::call::{CallFailure, Outcome};
use crate::flow::client::ClientMessage;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;

/// Why no host was reached, in Apigee's words.
pub(super) const NOT_REACHABLE: &str = "Host not reachable";

impl<H: Host> Transaction<'_, H> {
    /// Without an answer there is none under the name, but the client's own messages and the pending error stay.
    pub(super) fn forget_answer(&mut self, name: &str) {
        let held = self.variables.get(name);
        let is_held = |came: &ClientMessage| held == Some(&Value::Message(came.id));
        if name != "error" && !self.request.iter().chain(&self.response).any(is_held) {
            self.unset(name);
        }
    }
}

impl CallFailure {
    /// The reason in the fault string of the policy that called.
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

    /// How the policy's metrics count it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            CallFailure::Timeout => Outcome::Timeout,
            CallFailure::Unreachable => Outcome::Unreachable,
            CallFailure::Reset | CallFailure::Protocol | CallFailure::TooLarge(_) | CallFailure::NoMemory => {
                Outcome::Fault
            }
        }
    }
}
