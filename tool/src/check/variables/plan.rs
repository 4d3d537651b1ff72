//! The variables of a filter configuration. Other filters of Envoy can set more, so only probable typing errors are
//! reported.

use super::Reader;
use super::known::{Extent, Known};
use crate::embedded::Embedded;
use crate::finding::Findings;
use crate::source::Source;
use envoy_callout::plan::{Plan, Step};
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::endpoint::Endpoint;
use serde_json::Value;
use std::rc::Rc;

/// Warns of the names in a filter configuration that nothing sets or raises.
pub(crate) fn check_plan(
    source: &Rc<Source>,
    configuration: &Embedded,
    prefix: &str,
    plan: &Plan,
    findings: &mut Findings,
) {
    let constants = plan.constants.keys().chain(plan.shared_flows.values().flat_map(|flow| flow.constants.keys()));
    let published = plan.publish.variables.iter().map(|variable| &**variable.name());
    let constants = constants.map(|name| &**name).chain(published).collect();
    let known = Known::new(plan.policies.iter().collect(), constants, Extent::Some);
    let reader = |key: &str| {
        match configuration.document(source, prefix, key) {
            Some(document) => Reader { source: document, start: None, policy: None },
            // The lists of steps are part of the file.
            None => Reader { source: source.clone(), start: configuration.steps(), policy: None },
        }
    };
    for (policy, key) in plan.policies.iter().zip(policy_keys(&configuration.value)) {
        let policy_name = Some(policy.attributes().name.to_string());
        Reader { policy: policy_name, ..reader(&key) }.check(policy.read_variables(), &known, findings);
    }
    let proxy = reader("proxy_endpoint");
    for condition in of_endpoint(&plan.proxy) {
        Reader { start: condition.position().or(proxy.start), ..proxy.clone() }
            .check_condition(condition, &known, findings);
    }
    for (index, target) in plan.routing.iter().flat_map(|routing| &routing.targets).enumerate() {
        let reader = reader(&format!("target_endpoints[{index}]"));
        for condition in of_endpoint(&target.endpoint) {
            Reader { start: condition.position(), ..reader.clone() }.check_condition(condition, &known, findings);
        }
    }
}

/// The keys of the policies in the order of the plan.
fn policy_keys(configuration: &Value) -> Vec<String> {
    let count = |object: &Value| {
        let list = object.get("policies").and_then(Value::as_array);
        list.map_or(0, |list| list.iter().filter(|item| item.is_string()).count())
    };
    let mut keys: Vec<String> = (0..count(configuration)).map(|index| format!("policies[{index}]")).collect();
    let flows = configuration.get("shared_flows").and_then(Value::as_array).into_iter().flatten();
    for (flow, object) in flows.enumerate() {
        keys.extend((0..count(object)).map(|index| format!("shared_flows[{flow}].policies[{index}]")));
    }
    keys
}

fn of_endpoint(endpoint: &Endpoint<Step>) -> Vec<&Condition> {
    fn steps(steps: &[Step]) -> impl Iterator<Item = &Condition> {
        steps.iter().filter_map(|step| step.condition.as_ref())
    }
    let mut found = Vec::new();
    for flow in endpoint.all_flows() {
        found.extend(flow.condition.iter().chain(steps(&flow.request)).chain(steps(&flow.response)));
    }
    for rule in endpoint.fault_rules.all() {
        found.extend(rule.condition.iter().chain(steps(&rule.steps)));
    }
    found
}
