//! What a filter does: everything of its configuration, checked and compiled, shared by all requests.

mod allowed_hosts;
mod clusters;
mod constant;
mod identity;
mod local_proxies;
mod publish;

pub use allowed_hosts::{AllowedHosts, Pattern as HostPattern};
pub use clusters::Clusters;
pub use constant::Constant;
pub use identity::{Identity, Impersonated};
pub use local_proxies::{LocalProxies, LocalProxy};
pub use publish::Publish;

use crate::policy::Policy;
use crate::policy::condition::Condition;
use crate::policy::endpoint::{BasePath, Endpoint, IntegrationEndpoint, Route, RouteRule, TargetAuthentication};
use crate::policy::success_codes::SuccessCodes;
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A compiled configuration.
#[derive(Debug)]
pub struct Plan {
    /// The policies; steps refer to them by [`PolicyId`].
    pub policies: Vec<Policy>,
    /// The flows and fault rules of the ProxyEndpoint, or the configuration's lists of steps.
    pub proxy: Endpoint<Step>,
    /// What a ProxyEndpoint adds to that; absent with lists of steps.
    pub routing: Option<Routing>,
    /// The shared flows; FlowCallout policies refer to them by name.
    pub shared_flows: BTreeMap<String, Vec<Step>>,
    /// Which cluster serves which origin.
    pub clusters: Clusters,
    /// The proxies that LocalTargetConnections reach.
    pub local_proxies: LocalProxies,
    /// Which hosts a request may choose.
    pub allowed_hosts: AllowedHosts,
    /// Whose Google tokens are sent.
    pub identity: Option<Rc<Identity>>,
    /// The project of integrations that name none.
    pub project: Option<ByteString>,
    /// Variables with constant values: `proxy` and `properties` of the configuration.
    pub constants: BTreeMap<ByteString, Constant>,
    /// The base path behind `proxy.pathsuffix`.
    pub base_path: BasePath,
    /// What is published to filter state.
    pub publish: Publish,
    /// Whether callouts carry the client request's trace headers.
    pub trace_headers: bool,
    /// The largest answer of a callout, in bytes.
    pub max_response_bytes: usize,
    /// The memory in bytes that bodies, and what policies make from them, may take on each worker.
    pub body_memory_bytes: usize,
    /// What of the stream the policies use.
    pub needs: Needs,
}

/// What stands around the flows of a ProxyEndpoint.
#[derive(Debug)]
pub struct Routing {
    /// Where requests go; the first rule whose condition holds is taken.
    pub rules: Vec<RouteRule>,
    /// The target endpoints that have flows or fault rules here.
    pub targets: Vec<Target>,
    /// The integrations that take the place of an upstream.
    pub integrations: Vec<IntegrationEndpoint>,
    /// What runs after the client has its response.
    pub post_client: Vec<Step>,
}

impl Routing {
    /// Whether any request goes on to an upstream.
    pub fn has_upstream(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| matches!(rule.route, Route::Target(_)))
    }
}

/// A target endpoint.
#[derive(Debug)]
pub struct Target {
    /// Its flows and fault rules.
    pub endpoint: Endpoint<Step>,
    /// The statuses of the target that are no fault.
    pub success_codes: SuccessCodes,
    /// The token that goes to it.
    pub authentication: Option<TargetAuthentication>,
}

/// The index of a policy in [`Plan::policies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyId(pub(crate) usize);

/// One step of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The policy that runs.
    pub policy: PolicyId,
    /// When it runs; always, when absent.
    pub condition: Option<Condition>,
}

/// What a plan must have of a stream before its flows can run, and what they must tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Anything runs at all.
    pub request: bool,
    /// The client's body is read or written.
    pub request_body: bool,
    /// Something runs when the response comes or after it.
    pub response: bool,
    /// The response's body is read or written.
    pub response_body: bool,
    /// Something reads how long a policy took.
    pub policy_times: bool,
}

impl Plan {
    /// The policy of a step.
    pub fn policy(&self, step: &Step) -> Option<&Policy> {
        self.policies.get(step.policy.0)
    }

    /// The policy with this name.
    pub fn policy_id(&self, name: &str) -> Option<PolicyId> {
        self.policies.iter().position(|policy| *policy.attributes().name == *name).map(PolicyId)
    }
}
