//! `parallel_callouts`: the groups of consecutive steps whose calls start together.

use crate::plan::{Routing, SharedFlow, Step};
use crate::policy::Policy;
use crate::policy::endpoint::Endpoint;
use crate::policy::independence::ResultNames;
use std::collections::BTreeMap;

/// Sets the sizes of the groups in all flows. Fault rules have none.
pub(super) fn find(
    policies: &[Policy],
    proxy: &mut Endpoint<Step>,
    routing: Option<&mut Routing>,
    shared_flows: &mut BTreeMap<String, SharedFlow>,
) {
    let targets = routing.into_iter().flat_map(|routing| &mut routing.targets).map(|target| &mut target.endpoint);
    for endpoint in std::iter::once(proxy).chain(targets) {
        for flow in endpoint.all_flows_mut() {
            group(policies, &mut flow.request);
            group(policies, &mut flow.response);
        }
    }
    for flow in shared_flows.values_mut() {
        group(policies, &mut flow.steps);
    }
}

/// Sets the size of every group in a list of steps.
fn group(policies: &[Policy], steps: &mut [Step]) {
    let mut rest = steps;
    while !rest.is_empty() {
        let size = size(policies, rest);
        if let Some(first) = rest.first_mut() {
            first.group_size = size;
        }
        rest = rest.get_mut(size..).unwrap_or_default();
    }
}

/// The size of the largest group at the start of a list that is not empty.
fn size(policies: &[Policy], steps: &[Step]) -> usize {
    let mut results = ResultNames::default();
    let members = steps.iter().take_while(|step| {
        let Some(policy) = policies.get(step.policy.0).filter(|policy| policy.can_call_early()) else { return false };
        let is_independent = !policy.depends_on(step.condition.as_ref(), &results);
        results.extend(policy.result_names());
        is_independent
    });
    members.count().max(1)
}

#[cfg(test)]
mod tests {
    use crate::config;
    use serde_json::{Value, json};

    fn callout(name: &str, verb: &str, url: &str) -> String {
        format!(
            "<ServiceCallout name='{name}'><Request><Set><Verb>{verb}</Verb></Set></Request><Response>{name}r</Response>
             <HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></ServiceCallout>"
        )
    }

    fn sizes(request: &Value, is_parallel: bool) -> Vec<usize> {
        let assign = "<AssignMessage name='AM'/>".to_owned();
        let policies = [
            callout("A", "GET", "http://a.test/"),
            callout("B", "GET", "http://a.test/"),
            callout("C", "GET", "http://a.test/{Ar.content}"),
            callout("P", "POST", "http://a.test/"),
            assign,
        ];
        let configuration = json!({
            "policies": policies, "request": request, "clusters": {"*": "any"}, "parallel_callouts": is_parallel,
        });
        let plan = config::load(configuration.to_string().as_bytes()).unwrap().plan;
        plan.proxy.pre_flow.request.iter().map(|step| step.group_size).collect()
    }

    #[test]
    fn independent_callouts_form_a_group() {
        let conditional = |step: &str, condition: &str| json!({"step": step, "condition": condition});
        for (request, expected) in [
            (json!(["A", "B"]), vec![2, 1]),
            (json!(["A", "B", "C"]), vec![2, 1, 1]),
            (json!(["B", "C", "A"]), vec![3, 1, 1]),
            (json!(["A", "C", "B"]), vec![1, 2, 1]),
            (json!(["A", "P", "B"]), vec![1, 1, 1]),
            (json!(["A", "AM", "B"]), vec![1, 1, 1]),
            (json!(["AM", "A", "B", "P"]), vec![1, 2, 1, 1]),
            (json!([conditional("A", "x = 1"), conditional("B", "y = 1")]), vec![2, 1]),
            (json!(["A", conditional("B", "Ar.status.code = 200")]), vec![1, 1]),
            (json!(["A", "A"]), vec![1, 1]),
        ] {
            assert_eq!(sizes(&request, true), expected, "{request}");
        }
    }

    #[test]
    fn without_the_key_every_step_runs_alone() {
        assert_eq!(sizes(&json!(["A", "B"]), false), [1, 1]);
    }
}
