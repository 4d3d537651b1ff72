//! Checks of a bundle: those of the filter, and those that need all documents of the bundle.

use super::placeholders;
use super::{bodies, consequences, names, variables};
use crate::attachment::Attached;
use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::{Configuration, called_by};
use crate::environment::{AnyCluster, Environment};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::needs::Needs;
use crate::render::{self, SkipArguments};
use crate::{policy_types, routing, shared_flow_hint};
use envoy_callout::diagnostic::Diagnostic;
use serde_json::json;

/// Checks a bundle. `given` contains the shared flows that it calls.
pub(super) fn check(
    bundle: &ParsedBundle,
    given: &[&ParsedBundle],
    environment: Option<&Environment>,
    skip: SkipArguments,
    findings: &mut Findings,
) {
    let of_documents = bundle.findings().filter(|finding| !render::is_rendered(&finding.text));
    of_documents.for_each(|finding| findings.add(finding));
    policy_types::report_unknown(bundle, findings);
    for endpoint in &bundle.proxy_endpoints {
        routing::destinations(bundle, endpoint, environment, findings);
    }
    let (is_empty, missing) = match bundle.kind {
        Kind::Proxy => (bundle.proxy_endpoints.is_empty(), "proxy endpoint"),
        Kind::SharedFlow => (bundle.shared_flows.is_empty(), "shared flow"),
    };
    let is_empty = is_empty && bundle.broken_flows().next().is_none();
    if is_empty {
        let text = format!("the bundle {} has no {missing}, so none of its policies run", bundle.name);
        findings.add(Finding::new(Severity::Warning, Code::EmptyBundle, text));
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
        load(configuration, bundle, given, skip, findings);
    }
    for document in bundle.documents() {
        placeholders::check(document, findings);
    }
    bodies::check(bundle, findings);
    variables::check(bundle, &shared, environment, findings);
    bundle.policies.iter().for_each(|policy| names::check(&policy.document, findings));
    if !is_empty {
        Attached::by(bundle).report_others(&bundle.policies, findings);
    }
}

fn load(
    mut configuration: Configuration<'_>,
    bundle: &ParsedBundle,
    given: &[&ParsedBundle],
    skip: SkipArguments,
    findings: &mut Findings,
) {
    // `render` writes the clusters.
    configuration.set("clusters", json!({"*": "any"}));
    if skip.is_given() {
        configuration.set("unsupported_policies", json!("skip"));
    }
    let diagnostics = match configuration.load() {
        Ok(loaded) => {
            Finding::of_groups(&loaded.plan).into_iter().for_each(|note| findings.add(note));
            loaded.warnings
        }
        Err(problems) => problems,
    };
    let is_shown = |diagnostic: &&Diagnostic| {
        !render::is_rendered(&diagnostic.message) && !consequences::is_of_unknown_type(diagnostic)
    };
    for diagnostic in diagnostics.iter().filter(is_shown) {
        let finding = skip.adjusted(configuration.finding(diagnostic));
        findings.add(shared_flow_hint::with_shared_flow(policy_types::with_policy(finding, bundle), bundle, given));
    }
}
