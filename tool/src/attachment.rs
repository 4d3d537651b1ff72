//! The policies that the flows of a bundle use.

use crate::bundle::ParsedBundle;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::parsed::Parsed;
use envoy_callout::policy::Policy;
use envoy_callout::policy::endpoint::{Endpoint, Flow, StepReference};
use std::collections::BTreeSet;

/// The end of the warning about a policy that no step names.
pub(crate) const NOT_ATTACHED: &str = " is not attached to any flow";

/// The names of the policies in the steps of a bundle.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    names: BTreeSet<String>,
    /// A document of flows has errors, so its steps are unknown.
    has_gaps: bool,
}

impl Attached {
    /// Collects the steps of all flows and fault rules.
    pub(crate) fn by(bundle: &ParsedBundle) -> Attached {
        let mut attached = Attached { has_gaps: bundle.broken_flows().next().is_some(), ..Attached::default() };
        for Parsed { content, .. } in &bundle.proxy_endpoints {
            attached.has_gaps |= content.is_none();
            if let Some(endpoint) = content {
                attached.add_endpoint(&endpoint.endpoint);
                attached.add_flow(&endpoint.post_client_flow);
            }
        }
        for Parsed { content, .. } in &bundle.target_endpoints {
            attached.has_gaps |= content.is_none();
            if let Some(endpoint) = content {
                attached.add_endpoint(&endpoint.endpoint);
            }
        }
        for Parsed { content, .. } in &bundle.shared_flows {
            attached.has_gaps |= content.is_none();
            attached.add(content.iter().flat_map(|flow| &flow.steps));
        }
        attached
    }

    fn add_endpoint(&mut self, endpoint: &Endpoint<StepReference>) {
        for flow in endpoint.all_flows() {
            self.add_flow(flow);
        }
        self.add(endpoint.fault_rules.all().flat_map(|rule| &rule.steps));
    }

    fn add_flow(&mut self, flow: &Flow<StepReference>) {
        self.add(flow.request.iter().chain(&flow.response));
    }

    fn add<'a>(&mut self, steps: impl Iterator<Item = &'a StepReference>) {
        self.names.extend(steps.map(|step| step.policy.clone()));
    }

    /// Whether a step names the policy.
    pub(crate) fn contains(&self, policy: &str) -> bool {
        self.names.contains(policy)
    }

    /// Warns of the policies that no step names. Reports nothing when a document of flows has errors.
    pub(crate) fn report_others(&self, policies: &[Parsed<Policy>], findings: &mut Findings) {
        if self.has_gaps {
            return;
        }
        for Parsed { document, .. } in policies {
            let Some(root) = document.root().filter(|root| !root.name.is_empty()) else { continue };
            if !self.contains(&root.name) {
                let text = format!("policy {}{NOT_ATTACHED}", root.name);
                let warning = Finding::new(Severity::Warning, Code::UnusedPolicy, text).about_policy(&root.name);
                findings.add(warning.in_source(&document.source, Some(root.position)));
            }
        }
    }
}
