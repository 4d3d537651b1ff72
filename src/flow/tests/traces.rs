use super::*;
use crate::flow::headers::Headers;
use crate::flow::trace::{EvaluatedCondition, Event, ReplySource, StepStatus, TracedFault};

fn values(pairs: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

fn evaluated(text: &str, pairs: &[(&str, Option<&str>)]) -> Option<EvaluatedCondition> {
    Some(EvaluatedCondition { text: text.to_owned(), values: values(pairs) })
}

fn step(policy: &str, kind: &str, condition: Option<EvaluatedCondition>, entry: StepStatus) -> Event {
    Event::Step { policy: policy.to_owned(), kind: kind.to_owned(), condition, entry }
}

#[test]
fn a_trace_records_every_decision_and_every_write() {
    let set =
        "<AssignMessage name='AM'><AssignVariable><Name>who</Name><Value>you</Value></AssignVariable></AssignMessage>";
    let off = "<AssignMessage name='Off' enabled='false'/>";
    let configuration = json!({
        "policies": [set, off, callout("")],
        "request": [
            {"step": "AM", "condition": "request.header.x = \"1\" and who is null"},
            {"step": "AM", "condition": "who != \"you\""},
            "Off",
            "SC",
        ],
        "fault_rules": "<FaultRules><FaultRule name='other'><Condition>fault.name = \"Other\"</Condition></FaultRule></FaultRules>",
    });
    let host = Scripted::client("GET", "/", &[("x", "1")]).with_reply(500, &[], "no");
    let mut events = host.run(&plan(&configuration)).events;
    let Event::Call { call, reply: Some(Ok(reply)), source: ReplySource::Given } = events.remove(6) else {
        panic!("{events:#?}")
    };
    assert_eq!((call.line().as_str(), reply.status), ("GET http://a.test/", 500));
    let Event::Ended { policy, fault, continues: false, written } = events.remove(6) else { panic!("{events:#?}") };
    let failure = TracedFault {
        code: "steps.servicecallout.ExecutionFailed".to_owned(),
        reason: "Execution of ServiceCallout SC failed. Reason: ResponseCode 500 is treated as error".to_owned(),
    };
    assert_eq!((policy.as_str(), fault), ("SC", Some(failure.clone())));
    for expected in [
        ("answer.content", Some("no")),
        ("answer.status.code", Some("500")),
        ("servicecallout.SC.failed", Some("true")),
        ("servicecallout.SC.target.url", Some("http://a.test/")),
    ] {
        assert!(written.contains(&(expected.0.to_owned(), expected.1.map(str::to_owned))), "{written:?}");
    }
    let both = evaluated("request.header.x = \"1\" and who = null", &[("request.header.x", Some("1")), ("who", None)]);
    let other = evaluated("fault.name = \"Other\"", &[("fault.name", Some("ExecutionFailed"))]);
    assert_eq!(
        events,
        [
            Event::Flow { target: None, name: "PreFlow".to_owned(), direction: Direction::Request },
            step("AM", "AssignMessage", both, StepStatus::Runs),
            Event::Ended {
                policy: "AM".to_owned(),
                fault: None,
                continues: true,
                written: values(&[("assignmessage.AM.failed", Some("false")), ("who", Some("you"))]),
            },
            step(
                "AM",
                "AssignMessage",
                evaluated("who != \"you\"", &[("who", Some("you"))]),
                StepStatus::ConditionFalse
            ),
            step("Off", "AssignMessage", None, StepStatus::Disabled),
            step("SC", "ServiceCallout", None, StepStatus::Runs),
            Event::ErrorFlow(failure),
            Event::Choice { what: "fault rule other".to_owned(), condition: other, is_taken: false },
            Event::Replied,
        ]
    );
}

#[test]
fn replies_of_a_policy_precede_replies_in_order() {
    let other = callout("").replace("'SC'", "'Other'").replace("answer", "other");
    let host = Scripted::client("GET", "/", &[]).with_reply(201, &[], "in order");
    let own = Scripted::default().with_reply(202, &[], "by name").replies.take();
    host.policy_replies.borrow_mut().insert(PolicyId(1), own);
    host.run(&plan(&json!({"policies": [other, callout("")], "request": ["Other", "SC"]})));
    let published = ["other.content", "answer.content"].map(|name| host.published(name).unwrap());
    assert_eq!(published, ["in order", "by name"]);
}

#[test]
fn google_is_mocked() {
    let token = |kind: &str| {
        let authentication = format!("<HTTPTargetConnection><Authentication>{kind}</Authentication>");
        callout("").replace("<HTTPTargetConnection>", &authentication)
    };
    let kinds = [
        "<GoogleAccessToken><Scopes><Scope>https://a.test/s</Scope></Scopes></GoogleAccessToken>",
        "<GoogleIDToken><Audience>https://a.test</Audience></GoogleIDToken>",
    ];
    let account = json!({"metadata_cluster": "m", "service_account": "a@b.test", "iam_cluster": "i"});
    for (kind, google) in
        kinds.iter().flat_map(|kind| [(kind, json!({"metadata_cluster": "m"})), (kind, account.clone())])
    {
        let now = std::time::Duration::from_secs(1_700_000_000);
        let host = Scripted { mocks_google: true, now, ..Scripted::client("GET", "/", &[]) }.with_reply(200, &[], "");
        let done = host.run(&plan(&json!({"policies": [token(kind)], "google": google})));
        let call = done.calls.last().unwrap();
        assert!(call.header("authorization").unwrap().starts_with("Bearer "), "{kind} {google} {:?}", done.warnings);
        assert!(done.reply.is_none());
    }
}

#[test]
fn both_ends_see_what_was_changed() {
    let set = |name: &str, message: &str, value: &str| {
        format!(
            "<AssignMessage name='{name}'><AssignTo>{message}</AssignTo><Set><Headers><Header name='x'>{value}</Header>
             </Headers><Payload>{value}</Payload></Set></AssignMessage>"
        )
    };
    let configuration = json!({
        "policies": [set("AM-1", "request", "1"), set("AM-2", "response", "2")],
        "request": ["AM-1"],
        "response": ["AM-2"],
    });
    let host = Scripted::client("POST", "/a", &[("y", "0")]).with_body("0").with_response("201", &[], "0");
    host.run(&plan(&configuration));
    let text = |message: Option<(Headers, Option<bytes::Bytes>)>, name: &str| {
        let (headers, body) = message.unwrap();
        format!("{} {} {:?}", headers.joined(name).unwrap(), headers.joined("x").unwrap(), body.unwrap())
    };
    assert_eq!(text(host.upstream_request(), ":path"), "/a 1 b\"1\"");
    assert_eq!(text(host.client_response(), ":status"), "201 2 b\"2\"");
}
