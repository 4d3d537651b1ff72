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
    assert_eq!(done.reply_status_and_body(), (503, too_large("AssignMessage[AM-21]").as_str()));
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
    assert_eq!(run(400).reply_status_and_body(), (503, too_large("AssignMessage[AM]").as_str()));
    assert_eq!(run(65).reply_status_and_body(), (503, too_large("AssignMessage[AM]").as_str()));
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
        assert_eq!(run(left, length).reply_status_and_body(), (503, too_large("AssignMessage[AM]").as_str()));
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
    assert_eq!(run(20_000).reply_status_and_body(), (503, too_large("AssignMessage[AM]").as_str()), "{content}");
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

/// An expression takes far more memory than its text.
#[test]
fn no_template_of_a_request_multiplies() {
    let template = |name: &str| format!("<AssignVariable><Name>v</Name><Template ref='{name}'/></AssignVariable>");
    check(&template("request.content"), "text/plain", "{a:}".repeat(5_000).as_bytes());
    check(&template("request.content"), "text/plain", format!("{{{}:}}", ["header"; 2_000].join(".")).as_bytes());
    let property = "<AssignVariable><Name>v</Name><PropertySetRef>{request.content}</PropertySetRef></AssignVariable>";
    let ignore = format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{property}");
    check(&ignore, "text/plain", ["header"; 2_000].join(".").as_bytes());
}

#[test]
fn no_extracted_value_multiplies() {
    let policy =
        |content: &str| format!("<ExtractVariables name='EV'><Source>request</Source>{content}</ExtractVariables>");
    let json = policy("<JSONPayload><Variable name='v'><JSONPath>$..*</JSONPath></Variable></JSONPayload>");
    let one = policy("<JSONPayload><Variable name='v'><JSONPath>$[0]</JSONPath></Variable></JSONPayload>");
    let xml = policy("<XMLPayload><Variable name='v' type='nodeset'><XPath>//a</XPath></Variable></XMLPayload>");
    let nested = |open: &str, text: &str, close: &str| format!("{}{text}{}", open.repeat(20), close.repeat(20));
    let cases = [
        (json, "application/json", nested("[", &format!("\"{}\"", "x".repeat(1_500)), "]")),
        (one, "application/json", nested("[", &format!("\"{}\"", "x".repeat(30_000)), "]")),
        (xml, "text/xml", nested("<a>", &"x".repeat(1_500), "</a>")),
    ];
    for (policy, content_type, body) in cases {
        let run = |left: usize| {
            let headers = [("content-type", content_type), ("accept", "application/json")];
            let host = Scripted::client("POST", "/", &headers).with_body(&body);
            request_flow(&[&policy], &Scripted { memory_left: Some(left), ..host })
        };
        assert_eq!(run(20_000).reply_status_and_body(), (503, too_large("ExtractVariables[EV]").as_str()), "{policy}");
        assert_eq!(run(4 << 20).reply, None, "{policy}");
    }
}

#[test]
fn no_call_multiplies() {
    let prepare = |value: &str, name: &str| {
        format!(
            "<SetIntegrationRequest name='SI'><ProjectId>p</ProjectId><IntegrationName>{name}</IntegrationName>
             <IntegrationRegion>us-west1</IntegrationRegion><ApiTrigger>t</ApiTrigger><Parameters>{value}</Parameters>
             </SetIntegrationRequest>"
        )
    };
    let parameter = |kind: &str| format!("<Parameter name='a' type='{kind}' ref='request.content'/>");
    let url = "<ServiceCallout name='SC'><Response>r</Response><HTTPTargetConnection>
        <URL>http://a.test/{request.content}</URL></HTTPTargetConnection></ServiceCallout>";
    let body = "\u{1}".repeat(5_000);
    let long = "%".repeat(9_000);
    let cases = [
        (prepare(&parameter("string"), "i"), "SetIntegrationRequest[SI]", &body),
        (prepare(&parameter("json"), "i"), "SetIntegrationRequest[SI]", &long.repeat(2)),
        (prepare("", "{request.content}"), "SetIntegrationRequest[SI]", &long),
        (url.to_owned(), "ServiceCallout[SC]", &long),
    ];
    for (policy, name, body) in cases {
        let host = client(20_000, body);
        let configuration = json!({"policies": [policy], "google": {"metadata_cluster": "m"}});
        assert_eq!(
            host.run(&plan(&configuration)).reply_status_and_body(),
            (503, too_large(name).as_str()),
            "{policy}"
        );
    }
}

/// A fault string is copied into variables and into the body.
#[test]
fn no_fault_string_multiplies() {
    let cast = "<ExtractVariables name='EV'><Source>request</Source><JSONPayload><Variable name='v' type='integer'>
        <JSONPath>$</JSONPath></Variable></JSONPayload></ExtractVariables>";
    let run = |length: usize| {
        let host = Scripted::client("POST", "/", &[("content-type", "application/json")]);
        let host = host.with_body(&format!("\"{}\"", "x".repeat(length)));
        request_flow(&[cast], &Scripted { memory_left: Some(20_000), ..host })
    };
    let fault = format!("\"Unable to cast value {} as ", "x".repeat(1_000));
    assert_eq!(run(1_000).reply_status_and_body().1.find(&fault), Some(24));
    assert_eq!(run(9_000).reply_status_and_body(), (503, too_large("ExtractVariables[EV]").as_str()));
}
