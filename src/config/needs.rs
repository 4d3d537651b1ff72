//! Computes the parts of a stream that the flows use. The filter fetches and buffers nothing else.

use crate::plan::{Needs, Routing, SharedFlow, Step};
use crate::policy::condition::Condition;
use crate::policy::endpoint::Endpoint;
use crate::policy::variable::Variable;
use crate::policy::{Callee, Policy};
use std::collections::BTreeMap;

/// Whether a configuration's text names the duration of a policy, `apigee.metrics.policy.NAME.timeTaken`, or publishes
/// a prefix of that name.
pub(super) fn names_policy_times(bytes: &[u8], prefixes: &[String]) -> bool {
    names_start(bytes, prefixes, "apigee.metrics.")
}

/// Whether a configuration's text names a time of the exchange with the target, or publishes a prefix of such a name.
pub(super) fn names_target_times(bytes: &[u8], prefixes: &[String]) -> bool {
    ["target.sent.", "target.received."].iter().any(|start| names_start(bytes, prefixes, start))
}

/// Whether a text contains the start of a name, or a prefix is the start of it.
fn names_start(bytes: &[u8], prefixes: &[String], start: &str) -> bool {
    bytes.windows(start.len()).any(|window| window == start.as_bytes())
        || prefixes.iter().any(|prefix| start.starts_with(prefix.as_str()))
}

/// Whether a configuration's text names the HTTP version of a message.
pub(super) fn names_version(bytes: &[u8]) -> bool {
    let text = b".version";
    bytes.windows(text.len()).any(|window| window == text)
}

/// The flows and everything that they use.
pub(super) struct FlowUsage<'a> {
    pub(super) policies: &'a [Policy],
    pub(super) shared_flows: &'a BTreeMap<String, SharedFlow>,
    pub(super) proxy: &'a Endpoint<Step>,
    pub(super) routing: Option<&'a Routing>,
    /// The variables that `filter_state` publishes by name.
    pub(super) published: &'a [Variable],
    /// The prefixes that it publishes. They do not make the filter buffer a body.
    pub(super) prefixes: &'a [String],
    /// The result of [`names_version`].
    pub(super) names_version: bool,
    /// The result of [`names_policy_times`].
    pub(super) names_policy_times: bool,
    /// The result of [`names_target_times`].
    pub(super) names_target_times: bool,
}

/// The names of a message in a flow.
const AMBIENT_REQUEST: [&str; 2] = ["request", "message"];
const REQUEST: [&str; 1] = ["request"];
const RESPONSE: [&str; 1] = ["response"];
const AMBIENT_RESPONSE: [&str; 2] = ["response", "message"];
const FAULTY_RESPONSE: [&str; 3] = ["response", "message", "error"];

impl FlowUsage<'_> {
    pub(super) fn needs(&self) -> Needs {
        let targets = || self.routing.into_iter().flat_map(|routing| &routing.targets).map(|target| &target.endpoint);
        let endpoints = || std::iter::once(self.proxy).chain(targets());
        let post_client = self.routing.map_or(&[][..], |routing| &routing.post_client);
        let has_response = endpoints().any(|endpoint| endpoint.all_flows().any(|flow| !flow.response.is_empty()));
        let has_target_rules = targets().any(|target| !target.fault_rules.is_empty());
        let has_steps = endpoints().any(|endpoint| endpoint.all_flows().any(|flow| !flow.request.is_empty()));

        let request = |endpoint: &Endpoint<Step>| {
            endpoint.all_flows().any(|flow| {
                self.condition_uses(flow.condition.as_ref(), &AMBIENT_REQUEST)
                    || self.steps_use(&flow.request, &AMBIENT_REQUEST)
                    || self.steps_use(&flow.response, &REQUEST)
            }) || endpoint.fault_rules.all().any(|rule| {
                self.condition_uses(rule.condition.as_ref(), &REQUEST) || self.steps_use(&rule.steps, &REQUEST)
            })
        };
        let response = |endpoint: &Endpoint<Step>| {
            // The choice of a flow matters only when one of them has steps.
            let is_flow_chosen = endpoint.flows.iter().any(|flow| !flow.response.is_empty());
            endpoint.all_flows().any(|flow| {
                (is_flow_chosen && self.condition_uses(flow.condition.as_ref(), &AMBIENT_RESPONSE))
                    || self.steps_use(&flow.response, &AMBIENT_RESPONSE)
            }) || endpoint.fault_rules.all().any(|rule| {
                self.condition_uses(rule.condition.as_ref(), &RESPONSE) || self.steps_use(&rule.steps, &RESPONSE)
            })
        };
        let target_rules = |endpoint: &Endpoint<Step>| {
            endpoint.fault_rules.all().any(|rule| {
                self.condition_uses(rule.condition.as_ref(), &FAULTY_RESPONSE)
                    || self.steps_use(&rule.steps, &FAULTY_RESPONSE)
            })
        };
        let routes = self.routing.into_iter().flat_map(|routing| &routing.rules);
        let routes_use_body =
            routes.map(|rule| &rule.condition).any(|c| self.condition_uses(c.as_ref(), &AMBIENT_REQUEST));
        let mut variable_targets = self.routing.into_iter().flat_map(|routing| &routing.variable_targets);
        let targets_use_body = variable_targets.any(|target| target.template.uses_body(&AMBIENT_REQUEST));
        let publishes_body = |names: &[&str]| self.published.iter().any(|variable| variable.is_body_of(names));
        let publishes_response = self.published.iter().any(|variable| variable.is_of("response"))
            || self.prefixes.iter().any(|prefix| prefix.starts_with("response."));
        let response_comes = has_response || has_target_rules || !post_client.is_empty() || publishes_response;
        let request_body = endpoints().any(request)
            || routes_use_body
            || targets_use_body
            || self.steps_use(post_client, &REQUEST)
            || publishes_body(&AMBIENT_REQUEST);
        let has_null_route = self.routing.is_some_and(Routing::has_null_route);
        Needs {
            request: has_steps
                || response_comes
                || self.routing.is_some()
                || !self.published.is_empty()
                || !self.prefixes.is_empty(),
            request_body,
            response: response_comes,
            response_body: response_comes
                && self.routing.is_none_or(Routing::has_upstream)
                && (endpoints().any(response)
                    || targets().any(target_rules)
                    || self.steps_use(post_client, &AMBIENT_RESPONSE)
                    || publishes_body(&AMBIENT_RESPONSE)),
            null_route_body: has_null_route && !request_body && !self.makes_response_body(),
            request_version: self.names_version,
            policy_times: self.names_policy_times,
            target_times: self.names_target_times,
        }
    }

    /// Whether the proxy's response flow replaces the body of every response, and no step needs the earlier one.
    fn makes_response_body(&self) -> bool {
        let conditional = self.proxy.flows.iter().flat_map(|flow| &flow.response);
        let always = || self.proxy.pre_flow.response.iter().chain(&self.proxy.post_flow.response);
        let replaces = |step: &Step| {
            step.condition.is_none()
                && self.policies.get(step.policy.0).is_some_and(|policy| policy.replaces_body(&AMBIENT_RESPONSE))
        };
        let uses = |step: &Step| self.steps_use(std::slice::from_ref(step), &AMBIENT_RESPONSE);
        always().any(replaces) && !conditional.chain(always()).any(|step| uses(step) && !replaces(step))
    }

    fn condition_uses(&self, condition: Option<&Condition>, names: &[&str]) -> bool {
        condition.is_some_and(|condition| condition.variables().any(|variable| variable.is_body_of(names)))
    }

    fn steps_use(&self, steps: &[Step], names: &[&str]) -> bool {
        steps.iter().any(|step| {
            let policy = self.policies.get(step.policy.0).filter(|policy| policy.attributes().enabled);
            let Some(policy) = policy else { return false };
            let inside = match policy.callee() {
                // The recursion ends: the configuration has no shared flow that calls itself.
                Some(Callee::SharedFlow(callout)) => {
                    let flow = self.shared_flows.get(&*callout.shared_flow);
                    flow.is_some_and(|flow| self.steps_use(&flow.steps, names))
                }
                Some(Callee::Service(_) | Callee::Integration(_) | Callee::Jwks(..)) | None => false,
            };
            inside || self.condition_uses(step.condition.as_ref(), names) || policy.uses_body(names)
        })
    }
}
