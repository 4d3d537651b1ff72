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
fn a_policy_can_continue_without_its_result() {
    let policies = [
        assign("AM-1", &variable("v", "{request.content}{request.content}"))
            .replace("name", "continueOnError='true' name"),
        assign("AM-2", "<Set><Headers><Header name='x'>{v:none} {fault.name}</Header></Headers></Set>"),
    ];
    let done = request_flow(&[&policies[0], &policies[1]], &client(100, &"b".repeat(5_000)));
    assert_eq!(done.changes(Direction::Request), ["x: none ServiceUnavailable"]);
}

/// Templates need no more than their result, and small ones always fit.
#[test]
fn results_that_fit_are_made() {
    let policy =
        assign("AM", r#"<Set><Payload>{"a": "{request.content}"} {toUpperCase(request.content)}</Payload></Set>"#);
    let run = |left: usize, length: usize| request_flow(&[&policy], &client(left, &"b".repeat(length)));
    let made = |length| Bytes::from(format!("{{\"a\": \"{}\"}} {}", "b".repeat(length), "B".repeat(length)));
    for (left, length) in [(40_010, 20_000), (0, 1_000)] {
        assert_eq!(run(left, length).bodies, [(Direction::Request, made(length))]);
    }
    for (left, length) in [(40_009, 20_000), (0, 5_000)] {
        assert_eq!(run(left, length).answer(), (503, too_large("AssignMessage[AM]").as_str()));
    }
}

/// Checks that a policy on a client's body faults where little memory is left, and runs where there is enough.
fn check(content: &str, content_type: &str, body: &[u8]) {
    let policy = assign("AM", content);
    let run = |left: usize| {
        let host = Scripted::client("POST", "/", &[("content-type", content_type)]);
        let host = Scripted { memory_left: Some(left), request_body: Some(Bytes::copy_from_slice(body)), ..host };
        request_flow(&[&policy], &host)
    };
    assert_eq!(run(20_000).answer(), (503, too_large("AssignMessage[AM]").as_str()), "{content}");
    assert_eq!(run(4 << 20).reply, None, "{content}");
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn no_read_multiplies() {
    let list = "a&".repeat(9_000);
    let bytes = [0xff; 9_000];
    let long = [b'b'; 16_000];
    let cases: [(&str, &str, &[u8]); 8] = [
        ("request.formparam.a.values", FORM, list.as_bytes()),
        ("request.formparam.a.values.string", FORM, list.as_bytes()),
        ("request.formparams.names", FORM, list.as_bytes()),
        ("request.formparams.count", FORM, list.as_bytes()),
        ("request.content.as.base64", "text/plain", &long),
        ("request.content", "text/plain", &bytes),
        ("request", "text/plain", &bytes),
        ("request.formstring", FORM, &bytes),
    ];
    for (name, content_type, body) in cases {
        let read = format!("<AssignVariable><Name>v</Name><Template>{{{name}:none}}</Template></AssignVariable>");
        check(&read, content_type, body);
    }
    let wide = [0xe9; 12_000];
    check(&variable("v", "{request.content}"), "text/plain; charset=iso-8859-1", &wide);
}

#[test]
fn no_write_multiplies() {
    let set = |part: &str| format!("<Set>{part}</Set>");
    let add = |part: &str| format!("<Add>{part}</Add>");
    let query = "<QueryParams><QueryParam name='a'>{request.content}</QueryParam></QueryParams>";
    let form = "<FormParams><FormParam name='f'>{request.content}</FormParam></FormParams>";
    let reference =
        |name: &str, of: &str| format!("<AssignVariable><Name>{name}</Name><Ref>{of}</Ref></AssignVariable>");
    let header = |name: &str| reference(&format!("request.header.{name}"), "request.content");
    let values = reference("v", "request.header.x.values");
    let second = "<Set><Headers><Header name='x.2'>1</Header></Headers></Set>";
    let cases = [
        set(query),
        add(query),
        set(form),
        add(form),
        set("<Path>/{request.content}</Path>"),
        reference("request.queryparam.a", "request.content"),
        reference("request.formparam.a", "request.content"),
        // A call has all headers in one block.
        format!("{}{}{}", header("x"), header("y"), header("z")),
        format!("{}{values}", header("x")),
        format!("{}{second}", header("x")),
        "<Remove><FormParams><FormParam name='a.2'/></FormParams></Remove>".to_owned(),
        "<Copy source='request'><FormParams/></Copy><AssignTo createNew='true' type='request'>n</AssignTo>".to_owned(),
    ];
    let body = format!("a={}&b={}", ",".repeat(9_000), "%".repeat(1_000));
    for content in cases {
        check(&content, FORM, body.as_bytes());
    }
}
