//! `proxy_endpoint`, `target_endpoints` and `shared_flows`: Apigee's documents instead of lists of steps.

use super::keys::Section;
use super::policies::Policies;
use crate::diagnostic::Diagnostics;
use crate::plan::{Routing, Step, Target};
use crate::policy::Policy;
use crate::policy::endpoint::{ProxyEndpoint, SharedFlow, StepReference, TargetEndpoint};
use std::collections::BTreeMap;

/// Reads the `proxy_endpoint`, if there is one. The keys that it replaces must not be there.
pub(super) fn proxy_endpoint(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Option<ProxyEndpoint> {
    let Some(text) = section.string("proxy_endpoint", diagnostics) else {
        if section.has("target_endpoints") && !section.has("proxy_endpoint") {
            diagnostics.error(None, "target_endpoints needs a proxy_endpoint whose route rules choose among them");
        }
        return None;
    };
    for replaced in ["request", "response", "fault_rules", "default_fault_rule"] {
        if section.has(replaced) {
            diagnostics.error(None, format!("{replaced} and proxy_endpoint exclude each other"));
        }
    }
    let (endpoint, problems) = ProxyEndpoint::parse(&text, "proxy_endpoint");
    diagnostics.extend(problems);
    endpoint
}

/// Reads the target endpoints and resolves the steps of everything around the proxy's flows.
pub(super) fn routing(
    section: &Section<'_>,
    proxy: &ProxyEndpoint,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> Routing {
    let mut targets: Vec<Target> = Vec::new();
    for (index, text) in section.strings("target_endpoints", diagnostics).iter().enumerate() {
        let place = format!("target_endpoints[{index}]");
        let (target, problems) = TargetEndpoint::parse(text, &place);
        diagnostics.extend(problems);
        let Some(TargetEndpoint { endpoint, success_codes }) = target else { continue };
        if targets.iter().any(|other| other.endpoint.name == endpoint.name) {
            diagnostics.set_subject(place);
            diagnostics.error(None, format!("there is another target endpoint named {}", endpoint.name));
        }
        diagnostics.set_subject(format!("TargetEndpoint {}", endpoint.name));
        let endpoint = endpoint.map(&mut |step| policies.resolve(step, diagnostics));
        diagnostics.set_subject("");
        targets.push(Target { endpoint, success_codes });
    }
    let flow = &proxy.post_client_flow;
    diagnostics.set_subject(format!("ProxyEndpoint {}", proxy.endpoint.name));
    let post_client = flow.request.iter().chain(&flow.response).cloned();
    let post_client = post_client.filter_map(|step| policies.resolve(step, diagnostics)).collect();
    diagnostics.set_subject("");
    Routing { rules: proxy.route_rules.clone(), targets, post_client }
}

/// Reads the shared flows and checks that every FlowCallout finds its own, and that none ends in itself.
pub(super) fn shared_flows(
    section: &Section<'_>,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Vec<Step>> {
    let mut documents: BTreeMap<String, Vec<StepReference>> = BTreeMap::new();
    for (index, text) in section.strings("shared_flows", diagnostics).iter().enumerate() {
        let place = format!("shared_flows[{index}]");
        let (flow, problems) = SharedFlow::parse(text, &place);
        diagnostics.extend(problems);
        let Some(SharedFlow { name, steps }) = flow else { continue };
        if documents.contains_key(&name) {
            diagnostics.set_subject(place);
            diagnostics.error(None, format!("there is another shared flow named {name}"));
            diagnostics.set_subject("");
        }
        documents.insert(name, steps);
    }
    // Only what a flow reaches is resolved: a shared flow may be there for another proxy.
    let mut resolved: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    loop {
        let wanted: Vec<(String, Policy)> = policies
            .attached()
            .filter_map(|policy| match policy {
                Policy::FlowCallout(callout) => Some((callout.shared_flow.to_string(), policy.clone())),
                _ => None,
            })
            .filter(|(name, _)| !resolved.contains_key(name))
            .collect();
        if wanted.is_empty() {
            break;
        }
        for (name, policy) in wanted {
            let Some(steps) = documents.get(&name) else {
                if let Policy::FlowCallout(callout) = &policy {
                    diagnostics.set_subject(&*callout.attributes.name);
                    diagnostics.error(callout.position, format!("there is no shared flow named {name}"));
                    diagnostics.set_subject("");
                }
                resolved.insert(name, Vec::new());
                continue;
            };
            diagnostics.set_subject(format!("SharedFlow {name}"));
            let steps = steps.iter().cloned().filter_map(|step| policies.resolve(step, diagnostics)).collect();
            diagnostics.set_subject("");
            resolved.insert(name, steps);
        }
    }
    for name in resolved.keys().filter(|name| ends_in_itself(name, &documents, policies)) {
        diagnostics.set_subject(format!("SharedFlow {name}"));
        diagnostics.error(None, "the shared flow calls itself");
        diagnostics.set_subject("");
    }
    resolved
}

fn ends_in_itself(start: &str, documents: &BTreeMap<String, Vec<StepReference>>, policies: &Policies) -> bool {
    let called_by = |name: &str| -> Vec<String> {
        let steps = documents.get(name).into_iter().flatten();
        let called = policies.attached().filter_map(|policy| match policy {
            Policy::FlowCallout(callout) => Some((&callout.attributes.name, &callout.shared_flow)),
            _ => None,
        });
        let called: Vec<_> = called.collect();
        let named = |step: &StepReference| called.iter().find(|(policy, _)| step.policy == ***policy);
        steps.filter_map(named).map(|(_, flow)| flow.to_string()).collect()
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
