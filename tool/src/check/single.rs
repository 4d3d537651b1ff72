//! One document by itself: nothing is known of the flows around it.

use super::hosts::Hosts;
use super::placeholders;
use super::types::Types;
use crate::document::Document;
use crate::finding::{Finding, Findings, Severity};
use envoy_callout::policy::Policy;
use envoy_callout::policy::endpoint::{IntegrationEndpoint, ProxyEndpoint, SharedFlow, TargetEndpoint};

/// Checks a document, which its root element tells the kind of.
pub(super) fn check(document: &Document, findings: &mut Findings, hosts: &mut Hosts, types: &mut Types) {
    let text = document.text();
    let root = document.root();
    let element = root.map(|root| root.element.as_str()).unwrap_or_default();
    let diagnostics = match element {
        "ProxyEndpoint" | "ProxyEndPoint" => ProxyEndpoint::parse(&text, "proxy_endpoint").1,
        "TargetEndpoint" | "TargetEndPoint" => TargetEndpoint::parse(&text, "target_endpoints[0]").1,
        "IntegrationEndpoint" => IntegrationEndpoint::parse(&text, "integration_endpoints[0]").1,
        "SharedFlow" => SharedFlow::parse(&text, "shared_flows[0]").1,
        _ => {
            let (policy, diagnostics) = Policy::parse(&text, "policies[0]");
            if let Some(policy) = policy.filter(|policy| policy.attributes().enabled) {
                hosts.add(&policy, document, &[]);
                types.add(&policy);
                report_type(&policy, document, findings);
            }
            diagnostics
        }
    };
    for diagnostic in &diagnostics {
        findings.add(document.finding(diagnostic));
    }
    placeholders::check(document, findings);
}

fn report_type(policy: &Policy, document: &Document, findings: &mut Findings) {
    let Policy::Unsupported(unsupported) = policy else { return };
    let text = format!("{} is not a policy type that this filter runs", unsupported.kind);
    let warning = Finding::new(Severity::Warning, text).about_policy(&unsupported.attributes.name);
    let position = document.position_in_file(unsupported.position);
    findings.add(warning.in_source(&document.source, Some(position)));
}
