//! Warnings about skipped policies: authentication that is not enforced, and conditions that read their variables.

use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Routing, Step};
use crate::policy::Policy;
use crate::policy::condition::Condition;
use crate::policy::endpoint::{Endpoint, FaultRule, Flow};
use crate::policy::unsupported::Unsupported;
use bytestring::ByteString;
use std::collections::{BTreeMap, BTreeSet};

/// The start of the warning about skipped policies that decide who may call the proxy.
pub const NOT_ENFORCED: &str = "authentication is not enforced";

/// The policies that the filter skips.
pub(super) struct Skipped<'a> {
    policies: &'a Policies,
    unsupported: Vec<&'a Unsupported>,
    /// The variables that policies which run set.
    assigned: BTreeSet<&'a ByteString>,
}

impl<'a> Skipped<'a> {
    pub(super) fn of(policies: &'a Policies) -> Skipped<'a> {
        let assigned = policies.attached().flat_map(Policy::assigned_variables).collect();
        Skipped { policies, unsupported: policies.skipped().collect(), assigned }
    }

    /// Warns of authentication that is not enforced.
    pub(super) fn warn_of_authentication(&self, diagnostics: &mut Diagnostics) {
        let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for policy in self.unsupported.iter().filter(|policy| policy.is_authentication()) {
            let names = kinds.entry(&policy.kind).or_default();
            if !names.contains(&&*policy.attributes.name) {
                names.push(&policy.attributes.name);
            }
        }
        if kinds.is_empty() {
            return;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, names)| format!("{kind} ({})", names.join(", "))).collect();
        diagnostics.warning(
            Code::AuthenticationNotEnforced,
            None,
            format!("{NOT_ENFORCED}: the filter skips {}", kinds.join(", ")),
        );
    }

    /// Warns of the conditions of a proxy's flows or of the lists of steps.
    pub(super) fn check_proxy(&self, proxy: &Endpoint<Step>, has_document: bool, diagnostics: &mut Diagnostics) {
        if has_document {
            let subject = format!("ProxyEndpoint {}", proxy.name);
            return diagnostics.within_about("proxy_endpoint", subject, |diagnostics| {
                self.check_endpoint(proxy, diagnostics);
            });
        }
        proxy.all_flows().for_each(|flow| self.check_flow(flow, diagnostics));
        let rules = &proxy.fault_rules;
        diagnostics.within_about("fault_rules", "fault_rules", |diagnostics| {
            rules.rules.iter().for_each(|rule| self.check_rule(rule, diagnostics));
        });
        diagnostics.within_about("default_fault_rule", "default_fault_rule", |diagnostics| {
            rules.default.iter().for_each(|default| self.check_rule(&default.rule, diagnostics));
        });
    }

    /// Warns of the conditions of route rules, of PostClientFlow and of target endpoints.
    pub(super) fn check_routing(&self, proxy: &str, routing: &Routing, diagnostics: &mut Diagnostics) {
        diagnostics.within_about("proxy_endpoint", format!("ProxyEndpoint {proxy}"), |diagnostics| {
            for rule in &routing.rules {
                self.check(&format!("the route rule {}", rule.name), rule.condition.as_ref(), diagnostics);
            }
            self.check_steps(&routing.post_client, diagnostics);
        });
        for (index, target) in routing.targets.iter().enumerate() {
            let subject = format!("TargetEndpoint {}", target.endpoint.name);
            diagnostics.within_about(format!("target_endpoints[{index}]"), subject, |diagnostics| {
                self.check_endpoint(&target.endpoint, diagnostics);
            });
        }
    }

    fn check_endpoint(&self, endpoint: &Endpoint<Step>, diagnostics: &mut Diagnostics) {
        endpoint.all_flows().for_each(|flow| self.check_flow(flow, diagnostics));
        endpoint.fault_rules.all().for_each(|rule| self.check_rule(rule, diagnostics));
    }

    fn check_flow(&self, flow: &Flow<Step>, diagnostics: &mut Diagnostics) {
        self.check(&format!("the flow {}", flow.name), flow.condition.as_ref(), diagnostics);
        self.check_steps(&flow.request, diagnostics);
        self.check_steps(&flow.response, diagnostics);
    }

    fn check_rule(&self, rule: &FaultRule<Step>, diagnostics: &mut Diagnostics) {
        self.check(&format!("the fault rule {}", rule.name), rule.condition.as_ref(), diagnostics);
        self.check_steps(&rule.steps, diagnostics);
    }

    /// Warns of the conditions of steps.
    pub(super) fn check_steps(&self, steps: &[Step], diagnostics: &mut Diagnostics) {
        for step in steps {
            let Some(policy) = self.policies.policy_of(step) else { continue };
            let owner = format!("the step of {}", policy.attributes().name);
            self.check(&owner, step.condition.as_ref(), diagnostics);
        }
    }

    fn check(&self, owner: &str, condition: Option<&Condition>, diagnostics: &mut Diagnostics) {
        let Some(condition) = condition.filter(|_| !self.unsupported.is_empty()) else { return };
        let variables: BTreeSet<&ByteString> = condition.variables().map(|variable| variable.name()).collect();
        for variable in variables.difference(&self.assigned) {
            let Some(policy) = self.unsupported.iter().find(|policy| policy.sets(variable)) else { continue };
            let message = format!(
                "the condition of {owner} reads {variable}, which only the skipped policy {} sets: it is null, and some \
                 comparisons with null are true",
                policy.attributes.name
            );
            diagnostics.warning(Code::SkippedVariable, condition.position(), message);
        }
    }
}
