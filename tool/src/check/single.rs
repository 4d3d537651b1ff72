//! One document by itself: nothing is known of the flows around it.

use super::hosts::Hosts;
use super::placeholders;
use super::types::Types;
use crate::document::Document;
use crate::finding::{Finding, Findings, Severity};
use crate::parsed::Parsed;
use envoy_callout::policy::Policy;

/// Checks a document. The name of the root element selects the parser.
pub(super) fn check(document: &Document, findings: &mut Findings, hosts: &mut Hosts, types: &mut Types) {
    let element = document.root().map(|root| root.element.as_str()).unwrap_or_default();
    let own = || document.clone();
    let problems: Vec<Finding> = match element {
        "ProxyEndpoint" | "ProxyEndPoint" => Parsed::proxy_endpoint(own()).findings().collect(),
        "TargetEndpoint" | "TargetEndPoint" => Parsed::target_endpoint(own(), 0).findings().collect(),
        "IntegrationEndpoint" => Parsed::integration_endpoint(own(), 0).findings().collect(),
        "SharedFlow" => Parsed::shared_flow(own(), 0).findings().collect(),
        _ => {
            let parsed = Parsed::policy(own(), 0);
            if let Some(policy) = parsed.content.as_ref().filter(|policy| policy.attributes().enabled) {
                hosts.add(policy, document, &[]);
                types.add(policy);
                report_type(policy, document, findings);
            }
            parsed.findings().collect()
        }
    };
    problems.into_iter().for_each(|problem| findings.add(problem));
    placeholders::check(document, findings);
}

fn report_type(policy: &Policy, document: &Document, findings: &mut Findings) {
    let Policy::Unsupported(unsupported) = policy else { return };
    let text = format!("{} is not a policy type that this filter runs", unsupported.kind);
    let warning = Finding::new(Severity::Warning, text).about_policy(&unsupported.attributes.name);
    let position = document.position_in_file(unsupported.position);
    findings.add(warning.in_source(&document.source, Some(position)));
}
