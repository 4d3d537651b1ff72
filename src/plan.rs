//! The checked and compiled configuration of a filter, shared by all requests.

mod allowed_hosts;
mod cache;
mod clusters;
mod constant;
mod identity;
mod key_value_map;
mod local_proxies;
mod publish;
mod servers;
mod target_address;
mod variable_target;

pub use allowed_hosts::{AllowedHosts, Pattern as HostPattern};
pub use cache::CacheSettings;
pub use clusters::Clusters;
pub use constant::Constant;
pub use identity::{IAM_HOST, Identity, Impersonated, METADATA_HOST};
pub use key_value_map::KeyValueMap;
pub use local_proxies::{LocalProxies, LocalProxy};
pub use publish::Publish;
pub use servers::{BalancedServer, Server, Servers};
pub use target_address::TargetAddress;
pub use variable_target::{CLUSTER_HEADER, PATH_MARKER, VariablePart, VariableTarget};

use crate::policy::Policy;
use crate::policy::condition::Condition;
use crate::policy::endpoint::{BasePath, Endpoint, IntegrationEndpoint, Route, RouteRule, TargetAuthentication};
use crate::policy::success_codes::SuccessCodes;
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A compiled configuration.
#[derive(Debug)]
pub struct Plan {
    /// The policies; steps refer to them by [`PolicyId`].
    pub policies: Vec<Policy>,
    /// The servers of the policies, by [`PolicyId`].
    pub servers: Vec<Servers>,
    /// The flows and fault rules of the ProxyEndpoint, or the configuration's lists of steps.
    pub proxy: Endpoint<Step>,
    /// The parts of a ProxyEndpoint outside its flows; absent with lists of steps.
    pub routing: Option<Routing>,
    /// The shared flows; FlowCallout policies refer to them by name.
    pub shared_flows: BTreeMap<String, SharedFlow>,
    /// The clusters by origin.
    pub clusters: Clusters,
    /// The proxies that LocalTargetConnections reach.
    pub local_proxies: LocalProxies,
    /// The hosts that a request may choose.
    pub allowed_hosts: AllowedHosts,
    /// The identity of Google tokens.
    pub identity: Option<Arc<Identity>>,
    /// The default project of integrations.
    pub project: Option<ByteString>,
    /// Variables with constant values: `proxy` and `properties` of the configuration.
    pub constants: BTreeMap<ByteString, Constant>,
    /// Whether `+` in a query is a plus, for every charset of the request.
    pub ignores_charset: bool,
    /// The resources that policies read.
    pub resources: Resources,
    /// The key value maps by name.
    pub key_value_maps: BTreeMap<ByteString, KeyValueMap>,
    /// The settings of caches.
    pub cache: CacheSettings,
    /// The base path before `proxy.pathsuffix`.
    pub base_path: BasePath,
    /// The variables that are published to filter state.
    pub publish: Publish,
    /// Whether callouts carry the client request's trace headers.
    pub trace_headers: bool,
    /// Maximum size of the response body of a callout in bytes.
    pub max_response_bytes: usize,
    /// The memory for bodies, and for texts that policies make from them, in bytes per worker.
    pub body_memory_bytes: usize,
    /// The parts of the stream that the flows use.
    pub needs: Needs,
}

/// The parts of a ProxyEndpoint outside its flows.
#[derive(Debug)]
pub struct Routing {
    /// The route rules; the first one whose condition is true applies.
    pub rules: Vec<RouteRule>,
    /// The target endpoints that have flows or fault rules here.
    pub targets: Vec<Target>,
    /// The targets whose URL the filter expands.
    pub variable_targets: Vec<VariableTarget>,
    /// The addresses of the other targets, by name.
    pub addresses: BTreeMap<String, TargetAddress>,
    /// The integrations that replace an upstream.
    pub integrations: Vec<IntegrationEndpoint>,
    /// The steps that run after the response has been sent to the client.
    pub post_client: Vec<Step>,
}

impl Routing {
    /// Whether a request can reach an upstream.
    pub fn has_upstream(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| matches!(rule.route, Route::Target(_)))
    }

    /// Whether a route rule has no target.
    pub fn has_null_route(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.route, Route::Null))
    }
}

/// A shared flow.
#[derive(Debug)]
pub struct SharedFlow {
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its own constants, which hide those of the plan while it runs.
    pub constants: BTreeMap<ByteString, Constant>,
    /// Its own resources, which hide those of the plan while it runs.
    pub resources: Resources,
}

/// The texts of resources by name, such as `jsc://file.js`.
pub type Resources = BTreeMap<String, ByteString>;

/// A target endpoint.
#[derive(Debug)]
pub struct Target {
    /// Its flows and fault rules.
    pub endpoint: Endpoint<Step>,
    /// The statuses of the target that are not a fault.
    pub success_codes: SuccessCodes,
    /// Whether `+` in a query is a plus in its flows, for every charset of the request.
    pub ignores_charset: bool,
    /// The token that is sent to it.
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
    /// The condition of the step; without one it always runs.
    pub condition: Option<Condition>,
    /// The number of steps, from this one on, whose calls start together; 1 without such a group.
    pub group_size: usize,
}

/// The parts of a stream that the flows of a plan use, and the variables that cost time to record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A step or a publication needs the request.
    pub request: bool,
    /// The client's body is read or written.
    pub request_body: bool,
    /// A step or a publication needs the response.
    pub response: bool,
    /// The response's body is read or written.
    pub response_body: bool,
    /// Only the response of a null route needs the client's body. It is fetched when that route applies.
    pub null_route_body: bool,
    /// The HTTP version of the client's request is read.
    pub request_version: bool,
    /// The duration of policies is read.
    pub policy_times: bool,
    /// The times of the exchange with the target are read.
    pub target_times: bool,
}

impl Needs {
    /// Whether Envoy must pass the body of a message.
    pub fn has_body(&self) -> bool {
        self.request_body || self.response_body || self.null_route_body
    }
}

impl Plan {
    /// The policy of a step.
    pub fn policy(&self, step: &Step) -> Option<&Policy> {
        self.policies.get(step.policy.0)
    }

    /// The names of the policies of each group of steps whose calls start together.
    pub fn groups(&self) -> Vec<Vec<&str>> {
        let targets = self.routing.iter().flat_map(|routing| &routing.targets).map(|target| &target.endpoint);
        let flows = std::iter::once(&self.proxy).chain(targets).flat_map(Endpoint::all_flows);
        let of_endpoints = flows.flat_map(|flow| [&flow.request, &flow.response]);
        let lists = of_endpoints.chain(self.shared_flows.values().map(|flow| &flow.steps));
        let in_list = |steps: &'_ Vec<Step>| {
            let starts = steps.iter().enumerate().filter(|(_, step)| step.group_size > 1);
            let groups = starts.filter_map(|(start, step)| steps.get(start..start.saturating_add(step.group_size)));
            groups.map(|group| self.names(group)).collect::<Vec<_>>()
        };
        lists.flat_map(in_list).collect()
    }

    fn names(&self, steps: &[Step]) -> Vec<&str> {
        steps.iter().filter_map(|step| self.policy(step)).map(|policy| &*policy.attributes().name).collect()
    }

    /// The name of a policy.
    pub fn name_of(&self, policy: PolicyId) -> Option<&str> {
        self.policies.get(policy.0).map(|policy| &*policy.attributes().name)
    }

    /// The server of a policy with a fixed URL.
    pub fn fixed_server(&self, policy: PolicyId) -> Option<&Server> {
        match self.servers.get(policy.0)? {
            Servers::Fixed(server) => Some(server),
            Servers::Balanced(_) | Servers::None => None,
        }
    }

    /// The target servers of a policy with a load balancer.
    pub fn balanced_servers(&self, policy: PolicyId) -> &[BalancedServer] {
        match self.servers.get(policy.0) {
            Some(Servers::Balanced(servers)) => servers,
            Some(Servers::Fixed(_) | Servers::None) | None => &[],
        }
    }

    /// The policy with this name, or with the name `FLOW/POLICY`, which a step of the shared flow refers to.
    pub fn policy_id(&self, name: &str) -> Option<PolicyId> {
        let is_named = |policy: &Policy, name: &str| *policy.attributes().name == *name;
        if let Some((flow, name)) = name.rsplit_once('/') {
            let mut steps = self.shared_flows.get(flow)?.steps.iter();
            let step = steps.find(|step| self.policy(step).is_some_and(|policy| is_named(policy, name)))?;
            return Some(step.policy);
        }
        self.policies.iter().position(|policy| is_named(policy, name)).map(PolicyId)
    }
}
