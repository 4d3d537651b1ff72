//! Fault rules next to lists of steps: the chosen rule, and its changes to the fault.

use serde_json::{Value, json};

use crate::fault::{assert_fault, execution_failed, json as fault_json};
use crate::lab::{Backend, Cluster, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message, header, raise_fault_set, set};

const CODE: &str = "steps.servicecallout.ExecutionFailed";
const REASON: &str = "ResponseCode 500 is treated as error";

/// A rule with these steps; an empty condition is none.
fn rule(condition: &str, steps: &[&str]) -> String {
    let steps: String = steps.iter().map(|step| format!("<Step><Name>{step}</Name></Step>")).collect();
    let condition = if condition.is_empty() { String::new() } else { format!("<Condition>{condition}</Condition>") };
    format!("<FaultRule name='r'>{condition}{steps}</FaultRule>")
}

fn default_rule(content: &str, step: &str) -> String {
    format!("<DefaultFaultRule name='d'>{content}<Step><Name>{step}</Name></Step></DefaultFaultRule>")
}

/// SC-1, which fails, some policies for rules, and the rules.
fn configuration(backend: &Backend, rules: &[String], default: Option<String>) -> Value {
    let note = |name: &str| assign_message(name, &format!("<Add>{}</Add>", header("x-trail", name)));
    let mut configuration = json!({
        "policies": [
            ServiceCallout::new("SC-1", "http://a.test/fail").response("r").xml(),
            ServiceCallout::new("SC-2", "http://a.test/sorry").response("apology").xml(),
            note("AM-1"),
            note("AM-2"),
            note("AM-Default"),
            set("AM-Sorry", "<Payload contentType='text/plain'>{apology.content}</Payload>"),
            set("AM-Broken", &header("x", "{none}")),
            raise_fault_set("RF-1", "<StatusCode>418</StatusCode><Payload contentType='text/plain'>raised</Payload>"),
        ],
        "request": ["SC-1"],
        "fault_rules": format!("<FaultRules>{}</FaultRules>", rules.concat()),
        "clusters": {"*": backend.cluster()},
    });
    if let Some(default) = default {
        configuration["default_fault_rule"] = json!(default);
    }
    configuration
}

fn failing(request: &Received) -> MockResponse {
    match request.path_and_query.as_str() {
        "/fail" => MockResponse::text(500, "no"),
        _ => MockResponse::text(200, "sorry"),
    }
}

/// The client gets the default fault, with the trail of the steps that ran.
fn chosen(lab: &mut Lab, name: &str, rules: Vec<String>, default: Option<String>, trail: &'static [&'static str]) {
    lab.case(name, move |setup| {
        let backend = setup.backend(failing);
        let site = setup.listener(Listener::new(configuration(&backend, &rules, default)));
        move || async move {
            let response = site.send(Request::get("/").header("x-kind", "b")).await;
            assert_eq!(response.header_all("x-trail").join(" "), trail.join(" "));
            assert_eq!(
                (response.status, response.text()),
                (500, fault_json(CODE, &execution_failed("SC-1", REASON)).as_str())
            );
            assert_eq!(response.header_all("content-type"), ["application/json"]);
            assert_eq!((backend.heads(), site.upstream().heads()), (1, 0));
        }
    });
}

pub fn cases(lab: &mut Lab) {
    policy_names_with_spaces(lab);

    let failed = "servicecallout.SC-1.failed = true";
    let other = "fault.name = \"Other\"";
    let enforced = "<AlwaysEnforce>true</AlwaysEnforce>";
    chosen(lab, "last_of_two_that_hold", vec![rule(failed, &["AM-1"]), rule("", &["AM-2"])], None, &["AM-2"]);
    chosen(
        lab,
        "first_when_the_last_does_not_hold",
        vec![rule("", &["AM-1", "AM-2"]), rule(other, &["AM-2"])],
        None,
        &["AM-1", "AM-2"],
    );
    chosen(
        lab,
        "condition_on_the_request_and_the_response",
        vec![
            rule("r.status.code = 500 and request.header.x-kind = \"b\"", &["AM-1"]),
            rule("request.verb = \"PUT\"", &["AM-2"]),
        ],
        None,
        &["AM-1"],
    );
    chosen(lab, "none_that_holds", vec![rule(other, &["AM-1"])], None, &[]);
    chosen(
        lab,
        "default_when_none_holds",
        vec![rule(other, &["AM-1"])],
        Some(default_rule("", "AM-Default")),
        &["AM-Default"],
    );
    chosen(
        lab,
        "no_default_after_a_rule",
        vec![rule(failed, &["AM-1"])],
        Some(default_rule("", "AM-Default")),
        &["AM-1"],
    );
    chosen(
        lab,
        "default_enforced_after_a_rule",
        vec![rule(failed, &["AM-1"])],
        Some(default_rule(enforced, "AM-Default")),
        &["AM-1", "AM-Default"],
    );
    chosen(
        lab,
        "default_whose_condition_does_not_hold",
        vec![rule(failed, &["AM-1"])],
        Some(default_rule(&format!("{enforced}<Condition>{other}</Condition>"), "AM-Default")),
        &["AM-1"],
    );
    outcomes(lab);
    response_flow(lab);
}

fn outcomes(lab: &mut Lab) {
    lab.case("rule_calls_out", |setup| {
        let backend = setup.backend(failing);
        let rules = [rule("", &["SC-2", "AM-Sorry"])];
        let site = setup.listener(Listener::new(configuration(&backend, &rules, None)).log_state(&[
            "servicecallout.SC-1.failed",
            "servicecallout.SC-2.failed",
            "apology.content",
        ]));
        move || async move {
            let response = site.get("/").await;
            // A rule that sets the body leaves the status.
            assert_eq!((response.status, response.text()), (500, "sorry"));
            assert_eq!(response.header_all("content-type"), ["text/plain"]);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/fail", "/sorry"]);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            assert_eq!(logged.state("servicecallout.SC-2.failed"), Some("false"));
            assert_eq!(logged.state("apology.content"), Some("sorry"));
        }
    });

    // The fault ends its rule. The default rule does not run, even with AlwaysEnforce.
    lab.case("rule_raises_a_fault", |setup| {
        let backend = setup.backend(failing);
        let rules = [rule("", &["AM-1", "RF-1", "AM-2"])];
        let default = default_rule("<AlwaysEnforce>true</AlwaysEnforce>", "AM-Default");
        let site =
            setup.listener(Listener::new(configuration(&backend, &rules, Some(default))).log_state(&["fault.name"]));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (418, "raised"));
            assert_eq!((response.header("x-trail"), response.header_all("content-type")), (None, vec!["text/plain"]));
            assert_eq!(site.logged().await.state("fault.name"), Some("RaiseFault"));
        }
    });

    lab.case("fault_inside_a_rule", |setup| {
        let backend = setup.backend(failing);
        let rules = [rule("", &["AM-1", "AM-Broken", "AM-2"])];
        let site = setup.listener(
            Listener::new(configuration(&backend, &rules, None))
                .log_state(&["fault.name", "assignmessage.AM-Broken.failed"]),
        );
        move || async move {
            assert_fault(&site.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : none");
            let logged = site.logged().await;
            assert_eq!(logged.state("fault.name"), Some("UnresolvedVariable"));
            assert_eq!(logged.state("assignmessage.AM-Broken.failed"), Some("true"));
        }
    });

    lab.case("variables_of_the_error_flow", |setup| {
        let backend = setup.backend(failing);
        let report = set(
            "AM-1",
            "<Payload contentType='text/plain'>{is.error} {fault.name} {fault.type} {fault.category} {error.status.code} \
             {error.reason.phrase} {message.status.code} {error.header.content-type} {error.content} | {fault.reason} | {error.message}</Payload>",
        );
        let mut configuration = configuration(&backend, &[rule("", &["AM-1"])], None);
        configuration["policies"][2] = json!(report);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let text = execution_failed("SC-1", REASON);
            let body = fault_json(CODE, &text);
            let expected = format!(
                "true ExecutionFailed ExecutionFailed Step 500 Internal Server Error 500 application/json {body} | {text} | {text}"
            );
            assert_eq!(site.get("/").await.text(), expected);
        }
    });

    // A status of 204 has no body, also not the default fault body.
    lab.case("rule_sets_a_status_without_body", |setup| {
        let backend = setup.backend(failing);
        let mut configuration = configuration(&backend, &[rule("", &["AM-1"])], None);
        configuration["policies"][2] = json!(set("AM-1", "<StatusCode>204</StatusCode>"));
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text(), response.header("content-type")), (204, "", None));
        }
    });
}

fn response_flow(lab: &mut Lab) {
    // The same rules serve both flows; in the response flow, policies can read the upstream's response.
    for (name, stop_iteration) in
        [("fault_in_the_response_flow", false), ("fault_in_the_response_flow_with_body_callbacks", true)]
    {
        lab.case(name, move |setup| {
            let backend = setup.backend(failing);
            let upstream = setup.backend(|_: &Received| MockResponse::text(202, "secret").header("x-up", "u"));
            let report = set("AM-1", "<Payload contentType='text/plain'>{response.header.x-up} {request.verb} {error.state}</Payload><StatusCode>503</StatusCode>");
            let mut configuration = configuration(&backend, &[rule("", &["SC-2", "AM-1"])], None);
            configuration["policies"][2] = json!(report);
            configuration["response"] = configuration["request"].take();
            configuration["request"] = json!([]);
            let listener = Listener::new(configuration).upstream(&upstream);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener.log_state(&["fault.name", "error.status.code"]));
            move || async move {
                let response = site.get("/").await;
                assert_eq!((response.status, response.text()), (503, "u GET 4"));
                assert_eq!(response.header_names(), ["content-length", "content-type", "date", "server"]);
                assert_eq!((upstream.heads(), backend.heads()), (1, 2));
                let logged = site.logged().await;
                assert_eq!((logged.state("fault.name"), logged.state("error.status.code")), (Some("ExecutionFailed"), Some("503")));
            }
        });
    }
}

/// The name of a policy may contain spaces. Conditions and templates then name its variables as they are.
fn policy_names_with_spaces(lab: &mut Lab) {
    lab.case("policy_names_with_spaces", |setup| {
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let callout = ServiceCallout::new("SC 1", "http://a.test/").response("r");
        let report = set(
            "AM Tell",
            "<StatusCode>503</StatusCode><Payload contentType='text/plain'>{servicecallout.SC 1.failed} {fault.name}</Payload>",
        );
        let rules = "<FaultRules><FaultRule name='other'><Condition>servicecallout.SC 1.failed = false</Condition></FaultRule>
            <FaultRule name='rule'><Condition>servicecallout.SC 1.failed = true</Condition>
            <Step><Name>AM Tell</Name></Step></FaultRule></FaultRules>";
        let site = setup.listener(Listener::new(json!({
            "policies": [callout.xml(), report],
            "request": ["SC 1"],
            "fault_rules": rules,
            "clusters": {"*": refusing},
        })));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (503, "true ExecutionFailed"));
        }
    });
}
