use super::*;
use crate::flow::rehearsal::{Asked, Entry, Event, Failure};

fn values(pairs: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

fn asked(text: &str, pairs: &[(&str, Option<&str>)]) -> Option<Asked> {
    Some(Asked { text: text.to_owned(), values: values(pairs) })
}

fn step(policy: &str, kind: &str, condition: Option<Asked>, entry: Entry) -> Event {
    Event::Step { policy: policy.to_owned(), kind: kind.to_owned(), condition, entry }
}

#[test]
fn a_rehearsal_tells_every_decision_and_every_write() {
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
    let host = Scripted::client("GET", "/", &[("x", "1")]).answering(500, &[], "no");
    let mut events = host.run(&plan(&configuration)).events;
    let Event::Call { call, reply: Some(Ok(reply)) } = events.remove(6) else { panic!("{events:#?}") };
    assert_eq!((call.line().as_str(), reply.status), ("GET http://a.test/", 500));
    let Event::Ended { policy, fault, written } = events.remove(6) else { panic!("{events:#?}") };
    let failure = Failure {
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
    let both = asked("request.header.x = \"1\" and who = null", &[("request.header.x", Some("1")), ("who", None)]);
    let other = asked("fault.name = \"Other\"", &[("fault.name", Some("ExecutionFailed"))]);
    assert_eq!(
        events,
        [
            Event::Flow("PreFlow request".to_owned()),
            step("AM", "AssignMessage", both, Entry::Runs),
            Event::Ended {
                policy: "AM".to_owned(),
                fault: None,
                written: values(&[("assignmessage.AM.failed", Some("false")), ("who", Some("you"))]),
            },
            step("AM", "AssignMessage", asked("who != \"you\"", &[("who", Some("you"))]), Entry::ConditionFalse),
            step("Off", "AssignMessage", None, Entry::Disabled),
            step("SC", "ServiceCallout", None, Entry::Runs),
            Event::ErrorFlow(failure),
            Event::Choice { what: "fault rule other".to_owned(), condition: other, is_taken: false },
        ]
    );
}
