//! Policies that set the body of requests that may have none. Envoy cannot add it (docs/guide/limits.md).

use crate::bundle::ParsedBundle;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::parsed::Parsed;
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::endpoint::{Endpoint, Route, StepReference};

/// Verbs of requests that have a body.
const WITH_BODY: [&str; 3] = ["\"POST\"", "\"PUT\"", "\"PATCH\""];

/// Warns of the policies in the request flows of proxies that have an upstream.
pub(super) fn check(bundle: &ParsedBundle, findings: &mut Findings) {
    let rules = bundle.proxy_endpoints.iter().flat_map(|parsed| &parsed.content).flat_map(|proxy| &proxy.route_rules);
    if !rules.into_iter().any(|rule| matches!(rule.route, Route::Target(_))) {
        return;
    }
    let proxies = bundle.proxy_endpoints.iter().flat_map(|parsed| &parsed.content).map(|proxy| &proxy.endpoint);
    let targets = bundle.target_endpoints.iter().flat_map(|parsed| &parsed.content).map(|target| &target.endpoint);
    let steps: Vec<&str> = proxies.chain(targets).flat_map(open_steps).collect();
    for Parsed { document, content, .. } in &bundle.policies {
        let Some(policy) = content else { continue };
        let name = &*policy.attributes().name;
        if policy.attributes().enabled && steps.contains(&name) && policy.sets_request_body() {
            let text = format!(
                "{name} sets the body of the request: a request that arrives without a body, such as a GET, goes to the target \
                 without it"
            );
            let warning = Finding::new(Severity::Warning, Code::AddedBody, text).about_policy(name);
            let position = document.root().map(|root| root.position);
            findings.add(warning.in_source(&document.source, position));
        }
    }
}

/// The policies of the steps of request flows that may run for a request without a body.
fn open_steps(endpoint: &Endpoint<StepReference>) -> impl Iterator<Item = &str> {
    endpoint.all_flows().filter(|flow| is_open(flow.condition.as_ref())).flat_map(|flow| {
        let steps = flow.request.iter().filter(|step| is_open(step.condition.as_ref()));
        steps.map(|step| step.policy.as_str())
    })
}

/// Whether a condition does not select the verbs of requests with a body.
fn is_open(condition: Option<&Condition>) -> bool {
    let Some(condition) = condition else { return true };
    let text = condition.to_string();
    let selects = text.contains("request.verb = ") && WITH_BODY.iter().any(|verb| text.contains(verb));
    !selects || text.contains("\"GET\"")
}
