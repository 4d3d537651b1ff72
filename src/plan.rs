//! What a filter does: everything of its configuration, checked and compiled, shared by all requests.

mod clusters;
mod publish;

pub use clusters::Clusters;
pub use publish::Publish;

use crate::flow::value::Value;
use crate::policy::Policy;
use bytestring::ByteString;
use std::collections::BTreeMap;

/// A compiled configuration.
#[derive(Debug)]
pub struct Plan {
    /// The policies; steps refer to them by their place.
    pub policies: Vec<Policy>,
    /// What runs in the request flow.
    pub request: Vec<Step>,
    /// What runs in the response flow.
    pub response: Vec<Step>,
    /// Which cluster serves which origin.
    pub clusters: Clusters,
    /// Variables with constant values: `proxy` and `properties` of the configuration.
    pub constants: BTreeMap<ByteString, Value>,
    /// The base path behind `proxy.pathsuffix`.
    pub base_path: ByteString,
    /// What is published to filter state.
    pub publish: Publish,
    /// Whether callouts carry the client request's trace headers.
    pub trace_headers: bool,
    /// The largest answer of a callout, in bytes.
    pub max_response_bytes: usize,
    /// What of the stream the policies read.
    pub needs: Needs,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The policy's place in [`Plan::policies`].
    pub policy: usize,
}

/// What a plan must have of a stream before its flows can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The client's body is read or written.
    pub request_body: bool,
    /// The response's body is read or written.
    pub response_body: bool,
}

impl Plan {
    /// The policy of a step.
    pub fn policy(&self, step: &Step) -> Option<&Policy> {
        self.policies.get(step.policy)
    }
}
