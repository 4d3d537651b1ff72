use super::*;

fn policy(text: &str) -> Policy {
    let (policy, problems) = Policy::parse(text, "policies[0]");
    policy.unwrap_or_else(|| panic!("{problems:?}"))
}

/// A ServiceCallout with a request, a response and a URL.
fn callout(request: &str, response: &str, url: &str) -> String {
    format!(
        "<ServiceCallout name='SC' continueOnError='true'><Request variable='q'>{request}</Request>{response}
         <HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></ServiceCallout>"
    )
}

#[test]
fn a_call_that_is_safe_and_predictable_can_start_early() {
    let response = "<Response>r</Response>";
    let set = |content: &str| format!("<Set>{content}</Set>");
    let url = "http://a.test/";
    let header = |value: &str| set(&format!("<Headers><Header name='H'>{value}</Header></Headers>"));
    for (text, expected) in [
        (callout("", response, url), true),
        (callout("", response, "http://{host}/{request.queryparam.id}"), true),
        (callout(&set("<Verb>GET</Verb>"), response, url), true),
        (callout(&set("<Verb>HEAD</Verb>"), response, url), true),
        (callout(&set("<Verb>{request.verb}</Verb>"), response, url), true),
        (callout(&header("{md5Hex(a)}"), response, url), true),
        (callout(&set("<Verb>POST</Verb>"), response, url), false),
        (callout(&set("<Verb>get</Verb>"), response, url), false),
        (callout("", "", url), false),
        (callout("", "<Response>request</Response>", url), false),
        (callout(&header("{createUuid()}"), response, url), false),
        (callout(&header("{randomLong(1,9)}"), response, url), false),
        (callout(&header("{messageid}"), response, url), false),
        (callout(&header("{system.timestamp}"), response, url), false),
        (callout("", response, "http://a.test/{system.uuid}"), true),
        (callout("", response, url).replace("<ServiceCallout", "<ServiceCallout enabled='false'"), false),
        (
            "<ServiceCallout name='SC'><Response>r</Response><HTTPTargetConnection><LoadBalancer><Server name='s'/>
             </LoadBalancer></HTTPTargetConnection></ServiceCallout>"
                .to_owned(),
            false,
        ),
        ("<AssignMessage name='A'/>".to_owned(), false),
        ("<IntegrationCallout name='I'><Request>a</Request></IntegrationCallout>".to_owned(), false),
    ] {
        assert_eq!(policy(&text).can_call_early(), expected, "{text}");
    }
}

#[test]
fn a_policy_depends_on_the_result_that_it_or_its_condition_uses() {
    let first = policy(&callout("", "<Response>first</Response>", "http://a.test/"));
    let results = first.result_names();
    let second = |request: &str, response: &str, url: &str| {
        callout(request, response, url).replace("name='SC'", "name='SC2'").replace("variable='q'", "variable='q2'")
    };
    let header = |value: &str| format!("<Set><Headers><Header name='H'>{value}</Header></Headers></Set>");
    let response = "<Response>second</Response>";
    let url = "http://b.test/";
    for (text, condition, expected) in [
        (second("", response, url), "", false),
        (second("", response, url), "firstname = 1", false),
        (second(&header("{request.header.A}"), response, url), "", false),
        (second(&header("{first.header.A}"), response, url), "", true),
        (second("<Copy source='first'/>", response, url), "", true),
        (second("", response, "http://b.test/{first.content}"), "", true),
        (second("", "<Response>first</Response>", url), "", true),
        (second("", response, url).replace("variable='q2'", "variable='first'"), "", true),
        (second("", response, url), "first.status.code = 200", true),
        (second("", response, url), "servicecallout.SC.failed = false", true),
        (second("", response, url), "servicecallout.OTHER.failed = false", false),
        (second("", response, url), "fault.name = null", true),
        (second(&header("{error.message}"), response, url), "", true),
        (second(&header("{apigee.metrics.policy.SC.timeTaken}"), response, url), "", true),
    ] {
        let condition = Condition::parse(condition).unwrap();
        assert_eq!(policy(&text).depends_on(condition.as_ref(), &results), expected, "{text} {condition:?}");
    }
}

#[test]
fn a_policy_that_stops_at_errors_decides_no_fault_variables() {
    let stops = policy(&callout("", "<Response>r</Response>", "http://a.test/").replace("'true'", "'false'"));
    assert!(!stops.result_names().overlap("fault.name"));
}
