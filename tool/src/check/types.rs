//! Policy types that the filter does not run.

use crate::finding::{Finding, Findings, Severity};
use crate::policy_types;
use envoy_callout::policy::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The attached policies of these types by type.
#[derive(Debug, Default)]
pub(super) struct Types(BTreeMap<String, BTreeSet<String>>);

impl Types {
    /// Adds a policy if the filter does not run its type.
    pub(super) fn add(&mut self, policy: &Policy) {
        if let Some(unsupported) = policy.unsupported()
            && policy_types::is_known(&unsupported.kind)
        {
            let names = self.0.entry(unsupported.kind.clone()).or_default();
            names.insert(unsupported.attributes.name.to_string());
        }
    }

    /// Reports all types in one note. The configuration key `unsupported_policies` lets the filter skip them.
    pub(super) fn report(self, findings: &mut Findings) {
        if self.0.is_empty() {
            return;
        }
        let types = self.0.into_iter().map(|(kind, names)| {
            let names: Vec<String> = names.into_iter().collect();
            format!("{kind} ({})", names.join(", "))
        });
        let types: Vec<String> = types.collect();
        let text = format!(
            "the filter rejects these policy types unless unsupported_policies is \"skip\": {}",
            types.join(", ")
        );
        findings.add(Finding::new(Severity::Note, text));
    }
}
