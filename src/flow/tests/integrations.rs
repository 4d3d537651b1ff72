use super::*;
use crate::flow::call::CallFailure;

const PREPARE: &str = r#"<SetIntegrationRequest name="Set-Int"><ProjectId>p1</ProjectId><IntegrationName>risk</IntegrationName>
    <IntegrationRegion>us-west1</IntegrationRegion><ApiTrigger>risk_API_1</ApiTrigger>
    <Parameters><Parameter name="account" type="string" ref="request.queryparam.acct"/>
      <Parameter name="limit" type="integer">250</Parameter>
      <ParameterArray name="tags" type="string"><Value>a</Value><Value>b</Value></ParameterArray></Parameters>
  </SetIntegrationRequest>"#;

const RUN: &str = r#"<IntegrationCallout name="IC-Risk"><Request>integration.request</Request></IntegrationCallout>"#;

const TOKEN: &str = r#"{"access_token":"T","expires_in":3599}"#;

fn configuration(policies: &[&str]) -> Value {
    json!({
        "policies": policies,
        "google": {"metadata_cluster": "metadata", "project": "default-project"},
        "filter_state": ["integration.*", "integrationcallout.IC-Risk.failed", "score", "set"],
    })
}

fn client() -> Scripted {
    Scripted::client("GET", "/v1/risk?acct=A9", &[]).with_reply(200, &[], TOKEN)
}

/// The run of docs/apigee-semantics.md 13.8 waits for its response.
#[test]
fn a_synchronous_integration() {
    let read = "<AssignMessage name='AM'><AssignVariable><Name>score</Name>
        <Template>{jsonPath('$.outputParameters.score',integration.response.content)}</Template></AssignVariable></AssignMessage>";
    let answer = r#"{"executionId":"e-1","outputParameters":{"score":0.7}}"#;
    let host = client().with_reply(200, &[("content-type", "application/json")], answer);
    let done = host.run(&plan(&configuration(&[PREPARE, RUN, read])));
    let call = &done.calls[1];
    assert_eq!(
        call.line(),
        "POST https://us-west1-integrations.googleapis.com/v1/projects/p1/locations/us-west1/integrations/risk:execute"
    );
    assert_eq!(
        (call.header("authorization"), call.header("content-type")),
        (Some("Bearer T"), Some("application/json"))
    );
    assert_eq!(
        call.text(),
        r#"{"triggerId":"api_trigger/risk_API_1","inputParameters":{"account":{"stringValue":"A9"},"limit":{"intValue":"250"},"tags":{"stringArray":{"stringValues":["a","b"]}}}}"#
    );
    assert_eq!(call.timeout.as_secs(), 120);
    let published = [
        ("integration.response.content", Some(answer)),
        ("integration.response.status.code", Some("200")),
        ("IntegrationCallout.IC-Risk.failed", Some("false")),
        ("integrationcallout.IC-Risk.failed", Some("false")),
        ("setintegrationrequest.Set-Int.failed", Some("false")),
        ("score", Some("0.7")),
        ("integration.project.id", Some("p1")),
        ("integration.region", Some("us-west1")),
        ("integration.trigger", Some("risk_API_1")),
    ];
    for (name, value) in published {
        assert_eq!(host.published(name).as_deref(), value, "{name}");
    }
}

#[test]
fn a_scheduled_integration() {
    let prepare = "<SetIntegrationRequest name='S'><IntegrationRegion>us-west1</IntegrationRegion>
        <ApiTrigger>api_trigger/t</ApiTrigger><ScheduleTime>2026-01-15T01:30:15-08:00</ScheduleTime></SetIntegrationRequest>";
    let run = "<IntegrationCallout name='IC-Risk'><AsyncExecution>true</AsyncExecution>
        <Request clearPayload='false'>integration.request</Request><Response>ran</Response></IntegrationCallout>";
    let host = client().with_reply(200, &[], r#"{"executionInfoIds":["e-1"]}"#);
    let done = host.run(&plan(&configuration(&[prepare, run])));
    let call = &done.calls[1];
    assert_eq!(
        call.line(),
        "POST https://us-west1-integrations.googleapis.com/v1/projects/default-project/locations/us-west1/integrations/-:schedule"
    );
    assert_eq!(call.text(), r#"{"triggerId":"api_trigger/t","scheduleTime":"2026-01-15T01:30:15-08:00"}"#);
    assert_eq!(host.published("ran.content").as_deref(), Some(r#"{"executionInfoIds":["e-1"]}"#));
}

/// Each failure of the two policies has Apigee's code (docs/apigee-semantics.md 10.4).
#[test]
fn every_fault_has_its_name() {
    let assign = |assignments: &str| format!("<AssignMessage name='AM'>{assignments}</AssignMessage>");
    let text = assign("<AssignVariable><Name>integration.request</Name><Value>x</Value></AssignVariable>");
    let response = assign("<AssignTo createNew='true' type='response'>integration.request</AssignTo>");
    let scheduled = PREPARE.replace("<Parameters>", "<ScheduleTime>2026-01-15T01:30:15Z</ScheduleTime><Parameters>");
    let unresolved = PREPARE.replace("request.queryparam.acct", "nowhere");
    let wrong = PREPARE.replace("250", "many");
    let region = PREPARE.replace("<IntegrationRegion>us-west1", "<IntegrationRegion ref='client.evil'>x.evil.test#");
    let cases: [(&str, &[&str], Scripted, &str, &str); 11] = [
        (
            "never set",
            &[RUN],
            client(),
            "steps.integrationcallout.NullRequestVariable",
            "IntegrationCallout[IC-Risk]: request variable integration.request is null",
        ),
        (
            "a text",
            &[&text, RUN],
            client(),
            "steps.integrationcallout.RequestVariableNotMessageType",
            "IntegrationCallout[IC-Risk]: request variable integration.request value is not of type Message",
        ),
        (
            "a response",
            &[&response, RUN],
            client(),
            "steps.integrationcallout.RequestVariableNotRequestMessageType",
            "IntegrationCallout[IC-Risk]: request variable integration.request value is not of type Request Message",
        ),
        (
            "a time in synchronous mode",
            &[&scheduled, RUN],
            client(),
            "steps.integrationcallout.ExecutionFailed",
            "Execution of IntegrationCallout IC-Risk failed. Reason: ScheduleTime needs AsyncExecution",
        ),
        (
            "an error status",
            &[PREPARE, RUN],
            client().with_reply(403, &[], "{}"),
            "steps.integrationcallout.ExecutionFailed",
            "Execution of IntegrationCallout IC-Risk failed. Reason: ResponseCode 403 is treated as error",
        ),
        (
            "no response in time",
            &[PREPARE, RUN],
            client().with_failure(CallFailure::Timeout),
            "steps.integrationcallout.ExecutionFailed",
            "Execution of IntegrationCallout IC-Risk failed. Reason: timeout occurred in IC-Risk",
        ),
        (
            "an invalid region",
            &[&region, RUN],
            client(),
            "steps.integrationcallout.ExecutionFailed",
            "Execution of IntegrationCallout IC-Risk failed. Reason: Host not reachable",
        ),
        (
            "no token",
            &[PREPARE, RUN],
            Scripted::client("GET", "/?acct=1", &[]).with_reply(500, &[], ""),
            "messaging.adaptors.http.filter.GoogleTokenGenerationFailure",
            "Google token generation failed",
        ),
        (
            "an unresolved ref",
            &[&unresolved, RUN],
            client(),
            "entities.UnresolvedVariable",
            "Unresolved variable : nowhere",
        ),
        (
            "a value of the wrong type",
            &[&wrong, RUN],
            client(),
            "steps.setintegrationrequest.ExecutionFailed",
            "Execution of SetIntegrationRequest Set-Int failed. Reason: parameter \"limit\" must be an integer, got \"many\"",
        ),
        (
            "a consumed object",
            &[PREPARE, RUN, &RUN.replace("IC-Risk", "IC-2")],
            client().with_reply(200, &[], "{}"),
            "steps.integrationcallout.NullRequestVariable",
            "IntegrationCallout[IC-2]: request variable integration.request is null",
        ),
    ];
    for (what, policies, host, code, reason) in cases {
        let done = host.run(&plan(&configuration(policies)));
        let body = json!({"fault": {"faultstring": reason, "detail": {"errorcode": code}}}).to_string();
        assert_eq!(done.reply_status_and_body(), (500, &*body), "{what}");
    }
}

/// docs/apigee-semantics.md 10.4: a rule can test both variables of Apigee's page after every fault.
#[test]
fn an_incomplete_object_is_a_fault_of_the_callout() {
    let unresolved = PREPARE.replace("request.queryparam.acct", "nowhere");
    let continued = unresolved.replace("<SetIntegrationRequest ", "<SetIntegrationRequest continueOnError='true' ");
    let rules = "<FaultRules><FaultRule name='r'>
        <Condition>(fault.name Matches \"UnresolvedVariable\") and (IntegrationCallout.IC-Risk.failed = true)</Condition>
        <Step><Name>AM</Name></Step></FaultRule></FaultRules>";
    let report = "<AssignMessage name='AM'><Set><StatusCode>502</StatusCode><Payload>{fault.reason}|{integrationcallout.IC-Risk.failed}|{IntegrationCallout.IC-Other.failed:none}</Payload></Set></AssignMessage>";
    let other = RUN.replace("IC-Risk", "IC-Other").replace(">integration.request<", ">other<");
    let expected = "Unresolved variable : nowhere|true|none";
    let run = |policies: &[&str], request: &[&str]| {
        let mut configuration = configuration(policies);
        configuration["policies"].as_array_mut().unwrap().extend([json!(report), json!(other)]);
        configuration["request"] = json!(request);
        configuration["fault_rules"] = json!(rules);
        client().with_reply(200, &[], "{}").run(&plan(&configuration))
    };
    for object in [&unresolved, &continued] {
        let done = run(&[object, RUN], &["Set-Int", "IC-Risk"]);
        assert_eq!((done.reply_status_and_body(), done.calls.len()), ((502, expected), 0), "{object}");
    }
    // An object of an earlier run is not sent in place of the incomplete one, and a complete one is.
    let again = continued.replace("Set-Int", "Set-Again");
    let done = run(&[PREPARE, &again, RUN], &["Set-Int", "Set-Again", "IC-Risk"]);
    assert_eq!((done.reply_status_and_body(), done.calls.len()), ((502, expected), 0));
    let done = run(&[&again, PREPARE, RUN], &["Set-Again", "Set-Int", "IC-Risk"]);
    assert_eq!((done.reply.is_none(), done.calls.len()), (true, 2));
}

/// A route rule can name an integration instead of an upstream (docs/apigee-semantics.md 10.5).
#[test]
fn an_integration_takes_the_place_of_the_upstream() {
    let mark = "<AssignMessage name='Mark'><Set><Headers><Header name='x-marked'>{response.status.code}</Header></Headers></Set></AssignMessage>";
    let proxy = "<ProxyEndpoint name='default'>
        <PreFlow><Request><Step><Name>Set-Int</Name></Step></Request><Response><Step><Name>Mark</Name></Step></Response></PreFlow>
        <RouteRule name='r'><IntegrationEndpoint>risk</IntegrationEndpoint></RouteRule></ProxyEndpoint>";
    let mut configuration = configuration(&[PREPARE, mark]);
    configuration["proxy_endpoint"] = json!(proxy);
    configuration["integration_endpoints"] =
        json!(["<IntegrationEndpoint name='risk'><AsyncExecution>false</AsyncExecution></IntegrationEndpoint>"]);
    let plan = plan(&configuration);
    let host = client().with_reply(404, &[("content-type", "application/json")], r#"{"error":{"code":404}}"#);
    let done = host.run(&plan);
    assert_eq!(done.reply_status_and_body(), (404, r#"{"error":{"code":404}}"#));
    let reply = done.reply.as_ref().unwrap();
    assert_eq!((reply.header("x-marked"), &*reply.details), (Some("404"), "callout_integration"));
    assert_eq!(done.resumed, []);
    assert!(done.calls[1].line().ends_with("/integrations/risk:execute"));

    for (failure, status, name) in
        [(CallFailure::Timeout, 504, "GatewayTimeout"), (CallFailure::Unreachable, 503, "ServiceUnavailable")]
    {
        let done = client().with_failure(failure).run(&plan);
        let (found, body) = done.reply_status_and_body();
        assert_eq!(found, status);
        assert!(body.contains(&format!("\"messaging.adaptors.http.flow.{name}\"")), "{body}");
    }
}

/// A failed integration keeps the earlier response, as a ServiceCallout does.
#[test]
fn a_failed_integration_keeps_the_earlier_response() {
    let again = RUN
        .replace("IC-Risk", "IC-Again")
        .replace("<IntegrationCallout ", "<IntegrationCallout continueOnError='true' ");
    let report = "<AssignMessage name='AM'><AssignVariable><Name>score</Name>
        <Template>{integration.response.content:none}</Template></AssignVariable></AssignMessage>";
    let host = client().with_reply(200, &[], r#"{"a":1}"#);
    let done = host.run(&plan(&configuration(&[PREPARE, RUN, &again, report])));
    assert_eq!((done.calls.len(), host.published("score").as_deref()), (2, Some(r#"{"a":1}"#)));
    assert_eq!(host.published("fault.name").as_deref(), Some("NullRequestVariable"));
}
