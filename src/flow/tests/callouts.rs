use super::*;
use crate::flow::call::{CallFailure, Outcome};

const GEO: &str = r#"<ServiceCallout name="SC-Geo">
  <Request variable="geoReq"><Set><QueryParams>
      <QueryParam name="address">{request.queryparam.zip}</QueryParam>
      <QueryParam name="sensor">false</QueryParam>
  </QueryParams></Set></Request>
  <Response>geoResp</Response>
  <HTTPTargetConnection><URL>http://geo.example.com/maps/json?v=2</URL></HTTPTargetConnection>
</ServiceCallout>"#;

/// The inline request of docs/apigee-semantics.md 13.1 is sent with its query parameters.
#[test]
fn an_inline_get_with_query_parameters() {
    let host =
        Scripted::client("GET", "/v1/near?zip=94%20043", &[("x-request-id", "r-1"), ("x-envoy-internal", "true")])
            .with_reply(200, &[("content-type", "application/json")], r#"{"status":"OK"}"#);
    let urls = ["servicecallout.requesturi", "servicecallout.SC-Geo.target.url"];
    let done = host.run(&plan(&json!({"policies": [GEO], "filter_state": urls})));
    let call = done.only_call();
    assert_eq!(call.line(), "GET http://geo.example.com/maps/json?v=2&address=94%20043&sensor=false");
    assert_eq!((call.header("x-request-id"), call.header("x-envoy-internal"), call.text()), (Some("r-1"), None, ""));
    let published = [
        ("geoResp.status.code", Some("200")),
        ("geoResp.content", Some(r#"{"status":"OK"}"#)),
        ("servicecallout.SC-Geo.failed", Some("false")),
        ("servicecallout.requesturi", Some("/maps/json?v=2&address=94%20043&sensor=false")),
        ("servicecallout.SC-Geo.target.url", Some("http://geo.example.com/maps/json?v=2")),
        ("fault.name", None),
    ];
    for (name, value) in published {
        assert_eq!(host.published(name).as_deref(), value, "{name}");
    }
    assert_eq!((done.resumed, done.changes, done.reply), (vec![Direction::Request], vec![], None));
    assert_eq!(done.outcomes, [(PolicyId(0), Outcome::Ok)]);
}

/// Templates in `Path` and `Payload` are expanded and escaped (docs/apigee-semantics.md 13.2).
#[test]
fn a_post_with_payload_path_and_escaping() {
    let policy = r#"<ServiceCallout name="SC-DLP">
      <Request clearPayload="true" variable="dlpReq"><Set>
        <Verb>POST</Verb>
        <Headers><Header name="X-Goog-User-Project">p1</Header></Headers>
        <Payload contentType="application/json">{"item":{"value":"{escapeJSON(request.content)}"}}</Payload>
        <Path>v2/projects/p1/content:inspect</Path>
      </Set></Request>
      <Response>dlpResp</Response>
      <HTTPTargetConnection><URL>https://dlp.example.com/</URL></HTTPTargetConnection>
    </ServiceCallout>"#;
    let host = Scripted::client("POST", "/v1/check", &[("content-type", "text/plain"), ("cookie", "a=b")])
        .with_body("say \"hi\"")
        .with_reply(200, &[], "");
    let call = request_flow(&[policy], &host).only_call().clone();
    assert_eq!(call.line(), "POST https://dlp.example.com/v2/projects/p1/content:inspect");
    assert_eq!(call.text(), r#"{"item":{"value":"say \"hi\""}}"#);
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!((call.header("x-goog-user-project"), call.header("cookie")), (Some("p1"), None));
}

/// A failed callout has Apigee's fault string for each cause (docs/apigee-semantics.md 13.12 (a) and 2.14).
#[test]
fn failures_have_apigees_texts() {
    let fault = |reason: &str, code: &str| {
        format!(r#"{{"fault":{{"faultstring":"{reason}","detail":{{"errorcode":"{code}"}}}}}}"#)
    };
    let failed = |reason: &str| {
        fault(
            &format!("Execution of ServiceCallout SC-Geo failed. Reason: {reason}"),
            "steps.servicecallout.ExecutionFailed",
        )
    };
    let cases = [
        (CallFailure::Timeout, "timeout occurred in SC-Geo", Outcome::Timeout),
        (CallFailure::Unreachable, "Host not reachable", Outcome::Unreachable),
        (CallFailure::Reset, "Connection reset", Outcome::Fault),
        (CallFailure::Protocol, "Protocol error", Outcome::Fault),
        (CallFailure::TooLarge(10), "Response larger than 10 bytes", Outcome::Fault),
        (CallFailure::NoMemory, "Response larger than the memory for bodies", Outcome::Fault),
    ];
    for (failure, reason, outcome) in cases {
        let host = Scripted::client("GET", "/?zip=1", &[]).with_failure(failure);
        let done = request_flow(&[GEO], &host);
        assert_eq!(done.reply_status_and_body(), (500, failed(reason).as_str()));
        assert_eq!((done.outcomes, done.resumed), (vec![(PolicyId(0), outcome)], vec![]));
        assert_eq!(host.published("geoResp.content"), None);
        assert_eq!(host.published("servicecallout.SC-Geo.failed").as_deref(), Some("true"));
    }
    let host = Scripted::client("GET", "/?zip=1", &[]).with_reply(404, &[], r#"{"e":"x"}"#);
    let done = request_flow(&[GEO], &host);
    assert_eq!(done.reply_status_and_body(), (500, failed("ResponseCode 404 is treated as error").as_str()));
    assert_eq!(host.published("geoResp.content").as_deref(), Some(r#"{"e":"x"}"#));
    assert_eq!(host.published("error.status.code").as_deref(), Some("500"));

    let host = Scripted::client("GET", "/", &[]);
    let done = request_flow(&[GEO], &host);
    let unresolved = fault("Unresolved variable : request.queryparam.zip", "entities.UnresolvedVariable");
    assert_eq!(done.reply_status_and_body(), (500, unresolved.as_str()));
    assert_eq!((done.calls.len(), host.published("fault.name").as_deref()), (0, Some("UnresolvedVariable")));
}

#[test]
fn unresolved_variables_may_be_ignored() {
    let policy = GEO.replace("<Set>", "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Set>");
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    let done = request_flow(&[&policy], &host);
    assert_eq!(done.only_call().line(), "GET http://geo.example.com/maps/json?v=2&address=&sensor=false");
}

#[test]
fn a_failure_that_is_continued_on_reaches_the_next_step_only() {
    let policy = GEO.replace("<ServiceCallout ", "<ServiceCallout continueOnError='true' ");
    let after = "<AssignMessage name='AM'><Set><Headers><Header name='x-fault'>{fault.name} {geoResp.status.code} \
                 {servicecallout.SC-Geo.failed}</Header></Headers></Set></AssignMessage>";
    let host = Scripted::client("GET", "/?zip=1", &[]).with_reply(503, &[], "busy");
    let done = request_flow(&[&policy, after], &host);
    assert_eq!(done.changes(Direction::Request), ["x-fault: ExecutionFailed 503 true"]);
    assert_eq!((done.reply, done.resumed), (None, vec![Direction::Request]));
    assert_eq!(host.published("error.message"), None);
}

/// docs/apigee-semantics.md 13.6: without `Response` the flow does not wait.
#[test]
fn fire_and_forget() {
    let policy = callout("<Request><Set><Verb>PUT</Verb><Payload>x</Payload></Set></Request>")
        .replace("<Response>answer</Response>", "");
    let host = Scripted::client("GET", "/", &[]);
    let done = request_flow(&[&policy], &host);
    assert_eq!((done.only_call().line().as_str(), done.only_call().text()), ("PUT http://a.test/", "x"));
    assert_eq!((done.resumed, done.outcomes), (vec![Direction::Request], vec![]));
    assert_eq!(host.published("servicecallout.SC.failed").as_deref(), Some("false"));
}

#[test]
fn success_codes_replace_the_default_set() {
    let policy = callout("")
        .replace("<URL>", "<Properties><Property name='success.codes'>2xx, 404</Property></Properties><URL>");
    for (status, failed) in [(404, "false"), (200, "false"), (301, "true"), (500, "true")] {
        let host = Scripted::client("GET", "/", &[]).with_reply(status, &[], "");
        request_flow(&[&policy], &host);
        assert_eq!(host.published("servicecallout.SC.failed").as_deref(), Some(failed), "{status}");
    }
}

/// docs/apigee-semantics.md 2.4: a policy's own value replaces `<URL>`, the value of an earlier run does not.
#[test]
fn the_target_url_can_be_replaced() {
    let assign = |url: &str| {
        format!(
            "<AssignMessage name='AM'><AssignVariable><Name>servicecallout.SC.target.url</Name><Value>{url}</Value>
             </AssignVariable></AssignMessage>"
        )
    };
    let policy = callout("").replace("http://a.test/", "http://a.test/{request.queryparam.n:none}");
    let host = Scripted::client("GET", "/?n=1", &[]).with_reply(200, &[], "").with_reply(200, &[], "");
    let twice = plan(&json!({"policies": [policy], "request": ["SC", "SC"]}));
    let lines: Vec<String> = host.run(&twice).calls.iter().map(Call::line).collect();
    assert_eq!(lines, ["GET http://a.test/1", "GET http://a.test/1"]);
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    let done = host.run(&plan(&json!({
        "policies": [assign("https://b.test:8443/x?y=1"), policy],
        "filter_state": ["servicecallout.SC.target.url"],
    })));
    assert_eq!(done.only_call().line(), "GET https://b.test:8443/x?y=1");
    assert_eq!(host.published("servicecallout.SC.target.url").as_deref(), Some("https://b.test:8443/x?y=1"));
    for malformed in ["b.test", "ftp://b.test", "http://"] {
        let done = request_flow(&[&assign(malformed), &policy], &Scripted::client("GET", "/", &[]));
        assert!(done.reply_status_and_body().1.contains("Reason: Host not reachable"), "{malformed}");
    }
}

/// The policy consumes the sent message unless `clearPayload` is false (docs/apigee-semantics.md 2.3.4).
#[test]
fn a_sent_message_is_consumed_unless_it_is_kept() {
    let make = "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo>
        <Set><Verb>POST</Verb><Path>/p</Path><Payload>x</Payload></Set></AssignMessage>";
    for (clear, second) in [("true", "GET http://a.test/ "), ("false", "POST http://a.test/p x")] {
        let policy = callout(&format!("<Request variable='m' clearPayload='{clear}'/>"));
        let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "").with_reply(200, &[], "");
        let done = host.run(&plan(&json!({"policies": [make, policy], "request": ["AM", "SC", "SC"]})));
        let lines: Vec<String> = done.calls.iter().map(|call| format!("{} {}", call.line(), call.text())).collect();
        assert_eq!(lines, ["POST http://a.test/p x", second], "{clear}");
    }
}

/// The variable of `Request` must name a request message (docs/apigee-semantics.md 13.11).
#[test]
fn the_request_variable_must_be_a_request() {
    let string = "<AssignMessage name='AM'><AssignVariable><Name>PostalCode</Name><Value>1</Value></AssignVariable></AssignMessage>";
    let response =
        "<AssignMessage name='AM'><AssignTo createNew='true' type='response'>PostalCode</AssignTo></AssignMessage>";
    let policy = callout("<Request variable='PostalCode'/>");
    let cases = [
        (string, "RequestVariableNotMessageType", "Message"),
        (response, "RequestVariableNotRequestMessageType", "Request Message"),
    ];
    for (before, name, kind) in cases {
        let done = request_flow(&[before, &policy], &Scripted::client("GET", "/", &[]));
        let body = format!(
            r#"{{"fault":{{"faultstring":"ServiceCallout[SC]: request variable PostalCode value is not of type {kind}","detail":{{"errorcode":"steps.servicecallout.{name}"}}}}}}"#
        );
        assert_eq!((done.reply_status_and_body(), done.calls.len()), ((500, body.as_str()), 0));
    }
}

#[test]
fn the_response_replaces_a_message_of_its_name() {
    let policy = callout("").replace(">answer<", ">request<");
    let after = "<AssignMessage name='AM'><AssignVariable><Name>v</Name><Template>{request.status.code} {request.content}</Template></AssignVariable></AssignMessage>";
    let host = Scripted::client("GET", "/x", &[]).with_reply(201, &[], "made");
    let done = host.run(&plan(&json!({"policies": [policy, after], "filter_state": ["v"]})));
    assert_eq!(host.published("v").as_deref(), Some("201 made"));
    assert_eq!((done.changes, done.bodies), (vec![], vec![]));
}

/// The next callout does not send the content of a failed one.
#[test]
fn an_unsent_request_is_cleared() {
    let secret = "<Request><Set><Headers><Header name='Authorization'>Bearer secret</Header></Headers><Verb>POST</Verb>
        <Path>/one</Path><QueryParams><QueryParam name='k'>v</QueryParam></QueryParams><Payload>one</Payload>LAST
        </Set></Request>";
    let unresolved = "<Headers><Header name='x'>{missing}</Header></Headers>";
    let cases = [
        ("http://a.test/{missing}", "", "", "entities.UnresolvedVariable"),
        ("http://a.test/", unresolved, "", "entities.UnresolvedVariable"),
        ("http://{request.header.h}/", "", "", "steps.servicecallout.ExecutionFailed"),
        ("http://a.test/", "", "unreachable", "steps.servicecallout.ExecutionFailed"),
    ];
    for (url, last, unreachable, fault) in cases {
        let first = callout(&secret.replace("LAST", last)).replace("'SC'", "'SC-1' continueOnError='true'");
        let first = first.replace("http://a.test/", url);
        let second =
            callout("<Request><Set><Path>/two</Path></Set></Request>").replace("http://a.test/", "http://b.test");
        let mut host = Scripted::client("GET", "/", &[("h", "169.254.169.254")]);
        if !unreachable.is_empty() {
            host = host.with_failure(CallFailure::Unreachable);
        }
        let host = host.with_reply(200, &[], "");
        let done = request_flow(&[&first, &second], &host);
        let call = done.calls.last().unwrap();
        assert_eq!((call.line().as_str(), call.text()), ("GET http://b.test/two", ""), "{url}");
        assert_eq!((call.header("authorization"), done.reply.is_none()), (None, true), "{url}");
        assert!(fault.ends_with(&*host.published("fault.name").unwrap()), "{url}");
    }
}

/// docs/apigee-semantics.md 2.7: without `Response` only what is wrong with the request itself is a fault.
#[test]
fn fire_and_forget_ignores_unreachable_hosts() {
    let log = |url: &str| callout("").replace("<Response>answer</Response>", "").replace("http://a.test/", url);
    let run = |url: &str| {
        let host = Scripted::client("GET", "/", &[("h", "10.0.0.1"), ("other", "c.test")]);
        let plan = json!({"policies": [log(url)], "clusters": {"http://b.test": "b"}});
        let done = host.run(&config::load(plan.to_string().as_bytes()).unwrap().plan);
        (done, host.published("servicecallout.SC.failed"))
    };
    let (done, failed) = run("http://{request.header.h}/log");
    assert_eq!((done.reply, done.calls.len(), done.resumed.len()), (None, 0, 1));
    assert_eq!((done.outcomes, failed.as_deref()), (vec![], Some("false")));
    let plan = json!({"policies": [log("http://{request.header.h}/log")], "allowed_hosts": ["b.test"]});
    let host = Scripted::client("GET", "/", &[("h", "127.0.0.1")]);
    let done = host.run(&self::plan(&plan));
    assert_eq!((done.reply, done.calls.len(), done.outcomes), (None, 0, vec![(PolicyId(0), Outcome::HostNotAllowed)]));
    for malformed in ["http://{request.header.none:}/log", "http://{request.header.none:a b}/"] {
        let (done, failed) = run(malformed);
        assert!(done.reply_status_and_body().1.contains("Reason: Host not reachable"), "{malformed}");
        assert_eq!(failed.as_deref(), Some("true"), "{malformed}");
    }
}

/// docs/apigee-semantics.md 2.7: the variable is set from a complete response only. Every other failure keeps it.
#[test]
fn a_failed_callout_keeps_the_earlier_response() {
    let first = callout("").replace("'SC'", "'SC-1'");
    let report = "<AssignMessage name='AM'><AssignVariable><Name>v</Name>
        <Template>{answer.content} {answer.status.code} {servicecallout.SC-2.failed} {fault.name}</Template>
        </AssignVariable></AssignMessage>";
    let ok = "200 true ExecutionFailed";
    let cases = [
        ("http://b.test/", "", Some(CallFailure::Reset), format!("one {ok}")),
        ("http://b.test/", "", Some(CallFailure::Timeout), format!("one {ok}")),
        ("http://b.test/", "", Some(CallFailure::TooLarge(1)), format!("one {ok}")),
        ("http://{request.header.h}/", "", None, format!("one {ok}")),
        ("http://{missing}/", "", None, "one 200 true UnresolvedVariable".to_owned()),
        ("http://b.test/", "<Path>{missing}</Path>", None, "one 200 true UnresolvedVariable".to_owned()),
    ];
    for (url, set, failure, expected) in cases {
        let second = callout(&format!("<Request><Set>{set}</Set></Request>")).replace("http://a.test/", url);
        let second = second.replace("'SC'", "'SC-2' continueOnError='true'");
        let mut host = Scripted::client("GET", "/", &[("h", "10.0.0.1")]).with_reply(200, &[], "one");
        if let Some(failure) = failure {
            host = host.with_failure(failure);
        }
        let configuration = json!({
            "policies": [first, second, report],
            "allowed_hosts": ["a.test"],
            "filter_state": ["v"],
        });
        host.run(&plan(&configuration));
        assert_eq!(host.published("v"), Some(expected), "{url} {set}");
        assert_eq!(host.published("answer.content").as_deref(), Some("one"), "{url} {set}");
    }
}

#[test]
fn the_clients_request_stays_when_no_response_replaces_it() {
    let policy = callout("<Request variable='asked'/>").replace(">answer<", ">request<");
    let policy = policy.replace("'SC'", "'SC' continueOnError='true'");
    let after = "<AssignMessage name='AM'><Set><Headers><Header name='x'>{request.verb} {request.header.a}</Header></Headers></Set></AssignMessage>";
    let before = "<AssignMessage name='B'><Set><Headers><Header name='b'>1</Header></Headers></Set></AssignMessage>";
    let host = Scripted::client("POST", "/v1?a=1", &[("a", "2")]).with_failure(CallFailure::Timeout);
    let done = request_flow(&[before, &policy, after], &host);
    assert_eq!(done.changes(Direction::Request), ["b: 1", "x: POST 2"]);
}

/// docs/apigee-semantics.md 1.1: the name of a policy may contain spaces.
#[test]
fn names_with_spaces_are_read_in_conditions_and_templates() {
    let first = callout("").replace("'SC'", "'SC 1' continueOnError='true'");
    let report = |name: &str, template: &str| {
        format!(
            "<AssignMessage name='{name}'><AssignVariable><Name>{name}</Name><Template>{template}</Template></AssignVariable></AssignMessage>"
        )
    };
    let policies = [
        first,
        report("a", "{servicecallout.SC 1.failed} {servicecallout.SC 1.target.url}"),
        report("b", "{firstnonnull(servicecallout.SC 1.none,servicecallout.SC 1.failed)} {servicecallout.SC 1.none:n}"),
        report("c", "{servicecallout.SC 2.failed}"),
        report("d", "ran"),
    ];
    let configuration = json!({
        "policies": policies,
        "request": [
            "SC 1",
            {"step": "a", "condition": "servicecallout.SC 1.failed = true"},
            {"step": "b", "condition": "not (fault.name = null) and servicecallout.SC 1.failed"},
            "c",
            {"step": "d", "condition": "servicecallout.SC 1.failed = false"},
        ],
        "filter_state": ["a", "b", "c", "d"],
    });
    let host = Scripted::client("GET", "/", &[]).with_failure(CallFailure::Timeout);
    host.run(&plan(&configuration));
    let expected = [Some("true http://a.test/"), Some("true n"), Some("{servicecallout.SC 2.failed}"), None];
    assert_eq!(["a", "b", "c", "d"].map(|name| host.published(name)), expected.map(|text| text.map(str::to_owned)));
}

/// `timeTaken` is the duration of the policy in nanoseconds (docs/apigee-semantics.md 2.13).
#[test]
fn the_time_that_a_policy_took() {
    let report = "<AssignMessage name='AM'><AssignVariable><Name>v</Name>
        <Template>{apigee.metrics.policy.SC.timeTaken} {apigee.metrics.policy.AM.timeTaken:none}</Template></AssignVariable></AssignMessage>";
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    host.run(&plan(&json!({"policies": [callout(""), report], "filter_state": ["v"]})));
    assert_eq!(host.published("v").as_deref(), Some("0 none"));
    assert!(!plan(&json!({"policies": [callout("")]})).needs.policy_times);
}

/// Published callouts that exchange tokens name form parameters and no verb.
#[test]
fn form_parameters_make_a_post_where_nothing_sets_a_verb() {
    let form = "<FormParams><FormParam name='a'>1</FormParam></FormParams>";
    let made = format!(
        "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo><Set>{form}</Set></AssignMessage>"
    );
    let cases = [
        (format!("<Request><Set>{form}</Set></Request>"), "POST", "a=1"),
        (format!("<Request><Set>{form}<Verb>GET</Verb></Set></Request>"), "GET", "a=1"),
        (format!("<Request><Set><Verb>PUT</Verb>{form}</Set></Request>"), "PUT", "a=1"),
        ("<Request variable='m'/>".to_owned(), "POST", "a=1"),
        ("<Request><Set><FormParams/></Set></Request>".to_owned(), "GET", ""),
        ("<Request><Set><Payload>x</Payload></Set></Request>".to_owned(), "GET", "x"),
    ];
    for (request, verb, body) in cases {
        let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
        let done = request_flow(&[&made, &callout(&request)], &host);
        assert_eq!((done.only_call().header(":method"), done.only_call().text()), (Some(verb), body), "{request}");
    }
}

/// docs/apigee-semantics.md 2.3.4: a message of another policy is cleared after it is sent.
#[test]
fn a_message_that_was_not_sent_stays_as_others_made_it() {
    let fails = "http://{request.header.none}/";
    let first = callout("<Request variable='m'/>").replace("'SC'", "'SC-1' continueOnError='true'");
    let made = "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo>
        <Set><Verb>POST</Verb><Path>/orders</Path><Payload>x</Payload></Set></AssignMessage>";
    let second = callout("<Request variable='m'/>").replace("http://a.test/", "http://b.test");
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    let done = request_flow(&[made, &first.replace("http://a.test/", fails), &second], &host);
    assert_eq!((done.only_call().line().as_str(), done.only_call().text()), ("POST http://b.test/orders", "x"));

    let clients = first.replace("variable='m'", "variable='request'").replace("http://a.test/", fails);
    let uses = "<AssignMessage name='AM'><Set><Headers><Header name='x'>{request.content}</Header></Headers></Set></AssignMessage>";
    let host = Scripted::client("POST", "/", &[]).with_body("a=1");
    let done = request_flow(&[&clients, uses], &host);
    assert_eq!((done.changes(Direction::Request), done.bodies), (vec!["x: a=1".to_owned()], vec![]));
}
