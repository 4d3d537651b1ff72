//! RaiseFault: the response that it makes, in place of the upstream's.

use serde_json::{Value, json};

use crate::fault::{assert_fault, json as fault_json, xml};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{assign_message, raise_fault, raise_fault_set, set};

const CODE: &str = "steps.raisefault.RaiseFault";
const TEXT: &str = "Raising fault. Fault name : RF-1";
const STATE: [&str; 5] =
    ["fault.name", "raisefault.RF-1.failed", "raisefault.failed", "error.message", "error.status.code"];

fn raising(policy: &str) -> Value {
    json!({"policies": [policy], "filter_state": ["raisefault.failed"]})
}

pub fn cases(lab: &mut Lab) {
    default_bodies(lab);
    own_responses(lab);
    flows(lab);
    merged_headers(lab);
}

fn default_bodies(lab: &mut Lab) {
    for (name, policy) in [
        ("nothing_set", "<RaiseFault name='RF-1'/>".to_owned()),
        ("empty_response", raise_fault("RF-1", "")),
        ("continued_never", "<RaiseFault name='RF-1' continueOnError='true'><FaultResponse/></RaiseFault>".to_owned()),
        (
            "short_reason",
            "<RaiseFault name='RF-1'><FaultResponse/><ShortFaultReason>true</ShortFaultReason></RaiseFault>".to_owned(),
        ),
    ] {
        lab.case(name, move |setup| {
            let site = setup.listener(Listener::new(raising(&policy)).log_state(&STATE));
            move || async move {
                assert_fault(&site.get("/").await, CODE, TEXT);
                let logged = site.logged().await;
                let values = STATE.map(|variable| logged.state(variable));
                assert_eq!(values, [Some("RaiseFault"), Some("true"), Some("true"), Some(TEXT), Some("500")]);

                let response = site.send(Request::get("/").header("accept", "text/xml, application/xml;q=0.9")).await;
                assert_eq!((response.status, response.text()), (500, xml(CODE, TEXT).as_str()));
                assert_eq!(response.header_all("content-type"), ["application/xml"]);
                assert_eq!(site.upstream().heads(), 0);
            }
        });
    }

    lab.case("redirect", |setup| {
        let elements = "<StatusCode>302</StatusCode><ReasonPhrase>Found</ReasonPhrase>
            <Headers><Header name='Location'>https://login.test/?next={request.path}</Header></Headers>";
        let site = setup.listener(Listener::new(raising(&raise_fault_set("RF-1", elements))));
        move || async move {
            let response = site.get("/cart?a=1").await;
            assert_eq!(
                (response.status, response.header_all("location")),
                (302, vec!["https://login.test/?next=/cart"])
            );
            assert_eq!(response.text(), fault_json(CODE, TEXT));
            assert_eq!(response.header_names(), ["content-length", "content-type", "date", "location", "server"]);
        }
    });
}

fn own_responses(lab: &mut Lab) {
    lab.case("payload_status_and_headers", |setup| {
        let policy = raise_fault(
            "RF-1",
            "<AssignVariable><Name>why</Name><Template>no \"key\" for {request.verb}</Template></AssignVariable>
             <Set><Headers><Header name='X-Why'>{request.header.none}!</Header></Headers>
               <Payload contentType='text/plain'>
  {why}
</Payload><StatusCode>{request.queryparam.code:401}</StatusCode><Verb>PUT</Verb><Path>/inert</Path></Set>
             <Add><Headers><Header name='Set-Cookie'>a=1</Header><Header name='Set-Cookie'>b=2</Header></Headers></Add>
             <Copy source='request'><Headers><Header name='x-down'/></Headers></Copy>",
        );
        let site = setup.listener(Listener::new(raising(&policy)).log_state(&STATE));
        move || async move {
            for (request, status) in [(Request::get("/"), 401), (Request::get("/?code=429").h2(), 429)] {
                let response = site.send(request.header("x-down", "d").header("x-other", "o")).await;
                assert_eq!((response.status, response.text()), (status, "\n  no \"key\" for GET\n"));
                assert_eq!(response.header_all("content-type"), ["text/plain"]);
                assert_eq!((response.header_all("x-why"), response.header_all("x-down")), (vec!["!"], vec!["d"]));
                assert_eq!(response.header_all("set-cookie"), ["a=1", "b=2"]);
                assert_eq!((response.header("x-other"), response.header_all("content-length")), (None, vec!["20"]));
                let logged = site.logged().await;
                let code = status.to_string();
                assert_eq!(logged.state("error.status.code"), Some(code.as_str()));
            }
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    // Statuses without a body, and invalid statuses.
    for (name, status, sent, body) in [
        ("no_content", 204, 204, ""),
        ("not_modified", 304, 304, ""),
        ("not_final", 100, 500, "x"),
        ("unassigned", 911, 911, "x"),
    ] {
        lab.case(name, move |setup| {
            let elements = format!("<StatusCode>{status}</StatusCode><Payload contentType='text/plain'>x</Payload>");
            let site = setup.listener(Listener::new(raising(&raise_fault_set("RF-1", &elements))));
            move || async move {
                let response = site.get("/").await;
                assert_eq!((response.status, response.text(), response.is_complete()), (sent, body, true));
                assert_eq!(response.header("content-type"), (!body.is_empty()).then_some("text/plain"));
            }
        });
    }

    lab.case("unresolved_variables", |setup| {
        let policy = raise_fault_set("RF-1", "<Payload contentType='text/plain'>[{none}]</Payload>");
        let strict = policy.replace(
            "</FaultResponse>",
            "</FaultResponse><IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>",
        );
        let lenient = setup.listener(Listener::new(raising(&policy)));
        let strict = setup.listener(Listener::new(raising(&strict)).log_state(&STATE));
        move || async move {
            let response = lenient.get("/").await;
            assert_eq!((response.status, response.text()), (500, "[]"));
            assert_fault(&strict.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : none");
            let logged = strict.logged().await;
            assert_eq!(logged.state("fault.name"), Some("UnresolvedVariable"));
            assert_eq!(logged.state("raisefault.RF-1.failed"), Some("true"));
        }
    });
}

fn flows(lab: &mut Lab) {
    lab.case("later_steps_do_not_run", |setup| {
        let note = set("AM-1", "<Headers><Header name='x-note'>1</Header></Headers>");
        let site = setup.listener(Listener::new(json!({
            "policies": [raise_fault("RF-1", ""), note],
            "request": ["AM-1", {"step": "RF-1", "condition": "request.header.x-stop = \"yes\""}],
            "response": ["AM-1"],
        })));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.header("x-note")), (200, Some("1")));
            assert_eq!(site.upstream().only_request().header("x-note"), Some("1"));
            assert_fault(&site.send(Request::get("/").header("x-stop", "yes")).await, CODE, TEXT);
            assert_eq!(site.upstream().heads(), 1);
        }
    });

    // The reply contains no part of the upstream's response, which can be confidential.
    for (name, stop_iteration, request) in [
        ("in_the_response_flow", false, Request::get("/")),
        ("in_the_response_flow_with_body_callbacks", true, Request::get("/")),
        ("in_the_response_flow_over_http2", true, Request::get("/").h2()),
    ] {
        lab.case(name, move |setup| {
            let upstream = setup.backend(|_: &Received| MockResponse::json(200, r#"{"secret":1}"#).header("x-up", "u"));
            let elements =
                "<StatusCode>451</StatusCode><Payload contentType='text/plain'>was {response.status.code}</Payload>";
            let configuration = json!({"policies": [raise_fault_set("RF-1", elements)], "response": ["RF-1"]});
            let listener = Listener::new(configuration).upstream(&upstream);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener.log_state(&STATE[..2]));
            move || async move {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), response.is_complete()), (451, "was 200", true));
                assert_eq!(response.header_names(), ["content-length", "content-type", "date", "server"]);
                assert_eq!(upstream.heads(), 1);
                let logged = site.logged().await;
                assert_eq!((logged.status(), logged.state("fault.name")), (451, Some("RaiseFault")));
                assert_eq!(logged.state("raisefault.RF-1.failed"), Some("true"));
            }
        });
    }
}

/// The content of the raised fault, and the changes of a fault rule.
fn merged_headers(lab: &mut Lab) {
    lab.case("headers_merged_with_those_of_a_rule", |setup| {
        let raise = raise_fault_set(
            "RF-1",
            "<Headers><Header name='errorNote'>gremlins</Header><Header name='x-raised'>1</Header></Headers>
             <StatusCode>418</StatusCode><Payload contentType='text/plain'>raised</Payload>",
        );
        let rule = set(
            "AM-1",
            "<Headers><Header name='errorNote'>woops</Header><Header name='x-ruled'>1</Header></Headers>
             <Payload contentType='application/json'>{}</Payload>",
        );
        let site = setup.listener(Listener::new(json!({
            "policies": [raise, rule],
            "request": ["RF-1"],
            "fault_rules": "<FaultRules><FaultRule><Condition>raisefault.RF-1.failed = true</Condition><Step><Name>AM-1</Name></Step>\
                            </FaultRule></FaultRules>",
        })));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (418, "{}"));
            assert_eq!(response.header_all("errornote"), ["woops, gremlins"]);
            assert_eq!((response.header_all("x-raised"), response.header_all("x-ruled")), (vec!["1"], vec!["1"]));
            assert_eq!(response.header_all("content-type"), ["application/json"]);
        }
    });

    // A rule can remove headers of the RaiseFault. Each cookie has its own line.
    lab.case("headers_removed_by_a_rule", |setup| {
        let raise = raise_fault_set(
            "RF-1",
            "<Headers><Header name='x-gone'>1</Header><Header name='x-raised'>1</Header><Header name='set-cookie'>a=1</Header></Headers>",
        );
        let rule = assign_message(
            "AM-1",
            "<Remove><Headers><Header name='X-Gone'/></Headers></Remove>
             <Set><Headers><Header name='set-cookie'>b=2</Header></Headers></Set>",
        );
        let site = setup.listener(Listener::new(json!({
            "policies": [raise, rule],
            "request": ["RF-1"],
            "fault_rules": "<FaultRules><FaultRule><Step><Name>AM-1</Name></Step></FaultRule></FaultRules>",
        })));
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.header("x-gone")), (500, None));
                assert_eq!((response.header_all("x-raised"), response.header_all("set-cookie")), (vec!["1"], vec!["b=2", "a=1"]));
            }
        }
    });
}
