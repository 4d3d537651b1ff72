//! The variables of a bundle.

use super::Reader;
use super::known::{Extent, Known};
use crate::attachment::Attached;
use crate::bundle::{Kind, ParsedBundle};
use crate::document::Document;
use crate::environment::Environment;
use crate::finding::Findings;
use crate::parsed::Parsed;
use crate::policy_types;
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::endpoint::{
    Endpoint, Flow, StepReference, TargetAuthentication, TargetConnection, TargetKind,
};
use envoy_callout::policy::template::Template;
use envoy_callout::policy::usage::Read;
use envoy_callout::policy::{Callee, Policy};

/// Warns of the names in a bundle that nothing sets or raises. `shared` are the shared flows that it calls.
pub(crate) fn check(
    bundle: &ParsedBundle,
    shared: &[&ParsedBundle],
    environment: Option<&Environment>,
    findings: &mut Findings,
) {
    let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
    let constants = bundles().flat_map(|bundle| bundle.properties.keys()).map(String::as_str);
    let of_environment = environment.into_iter().flat_map(|environment| environment.properties.keys());
    let policies = bundles().flat_map(ParsedBundle::policies).collect();
    let known =
        Known::new(policies, constants.chain(of_environment.map(String::as_str)).collect(), extent(bundle, shared));
    let attached = Attached::by(bundle);
    for Parsed { document, content, .. } in &bundle.policies {
        let Some(policy) = content else { continue };
        let name = &*policy.attributes().name;
        if policy.attributes().enabled && attached.contains(name) {
            let reader = Reader { policy: Some(name.to_owned()), ..reader(document) };
            reader.check(policy.read_variables(), &known, findings);
        }
    }
    for (document, condition) in conditions(bundle) {
        let start = condition.position().map(|position| document.position_in_file(position));
        Reader { start, ..reader(document) }.check_condition(condition, &known, findings);
    }
    for Parsed { document, content, .. } in &bundle.target_endpoints {
        let Some(target) = content else { continue };
        let reads = of_connection(&target.connection).into_iter();
        reader(document).check(reads.chain(target.authentication.iter().flat_map(of_authentication)), &known, findings);
    }
    for Parsed { document, content, .. } in &bundle.proxy_endpoints {
        let urls = content.iter().flat_map(|proxy| &proxy.route_rules).filter_map(|rule| rule.url.as_ref());
        reader(document).check(urls.flat_map(|url| url.template.reads()), &known, findings);
    }
}

fn reader(document: &Document) -> Reader {
    Reader { source: document.source.clone(), start: None, policy: None }
}

/// How much of the variables the bundles determine.
fn extent(bundle: &ParsedBundle, shared: &[&ParsedBundle]) -> Extent {
    let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
    let has_errors = |bundle: &ParsedBundle| {
        !bundle.unreadable.is_empty()
            || bundle.policies.iter().any(|policy| policy.content.is_none())
            || bundle.shared_flows.iter().any(|flow| flow.content.is_none())
    };
    let is_unknown =
        |policy: &Policy| policy.unsupported().is_some_and(|unsupported| !policy_types::is_known(&unsupported.kind));
    if bundles().any(has_errors) || bundles().flat_map(ParsedBundle::policies).any(is_unknown) {
        return Extent::None;
    }
    let mut called = bundles().flat_map(ParsedBundle::policies).filter_map(|policy| match policy.callee()? {
        Callee::SharedFlow(callout) => Some(&*callout.shared_flow),
        Callee::Service(_) | Callee::Integration(_) | Callee::Jwks(..) => None,
    });
    let is_given = |name: &str| shared.iter().any(|flow| flow.name == name || flow.has_alias(name));
    // The callers of a shared flow set variables too.
    if bundle.kind == Kind::SharedFlow || !called.all(is_given) { Extent::Some } else { Extent::All }
}

/// The conditions of flows, steps, fault rules and route rules.
fn conditions(bundle: &ParsedBundle) -> Vec<(&Document, &Condition)> {
    let mut found = Vec::new();
    for Parsed { document, content, .. } in &bundle.proxy_endpoints {
        let Some(proxy) = content else { continue };
        let flow = of_flow(&proxy.post_client_flow);
        let rules = proxy.route_rules.iter().filter_map(|rule| rule.condition.as_ref());
        let all = of_endpoint(&proxy.endpoint).into_iter().chain(flow).chain(rules);
        found.extend(all.map(|condition| (document, condition)));
    }
    for Parsed { document, content, .. } in &bundle.target_endpoints {
        let all = content.iter().flat_map(|target| of_endpoint(&target.endpoint));
        found.extend(all.map(|condition| (document, condition)));
    }
    for Parsed { document, content, .. } in &bundle.shared_flows {
        let all = content.iter().flat_map(|flow| of_steps(&flow.steps));
        found.extend(all.map(|condition| (document, condition)));
    }
    found
}

fn of_endpoint(endpoint: &Endpoint<StepReference>) -> Vec<&Condition> {
    let flows = endpoint.all_flows().flat_map(of_flow);
    let rules = endpoint.fault_rules.all().flat_map(|rule| rule.condition.iter().chain(of_steps(&rule.steps)));
    flows.chain(rules).collect()
}

fn of_flow(flow: &Flow<StepReference>) -> impl Iterator<Item = &Condition> {
    flow.condition.iter().chain(of_steps(&flow.request)).chain(of_steps(&flow.response))
}

fn of_steps(steps: &[StepReference]) -> impl Iterator<Item = &Condition> {
    steps.iter().filter_map(|step| step.condition.as_ref())
}

fn of_connection(connection: &TargetConnection) -> Vec<Read<'_>> {
    match &connection.target {
        Some(TargetKind::Url(url)) => url.template.reads().collect(),
        Some(TargetKind::LoadBalancer(balancer)) => balancer.path.iter().flat_map(Template::reads).collect(),
        Some(TargetKind::Local(local)) => local.reads(),
        Some(TargetKind::Program(..) | TargetKind::Provider(..)) | None => Vec::new(),
    }
}

fn of_authentication(target: &TargetAuthentication) -> impl Iterator<Item = Read<'_>> {
    target.authentication.reads()
}
