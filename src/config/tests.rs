mod resources;
mod shared_flows;
mod skipped;
mod variable_targets;

use super::*;
use crate::plan::{Needs, PolicyId, Step};
use serde_json::json;

const CALLOUT: &str = "<ServiceCallout name='SC-1'><Response>a</Response><HTTPTargetConnection>
  <URL>http://a.example.com/</URL></HTTPTargetConnection></ServiceCallout>";

fn problems(configuration: &serde_json::Value) -> Vec<String> {
    match load(configuration.to_string().as_bytes()) {
        Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn plan_of(configuration: &serde_json::Value) -> Plan {
    load(configuration.to_string().as_bytes()).unwrap().plan
}

#[test]
fn without_steps_every_policy_runs_in_the_request_flow() {
    let clusters = json!({"http://a.example.com:80": "a"});
    let plan = plan_of(&json!({"policies": [CALLOUT, CALLOUT.replace("SC-1", "SC-2")], "clusters": clusters}));
    let step = |index| Step { policy: PolicyId(index), condition: None, group_size: 1 };
    assert_eq!(plan.proxy.pre_flow.request, [step(0), step(1)]);
    assert_eq!(plan.proxy.pre_flow.response, []);
    assert_eq!((plan.trace_headers, plan.max_response_bytes, plan.body_memory_bytes), (true, 10 << 20, 64 << 20));
    let plan = plan_of(&json!({"policies": [CALLOUT], "response": ["SC-1"], "clusters": {"*": "any"}}));
    assert_eq!(plan.proxy.pre_flow.request, []);
    assert_eq!(plan.proxy.pre_flow.response, [step(0)]);
}

#[test]
fn all_problems_are_reported_together() {
    let broken = "<ServiceCallout name='SC-2'>\n <Timeout>0</Timeout>\n <HTTPTargetConnection/>\n</ServiceCallout>";
    let configuration = json!({
        "polices": [],
        "policies": [CALLOUT, broken, CALLOUT, "<Javascript name='JS'/>", "<ServiceCallout", 7],
        "request": ["SC-1", "SC-2", "SC-3", "JS", 5, {"condition": "a"}, {"step": "SC-1", "condition": "a =", "if": ""},
            {"name": "SC-1", "condition": "a"}, {"name": "SC-1", "if": "a"}],
        "clusters": {"a.example.com": "a"},
        "trace_headers": "yes",
        "proxy": {"basepath": "/v1"},
    });
    assert_eq!(
        problems(&configuration),
        [
            "unknown key polices; did you mean policies?",
            "policies[5] must be a string, not 7",
            "SC-2, line 2, column 2: InvalidTimeoutValue: Invalid Timeout value 0. Timeout is a positive number of milliseconds",
            "SC-2, line 3, column 2: URLMissing: URL is missing in Step SC-2.",
            "policies[2]: duplicate policy SC-1",
            "policies[4], line 1, column 1: not a well-formed XML document: the document has no root element",
            "request[4] must be a policy's name or an object with step and condition, not 5",
            "request[5].step is required: a policy's name",
            "unknown key request[6].if",
            "request[6] (SC-1) condition, column 4: expected a value after =",
            "unknown key request[7].name; did you mean step?",
            "unknown key request[8].name",
            "unknown key request[8].if",
            "request[8].step is required: a policy's name",
            "request[2] (SC-3): unknown policy",
            "request[3] (JS): unsupported policy type Javascript",
            "clusters: \"a.example.com\" is neither an origin such as https://example.com:8443 nor *",
            "unknown key proxy.basepath; did you mean base_path?",
            r#"SC-1, line 2, column 3: no cluster serves http://a.example.com: add {"http://a.example.com": CLUSTER} to the filter's clusters"#,
            "trace_headers must be true or false, not a string",
        ]
    );
}

#[test]
fn a_name_in_another_case_is_another_name() {
    assert_eq!(
        problems(&json!({"policies": [CALLOUT], "request": ["sc-1"]})),
        ["request[0] (sc-1): unknown policy; did you mean SC-1?"]
    );
}

#[test]
fn missing_keys_and_wrong_types_are_reported() {
    assert_eq!(problems(&json!({})), ["policies is required: a list of policy documents"]);
    assert_eq!(problems(&json!([])), ["the configuration must be an object, not a list"]);
    assert_eq!(problems(&json!({"policies": {}})), ["policies must be a list, not an object"]);
}

#[test]
fn constants_are_the_values_of_variables() {
    let configuration = json!({
        "policies": [],
        "proxy": {"organization": "acme", "revision": 3, "base_path": "/v1"},
        "properties": {"propertyset.set1.key": "x", "limit": 5, "on": true, "bad": null},
    });
    assert_eq!(problems(&configuration), ["properties.bad must be a string, a number or a boolean, not null"]);
    let plan =
        plan_of(&json!({"policies": [], "proxy": {"revision": 3, "base_path": "/v1"}, "properties": {"limit": 5}}));
    let constant = |name: &str| plan.constants.get(name).cloned();
    assert_eq!(constant("apiproxy.revision"), Some(Constant::text("3")));
    assert_eq!(constant("apiproxy.basepath"), Some(Constant::text("/v1")));
    assert_eq!(constant("limit"), Some(Constant::Integer(5)));
}

#[test]
fn a_body_is_needed_only_when_a_policy_uses_it() {
    let with = |set: &str| {
        let policy = CALLOUT.replace("<Response>", &format!("<Request><Set>{set}</Set></Request><Response>"));
        plan_of(&json!({"policies": [policy], "clusters": {"*": "any"}})).needs
    };
    let nothing = Needs { request: true, ..Needs::default() };
    assert_eq!(with("<Payload>{request.header.x}</Payload>"), nothing);
    assert_eq!(with("<Payload>{response.content}</Payload>"), nothing);
    let body = Needs { request_body: true, ..nothing };
    assert_eq!(with("<Payload>{escapeJSON(request.content)}</Payload>"), body);
    assert_eq!(with("<Verb>{message.formparam.verb}</Verb>"), body);
}

#[test]
fn a_body_is_needed_when_filter_state_or_a_fault_rule_uses_it() {
    let rule = "<FaultRules><FaultRule name='f'><Condition>response.content = 'x'</Condition></FaultRule></FaultRules>";
    let needs = |extra: serde_json::Value| {
        let mut configuration = json!({"policies": [CALLOUT], "clusters": {"*": "any"}});
        configuration.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        plan_of(&configuration).needs
    };
    let nothing = Needs { request: true, ..Needs::default() };
    let response = Needs { response: true, ..nothing };
    let cases = [
        (json!({"filter_state": ["request.header.x", "r.*"]}), nothing),
        (json!({"filter_state": ["request.*"]}), nothing),
        (json!({"filter_state": ["response.*"]}), response),
        (json!({"filter_state": ["request.content"]}), Needs { request_body: true, ..nothing }),
        (json!({"filter_state": ["response.header.x"]}), response),
        (json!({"filter_state": ["response.content"]}), Needs { response_body: true, ..response }),
        (json!({"fault_rules": rule}), nothing),
        (json!({"fault_rules": rule, "response": ["SC-1"]}), Needs { response_body: true, ..response }),
    ];
    for (extra, expected) in cases {
        assert_eq!(needs(extra.clone()), expected, "{extra}");
    }
    let flow = "<ProxyEndpoint name='p'><Flows><Flow name='f'><Condition>message.content Matches '*a*'</Condition>
        <Response><Step><Name>SC-1</Name></Step></Response></Flow></Flows></ProxyEndpoint>";
    let plan = plan_of(&json!({"policies": [CALLOUT], "clusters": {"*": "any"}, "proxy_endpoint": flow}));
    assert_eq!(plan.needs, Needs { request_body: true, response_body: true, ..response });
}

#[test]
fn a_body_that_cannot_exist_or_has_no_effect_is_not_needed() {
    let assignment =
        "<AssignMessage name='AM'><AssignTo>response</AssignTo><Set><Payload>x</Payload></Set></AssignMessage>";
    let replacement =
        "<AssignMessage name='AM'><AssignTo createNew='true' type='response'/><Set><Headers/></Set></AssignMessage>";
    let step = "<Response><Step><Name>AM</Name></Step></Response>";
    let needs = |policy: &str, inside: String, target: &str| {
        let proxy = format!("<ProxyEndpoint name='p'>{inside}</ProxyEndpoint>");
        plan_of(&json!({"policies": [policy], "proxy_endpoint": proxy, "target_endpoints": [target]})).needs
    };
    let (null, to) = ("<RouteRule name='n'/>", "<RouteRule name='t'><TargetEndpoint>t</TargetEndpoint></RouteRule>");
    let plain = "<TargetEndpoint name='t'/>";
    let rules = "<TargetEndpoint name='t'><FaultRules><FaultRule name='f'><Step><Name>AM</Name></Step></FaultRule></FaultRules></TargetEndpoint>";
    let unused = "<Flows><Flow name='f'><Condition>response.content = 'x'</Condition></Flow></Flows>";
    let routed = "<RouteRule name='r'><Condition>message.content = 'x'</Condition></RouteRule>";
    let with_step = format!("<PostFlow>{step}</PostFlow>");
    let guarded = with_step.replace("</Name>", "</Name><Condition>is.error</Condition>");
    let reading = assignment.replace(">x<", ">{message.content}<");
    let response = Needs { request: true, response: true, ..Needs::default() };
    let cases = [
        (needs(assignment, format!("{with_step}{to}"), plain), Needs { response_body: true, ..response }),
        (needs(assignment, format!("{with_step}{null}"), plain), response),
        (needs(&reading, format!("{with_step}{null}"), plain), Needs { null_route_body: true, ..response }),
        (needs(assignment, format!("{guarded}{null}"), plain), Needs { null_route_body: true, ..response }),
        (needs(assignment, null.to_owned(), plain), Needs { request: true, null_route_body: true, ..Needs::default() }),
        (needs(replacement, to.to_owned(), rules), response),
        (needs("<AssignMessage name='AM'/>", format!("{with_step}{unused}{to}"), plain), response),
        (needs(assignment, routed.to_owned(), plain), Needs { request: true, request_body: true, ..Needs::default() }),
    ];
    for (index, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "{index}");
    }
}

#[test]
fn a_broken_proxy_endpoint_does_not_change_other_problems() {
    let target = "<TargetEndpoint name='t'><PreFlow><Request><Step><Name>NOPE</Name></Step></Request></PreFlow></TargetEndpoint>";
    for proxy in [json!("<ProxyEndpoint"), json!(5)] {
        let problems = problems(&json!({
            "policies": [CALLOUT, "<Javascript name='JS'/>"],
            "proxy_endpoint": proxy,
            "target_endpoints": [target],
            "integration_endpoints": ["<X/>"],
        }));
        let [of_proxy, of_target, of_integration] = problems.as_slice() else { panic!("{problems:#?}") };
        assert!(of_proxy.contains("proxy_endpoint"), "{of_proxy}");
        assert!(of_target.ends_with("PreFlow request[0] (NOPE): unknown policy"), "{of_target}");
        assert!(of_integration.starts_with("integration_endpoints[0], line 1"), "{of_integration}");
    }
}

#[test]
fn invalid_clusters_are_reported() {
    let problems = problems(&json!({
        "policies": [],
        "clusters": {"http://a.test": "", "http://b.test": "b", "http://b.test:80": "c", "*": "outbound|{prt}||{host}"},
    }));
    assert_eq!(
        problems,
        [
            "clusters: the cluster of \"http://a.test\" is empty",
            "clusters: duplicate origin http://b.test, also written as \"http://b.test:80\"",
            "clusters: unknown placeholder {prt} in \"outbound|{prt}||{host}\"; {scheme}, {host} and {port} are allowed",
        ]
    );
}

#[test]
fn a_step_of_a_fault_rule_is_reported_with_its_position() {
    let rule = |root: &str, name: &str| format!("<{root}><Step>\n<Name>{name}</Name></Step></{root}>");
    let rules = format!("<FaultRules>\n{}</FaultRules>", rule("FaultRule", "A"));
    let problems =
        problems(&json!({"policies": [], "fault_rules": rules, "default_fault_rule": rule("DefaultFaultRule", "B")}));
    assert_eq!(
        problems,
        [
            "fault_rules, line 3, column 1: FaultRule[0] (A): unknown policy",
            "default_fault_rule, line 2, column 1: DefaultFaultRule[0] (B): unknown policy",
        ]
    );
}

#[test]
fn endpoints_and_lists_of_steps_exclude_each_other() {
    let configuration = json!({"policies": [], "proxy_endpoint": "<ProxyEndpoint name='p'/>", "request": [], "fault_rules": "<FaultRules/>"});
    assert_eq!(
        problems(&configuration),
        ["request cannot be combined with proxy_endpoint", "fault_rules cannot be combined with proxy_endpoint"]
    );
    assert_eq!(
        problems(&json!({"policies": [], "request": [], "target_endpoints": []})),
        ["target_endpoints requires proxy_endpoint"]
    );
}

/// The mirroring sample of docs/apigee-semantics.md 2.4 deploys a URL that a policy replaces.
#[test]
fn a_placeholder_url_needs_no_cluster() {
    let assign = "<AssignMessage name='AM'><AssignVariable><Name>servicecallout.SC-1.target.url</Name>\
        <Ref>request.header.to</Ref></AssignVariable></AssignMessage>";
    let missing = r#"SC-1, line 2, column 3: no cluster serves http://a.example.com: add {"http://a.example.com": CLUSTER} to the filter's clusters"#;
    assert_eq!(problems(&json!({"policies": [assign, CALLOUT]})), [missing]);
    assert!(load(json!({"policies": [assign, CALLOUT]}).to_string().as_bytes()).is_ok());
    assert!(load(json!({"policies": [CALLOUT]}).to_string().as_bytes()).is_err());
    let disabled = CALLOUT.replace("<ServiceCallout ", "<ServiceCallout enabled='false' ");
    assert_eq!(problems(&json!({"policies": [disabled]})), [""; 0]);
}
