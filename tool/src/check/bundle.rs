//! A whole bundle: loaded as the filter loads it, then what only the bundle as a whole can tell.

use super::hosts::Hosts;
use super::placeholders;
use super::types::Types;
use crate::attachment::Attached;
use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::{Configuration, called_by};
use crate::environment::{AnyCluster, Environment};
use crate::finding::{Finding, Findings, Severity};
use crate::needs::Needs;
use crate::parsed::Parsed;
use crate::{policy_types, routing};
use envoy_callout::policy::Policy;
use serde_json::json;

/// Checks a bundle. Shared flows that it calls are looked for among all bundles that were given.
pub(super) fn check(
    bundle: &ParsedBundle,
    given: &[&ParsedBundle],
    environment: Option<&Environment>,
    findings: &mut Findings,
    hosts: &mut Hosts,
    types: &mut Types,
) {
    bundle.findings().for_each(|finding| findings.add(finding));
    policy_types::report_unknown(bundle, findings);
    for endpoint in &bundle.proxy_endpoints {
        routing::destinations(bundle, endpoint, environment, findings);
    }
    let (is_empty, missing) = match bundle.kind {
        Kind::Proxy => (bundle.proxy_endpoints.is_empty(), "proxy endpoint"),
        Kind::SharedFlow => (bundle.shared_flows.is_empty(), "shared flow"),
    };
    if is_empty {
        let text = format!("the bundle {} has no {missing}: nothing of it runs", bundle.name);
        findings.add(Finding::new(Severity::Warning, text));
    }
    let shared = called_by(bundle, given);
    let mut needs = Needs::default();
    if environment.is_none() {
        std::iter::once(bundle).chain(shared.iter().copied()).for_each(|bundle| needs.add(bundle));
    }
    for mut configuration in Configuration::all_of(bundle, &shared) {
        match environment {
            Some(environment) => environment.apply(&mut configuration, &AnyCluster),
            None => needs.mock(&mut configuration),
        }
        load(configuration, findings);
    }
    for document in bundle.documents() {
        placeholders::check(document, findings);
    }
    let attached = Attached::by(bundle);
    attached.report_others(&bundle.policies, findings);
    let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
    let assigned: Vec<&Policy> = bundles().flat_map(ParsedBundle::policies).collect();
    for Parsed { document, content, .. } in &bundle.policies {
        let Some(policy) = content else { continue };
        if policy.attributes().enabled && attached.contains(&policy.attributes().name) {
            hosts.add(policy, document, &assigned);
            types.add(policy);
        }
    }
}

fn load(mut configuration: Configuration<'_>, findings: &mut Findings) {
    // Which clusters there are is not the bundle's to say, and an unknown policy type is no mistake in a bundle.
    configuration.set("clusters", json!({"*": "any"}));
    configuration.set("unsupported_policies", json!("skip"));
    configuration.clashes.iter().for_each(|clash| findings.add(clash.clone()));
    let diagnostics = configuration.load().map_or_else(|problems| problems, |loaded| loaded.warnings);
    for diagnostic in &diagnostics {
        findings.add(configuration.finding(diagnostic));
    }
}
