//! The changes of the client's request and of the upstream's response that the flow reports to Envoy.

use super::*;

fn assigning(elements: &str) -> String {
    format!("<AssignMessage name='AM'>{elements}</AssignMessage>")
}

fn posted() -> Scripted {
    let headers = [("x-old", "1"), ("accept", "application/xml"), ("content-length", "3")];
    Scripted::client("POST", "/v1/p?q=1", &headers).with_body("old")
}

/// docs/apigee-semantics.md 8.2: after the request flow, the client's request is a variable only.
#[test]
fn the_request_is_written_in_the_response_flow() {
    let assign = |name: &str| format!("<AssignVariable><Name>request.{name}</Name><Value>new</Value></AssignVariable>");
    let parts = ["verb", "path", "header.x-old", "header.x-new", "queryparam.q", "content", "formparam.a", "version"];
    for part in parts {
        let report = format!(
            "<AssignTo>response</AssignTo><Set><Headers><Header name='x'>{{request.{part}}}</Header></Headers></Set>"
        );
        for client in [posted(), Scripted::client("GET", "/", &[])] {
            let configuration = json!({
                "policies": [assigning(&assign(part)), assigning(&report).replace("'AM'", "'T'")],
                "response": ["AM", "T"],
            });
            let done = client.with_response("200", &[], "hello").run(&plan(&configuration));
            assert_eq!(done.changes(Direction::Response), ["x: new"], "{part}");
            assert_eq!((done.changes(Direction::Request), done.bodies, done.reply), (vec![], vec![], None), "{part}");
        }
    }
}

/// docs/apigee-semantics.md 3.2: the new request has only the parts that Envoy needs.
#[test]
fn a_request_made_anew_loses_everything() {
    let cases: [(&str, &[&str]); 6] = [
        ("<AssignTo createNew='true' type='request'/>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true'/>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true'>request</AssignTo>", &[":method: GET", ":path: /v1/p"]),
        ("<AssignTo createNew='true' type='response'>message</AssignTo>", &[":method: GET", ":path: /v1/p"]),
        (
            "<AssignTo createNew='true'>message</AssignTo><Set><Verb>PUT</Verb><Path>/n</Path></Set>",
            &[":method: PUT", ":path: /v1/p"],
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

/// The format of a fault depends on the received request.
#[test]
fn a_fault_has_the_form_that_the_client_asked_for_at_first() {
    let policy = assigning("<AssignTo createNew='true'/><Set><Verb>{none}</Verb></Set>");
    let done = request_flow(&[&policy], &posted());
    assert_eq!(done.reply.as_ref().unwrap().header("content-type"), Some("application/xml"));
}

/// Envoy cannot add a body to a request. The flow sees the body, the upstream does not.
#[test]
fn a_body_of_a_request_without_one_is_not_sent() {
    let warning = "a policy set the body of a request that arrived without a body: the upstream gets none";
    for assign_to in ["<AssignTo createNew='true'>request</AssignTo>", "<AssignTo createNew='true'/>", ""] {
        let policy =
            assigning(&format!("{assign_to}<Set><Verb>POST</Verb><Payload contentType='a/b'>x</Payload></Set>"));
        let configuration = json!({"policies": [policy], "filter_state": ["request.content"]});
        let host = Scripted::client("GET", "/", &[]);
        let done = host.run(&plan(&configuration));
        let changes = done.changes(Direction::Request);
        assert!(changes.contains(&":method: POST".to_owned()), "{changes:?}");
        assert!(changes.contains(&"Content-Type: a/b".to_owned()), "{changes:?}");
        assert_eq!((done.bodies, done.reply, done.warnings), (vec![], None, vec![warning.to_owned()]), "{assign_to}");
        assert_eq!(host.published("request.content").as_deref(), Some("x"), "{assign_to}");
        let done = host_with_body().run(&plan(&configuration));
        assert_eq!((done.bodies, done.warnings), (vec![(Direction::Request, Bytes::from("x"))], vec![]), "{assign_to}");
    }
}

fn host_with_body() -> Scripted {
    Scripted::client("POST", "/", &[("content-length", "3")]).with_body("old")
}

/// Runs a policy in the response flow of an upstream that sends a body.
fn effects_of(elements: &str) -> Effects {
    let host =
        Scripted::client("GET", "/", &[]).with_response("200", &[("x-up", "u"), ("content-length", "5")], "hello");
    host.run(&plan(&json!({"policies": [assigning(elements)], "response": ["AM"]})))
}

#[test]
fn a_response_made_anew_loses_everything() {
    for elements in [
        "<AssignTo createNew='true' type='response'/>",
        "<AssignTo createNew='true'>response</AssignTo>",
        "<AssignTo createNew='true' type='request'>message</AssignTo>",
    ] {
        let done = effects_of(elements);
        assert_eq!(done.changes(Direction::Response), ["-x-up", "content-length: 0"], "{elements}");
        assert_eq!(done.bodies, [(Direction::Response, Bytes::new())], "{elements}");
    }
}

/// The length is that of the body for GET. A HEAD response has no body.
#[test]
fn a_response_to_head_has_the_length_of_its_body_or_none() {
    let made = "<AssignTo createNew='true' type='response'>response</AssignTo>";
    let cases: [(&str, &str, &[&str]); 9] = [
        ("<Set><Headers><Header name='x'>1</Header></Headers></Set>", "5", &["x: 1"]),
        ("<Set><StatusCode>404</StatusCode></Set>", "5", &[":status: 404"]),
        ("<Set><Headers><Header name='content-length'>7</Header></Headers></Set>", "5", &[]),
        ("<Remove><Headers><Header name='content-length'/></Headers></Remove>", "5", &[]),
        ("<Remove><Payload>true</Payload></Remove>", "5", &["-content-length"]),
        ("<Remove><Payload>true</Payload></Remove>", "0", &[]),
        ("<Set><Payload/></Set>", "5", &["-content-length"]),
        (made, "5", &["-x-up", "-content-length"]),
        (made, "0", &["-x-up"]),
    ];
    let run = |elements: &str, length: &str| {
        let host = Scripted::client("HEAD", "/", &[]);
        let host = host.with_response("200", &[("x-up", "u"), ("content-length", length)], "");
        let host = Scripted { response_body: None, ..host };
        host.run(&plan(&json!({"policies": [assigning(elements)], "response": ["AM"]})))
    };
    for (elements, length, changes) in cases {
        let done = run(elements, length);
        assert_eq!(done.changes(Direction::Response), changes, "{elements} {length}");
        assert!(done.reply.is_none() && done.bodies.is_empty(), "{elements} {length}");
    }
    // Envoy writes the length of a reply, and leaves its body out.
    let done = run("<Set><Payload>new</Payload></Set>", "5");
    let reply = done.reply.as_ref().unwrap();
    assert_eq!(done.reply_status_and_body(), (200, "new"));
    assert_eq!((reply.header("x-up"), reply.header("content-length")), (Some("u"), None));
}

/// docs/apigee-semantics.md 9.5: a status without body cannot precede the upstream's body.
#[test]
fn a_bodyless_status_is_a_local_reply() {
    let status = |status: &str| format!("<Set><StatusCode>{status}</StatusCode></Set>");
    for (set, expected) in [("204", 204), ("304", 304), ("100", 500), ("199", 500)] {
        let done = effects_of(&status(set));
        assert_eq!(done.reply_status_and_body(), (expected, ""), "{set}");
        let reply = done.reply.as_ref().unwrap();
        assert_eq!((reply.header("x-up"), reply.header("content-length")), (Some("u"), None), "{set}");
        assert!(done.resumed == [Direction::Request], "{set}");
    }
    for set in ["200", "205", "911"] {
        let done = effects_of(&status(set));
        assert!(done.reply.is_none() && done.resumed.contains(&Direction::Response), "{set}");
    }
    // A request without a body continues.
    let host = Scripted::client("GET", "/", &[]).with_response("204", &[], "");
    let policy = assigning("<Set><Headers><Header name='x'>1</Header></Headers></Set>");
    let done = host.run(&plan(&json!({"policies": [policy], "response": ["AM"]})));
    assert!(done.reply.is_none());
}

#[test]
fn an_invalid_verb_is_ignored() {
    let set = |verb: &str| assigning(&format!("<Set><Verb>{{request.header.v}}{verb}</Verb></Set>"));
    let cases: [(&str, &str, &[&str]); 4] =
        [("", "", &[]), ("a b", "", &[]), ("PATCH", "", &[":method: PATCH"]), ("GET", "/", &[])];
    for (header, rest, changes) in cases {
        let host = Scripted::client("PUT", "/?a=%0d%0a", &[("v", header)]);
        let done = request_flow(&[&set(rest)], &host);
        assert_eq!(done.changes(Direction::Request), changes, "{header} {rest}");
    }
}

/// Headers of the connection are not changed.
#[test]
fn headers_of_the_connection_are_not_the_flows() {
    let host = || {
        let headers = [("te", "trailers"), ("upgrade", "websocket"), ("connection", "Upgrade"), ("x", "1")];
        Scripted::client("GET", "/", &headers)
    };
    let set = |name: &str| format!("<Header name='{name}'>chunked</Header>");
    let all = ["Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection"];
    let all: String = all.into_iter().map(set).collect();
    let done = request_flow(&[&assigning(&format!("<Set><Headers>{all}</Headers></Set>"))], &host());
    assert_eq!(done.changes(Direction::Request), [""; 0]);
    let done = request_flow(&[&assigning("<Remove><Headers/></Remove>")], &host());
    assert_eq!(done.changes(Direction::Request), ["-x"]);
    // Headers of a callout's response are not sent to the client.
    let copy = assigning("<Copy source='answer'><Headers/></Copy>");
    let headers = [("transfer-encoding", "chunked"), ("keep-alive", "timeout=5"), ("x-callout", "c")];
    let done = request_flow(&[&callout(""), &copy], &host().with_reply(200, &headers, ""));
    assert_eq!(done.changes(Direction::Request), ["x-callout: c"]);
}
