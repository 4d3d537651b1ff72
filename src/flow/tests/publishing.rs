//! The published filter state: prefixes of names, and variables that no longer resolve.

use super::*;
use crate::flow::call::CallFailure;
use bytes::Bytes;

/// Runs a callout and `first` on the request, and these policies on the response, which write header changes.
fn run(after: &[&str], prefixes: &[&str], host: Scripted) -> (Scripted, Vec<String>) {
    let call = callout("").replace("<ServiceCallout ", "<ServiceCallout continueOnError='true' ");
    let first = "<AssignMessage name='first'><AssignVariable><Name>flow.a</Name><Value>1</Value></AssignVariable>
        </AssignMessage>";
    let unset = "<AssignMessage name='unset'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
        <AssignVariable><Name>flow.a</Name><Ref>missing</Ref></AssignVariable></AssignMessage>";
    let report = "<AssignMessage name='tell'><AssignTo>response</AssignTo><Set><Headers>
        <Header name='x'>{answer.content:none} {flow.a:none} {other.b:none}</Header></Headers></Set></AssignMessage>";
    let response: Vec<&str> = after.iter().chain(&["tell"]).copied().collect();
    let plan = plan(&json!({
        "policies": [call, first, unset, report],
        "request": ["SC", "first"],
        "response": response,
        "filter_state": prefixes,
    }));
    let host = host.with_response("200", &[], "");
    let done = host.run(&plan);
    (host, done.changes(Direction::Response))
}

#[test]
fn an_unresolved_variable_is_published_as_empty_text() {
    for prefixes in [["flow.a"], ["flow.*"]] {
        let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "old").with_failure(CallFailure::Timeout);
        let (host, changes) = run(&["SC", "unset"], &prefixes, host);
        assert_eq!(changes, ["x: old none none"]);
        for (name, value) in [("answer.content", "old"), ("answer.status.code", "200"), ("flow.a", "")] {
            assert_eq!(host.published(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(host.published("servicecallout.SC.failed").as_deref(), Some("true"));
    }
}

#[test]
fn a_variable_that_resolves_again_is_published_again() {
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "old").with_reply(200, &[], "new");
    let (host, changes) = run(&["unset", "SC", "first"], &["flow.*"], host);
    assert_eq!(changes, ["x: new 1 none"]);
    assert_eq!(host.published("answer.content").as_deref(), Some("new"));
    assert_eq!(host.published("flow.a").as_deref(), Some("1"));
}

#[test]
fn values_of_other_filters_are_not_overwritten() {
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "old").with_failure(CallFailure::Timeout);
    host.filter_state.borrow_mut().insert("other.b".to_owned(), Bytes::from_static(b"theirs"));
    let (host, changes) = run(&["SC", "unset"], &["other.b"], host);
    assert_eq!(changes, ["x: old none theirs"]);
    assert_eq!(host.published("other.b").as_deref(), Some("theirs"));
}

/// `prefix.*` publishes parts of messages and constants too, as their names would, of messages and constants too.
#[test]
fn prefixes_publish_parts_of_messages_and_constants() {
    let answer = [("etag", "e"), ("x-two", "1, 2")];
    type Published = [(&'static str, Option<&'static str>)];
    let cases: [(&str, &Published); 5] = [
        (
            "answer.*",
            &[
                ("answer.header.etag", Some("e")),
                ("answer.reason.phrase", Some("Created")),
                ("answer.content", Some("a")),
            ],
        ),
        ("answer.header.x*", &[("answer.header.x-two", Some("1")), ("answer.header.etag", None)]),
        ("request.*", &[("request.verb", Some("GET")), ("request.queryparam.q", Some("1")), ("request.content", None)]),
        ("response.header.*", &[("response.header.x-up", Some("u")), ("response.status.code", None)]),
        ("organization.*", &[("organization.name", Some("acme")), ("environment.name", None)]),
    ];
    for (prefix, expected) in cases {
        let host = Scripted::client("GET", "/?q=1", &[]).with_reply(201, &answer, "a");
        let host = host.with_response("200", &[("x-up", "u")], "body");
        host.run(&plan(&json!({
            "policies": [callout("")],
            "proxy": {"organization": "acme", "environment": "test"},
            "filter_state": [prefix],
        })));
        for (name, value) in expected {
            assert_eq!(host.published(name).as_deref(), *value, "{prefix} {name}");
        }
    }
}

#[test]
fn of_many_parameters_each_is_published_with_its_value() {
    let name = |number: usize| if number.is_multiple_of(2) { format!("n{number}") } else { format!("n{number}.2") };
    let query: Vec<String> = (0..14_000).map(|number| format!("{}={number}&{0}=x", name(number))).collect();
    let host = Scripted::client("GET", &format!("/?{}&n2.2=y", query.join("&")), &[]).with_reply(200, &[], "");
    host.run(&plan(&json!({"policies": [callout("")], "filter_state": ["request.queryparam.*"]})));
    for number in [0, 2, 4_000, 13_998] {
        assert_eq!(host.published(&format!("request.queryparam.n{number}")), Some(number.to_string()), "{number}");
    }
    // The end of the name is a number: the second value of `n2`, and none of `n1`.
    assert_eq!(host.published("request.queryparam.n2.2").as_deref(), Some("x"));
    assert_eq!(host.published("request.queryparam.n1.2"), None);
    assert_eq!(host.filter_state.borrow().keys().filter(|name| name.starts_with("request.queryparam.")).count(), 7_001);
}
