//! `proxy_endpoint`, `target_endpoints` and `shared_flows`: Apigee's documents instead of lists of steps.

use super::keys::Section;
use super::policies::Policies;
use crate::diagnostic::Diagnostics;
use crate::plan::{Routing, Step, Target};
use crate::policy::endpoint::{
    Endpoint, IntegrationEndpoint, ProxyEndpoint, Route, SharedFlow, StepReference, TargetEndpoint,
};
use crate::policy::flow_callout::FlowCallout;
use std::collections::BTreeMap;

/// Reads the `proxy_endpoint`, if present. It excludes the keys that it replaces. An unreadable one counts as one
/// without flows, so that no other steps replace its own and the documents around it are checked too.
pub(super) fn proxy_endpoint(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Option<ProxyEndpoint> {
    if !section.has("proxy_endpoint") {
        for key in ["target_endpoints", "integration_endpoints"] {
            if section.has(key) {
                diagnostics.error(None, format!("{key} requires proxy_endpoint"));
            }
        }
        return None;
    }
    for replaced in ["request", "response", "fault_rules", "default_fault_rule"] {
        if section.has(replaced) {
            diagnostics.error(None, format!("{replaced} cannot be combined with proxy_endpoint"));
        }
    }
    let endpoint = section.string("proxy_endpoint", diagnostics).and_then(|text| {
        let (endpoint, problems) = ProxyEndpoint::parse(&text, "proxy_endpoint");
        diagnostics.extend(problems);
        endpoint
    });
    Some(endpoint.unwrap_or_else(ProxyEndpoint::empty))
}

/// The proxy's flows and fault rules with their steps resolved.
pub(super) fn flows(proxy: &ProxyEndpoint, policies: &mut Policies, diagnostics: &mut Diagnostics) -> Endpoint<Step> {
    let endpoint = proxy.endpoint.clone();
    diagnostics.within_about("proxy_endpoint", format!("ProxyEndpoint {}", endpoint.name), |diagnostics| {
        endpoint.map(&mut |step| policies.resolve(step, diagnostics))
    })
}

/// Reads the target endpoints and resolves all steps outside the proxy's flows.
pub(super) fn routing(
    section: &Section<'_>,
    proxy: &ProxyEndpoint,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> Routing {
    let mut targets: Vec<Target> = Vec::new();
    for (index, text) in section.strings("target_endpoints", diagnostics).iter().enumerate() {
        let key = format!("target_endpoints[{index}]");
        let (target, problems) = TargetEndpoint::parse(text, &key);
        diagnostics.extend(problems);
        let Some(TargetEndpoint { endpoint, success_codes, ignores_charset, authentication }) = target else {
            continue;
        };
        if targets.iter().any(|other| other.endpoint.name == endpoint.name) {
            let message = format!("duplicate target endpoint {}", endpoint.name);
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(None, message));
        }
        let subject = format!("TargetEndpoint {}", endpoint.name);
        let endpoint = diagnostics
            .within_about(&key, &subject, |diagnostics| endpoint.map(&mut |step| policies.resolve(step, diagnostics)));
        targets.push(Target { endpoint, success_codes, ignores_charset, authentication });
    }
    let integrations = integrations(section, proxy, diagnostics);
    let flow = &proxy.post_client_flow;
    let post_client = flow.request.iter().chain(&flow.response).cloned();
    let subject = format!("ProxyEndpoint {}", proxy.endpoint.name);
    let post_client = diagnostics.within_about("proxy_endpoint", &subject, |diagnostics| {
        post_client.filter_map(|step| policies.resolve(step, diagnostics)).collect()
    });
    Routing { rules: proxy.route_rules.clone(), targets, integrations, post_client }
}

/// Reads the integration endpoints and checks those that route rules name.
fn integrations(
    section: &Section<'_>,
    proxy: &ProxyEndpoint,
    diagnostics: &mut Diagnostics,
) -> Vec<IntegrationEndpoint> {
    let mut integrations: Vec<IntegrationEndpoint> = Vec::new();
    for (index, text) in section.strings("integration_endpoints", diagnostics).iter().enumerate() {
        let key = format!("integration_endpoints[{index}]");
        let (integration, problems) = IntegrationEndpoint::parse(text, &key);
        diagnostics.extend(problems);
        let Some(integration) = integration else { continue };
        if integrations.iter().any(|other| other.name == integration.name) {
            let message = format!("duplicate integration endpoint {}", integration.name);
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(None, message));
        }
        integrations.push(integration);
    }
    let subject = format!("ProxyEndpoint {}", proxy.endpoint.name);
    for rule in &proxy.route_rules {
        let Route::Integration(name, position) = &rule.route else { continue };
        if !integrations.iter().any(|integration| integration.name == *name) {
            let message = format!("unknown integration endpoint {name}: add it to integration_endpoints");
            diagnostics.within_about("proxy_endpoint", &subject, |diagnostics| diagnostics.error(*position, message));
        }
    }
    integrations
}

/// Reads the shared flows. Reports FlowCallouts of unknown shared flows, and shared flows that call themselves.
pub(super) fn shared_flows(
    section: &Section<'_>,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Vec<Step>> {
    let mut documents: Documents = BTreeMap::new();
    for (index, text) in section.strings("shared_flows", diagnostics).iter().enumerate() {
        let key = format!("shared_flows[{index}]");
        let (flow, problems) = SharedFlow::parse(text, &key);
        diagnostics.extend(problems);
        let Some(SharedFlow { name, steps }) = flow else { continue };
        if documents.contains_key(&name) {
            let message = format!("duplicate shared flow {name}");
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(None, message));
        }
        documents.insert(name, (key, steps));
    }
    // Only shared flows that a flow calls are resolved: others may belong to another proxy.
    let mut resolved: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    loop {
        let callouts = policies.flow_callouts().map(|(key, callout)| (key.to_owned(), callout.clone()));
        let wanted: Vec<(String, FlowCallout)> =
            callouts.filter(|(_, callout)| !resolved.contains_key(&*callout.shared_flow)).collect();
        if wanted.is_empty() {
            break;
        }
        for (policy_key, callout) in wanted {
            let name = callout.shared_flow.to_string();
            let steps = match documents.get(&name) {
                Some((key, steps)) => diagnostics.within_about(key, format!("SharedFlow {name}"), |diagnostics| {
                    steps.iter().cloned().filter_map(|step| policies.resolve(step, diagnostics)).collect()
                }),
                None => {
                    let (policy, message) = (&*callout.attributes.name, format!("unknown shared flow {name}"));
                    diagnostics.within_about(&policy_key, policy, |diagnostics| {
                        diagnostics.error(callout.position, message);
                    });
                    Vec::new()
                }
            };
            resolved.insert(name, steps);
        }
    }
    for (name, (key, _)) in documents.iter().filter(|(name, _)| resolved.contains_key(*name)) {
        if calls_itself(name, &documents, policies) {
            diagnostics.within_about(key, format!("SharedFlow {name}"), |diagnostics| {
                diagnostics.error(None, "the shared flow calls itself");
            });
        }
    }
    resolved
}

/// Shared flows by name, each with the key of its document.
type Documents = BTreeMap<String, (String, Vec<StepReference>)>;

fn calls_itself(start: &str, documents: &Documents, policies: &Policies) -> bool {
    let called_by = |name: &str| -> Vec<String> {
        let steps = documents.get(name).into_iter().flat_map(|(_, steps)| steps);
        let called = |step: &StepReference| {
            let mut callouts = policies.flow_callouts().map(|(_, callout)| callout);
            callouts.find(|callout| callout.attributes.name == step.policy)
        };
        steps.filter_map(called).map(|callout| callout.shared_flow.to_string()).collect()
    };
    let mut seen: Vec<String> = Vec::new();
    let mut next = called_by(start);
    while let Some(name) = next.pop() {
        if name == start {
            return true;
        }
        if !seen.contains(&name) {
            next.extend(called_by(&name));
            seen.push(name);
        }
    }
    false
}
