use super::*;
use crate::flow::call::CallFailure;
use crate::flow::message::FORM;

const RAISE: &str = r#"<RaiseFault name="RF-Denied"><FaultResponse><Set><StatusCode>403</StatusCode>
  <ReasonPhrase>Forbidden</ReasonPhrase></Set></FaultResponse></RaiseFault>"#;

fn set(name: &str, children: &str) -> String {
    format!("<AssignMessage name='{name}'><Set>{children}</Set></AssignMessage>")
}

/// Runs `SC`, which times out, with fault rules and further policies.
fn failing(rules: &str, default: &str, policies: &[&str]) -> (Effects, Scripted) {
    let callout = callout("");
    let mut all = vec![callout.as_str()];
    all.extend(policies);
    let host = Scripted::client("GET", "/", &[]).with_failure(CallFailure::Timeout);
    let mut configuration =
        json!({"policies": all, "request": ["SC"], "fault_rules": format!("<FaultRules>{rules}</FaultRules>")});
    if !default.is_empty() {
        configuration["default_fault_rule"] = json!(default);
    }
    (host.run(&plan(&configuration)), host)
}

const TIMEOUT: &str = r#"{"fault":{"faultstring":"Execution of ServiceCallout SC failed. Reason: timeout occurred in SC","detail":{"errorcode":"steps.servicecallout.ExecutionFailed"}}}"#;

/// A RaiseFault without payload replies with the fault JSON (docs/apigee-semantics.md 13.12 (b)).
#[test]
fn a_raised_fault_without_payload_has_the_default_body() {
    let host = Scripted::client("GET", "/", &[]);
    let done = request_flow(&[RAISE], &host);
    let body = r#"{"fault":{"faultstring":"Raising fault. Fault name : RF-Denied","detail":{"errorcode":"steps.raisefault.RaiseFault"}}}"#;
    assert_eq!(done.reply_status_and_body(), (403, body));
    assert_eq!(done.reply.as_ref().unwrap().header("content-type"), Some("application/json"));
    for (name, value) in [
        ("fault.name", "RaiseFault"),
        ("raisefault.RF-Denied.failed", "true"),
        ("error.status.code", "403"),
        ("error.message", "Raising fault. Fault name : RF-Denied"),
    ] {
        assert_eq!(host.published(name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn a_raised_fault_has_its_own_response() {
    let policy = r#"<RaiseFault name="RF" continueOnError="true"><FaultResponse>
      <AssignVariable><Name>why</Name><Value>no "key"</Value></AssignVariable>
      <Set><Headers><Header name="X-Why">{request.header.none}!</Header></Headers>
      <Payload contentType="text/plain"> {why} </Payload><StatusCode>{code:401}</StatusCode></Set></FaultResponse></RaiseFault>"#;
    let done = request_flow(&[policy], &Scripted::client("GET", "/", &[]));
    assert_eq!(done.reply_status_and_body(), (401, " no \"key\" "));
    let reply = done.reply.unwrap();
    assert_eq!((reply.header("x-why"), reply.header("content-type")), (Some("!"), Some("text/plain")));
}

/// docs/apigee-semantics.md 13.10: rules are tried from the bottom, one is chosen, its steps have conditions of their
/// own.
#[test]
fn a_fault_rule_is_chosen_from_the_bottom() {
    let generic = set("AM-Generic", "<Payload>generic</Payload>");
    let busy = set(
        "AM-Busy",
        "<Payload contentType='application/json'>{\"error\":\"upstream busy\"}</Payload><StatusCode>503</StatusCode>",
    );
    let rules = |condition: &str| {
        format!(
            "<FaultRule name='catch-all'><Step><Name>AM-Generic</Name></Step></FaultRule>
             <FaultRule name='callout'><Condition>servicecallout.SC.failed = true</Condition>
             <Step><Name>AM-Busy</Name><Condition>error.message Matches \"{condition}\"</Condition></Step></FaultRule>"
        )
    };
    let (done, _) = failing(&rules("*timeout occurred*"), "", &[&generic, &busy]);
    assert_eq!(done.reply_status_and_body(), (503, "{\"error\":\"upstream busy\"}"));
    let default = "<DefaultFaultRule><Step><Name>AM-Generic</Name></Step></DefaultFaultRule>";
    let (done, _) = failing(&rules("other"), default, &[&generic, &busy]);
    assert_eq!(done.reply_status_and_body(), (500, TIMEOUT));
    let (done, _) = failing("<FaultRule><Condition>false_one</Condition></FaultRule>", default, &[&generic]);
    assert_eq!(done.reply_status_and_body(), (500, "generic"));
    let (done, _) = failing("", "", &[]);
    assert_eq!(done.reply_status_and_body(), (500, TIMEOUT));
}

/// `AlwaysEnforce` runs the default rule after a fault rule (docs/apigee-semantics.md 9.3).
#[test]
fn the_default_rule_may_be_enforced() {
    let first = set("AM-1", "<Payload>first</Payload>");
    let second = set("AM-2", "<Headers><Header name='x-default'>{error.content}</Header></Headers>");
    let rules = "<FaultRule><Step><Name>AM-1</Name></Step></FaultRule>";
    let default = |enforce: &str| {
        format!(
            "<DefaultFaultRule><AlwaysEnforce>{enforce}</AlwaysEnforce><Step><Name>AM-2</Name></Step></DefaultFaultRule>"
        )
    };
    let (done, _) = failing(rules, &default("true"), &[&first, &second]);
    assert_eq!(
        (done.reply_status_and_body(), done.reply.as_ref().unwrap().header("x-default")),
        ((500, "first"), Some("first"))
    );
    let (done, _) = failing(rules, &default("false"), &[&first, &second]);
    assert_eq!(
        (done.reply_status_and_body(), done.reply.as_ref().unwrap().header("x-default")),
        ((500, "first"), None)
    );
    let raising = "<FaultRule><Step><Name>RF-Denied</Name></Step><Step><Name>AM-1</Name></Step></FaultRule>";
    let (done, host) = failing(raising, &default("true"), &[RAISE, &first, &second]);
    assert_eq!((done.reply_status_and_body().0, done.reply.as_ref().unwrap().header("x-default")), (403, None));
    assert_eq!(host.published("fault.name").as_deref(), Some("RaiseFault"));
}

#[test]
fn a_fault_inside_a_rule_replaces_the_pending_response() {
    let broken = set("AM-1", "<Payload>{none}</Payload>");
    let rules = "<FaultRule><Step><Name>AM-1</Name></Step></FaultRule>";
    let (done, host) = failing(rules, "", &[&broken]);
    let body = r#"{"fault":{"faultstring":"Unresolved variable : none","detail":{"errorcode":"entities.UnresolvedVariable"}}}"#;
    assert_eq!(done.reply_status_and_body(), (500, body));
    assert_eq!(host.published("assignmessage.AM-1.failed").as_deref(), Some("true"));
}

/// docs/apigee-semantics.md 9.4: the headers of a RaiseFault together with those of a rule.
#[test]
fn a_rule_adds_to_the_raised_headers_and_may_remove_them() {
    let raise = "<RaiseFault name='RF'><FaultResponse><Set><Headers><Header name='x-a'>1</Header><Header name='x-b'>1</Header>
      <Header name='Set-Cookie'>a=1; expires=Wed, 21 Aug 2013 19:16:47 GMT</Header></Headers></Set></FaultResponse></RaiseFault>";
    let headers = |rule: &str| {
        let rule = format!("<AssignMessage name='AM'>{rule}</AssignMessage>");
        let rules = "<FaultRules><FaultRule><Step><Name>AM</Name></Step></FaultRule></FaultRules>";
        let configuration = json!({"policies": [raise, rule], "request": ["RF"], "fault_rules": rules});
        let reply = Scripted::client("GET", "/", &[]).run(&plan(&configuration)).reply.unwrap();
        let lines = reply.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        lines.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect::<Vec<_>>()
    };
    let cookie = "a=1; expires=Wed, 21 Aug 2013 19:16:47 GMT";
    let raised_cookie = format!("Set-Cookie: {cookie}");
    let cases: [(&str, &[&str]); 5] = [
        ("<Set><Payload>x</Payload></Set>", &["x-a: 1", "x-b: 1", &raised_cookie]),
        (
            "<Set><Headers><Header name='x-a'>2</Header><Header name='set-cookie'>b=2</Header></Headers></Set>",
            &["x-a: 2, 1", "x-b: 1", "Set-Cookie: b=2", &raised_cookie],
        ),
        ("<Remove><Headers><Header name='X-A'/></Headers></Remove>", &["x-b: 1", &raised_cookie]),
        ("<Remove><Headers/></Remove>", &[]),
        ("<AssignTo createNew='true'>error</AssignTo>", &[]),
    ];
    for (rule, expected) in cases {
        assert_eq!(headers(rule), expected, "{rule}");
    }
}

#[test]
fn a_fault_rule_may_call_out() {
    let host = Scripted::client("GET", "/", &[]).with_failure(CallFailure::Timeout).with_reply(200, &[], "sorry");
    let other = callout("").replace("name='SC'", "name='SC-2'").replace(">answer<", ">apology<");
    let report = set("AM", "<Payload>{apology.content}</Payload>");
    let rules =
        "<FaultRules><FaultRule><Step><Name>SC-2</Name></Step><Step><Name>AM</Name></Step></FaultRule></FaultRules>";
    let configuration = json!({"policies": [callout(""), other, report], "request": ["SC"], "fault_rules": rules});
    assert_eq!(host.run(&plan(&configuration)).reply_status_and_body(), (500, "sorry"));
}

/// docs/apigee-semantics.md 9.4: a RaiseFault's headers stay next to those of a rule.
#[test]
fn headers_of_a_raised_fault_and_of_a_rule_are_merged() {
    let raise = "<RaiseFault name='RF'><FaultResponse><Set><Headers><Header name='errorNote'>gremlins</Header>
        <Header name='x-own'>1</Header></Headers><StatusCode>418</StatusCode><Payload>raised</Payload></Set></FaultResponse></RaiseFault>";
    let rule = set("AM", "<Headers><Header name='errorNote'>woops</Header></Headers><Payload>ruled</Payload>");
    let rules = "<FaultRules><FaultRule><Step><Name>AM</Name></Step></FaultRule></FaultRules>";
    let configuration = json!({"policies": [raise, rule], "request": ["RF"], "fault_rules": rules});
    let done = Scripted::client("GET", "/", &[]).run(&plan(&configuration));
    assert_eq!(done.reply_status_and_body(), (418, "ruled"));
    let reply = done.reply.unwrap();
    assert_eq!((reply.header("errorNote"), reply.header("x-own")), (Some("woops, gremlins"), Some("1")));
}

#[test]
fn the_error_flow_has_its_variables() {
    let report = set(
        "AM",
        "<Payload>{is.error} {fault.name} {fault.category} {fault.subcategory} {error.state} {error.status.code} {error.reason.phrase} \
         {message.header.content-type} {error.message}</Payload>",
    );
    let (done, _) = failing("<FaultRule><Step><Name>AM</Name></Step></FaultRule>", "", &[&report]);
    assert_eq!(
        done.reply_status_and_body().1,
        "true ExecutionFailed Step ServiceCalloutFailure 1 500 Internal Server Error application/json \
         Execution of ServiceCallout SC failed. Reason: timeout occurred in SC"
    );
}

#[test]
fn statuses_that_cannot_be_sent_become_500() {
    let raise = |status: &str| {
        RAISE.replace(
            "<StatusCode>403</StatusCode>",
            &format!("<StatusCode>{status}</StatusCode><Payload contentType='a/b'>x</Payload>"),
        )
    };
    for (status, sent, body, content_type) in [
        ("100", 500, "x", Some("a/b")),
        ("911", 911, "x", Some("a/b")),
        ("204", 204, "", None),
        ("302", 302, "x", Some("a/b")),
    ] {
        let done = request_flow(&[&raise(status)], &Scripted::client("GET", "/", &[]));
        assert_eq!(
            (done.reply_status_and_body(), done.reply.as_ref().unwrap().header("content-type")),
            ((sent, body), content_type)
        );
    }
}

#[test]
fn xml_clients_get_xml() {
    let host = Scripted::client("GET", "/", &[("accept", "application/xml")]);
    let done = request_flow(&[RAISE], &host);
    assert_eq!(
        done.reply_status_and_body().1,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><fault><faultstring>Raising fault. Fault name : RF-Denied</faultstring>\
         <detail><errorcode>steps.raisefault.RaiseFault</errorcode></detail></fault>"
    );
    assert_eq!(done.reply.unwrap().header("content-type"), Some("application/xml"));
}

/// The client gets a reply when a rule assigns another value to `error`.
#[test]
fn an_error_flow_always_replies() {
    let raise = "<RaiseFault name='RF'><FaultResponse><Set><StatusCode>418</StatusCode><Payload>tea</Payload></Set></FaultResponse></RaiseFault>";
    let call = callout("").replace("'SC'", "'SC' continueOnError='true'").replace(">answer<", ">error<");
    let flow = "<FlowCallout name='FC'><SharedFlowBundle>sf</SharedFlowBundle>
        <Parameters><Parameter name='error' ref='fault.name'/><Parameter name='p' ref='fault.name'/></Parameters></FlowCallout>";
    let note = "<AssignMessage name='N'><AssignTo>error</AssignTo><Set><Headers><Header name='x-p'>{p}</Header></Headers></Set></AssignMessage>";
    for (step, header) in [("SC", None), ("FC", Some("RaiseFault"))] {
        let host = Scripted::client("GET", "/", &[]).with_failure(CallFailure::Unreachable);
        let done = host.run(&plan(&json!({
            "policies": [raise, call, flow, note],
            "request": ["RF"],
            "fault_rules": format!("<FaultRules><FaultRule name='f'><Step><Name>{step}</Name></Step></FaultRule></FaultRules>"),
            "shared_flows": ["<SharedFlow name='sf'><Step><Name>N</Name></Step></SharedFlow>"],
        })));
        assert_eq!((done.reply_status_and_body(), done.resumed.len()), ((418, "tea"), 0), "{step}");
        assert_eq!(done.reply.as_ref().unwrap().header("x-p"), header, "{step}");
    }
}

/// Actions on form parameters do not change a response (docs/apigee-semantics.md 3.3 and 5.2).
#[test]
fn form_parameters_mean_nothing_to_a_response() {
    for action in ["Set", "Add", "Remove"] {
        let raise = format!(
            "<RaiseFault name='RF'><FaultResponse><Set><StatusCode>403</StatusCode><Payload contentType='{FORM}'>b=2</Payload></Set>
             <{action}><FormParams><FormParam name='b'>1</FormParam></FormParams></{action}></FaultResponse></RaiseFault>"
        );
        let done = request_flow(&[&raise], &Scripted::client("GET", "/", &[]));
        assert_eq!(done.reply_status_and_body(), (403, "b=2"), "{action}");
    }
}
