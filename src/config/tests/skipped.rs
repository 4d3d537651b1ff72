use super::*;

#[test]
fn policies_of_other_types_are_rejected_or_skipped() {
    let configuration = |policy: &str, extra: serde_json::Value| {
        let mut configuration =
            json!({"policies": [CALLOUT, policy], "request": ["SC-1", "JS"], "clusters": {"*": "any"}});
        configuration.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        configuration
    };
    let script = "<Javascript name='JS'/>";
    let rejected = "request[1] (JS): unsupported policy type Javascript";
    assert_eq!(problems(&configuration(script, json!({}))), [rejected]);
    let skipped = format!("{rejected}; the step is skipped");
    let skip = json!({"unsupported_policies": "skip"});
    assert_eq!(problems(&configuration(script, skip.clone())), [skipped]);
    assert_eq!(plan_of(&configuration(script, skip)).proxy.pre_flow.request.len(), 1);
    assert_eq!(problems(&configuration("<Javascript name='JS' enabled='false'/>", json!({}))), [""; 0]);
    assert_eq!(problems(&configuration(script, json!({"request": ["SC-1"]}))), [""; 0]);
    assert_eq!(
        problems(&configuration(script, json!({"request": [], "unsupported_policies": "ignore"}))),
        ["unsupported_policies must be \"reject\" or \"skip\", not \"ignore\""]
    );
}

#[test]
fn skipped_authentication_is_one_warning() {
    let proxy = "<ProxyEndpoint name='p'><PreFlow><Request><Step><Name>VK</Name></Step><Step><Name>OA</Name></Step>\
        <Step><Name>Q</Name></Step><Step><Name>FC</Name></Step></Request></PreFlow></ProxyEndpoint>";
    let configuration = json!({
        "policies": ["<VerifyAPIKey name='VK'/>", "<OAuthV2 name='OA'/>", "<OAuthV2 name='unused'/>", "<Quota name='Q'/>",
                     "<FlowCallout name='FC'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>"],
        "proxy_endpoint": proxy,
        "shared_flows": [{"name": "s", "xml": "<SharedFlow><Step><Name>OA</Name></Step><Step><Name>OB</Name></Step></SharedFlow>",
                          "policies": ["<OAuthV2 name='OA'/>", "<OAuthV2 name='OB'/>"]}],
        "unsupported_policies": "skip",
    });
    let problems = problems(&configuration);
    let (steps, warning) = problems.split_at(5);
    assert!(steps.iter().all(|problem| problem.ends_with("; the step is skipped")), "{steps:#?}");
    assert_eq!(warning, ["authentication is not enforced: the filter skips OAuthV2 (OA, OB), VerifyAPIKey (VK)"]);
}

#[test]
fn a_condition_that_reads_a_variable_of_a_skipped_policy_is_a_warning() {
    let proxy = "<ProxyEndpoint name='p'><PreFlow><Request><Step><Name>Q</Name></Step>\n\
        <Step><Name>AM</Name><Condition>ratelimit.Q.exceed.count > 0 or flow.x = 1</Condition></Step></Request></PreFlow>\n\
        <Flows><Flow name='f'><Condition>semanticcachelookup.LC.cachehit</Condition></Flow></Flows>\n\
        <FaultRules><FaultRule name='r'><Condition>ratelimit.Q.failed = true</Condition></FaultRule></FaultRules>\n\
        <RouteRule name='n'><Condition>ratelimit.Q.used.count = 1</Condition></RouteRule></ProxyEndpoint>";
    let set = "<AssignMessage name='AM'><AssignVariable><Name>ratelimit.Q.used.count</Name><Value>1</Value></AssignVariable></AssignMessage>";
    let configuration = json!({
        "policies": ["<Quota name='Q'/>", "<SemanticCacheLookup name='LC'/>", set],
        "proxy_endpoint": proxy,
        "unsupported_policies": "skip",
    });
    let null = |owner: &str, variable: &str| {
        format!(
            "the condition of {owner} reads {variable}, which only the skipped policy Q sets: it is null, and some \
             comparisons with null are true"
        )
    };
    assert_eq!(
        problems(&configuration),
        [
            "ProxyEndpoint p, line 1, column 49: PreFlow request[0] (Q): unsupported policy type Quota; the step is skipped"
                .to_owned(),
            format!("ProxyEndpoint p, line 2, column 22: {}", null("the step of AM", "ratelimit.Q.exceed.count")),
            format!("ProxyEndpoint p, line 4, column 33: {}", null("the fault rule r", "ratelimit.Q.failed")),
        ]
    );
    let lists = json!({
        "policies": ["<Quota name='Q'/>", set],
        "request": ["Q", {"step": "AM", "condition": "ratelimit.Q.exceed.count > 0"}],
        "fault_rules": "<FaultRules><FaultRule name='r'><Condition>ratelimit.Q.failed</Condition></FaultRule></FaultRules>",
        "unsupported_policies": "skip",
    });
    assert_eq!(
        problems(&lists)[1..],
        [
            null("the step of AM", "ratelimit.Q.exceed.count"),
            format!("fault_rules, line 1, column 33: {}", null("the fault rule r", "ratelimit.Q.failed")),
        ]
    );
}
