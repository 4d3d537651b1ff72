//! A whole bundle: loaded as the filter loads it, then what only the bundle as a whole can tell.

use super::attachment::Attached;
use super::hosts::Hosts;
use super::placeholders;
use super::types::Types;
use crate::cli::bundle::{Bundle, Kind};
use crate::cli::configuration::Configuration;
use crate::cli::document::Document;
use crate::cli::finding::{Finding, Findings, Severity};
use envoy_callout::policy::Policy;
use serde_json::json;

/// Checks a bundle. Shared flows that it calls are looked for among all bundles that were given.
pub(super) fn check(bundle: &Bundle, given: &[&Bundle], findings: &mut Findings, hosts: &mut Hosts, types: &mut Types) {
    for finding in &bundle.unreadable {
        findings.add(finding.clone());
    }
    let (entries, missing) = match bundle.kind {
        Kind::Proxy => (&bundle.proxy_endpoints, "proxy endpoint"),
        Kind::SharedFlow => (&bundle.shared_flows, "shared flow"),
    };
    if entries.is_empty() {
        let text = format!("the bundle {} has no {missing}: nothing of it runs", bundle.name);
        findings.add(Finding::new(Severity::Warning, text));
    }
    let shared = called_by(bundle, given);
    for configuration in configurations(bundle, &shared) {
        load(configuration, findings);
    }
    for document in bundle.documents() {
        placeholders::check(document, findings);
    }
    let attached = Attached::by(bundle);
    attached.tell_of_others(&bundle.policies, findings);
    let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
    let assigned: Vec<Policy> = policies_of(bundles().flat_map(|bundle| &bundle.policies)).collect();
    for document in &bundle.policies {
        let (Some(policy), _) = Policy::parse(&document.text(), "") else { continue };
        if policy.attributes().enabled && attached.contains(&policy.attributes().name) {
            hosts.add(&policy, document, &assigned);
            types.add(&policy);
        }
    }
}

/// One configuration for every proxy endpoint. A bundle without any still has policies to check.
fn configurations<'a>(bundle: &'a Bundle, shared: &[&'a Bundle]) -> Vec<Configuration<'a>> {
    match bundle.kind {
        Kind::Proxy if !bundle.proxy_endpoints.is_empty() => {
            let endpoints = bundle.proxy_endpoints.iter();
            endpoints.map(|endpoint| Configuration::of_proxy(bundle, endpoint, shared)).collect()
        }
        Kind::Proxy | Kind::SharedFlow => vec![Configuration::of_shared_flow(bundle, shared)],
    }
}

fn load(mut configuration: Configuration<'_>, findings: &mut Findings) {
    // Which clusters and which identity there are is not the bundle's to say, and an unknown policy type is no mistake in
    // a bundle.
    configuration.set("clusters", json!({"*": "any"}));
    configuration.set("google", json!({"metadata_cluster": "any", "project": "any"}));
    configuration.set("unsupported_policies", json!("skip"));
    let diagnostics = configuration.load().map_or_else(|problems| problems, |loaded| loaded.warnings);
    for diagnostic in &diagnostics {
        findings.add(configuration.finding(diagnostic));
    }
}

/// The bundles of the shared flows that a bundle calls, and those that they call.
fn called_by<'a>(bundle: &'a Bundle, given: &[&'a Bundle]) -> Vec<&'a Bundle> {
    let mut called: Vec<&Bundle> = Vec::new();
    let mut next = vec![bundle];
    while let Some(caller) = next.pop() {
        for policy in policies_of(&caller.policies) {
            let Policy::FlowCallout(callout) = policy else { continue };
            let is_called = |other: &&&Bundle| {
                other.kind == Kind::SharedFlow && *other.name == *callout.shared_flow && !std::ptr::eq(**other, bundle)
            };
            let Some(flow) = given.iter().find(is_called) else { continue };
            if !called.iter().any(|other| std::ptr::eq(*other, *flow)) {
                called.push(flow);
                next.push(flow);
            }
        }
    }
    called
}

fn policies_of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> impl Iterator<Item = Policy> {
    documents.into_iter().filter_map(|document| Policy::parse(&document.text(), "").0)
}
