//! Failures as the documentation's worked examples write them.

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, assert_fault, execution_failed, json as fault_json, xml};
use crate::lab::{Backend, Gate, Lab, Listener, Message, MockResponse, Received, Request, Setup};
use crate::worked_examples::{BUILD, ENRICH, EXTRACT, USER};

const GEO: &str = r#"<ServiceCallout name="SC-Geo">
  <Request variable="geoReq"><Set><QueryParams>
      <QueryParam name="address">{request.queryparam.zip}</QueryParam>
      <QueryParam name="sensor">false</QueryParam>
  </QueryParams></Set></Request>
  <Response>geoResp</Response>
  <HTTPTargetConnection><URL>http://geo.example.com/maps/json?v=2</URL></HTTPTargetConnection>
</ServiceCallout>"#;

pub fn cases(lab: &mut Lab) {
    backend_404(lab);
    timeout(lab);
    wrong_type(lab);
    unresolved(lab);
    raised(lab);
}

fn backend_404(lab: &mut Lab) {
    const STATE: [&str; 7] = [
        "fault.name",
        "servicecallout.SC-User.failed",
        "error.status.code",
        "error.message",
        "userResp.status.code",
        "userResp.content",
        "u.mail",
    ];
    lab.case("error_status_without_fault_rules", |setup| {
        let users = setup.backend(|_: &Received| MockResponse::json(404, r#"{"e":"x"}"#));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [BUILD, USER, EXTRACT, ENRICH],
                "clusters": {"https://users.internal": users.cluster()},
                "filter_state": ["u.*"],
            }))
            .log_state(&STATE),
        );
        move || async move {
            let reason = "ResponseCode 404 is treated as error";
            assert_execution_failed(&site.get("/v1/orders?id=7").await, "SC-User", reason);
            let logged = site.logged().await;
            let message = execution_failed("SC-User", reason);
            let values = STATE.map(|variable| logged.state(variable));
            assert_eq!(
                values,
                [
                    Some("ExecutionFailed"),
                    Some("true"),
                    Some("500"),
                    Some(message.as_str()),
                    Some("404"),
                    Some(r#"{"e":"x"}"#),
                    None,
                ]
            );

            let response = site.send(Request::get("/v1/orders?id=7").header("accept", "application/xml")).await;
            assert_eq!((response.status, response.header_all("content-type")), (500, vec!["application/xml"]));
            assert_eq!(response.text(), xml("steps.servicecallout.ExecutionFailed", &message));
            assert_eq!((users.heads(), site.upstream().heads()), (2, 0));
        }
    });
}

fn timeout(lab: &mut Lab) {
    const SLOW: &str = r#"<ServiceCallout name="SC-Slow"><Response>slowResp</Response><Timeout>200</Timeout>
        <HTTPTargetConnection><URL>http://slow.test/</URL></HTTPTargetConnection></ServiceCallout>"#;
    const GENERIC: &str = r#"<AssignMessage name="AM-Generic"><Set><Payload>generic</Payload></Set></AssignMessage>"#;
    const BUSY: &str = r#"<AssignMessage name="AM-Busy"><Set><Payload contentType="application/json">{"error":"upstream busy"}</Payload>
        <StatusCode>503</StatusCode><ReasonPhrase>Busy</ReasonPhrase></Set></AssignMessage>"#;
    const RULES: &str = r#"<FaultRules>
  <FaultRule name="catch-all"><Step><Name>AM-Generic</Name></Step></FaultRule>
  <FaultRule name="callout"><Condition>servicecallout.SC-Slow.failed = true</Condition>
    <Step><Name>AM-Busy</Name><Condition>error.message Matches "*timeout occurred*"</Condition></Step></FaultRule>
</FaultRules>"#;

    let slow = |setup: &mut Setup<'_>| {
        let never = MockResponse::status(200).held_by(&Gate::closed());
        setup.backend(move |_: &Received| never.clone())
    };
    let configuration = |slow: &Backend| json!({"policies": [SLOW, GENERIC, BUSY], "request": ["SC-Slow"], "clusters": {"*": slow.cluster()}});
    lab.case("timeout_handled_by_a_fault_rule", move |setup| {
        let mut configuration = configuration(&slow(setup));
        configuration["fault_rules"] = json!(RULES);
        let site = setup.listener(Listener::new(configuration).log_state(&["error.status.code", "fault.name"]));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.text()), (503, r#"{"error":"upstream busy"}"#));
            assert_eq!(response.header_all("content-type"), ["application/json"]);
            assert_eq!(response.header_names(), ["content-length", "content-type", "date", "server"]);
            assert_eq!(site.upstream().heads(), 0);
            let logged = site.logged().await;
            assert_eq!(logged.state("error.status.code"), Some("503"));
            assert_eq!(logged.state("fault.name"), Some("ExecutionFailed"));
        }
    });

    lab.case("timeout_without_a_rule", move |setup| {
        let configuration = configuration(&slow(setup));
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_execution_failed(&site.get("/v1").await, "SC-Slow", "timeout occurred in SC-Slow");
        }
    });

    // The chosen rule runs no step, and neither another rule nor the default one is tried.
    lab.case("timeout_with_a_rule_that_does_nothing", move |setup| {
        let mut configuration = configuration(&slow(setup));
        configuration["fault_rules"] = json!(RULES.replace("*timeout occurred*", "*refused*"));
        configuration["default_fault_rule"] =
            json!("<DefaultFaultRule><Step><Name>AM-Generic</Name></Step></DefaultFaultRule>");
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_execution_failed(&site.get("/v1").await, "SC-Slow", "timeout occurred in SC-Slow");
        }
    });
}

fn wrong_type(lab: &mut Lab) {
    const ASSIGN: &str = "<AssignMessage name=\"AM-Postal-Code\"><AssignVariable><Name>PostalCode</Name>\
                          <Ref>request.queryparam.pc</Ref></AssignVariable></AssignMessage>";
    const GEOCODE: &str = r#"<ServiceCallout name="ExecuteGeocodingRequest"><Request variable="PostalCode"/>
        <Response>geoResp</Response><HTTPTargetConnection><URL>http://geo.test/</URL></HTTPTargetConnection></ServiceCallout>"#;
    lab.case("request_variable_is_not_a_message", |setup| {
        let geo = setup.echo();
        let configuration = json!({"policies": [ASSIGN, GEOCODE], "clusters": {"*": geo.cluster()}});
        let state =
            ["fault.name", "servicecallout.ExecuteGeocodingRequest.failed", "assignmessage.AM-Postal-Code.failed"];
        let site = setup.listener(Listener::new(configuration).log_state(&state));
        move || async move {
            assert_fault(
                &site.get("/v1/near?pc=94043").await,
                "steps.servicecallout.RequestVariableNotMessageType",
                "ServiceCallout[ExecuteGeocodingRequest]: request variable PostalCode value is not of type Message",
            );
            let logged = site.logged().await;
            let values = state.map(|variable| logged.state(variable));
            assert_eq!(values[..2], [Some("RequestVariableNotMessageType"), Some("true")]);

            assert_fault(
                &site.get("/v1/near").await,
                "steps.assignmessage.UnresolvedVariable",
                "AssignMessage[AM-Postal-Code]: unable to resolve variable request.queryparam.pc",
            );
            let logged = site.logged().await;
            let values = state.map(|variable| logged.state(variable));
            assert_eq!(values, [Some("UnresolvedVariable"), None, Some("true")]);
            assert_eq!((geo.heads(), site.upstream().heads()), (0, 0));
        }
    });
}

fn unresolved(lab: &mut Lab) {
    let configuration = |policy: &str, geo: &Backend| -> Value {
        json!({"policies": [policy], "clusters": {"http://geo.example.com": geo.cluster()}})
    };
    lab.case("parameter_that_is_missing", move |setup| {
        let geo = setup.echo();
        let state = ["servicecallout.SC-Geo.failed", "fault.name"];
        let site = setup.listener(Listener::new(configuration(GEO, &geo)).log_state(&state));
        move || async move {
            let text = "Unresolved variable : request.queryparam.zip";
            assert_fault(&site.get("/v1/near").await, "entities.UnresolvedVariable", text);
            assert_eq!((geo.heads(), site.upstream().heads()), (0, 0));
            let logged = site.logged().await;
            assert_eq!(state.map(|variable| logged.state(variable)), [Some("true"), Some("UnresolvedVariable")]);
        }
    });

    lab.case("parameter_that_may_be_missing", move |setup| {
        let geo = setup.echo();
        let policy = GEO.replace("<Set>", "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Set>");
        let site = setup.listener(Listener::new(configuration(&policy, &geo)));
        move || async move {
            assert_eq!(site.get("/v1/near").await.status, 200);
            assert_eq!(geo.only_request().path_and_query, "/maps/json?v=2&address=&sensor=false");
        }
    });
}

fn raised(lab: &mut Lab) {
    const DENIED: &str = r#"<RaiseFault name="RF-Denied"><FaultResponse><Set><StatusCode>403</StatusCode><ReasonPhrase>Forbidden</ReasonPhrase></Set></FaultResponse></RaiseFault>"#;
    lab.case("raised_fault_without_payload", |setup| {
        let site = setup.listener(Listener::new(json!({"policies": [DENIED]})));
        move || async move {
            let response = site.raw("GET /v1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
            let response = String::from_utf8(response).unwrap();
            let body = fault_json("steps.raisefault.RaiseFault", "Raising fault. Fault name : RF-Denied");
            // The length is fixed: the captured responses contain it.
            assert_eq!(body.len(), 118);
            assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{response}");
            assert!(response.contains("\r\ncontent-type: application/json\r\n"), "{response}");
            assert!(response.contains("\r\ncontent-length: 118\r\n"), "{response}");
            assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{response}");
            assert_eq!(site.upstream().heads(), 0);
        }
    });
}
