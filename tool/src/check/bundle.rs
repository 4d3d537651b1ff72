//! Checks of a bundle: those of the filter, and those that need all documents of the bundle.

use super::hosts::Hosts;
use super::placeholders;
use super::types::Types;
use super::{bodies, consequences, context, names, variables};
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

/// Checks a bundle. `given` contains the shared flows that it calls.
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
    if is_empty && bundle.broken_flows().next().is_none() {
        let text = format!("the bundle {} has no {missing}, so none of its policies run", bundle.name);
        findings.add(Finding::new(Severity::Warning, text));
    }
    let shared = called_by(bundle, given);
    let mut needs = Needs::default();
    if environment.is_none() {
        std::iter::once(bundle).chain(shared.iter().copied()).for_each(|bundle| needs.add(bundle));
    }
    for mut configuration in Configuration::all_of(bundle, &shared, environment) {
        match environment {
            Some(environment) => environment.apply(&mut configuration, &AnyCluster),
            None => needs.mock(&mut configuration),
        }
        load(configuration, bundle, given, findings);
    }
    for document in bundle.documents() {
        placeholders::check(document, findings);
    }
    bodies::check(bundle, findings);
    variables::check(bundle, &shared, environment, findings);
    bundle.policies.iter().for_each(|policy| names::check(&policy.document, findings));
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

fn load(mut configuration: Configuration<'_>, bundle: &ParsedBundle, given: &[&ParsedBundle], findings: &mut Findings) {
    // The bundle contains no clusters, and a policy type that the filter does not run is a note, not an error.
    configuration.set("clusters", json!({"*": "any"}));
    configuration.set("unsupported_policies", json!("skip"));
    let diagnostics = configuration.load().map_or_else(|problems| problems, |loaded| loaded.warnings);
    for diagnostic in diagnostics.iter().filter(|diagnostic| !consequences::is_of_unknown_type(diagnostic)) {
        let finding = configuration.finding(diagnostic);
        findings.add(context::with_shared_flow(context::with_policy(finding, bundle), bundle, given));
    }
}
