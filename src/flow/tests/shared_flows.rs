use super::endpoints::{proxied, step};
use super::*;

#[test]
fn a_shared_flow_runs_at_its_step() {
    let mut configuration = proxied(
        &format!(
            "<PreFlow><Request>{}<Step><Name>FC</Name><Condition>request.verb = \"GET\"</Condition></Step>{}</Request></PreFlow>",
            step("A"),
            step("C")
        ),
        &[],
    );
    let callout = "<FlowCallout name='FC'><Parameters><Parameter name='p1'>x{request.verb}</Parameter><Parameter name='p2' ref='p1'/></Parameters>
        <SharedFlowBundle>shared</SharedFlowBundle></FlowCallout>";
    configuration["policies"].as_array_mut().unwrap().push(json!(callout));
    configuration["shared_flows"] = json!([format!("<SharedFlow name='shared'>{}</SharedFlow>", step("B"))]);
    configuration["filter_state"] = json!(["trail", "p2"]);
    let host = Scripted::client("GET", "/v1", &[]);
    host.run(&plan(&configuration));
    assert_eq!(host.published("trail").as_deref(), Some("A@PreFlow B@PreFlow C@PreFlow "));
    assert_eq!(host.published("p2").as_deref(), Some("xGET"));
}

#[test]
fn a_shared_flow_has_its_own_policies_and_properties() {
    let set = |value: &str| {
        let name = "<AssignVariable><Name>trail</Name><Template>{trail:}";
        format!(
            "<AssignMessage name='A'>{name}{value}@{{propertyset.s.k:none}},{{propertyset.s.p:none}} </Template></AssignVariable></AssignMessage>"
        )
    };
    let call = |name: &str, flow: &str| {
        format!("<FlowCallout name='{name}'><SharedFlowBundle>{flow}</SharedFlowBundle></FlowCallout>")
    };
    let flow = |name: &str, steps: &[&str]| {
        let steps: String = steps.iter().map(|name| step(name)).collect();
        format!("<SharedFlow name='{name}'>{steps}</SharedFlow>")
    };
    let plan = plan(&json!({
        "policies": [set("proxy"), call("F", "outer")],
        "request": ["A", "F", "A"],
        "properties": {"propertyset.s.k": "1", "propertyset.s.p": "p"},
        "shared_flows": [
            {"xml": flow("default", &["A", "F", "A"]), "name": "outer", "policies": [set("outer"), call("F", "inner")],
             "properties": {"propertyset.s.k": "2"}},
            {"xml": flow("inner", &["A"]), "policies": [set("inner")]},
        ],
        "filter_state": ["trail"],
    }));
    let host = Scripted::client("GET", "/", &[]);
    host.run(&plan);
    let expected = "proxy@1,p outer@2,p inner@1,p outer@2,p proxy@1,p ";
    assert_eq!(host.published("trail").as_deref(), Some(expected));
    let ids = ["A", "outer/A", "inner/A", "inner/F"].map(|name| plan.policy_id(name));
    assert_eq!(ids, [Some(PolicyId(0)), Some(PolicyId(2)), Some(PolicyId(4)), None]);
}

/// The caller's properties are back after a fault too.
#[test]
fn a_fault_rule_of_the_caller_reads_its_own_properties() {
    let flow = format!("<SharedFlow name='s'>{}</SharedFlow>", step("RF"));
    let fault = "<RaiseFault name='RF'><FaultResponse><Set><Payload>{propertyset.s.k}</Payload></Set></FaultResponse></RaiseFault>";
    let answer =
        "<AssignMessage name='AM'><Set><Payload>{error.content} {propertyset.s.k}</Payload></Set></AssignMessage>";
    let plan = plan(&json!({
        "policies": ["<FlowCallout name='F'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>", answer],
        "request": ["F"],
        "fault_rules": format!("<FaultRules><FaultRule name='f'>{}</FaultRule></FaultRules>", step("AM")),
        "properties": {"propertyset.s.k": "proxy"},
        "shared_flows": [{"xml": flow, "policies": [fault], "properties": {"propertyset.s.k": "flow"}}],
    }));
    assert_eq!(Scripted::client("GET", "/", &[]).run(&plan).reply_status_and_body(), (500, "flow proxy"));
}

#[test]
fn the_policies_of_a_shared_flow_have_names_with_spaces() {
    let report = "<AssignMessage name='AM 1'><AssignVariable><Name>v</Name><Template>{servicecallout.SC 1.failed}</Template></AssignVariable></AssignMessage>";
    let guarded = "<Step><Name>AM 1</Name><Condition>servicecallout.SC 1.failed = false</Condition></Step>";
    let steps = step("SC 1") + guarded;
    let configuration = json!({
        "policies": ["<FlowCallout name='FC'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>"],
        "shared_flows": [{
            "xml": format!("<SharedFlow name='s'>{steps}</SharedFlow>"),
            "policies": [callout("").replace("'SC'", "'SC 1'"), report],
        }],
        "filter_state": ["v"],
    });
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    host.run(&plan(&configuration));
    assert_eq!(host.published("v").as_deref(), Some("false"));
}
