//! IntegrationEndpoint: an integration in place of the upstream.

use serde_json::{Value, json};

use crate::fault::{assert_fault, json as fault_json};
use crate::integration::{RISK, RISK_BODY, RISK_PATH, assert_ran, prepare};
use crate::lab::{
    ClientResponse, Cluster, EXECUTED, IntegrationService, Lab, Listener, Message, MockResponse, Request, SCHEDULED,
    Wire,
};
use crate::policy::set;
use crate::proxy::{flow, proxied, proxy_endpoint, route_rule, routes_by_target, steps};

const LEAST_PATH: &str = "/v1/projects/default-project/locations/us-west1/integrations/-";
const LEAST: &str = r#"{"triggerId":"api_trigger/t"}"#;

const STATE: [&str; 4] = ["fault.name", "error.status.code", "route.name", "target.name"];

/// A rule that leads to the integration endpoint `risk`.
fn to_integration(condition: &str) -> String {
    route_rule("to-risk", condition, "risk").replace("TargetEndpoint", "IntegrationEndpoint")
}

fn integration_endpoint(content: &str) -> String {
    format!("<IntegrationEndpoint name='risk'>{content}</IntegrationEndpoint>")
}

/// A proxy whose PreFlow runs the policies and that leads everything to the integration; the response flow notes `G`,
/// the fault rule `H`.
fn configuration(service: &IntegrationService, endpoint: &str, policies: &[String]) -> Value {
    let names: Vec<&str> = policies.iter().map(|policy| name_of(policy)).collect();
    let rules = format!("<FaultRules><FaultRule>{}</FaultRule></FaultRules>", steps(&["H"]));
    let content = [flow("PreFlow", &names, &[]), flow("PostFlow", &[], &["G"]), rules, to_integration("")].concat();
    of_proxy(service, &content, endpoint, policies)
}

fn of_proxy(service: &IntegrationService, content: &str, endpoint: &str, policies: &[String]) -> Value {
    let mut configuration = proxied(&proxy_endpoint(content), policies);
    configuration["integration_endpoints"] = json!([integration_endpoint(endpoint)]);
    configuration["filter_state"] = json!(["route.name", "target.name"]);
    service.add_to(&mut configuration);
    configuration
}

fn name_of(policy: &str) -> &str {
    policy.split_once("name=\"").unwrap().1.split('"').next().unwrap()
}

/// The names of the policies that wrote a note into the response.
fn trail(response: &ClientResponse) -> String {
    response.header_all("x-trail").iter().map(|note| note.split('@').next().unwrap()).collect()
}

pub fn cases(lab: &mut Lab) {
    service_responses(lab);
    responses(lab);
    routes(lab);
    failures(lab);
}

fn service_responses(lab: &mut Lab) {
    for (name, request) in [
        ("in_place_of_the_upstream", Request::get("/v1/risk?acct=A9")),
        ("for_a_request_with_a_body", Request::post("/v1/risk?acct=A9", "text/plain", "x".repeat(100_000))),
        ("over_http2", Request::post("/v1/risk?acct=A9", "text/plain", "hello").h2()),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::responding(setup, |_| {
                MockResponse::json(200, EXECUTED).header("x-run", "r").header("connection", "keep-alive")
            });
            let configuration = configuration(&service, "<AsyncExecution>false</AsyncExecution>", &[RISK.to_owned()]);
            let site = setup.listener(Listener::new(configuration).log_state(&STATE));
            move || async move {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), trail(&response).as_str()), (200, EXECUTED, "G"));
                assert_eq!(response.header_all("content-type"), ["application/json"]);
                assert_eq!(response.header_all("content-length"), [EXECUTED.len().to_string()]);
                assert_eq!((response.header_all("x-run"), response.header_all("date").len()), (vec!["r"], 1));
                let call = assert_ran(&service.api, RISK_PATH, RISK_BODY);
                assert_eq!(call.authority, "us-west1-integrations.googleapis.com");
                assert_eq!(call.header("x-envoy-expected-rq-timeout-ms"), Some("120000"));
                assert_eq!(site.upstream().heads(), 0);
                let logged = site.logged().await;
                assert_eq!(STATE.map(|name| logged.state(name)), [None, None, Some("to-risk"), Some("risk")]);
                assert_eq!(logged.details(), Some("callout_integration"));
            }
        });
    }

    lab.case("asynchronous", |setup| {
        let service = IntegrationService::new(setup);
        let prepare = prepare("<ScheduleTime ref='request.header.x-time'/>");
        let site = setup.listener(Listener::new(configuration(
            &service,
            "<DisplayName>later</DisplayName><AsyncExecution>true</AsyncExecution>",
            &[prepare],
        )));
        move || async move {
            let response = site.send(Request::get("/v1").header("x-time", "2026-01-15T01:30:15Z")).await;
            assert_eq!((response.status, response.text()), (200, SCHEDULED));
            let body = r#"{"triggerId":"api_trigger/t","scheduleTime":"2026-01-15T01:30:15Z"}"#;
            assert_ran(&service.api, &format!("{LEAST_PATH}:schedule"), body);
        }
    });

    // AsyncExecution is false by default; the last created object is sent, under any name.
    lab.case("object_with_a_name_of_its_own", |setup| {
        let service = IntegrationService::new(setup);
        let prepare = prepare("<Request>mine</Request>");
        let site = setup.listener(Listener::new(configuration(&service, "", &[RISK.to_owned(), prepare])));
        move || async move {
            assert_eq!(site.get("/v1?acct=1").await.text(), EXECUTED);
            assert_ran(&service.api, &format!("{LEAST_PATH}:execute"), LEAST);
        }
    });

    lab.case("responses_of_any_size", |setup| {
        let service = IntegrationService::responding(setup, |_| MockResponse::json(200, vec![b'x'; 2_000_000]));
        let site = setup.listener(Listener::new(configuration(&service, "", &[prepare("")])));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.body().len(), response.is_complete()), (200, 2_000_000, true));
            let response = site.send(Request::new("HEAD", "/v1")).await;
            assert_eq!((response.status, response.body().len()), (200, 0));
        }
    });
}

fn responses(lab: &mut Lab) {
    // The client gets the service's errors, as those of an upstream; the response flow runs and can change them.
    for status in [204, 302, 400, 403, 404, 500, 503] {
        lab.case(&format!("status_{status}"), move |setup| {
            let service = IntegrationService::responding(setup, move |_| MockResponse::json(status, r#"{"error":{}}"#));
            let site = setup.listener(Listener::new(configuration(&service, "", &[prepare("")])).log_state(&STATE));
            move || async move {
                let response = site.get("/v1").await;
                let body = if status == 204 { "" } else { r#"{"error":{}}"# };
                assert_eq!((response.status, response.text(), trail(&response).as_str()), (status, body, "G"));
                assert_eq!(site.logged().await.state("fault.name"), None);
            }
        });
    }

    lab.case("response_flow_changes_the_response", |setup| {
        let service = IntegrationService::new(setup);
        let policies = [
            RISK.to_owned(),
            set(
                "AM-1",
                "<Payload contentType='application/xml'>&lt;score>{jsonPath('$.outputParameters.score',response.content)}&lt;/score></Payload>
                 <StatusCode>20{response.header.x-none:3}</StatusCode>",
            ),
            set("AM-0", "<Headers><Header name='x-was'>{response.status.code} {message.header.content-type}</Header></Headers>"),
        ];
        let content = [flow("PreFlow", &["Set-Int"], &[]), flow("PostFlow", &[], &["AM-0", "AM-1"]), to_integration("")].concat();
        let site = setup.listener(Listener::new(of_proxy(&service, &content, "", &policies)).allow_on_headers_stop_iteration());
        move || async move {
            let response = site.get("/v1?acct=A9").await;
            assert_eq!((response.status, response.text()), (203, "<score>0.7</score>"));
            assert_eq!(response.header_all("content-type"), ["application/xml"]);
            assert_eq!(response.header_all("x-was"), ["200 application/json"]);
        }
    });

    lab.case("response_flow_by_condition", |setup| {
        let service = IntegrationService::responding(setup, |request| {
            MockResponse::json(if request.text().contains("acme") { 200 } else { 404 }, "{}")
        });
        let prepare = prepare("<Parameters><Parameter name='a' ref='request.queryparam.a'/></Parameters>");
        let content = [
            flow("PreFlow", &["SIR"], &[]),
            "<Flows><Flow name='missing'><Condition>response.status.code = 404</Condition><Response>".to_owned(),
            steps(&["A"]),
            "</Response></Flow></Flows>".to_owned(),
            to_integration(""),
        ];
        let site = setup.listener(Listener::new(of_proxy(&service, &content.concat(), "", &[prepare])));
        move || async move {
            assert_eq!(trail(&site.get("/v1?a=acme").await), "");
            assert_eq!(trail(&site.get("/v1?a=other").await), "A");
        }
    });
}

/// One rule routes to an integration, another to a target, a third has no target.
fn routes(lab: &mut Lab) {
    lab.case("between_other_routes", |setup| {
        let service = IntegrationService::new(setup);
        let backend = setup.echo();
        let content = [
            flow("PreFlow", &["SIR"], &["G"]),
            to_integration("proxy.pathsuffix MatchesPath \"/risk\""),
            route_rule("none", "proxy.pathsuffix MatchesPath \"/health\"", ""),
            route_rule("to-backend", "", "backend"),
        ];
        let mut configuration = of_proxy(&service, &content.concat(), "", &[prepare("")]);
        configuration["target_endpoints"] =
            json!([format!("<TargetEndpoint name='backend'>{}</TargetEndpoint>", flow("PreFlow", &[], &["B"]))]);
        let routes = routes_by_target(&[("backend", &backend)]);
        let site = setup
            .listener(Listener::new(configuration).routes(routes).allow_on_headers_stop_iteration().log_state(&STATE));
        move || async move {
            for (path, text, notes, route, target) in [
                ("/v1/risk", EXECUTED, "G", "to-risk", Some("risk")),
                ("/v1/health", "hello", "G", "none", None),
                ("/v1/other", "hello", "BG", "to-backend", Some("backend")),
                ("/v1/risk", EXECUTED, "G", "to-risk", Some("risk")),
            ] {
                // A client cannot name its target.
                let request = Request::post(path, "text/plain", "hello").header("x-callout-target", "evil");
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), trail(&response).as_str()), (200, text, notes), "{path}");
                let logged = site.logged().await;
                assert_eq!((logged.state("route.name"), logged.state("target.name")), (Some(route), target));
            }
            assert_eq!((service.api.heads(), backend.heads()), (2, 1));
            // The proxy does not run outside the base path.
            let response = site.get("/v2").await;
            assert_eq!((response.status, response.text()), (404, "no target"));
        }
    });
}

/// The error flow responds, with the proxy's fault rules.
fn failures(lab: &mut Lab) {
    const UNAVAILABLE: &str = "messaging.adaptors.http.flow.ServiceUnavailable";
    for name in ["refused", "no_endpoints", "closed", "too_large"] {
        lab.case(name, move |setup| {
            let service = IntegrationService::responding(setup, |_| MockResponse::json(200, vec![b'x'; 1001]));
            let cluster = match name {
                "refused" => setup.cluster_refusing_connections(Cluster::new()),
                "no_endpoints" => setup.cluster_without_endpoints(),
                "too_large" => service.api.cluster().to_owned(),
                _ => {
                    let closing = setup.raw_backend(|mut wire: Wire| async move {
                        wire.head().await;
                    });
                    closing.cluster().to_owned()
                }
            };
            let mut configuration = configuration(&service, "", &[prepare("")]);
            configuration["clusters"]["*"] = json!(cluster);
            configuration["max_response_bytes"] = json!(1000);
            let site = setup.listener(Listener::new(configuration).log_state(&STATE));
            move || async move {
                let response = site.get("/v1").await;
                let body = fault_json(UNAVAILABLE, "The Service is temporarily unavailable");
                assert_eq!((response.status, response.text(), trail(&response).as_str()), (503, body.as_str(), "H"));
                let logged = site.logged().await;
                let expected = [Some("ServiceUnavailable"), Some("503"), Some("to-risk"), Some("risk")];
                assert_eq!(STATE.map(|name| logged.state(name)), expected);
            }
        });
    }

    let time = "<ScheduleTime>2026-01-15T01:30:15Z</ScheduleTime>";
    for (name, policies, code, text) in [
        (
            "no_object",
            vec![],
            "steps.integrationcallout.NullRequestVariable",
            "IntegrationEndpoint[risk]: request variable integration.request is null".to_owned(),
        ),
        (
            "object_that_is_text",
            vec![crate::policy::assign_message(
                "AM-1",
                "<AssignVariable><Name>integration.request</Name><Value>x</Value></AssignVariable>",
            )],
            "steps.integrationcallout.RequestVariableNotMessageType",
            "IntegrationEndpoint[risk]: request variable integration.request value is not of type Message".to_owned(),
        ),
        (
            "time_without_async",
            vec![prepare(time)],
            "steps.integrationcallout.ExecutionFailed",
            "Execution of IntegrationEndpoint risk failed. Reason: ScheduleTime needs AsyncExecution".to_owned(),
        ),
        (
            "unresolved",
            vec![prepare("<ProjectId ref='nowhere'/>")],
            "entities.UnresolvedVariable",
            "Unresolved variable : nowhere".to_owned(),
        ),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let mut configuration = configuration(&service, "", &policies);
            let endpoint = configuration["proxy_endpoint"].as_str().unwrap().replace("<Step><Name>H</Name></Step>", "");
            configuration["proxy_endpoint"] = json!(endpoint);
            let site = setup.listener(Listener::new(configuration));
            move || async move {
                assert_fault(&site.get("/v1").await, code, &text);
                assert_eq!((service.api.heads(), service.metadata.heads(), site.upstream().heads()), (0, 0, 0));
            }
        });
    }

    lab.case("no_token", |setup| {
        let service = IntegrationService::new(setup);
        let metadata = setup.backend(|_: &_| MockResponse::text(500, "no"));
        let report = set("AM-1", "<StatusCode>401</StatusCode><Payload contentType='text/plain'>{fault.name}</Payload>");
        let rules = format!(
            "<FaultRules><FaultRule><Condition>fault.name = \"GoogleTokenGenerationFailure\"</Condition>{}</FaultRule></FaultRules>",
            steps(&["AM-1"])
        );
        let content = [flow("PreFlow", &["SIR"], &["G"]), rules, to_integration("")].concat();
        let mut configuration = of_proxy(&service, &content, "", &[prepare(""), report]);
        configuration["google"]["metadata_cluster"] = json!(metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.text()), (401, "GoogleTokenGenerationFailure"));
            assert_eq!((trail(&response).as_str(), service.api.heads()), ("", 0));
        }
    });
}
