//! Results that do not fit into the memory that is left for bodies.

use super::*;

/// The default of `body_memory_bytes`.
const BUDGET: usize = 64 << 20;

/// The client of a worker with so much memory left, in bytes.
fn client(left: usize, body: &str) -> Scripted {
    Scripted { memory_left: Some(left), ..Scripted::client("POST", "/", &[("content-length", "1")]).with_body(body) }
}

fn assign(name: &str, content: &str) -> String {
    format!("<AssignMessage name='{name}'>{content}</AssignMessage>")
}

fn variable(name: &str, template: &str) -> String {
    format!("<AssignVariable><Name>{name}</Name><Template>{template}</Template></AssignVariable>")
}

/// The fault body of a policy whose result is too large.
fn too_large(policy: &str) -> String {
    format!(
        r#"{{"fault":{{"faultstring":"{policy}: result is larger than the memory for bodies","detail":{{"errorcode":"messaging.runtime.ServiceUnavailable"}}}}}}"#
    )
}

#[test]
fn a_value_that_doubles_ends_in_a_fault() {
    let start = assign("AM-0", &variable("v", &"x".repeat(64)));
    let doubled: Vec<String> = (1..=24).map(|step| assign(&format!("AM-{step}"), &variable("v", "{v}{v}"))).collect();
    let policies: Vec<&str> = [&start].into_iter().chain(&doubled).map(String::as_str).collect();
    let done = request_flow(&policies, &client(BUDGET, ""));
    // 64 bytes are 64 MiB after 20 steps.
    assert_eq!(done.answer(), (503, too_large("AssignMessage[AM-21]").as_str()));
    assert_eq!(done.reply.unwrap().details, "callout_fault_ServiceUnavailable");
}

#[test]
fn a_template_of_the_client_ends_in_a_fault() {
    let policy = assign(
        "AM",
        "<AssignVariable><Name>v</Name><Template ref='request.header.t'/></AssignVariable>
         <Set><Headers><Header name='x'>{substring(v,0,3)}</Header></Headers></Set>",
    );
    let run = |times: usize| {
        let mut host = client(BUDGET, &"b".repeat(1 << 20));
        let template = Bytes::from("{request.content}".repeat(times));
        host.request.add("t", template);
        request_flow(&[&policy], &host)
    };
    assert_eq!(run(400).answer(), (503, too_large("AssignMessage[AM]").as_str()));
    assert_eq!(run(65).answer(), (503, too_large("AssignMessage[AM]").as_str()));
    assert_eq!(run(64).changes(Direction::Request), ["x: bbb"]);
}

#[test]
fn a_template_of_the_client_has_a_largest_size() {
    let policy = assign(
        "AM",
        "<AssignVariable><Name>v</Name><Template ref='request.content'/></AssignVariable>
         <Set><Headers><Header name='x'>{substring(v,0,3)}</Header></Headers></Set>",
    );
    let run = |length: usize| request_flow(&[&policy], &client(BUDGET, &"b".repeat(length)));
    assert_eq!(run(64 * 1024).changes(Direction::Request), ["x: bbb"]);
    let fault = r#"{"fault":{"faultstring":"AssignMessage[AM]: unable to set variable v","detail":{"errorcode":"steps.assignmessage.SetVariableFailed"}}}"#;
    assert_eq!(run(64 * 1024 + 1).answer(), (500, fault));
}

#[test]
fn a_policy_can_continue_without_its_result() {
    let policies = [
        assign("AM-1", &variable("v", "{request.content}{request.content}"))
            .replace("name", "continueOnError='true' name"),
        assign("AM-2", "<Set><Headers><Header name='x'>{v:none} {fault.name}</Header></Headers></Set>"),
    ];
    let done = request_flow(&[&policies[0], &policies[1]], &client(100, &"b".repeat(60)));
    assert_eq!(done.changes(Direction::Request), ["x: none ServiceUnavailable"]);
}

/// Templates need no more than their result.
#[test]
fn results_that_fit_are_made() {
    let policy =
        assign("AM", "<Set><Payload>{\"a\": \"{request.content}\"} {toUpperCase(request.content)}</Payload></Set>");
    let done = request_flow(&[&policy], &client(17, "abc"));
    assert_eq!(done.bodies, [(Direction::Request, Bytes::from("{\"a\": \"abc\"} ABC"))]);
    let done = request_flow(&[&policy], &client(15, "abc"));
    assert_eq!(done.answer(), (503, too_large("AssignMessage[AM]").as_str()));
}

#[test]
fn extracted_values_need_room() {
    let extract = |payload: &str| format!("<ExtractVariables name='EV'>{payload}</ExtractVariables>");
    let json = |path: &str| {
        extract(&format!("<JSONPayload><Variable name='v'><JSONPath>{path}</JSONPath></Variable></JSONPayload>"))
    };
    let xml = |kind: &str, path: &str| {
        let variable = format!("<Variable name='v' type='{kind}'><XPath>{path}</XPath></Variable>");
        extract(&format!("<XMLPayload>{variable}</XMLPayload>"))
    };
    let tell = assign("AM", "<Set><Headers><Header name='x'>{v}</Header></Headers></Set>");
    let fault = too_large("ExtractVariables[EV]");
    for (policy, kind, body, value) in [
        (json("$.a"), "application/json", r#"{"a":"12345"}"#, "12345"),
        (json("$[*]"), "application/json", "[1, 2 ]", "[1,2]"),
        (xml("string", "/a"), "text/xml", "<a>12345</a>", "12345"),
        (xml("nodeset", "/a/b"), "text/xml", "<a><b/>x</a>", "<b/>"),
    ] {
        let run = |left: usize| {
            let mut host = client(left, body);
            host.request.add("content-type", Bytes::from_static(kind.as_bytes()));
            host.request.add("accept", Bytes::from_static(b"application/json"));
            request_flow(&[&policy, &tell], &host)
        };
        assert_eq!(run(value.len()).changes(Direction::Request), [format!("x: {value}")], "{policy}");
        assert_eq!(run(value.len() - 1).answer(), (503, fault.as_str()), "{policy}");
    }
}
