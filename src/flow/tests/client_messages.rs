//! What the flow made of the client's request and of the upstream's response, as Envoy is told.

use super::*;

fn assigning(elements: &str) -> String {
    format!("<AssignMessage name='AM'>{elements}</AssignMessage>")
}

fn posted() -> Scripted {
    let headers = [("x-old", "1"), ("accept", "application/xml"), ("content-length", "3")];
    Scripted::client("POST", "/v1/p?q=1", &headers).with_body("old")
}

/// Semantics section 3.2: nothing of the old request is left but what Envoy needs to send one.
#[test]
fn a_request_made_anew_loses_everything() {
    let cases: [(&str, &[&str]); 6] = [
        ("<AssignTo createNew='true' type='request'/>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true'/>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true'>request</AssignTo>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true' type='response'>message</AssignTo>", &[":method: GET", ":path: /v1/p"]),
        (
            "<AssignTo createNew='true'>message</AssignTo><Set><Verb>PUT</Verb><Path>/n</Path></Set>",
            &[":method: PUT", ":path: /n"],
        ),
        (
            "<AssignTo createNew='true'/><Add><QueryParams><QueryParam name='a'>b</QueryParam></QueryParams></Add>",
            &[":method: GET", ":path: /v1/p?a=b"],
        ),
    ];
    for (elements, line) in cases {
        let done = request_flow(&[&assigning(elements)], &posted());
        let changes = done.changes(Direction::Request);
        let expected = [line, &["-x-old", "-accept", "content-length: 0"]].concat();
        assert_eq!(changes, expected, "{elements}");
        assert_eq!(done.bodies, [(Direction::Request, Bytes::new())], "{elements}");
        assert_eq!(done.resumed, [Direction::Request], "{elements}");
    }
}

/// What the client wants to read is asked of the request that came.
#[test]
fn a_fault_has_the_form_that_the_client_asked_for_at_first() {
    let policy = assigning("<AssignTo createNew='true'/><Set><Verb>{none}</Verb></Set>");
    let done = request_flow(&[&policy], &posted());
    assert_eq!(done.reply.as_ref().unwrap().header("content-type"), Some("application/xml"));
}

#[test]
fn a_new_request_gets_no_body_that_the_client_did_not_send() {
    let body = r#"{"fault":{"faultstring":"AssignMessage[AM]: unable to set variable request.content","detail":{"errorcode":"steps.assignmessage.SetVariableFailed"}}}"#;
    for name in ["", "request", "message"] {
        let policy = assigning(&format!("<AssignTo createNew='true'>{name}</AssignTo><Set><Payload>x</Payload></Set>"));
        assert_eq!(request_flow(&[&policy], &Scripted::client("GET", "/", &[])).answer(), (500, body), "{name}");
        let done = request_flow(&[&policy], &posted());
        assert_eq!(done.bodies, [(Direction::Request, Bytes::from("x"))], "{name}");
    }
}

/// Runs a policy in the response flow of an upstream that answers with a body.
fn answered(elements: &str) -> Done {
    let host = Scripted::client("GET", "/", &[]).upstream("200", &[("x-up", "u"), ("content-length", "5")], "hello");
    host.run(&plan(&json!({"policies": [assigning(elements)], "response": ["AM"]})))
}

#[test]
fn a_response_made_anew_loses_everything() {
    for elements in [
        "<AssignTo createNew='true' type='response'/>",
        "<AssignTo createNew='true'>response</AssignTo>",
        "<AssignTo createNew='true' type='request'>message</AssignTo>",
    ] {
        let done = answered(elements);
        assert_eq!(done.changes(Direction::Response), ["-x-up", "content-length: 0"], "{elements}");
        assert_eq!(done.bodies, [(Direction::Response, Bytes::new())], "{elements}");
    }
}
