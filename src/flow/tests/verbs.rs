//! Verbs that a callout cannot have.

use super::*;
use crate::flow::call::Outcome;

const FAULT: &str = r#"{"fault":{"faultstring":"Execution of ServiceCallout SC failed. Reason: Verb CONNECT is not supported","detail":{"errorcode":"steps.servicecallout.ExecutionFailed"}}}"#;

fn set(verb: &str) -> String {
    format!("<Set><Verb>{verb}</Verb></Set>")
}

#[test]
fn a_callout_with_the_verb_connect_is_a_fault() {
    let in_callout = |verb: &str| vec![callout(&format!("<Request>{}</Request>", set(verb)))];
    let made_before = format!(
        "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo>{}</AssignMessage>",
        set("CONNECT")
    );
    let assigned = "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo>
        <AssignVariable><Name>m.verb</Name><Value>CONNECT</Value></AssignVariable></AssignMessage>";
    let cases = [
        in_callout("CONNECT"),
        in_callout("connect"),
        in_callout("{request.header.v}"),
        in_callout("CON{request.header.none:NECT}"),
        in_callout("CONNECT").into_iter().map(|policy| policy.replace("<Response>answer</Response>", "")).collect(),
        vec![made_before, callout("<Request variable='m'/>")],
        vec![assigned.to_owned(), callout("<Request variable='m'/>")],
    ];
    for policies in cases {
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        let host = Scripted::client("GET", "/", &[("v", "CONNECT")]);
        let done = request_flow(&policies, &host);
        assert_eq!((done.reply_status_and_body(), done.calls.len()), ((500, FAULT), 0), "{policies:?}");
        assert_eq!(done.outcomes.last().map(|(_, outcome)| *outcome), Some(Outcome::Fault), "{policies:?}");
        assert_eq!(host.published("servicecallout.SC.failed").as_deref(), Some("true"), "{policies:?}");
    }
    // The client's own request, sent as a callout.
    let done = request_flow(&[&callout("<Request variable='request'/>")], &Scripted::client("CONNECT", "/", &[]));
    assert_eq!((done.reply_status_and_body(), done.calls.len()), ((500, FAULT), 0));
}

#[test]
fn a_verb_that_is_not_a_token_is_sent_as_get() {
    for verb in ["a b", "CONNECT /x", "CONNECT\r\n"] {
        let policy = callout(&format!("<Request>{}</Request>", set("{propertyset.v}")));
        let host = Scripted::client("POST", "/", &[]).with_reply(200, &[], "");
        let done = host.run(&plan(&json!({"policies": [policy], "properties": {"propertyset.v": verb}})));
        assert_eq!(done.only_call().line(), "GET http://a.test/", "{verb}");
    }
}

#[test]
fn an_integration_request_with_the_verb_connect_is_a_fault() {
    let prepare = "<SetIntegrationRequest name='SI'><ProjectId>p</ProjectId><IntegrationName>i</IntegrationName>
        <IntegrationRegion>r</IntegrationRegion><ApiTrigger>t</ApiTrigger></SetIntegrationRequest>";
    let change =
        format!("<AssignMessage name='AM'><AssignTo>integration.request</AssignTo>{}</AssignMessage>", set("CONNECT"));
    let run = "<IntegrationCallout name='IC'><Request>integration.request</Request></IntegrationCallout>";
    let host = Scripted::client("GET", "/", &[]);
    let done = host.run(&plan(&json!({"policies": [prepare, change, run], "google": {"metadata_cluster": "m"}})));
    let fault =
        FAULT.replace("ServiceCallout SC", "IntegrationCallout IC").replace("servicecallout", "integrationcallout");
    assert_eq!((done.reply_status_and_body(), done.calls.len()), ((500, fault.as_str()), 0));
}

#[test]
fn the_request_to_the_upstream_does_not_become_connect() {
    let assign = |content: &str| format!("<AssignMessage name='AM'>{content}</AssignMessage>");
    let made = format!("<AssignTo createNew='true' type='request'>m</AssignTo>{}", set("CONNECT"));
    let assign_message = [
        vec![assign(&set("CONNECT"))],
        vec![assign(&set("connect"))],
        vec![assign(&set("{request.header.v}"))],
        vec![assign(&format!("<AssignTo createNew='true' type='request'>request</AssignTo>{}", set("CONNECT")))],
        vec![assign("<AssignVariable><Name>message.verb</Name><Value>CONNECT</Value></AssignVariable>")],
        vec![assign("<AssignVariable><Name>request.verb</Name><Value>CONNECT</Value></AssignVariable>")],
        vec![assign(&made).replace("AM", "AM-1"), assign("<Copy source='m'><Verb>true</Verb></Copy>")],
    ];
    for policies in assign_message {
        let host = Scripted::client("GET", "/", &[("v", "CONNECT")]);
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        let done = request_flow(&policies, &host);
        let fault = r#"{"fault":{"faultstring":"AssignMessage[AM]: Verb CONNECT is not supported","detail":{"errorcode":"steps.assignmessage.SetVariableFailed"}}}"#;
        assert_eq!((done.reply_status_and_body(), done.resumed.len()), ((500, fault), 0), "{policies:?}");
    }
    let call = callout(&format!("<Request variable='request'>{}</Request>", set("CONNECT")));
    let done = request_flow(&[&call], &Scripted::client("GET", "/", &[]));
    assert_eq!((done.reply_status_and_body(), done.calls.len()), ((500, FAULT), 0));
    // The verb is the old one where the flow continues.
    let policy = assign(&set("CONNECT")).replace("name=", "continueOnError='true' name=");
    let done = request_flow(&[&policy], &Scripted::client("PUT", "/", &[]));
    assert_eq!(done.changes(Direction::Request), Vec::<String>::new());
}

/// docs/apigee-semantics.md 8.2: each way to write the verb of the client's request has the same effect.
#[test]
fn the_verb_of_the_request_is_written() {
    let assign = |name: &str, value: &str| {
        let assignment = format!("<AssignVariable><Name>{name}</Name><Value>{value}</Value></AssignVariable>");
        format!("<AssignMessage name='W'>{assignment}</AssignMessage>")
    };
    let report = "<AssignMessage name='R'><Set><Headers><Header name='x'>{request.verb} {message.verb}</Header></Headers></Set></AssignMessage>";
    let extract = |name: &str, value: &str| {
        let pattern = format!("<URIPath><Pattern>/{{{name}}}</Pattern></URIPath>");
        (format!("<ExtractVariables name='W'>{pattern}</ExtractVariables>"), format!("/{value}"))
    };
    let cases = [
        ("GET", "PUT", vec![":method: PUT", "x: PUT PUT"]),
        ("POST", "GET", vec![":method: GET", "x: GET GET"]),
        ("PUT", "PUT", vec!["x: PUT PUT"]),
        // Envoy derives from HEAD that a response has no body, and the method of a request is a token.
        ("GET", "HEAD", vec!["x: HEAD HEAD"]),
        ("HEAD", "GET", vec!["x: GET GET"]),
        ("GET", "a,b", vec!["x: a,b a,b"]),
    ];
    for (before, verb, changes) in cases {
        for (policy, path) in [
            (format!("<AssignMessage name='W'>{}</AssignMessage>", set(verb)), "/".to_owned()),
            (assign("message.verb", verb), "/".to_owned()),
            (assign("request.verb", verb), "/".to_owned()),
            extract("request.verb", verb),
        ] {
            let mut done = request_flow(&[&policy, report], &Scripted::client(before, &path, &[]));
            assert!(done.reply.take().is_none(), "{policy}");
            assert_eq!(done.changes(Direction::Request), changes, "{before} {policy}");
        }
    }
}

/// A verb without a value is GET, as in a new message.
#[test]
fn the_verb_of_the_request_can_be_unset() {
    for name in ["message.verb", "request.verb"] {
        let unset = format!(
            "<AssignMessage name='W'><AssignVariable><Name>{name}</Name><Ref>none</Ref></AssignVariable>
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>"
        );
        let done = request_flow(&[&unset], &Scripted::client("PUT", "/", &[]));
        assert_eq!(done.changes(Direction::Request), [":method: GET"], "{name}");
    }
}

#[test]
fn a_received_connect_stays_a_connect() {
    let policy = format!("<AssignMessage name='AM'>{}</AssignMessage>", set("{request.header.v}"));
    for verb in ["CONNECT", "GET"] {
        let done = request_flow(&[&policy], &Scripted::client("CONNECT", "/", &[("v", verb)]));
        assert_eq!((done.reply.is_none(), done.changes(Direction::Request)), (true, vec![]), "{verb}");
    }
}
