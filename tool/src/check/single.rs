//! Checks of a single document, without the flows of its bundle.

use super::hosts::Hosts;
use super::placeholders;
use crate::document::Document;
use crate::finding::{Finding, Findings, Severity};
use crate::parsed::Parsed;
use crate::policy_types;
use envoy_callout::diagnostic::Code;
use envoy_callout::policy::Policy;

/// Checks a document. The name of the root element selects the parser.
pub(super) fn check(document: &Document, findings: &mut Findings, hosts: &mut Hosts) {
    let element = document.root().map(|root| root.element.as_str()).unwrap_or_default();
    let copy = || document.clone();
    let problems: Vec<Finding> = match element {
        "ProxyEndpoint" | "ProxyEndPoint" => Parsed::proxy_endpoint(copy()).findings().collect(),
        "TargetEndpoint" | "TargetEndPoint" => Parsed::target_endpoint(copy(), 0).findings().collect(),
        "IntegrationEndpoint" => Parsed::integration_endpoint(copy(), 0).findings().collect(),
        "SharedFlow" => Parsed::shared_flow(copy(), 0).findings().collect(),
        _ => {
            let parsed = Parsed::policy(copy(), 0);
            if let Some(policy) = parsed.content.as_ref().filter(|policy| policy.attributes().enabled) {
                hosts.add(policy, document);
                report_type(policy, document, findings);
            }
            parsed.findings().collect()
        }
    };
    problems.into_iter().for_each(|problem| findings.add(problem));
    placeholders::check(document, findings);
}

fn report_type(policy: &Policy, document: &Document, findings: &mut Findings) {
    let Some(unsupported) = policy.unsupported() else { return };
    let text = match policy_types::is_known(&unsupported.kind) {
        true => format!(
            "unsupported policy type {}: bundles are rejected unless --skip-unsupported skips its steps",
            unsupported.kind
        ),
        false => policy_types::unknown(&unsupported.kind),
    };
    let warning =
        Finding::new(Severity::Warning, Code::UnsupportedPolicy, text).about_policy(&unsupported.attributes.name);
    let position = document.position_in_file(unsupported.position);
    findings.add(warning.in_source(&document.source, Some(position)));
}
