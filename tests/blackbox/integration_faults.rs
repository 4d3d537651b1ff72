//! The faults of integrations: the client's exact response, access logs, continueOnError and fault rules.

use serde_json::{Value, json};

use crate::fault::{assert_fault, xml};
use crate::integration::{prepare, run, run_with};
use crate::lab::{Cluster, IntegrationService, Lab, Listener, Message, MockResponse, Request, Setup, Wire};
use crate::policy::{assign_message, set};

const FAILED: &str = "steps.integrationcallout.ExecutionFailed";
const TOKEN_FAILED: &str = "messaging.adaptors.http.filter.GoogleTokenGenerationFailure";

const STATE: [&str; 6] = [
    "IntegrationCallout.IC-1.failed",
    "integrationcallout.IC-1.failed",
    "fault.name",
    "error.message",
    "error.status.code",
    "integration.response.status.code",
];

/// A way to fail: what is configured, and the fault.
struct Failure {
    name: &'static str,
    configure: fn(&mut Setup<'_>) -> Value,
    code: &'static str,
    text: String,
    /// The status in `integration.response`.
    stored: Option<&'static str>,
}

fn failed(name: &'static str, reason: &str, configure: fn(&mut Setup<'_>) -> Value) -> Failure {
    let text = format!("Execution of IntegrationCallout IC-1 failed. Reason: {reason}");
    Failure { name, configure, code: FAILED, text, stored: None }
}

fn of_variable(
    name: &'static str,
    code: &'static str,
    problem: &str,
    configure: fn(&mut Setup<'_>) -> Value,
) -> Failure {
    let text = format!("IntegrationCallout[IC-1]: request variable integration.request {problem}");
    Failure { name, configure, code, text, stored: None }
}

fn token(name: &'static str, configure: fn(&mut Setup<'_>) -> Value) -> Failure {
    Failure { name, configure, code: TOKEN_FAILED, text: "Google token generation failed".to_owned(), stored: None }
}

/// Both policies, with a service that sends this response.
fn with_response(setup: &mut Setup<'_>, status: u16) -> Value {
    let body = r#"{"error":{"code":1,"message":"no","status":"NO"}}"#;
    IntegrationService::responding(setup, move |_| MockResponse::json(status, body))
        .configuration(&[prepare(""), run()])
}

/// Both policies, with a service at this cluster.
fn served_by(setup: &mut Setup<'_>, cluster: &str) -> Value {
    let mut configuration = with_response(setup, 200);
    configuration["clusters"]["*"] = json!(cluster);
    configuration
}

/// These policies, none of which reaches the service.
fn uncalled(setup: &mut Setup<'_>, policies: &[String]) -> Value {
    let never = IntegrationService::responding(setup, |_| panic!("nothing may call the service"));
    never.configuration(policies)
}

/// A metadata server that sends this response.
fn token_response(setup: &mut Setup<'_>, status: u16, body: &'static str) -> Value {
    let metadata = setup.backend(move |_: &_| MockResponse::json(status, body));
    let mut configuration = uncalled(setup, &[prepare(""), run()]);
    configuration["google"]["metadata_cluster"] = json!(metadata.cluster());
    configuration
}

fn variable(elements: &str) -> String {
    assign_message("AM-0", elements)
}

/// Every row of the documentation's table, most of them in several ways.
fn failures() -> Vec<Failure> {
    let with_status = |name, status: &'static str, configure| Failure {
        stored: Some(status),
        ..failed(name, &format!("ResponseCode {status} is treated as error"), configure)
    };
    vec![
        with_status("no_permission", "403", |setup| with_response(setup, 403)),
        with_status("no_such_integration", "404", |setup| with_response(setup, 404)),
        with_status("service_failed", "500", |setup| with_response(setup, 500)),
        // This 503 is the service's.
        with_status("service_unavailable", "503", |setup| with_response(setup, 503)),
        failed("refused", "Host not reachable", |setup| {
            let cluster = setup.cluster_refusing_connections(Cluster::new());
            served_by(setup, &cluster)
        }),
        failed("no_endpoints", "Host not reachable", |setup| {
            let cluster = setup.cluster_without_endpoints();
            served_by(setup, &cluster)
        }),
        failed("unknown_cluster", "Host not reachable", |setup| served_by(setup, "no-such-cluster")),
        failed("closed", "Connection reset", |setup| {
            let closing = setup.raw_backend(|mut wire: Wire| async move {
                wire.head().await;
            });
            served_by(setup, closing.cluster())
        }),
        failed("no_http", "Protocol error", |setup| {
            let garbage = setup.raw_backend(|mut wire: Wire| async move {
                wire.head().await;
                wire.write("garbage\r\n\r\n").await;
            });
            served_by(setup, garbage.cluster())
        }),
        failed("too_large", "Response larger than 1000 bytes", |setup| {
            let service = IntegrationService::responding(setup, |_| MockResponse::json(200, vec![b'x'; 1001]));
            let mut configuration = service.configuration(&[prepare(""), run()]);
            configuration["max_response_bytes"] = json!(1000);
            configuration
        }),
        failed("schedule_time_without_async", "ScheduleTime needs AsyncExecution", |setup| {
            uncalled(setup, &[prepare("<ScheduleTime>2026-01-15T01:30:15Z</ScheduleTime>"), run()])
        }),
        failed("region_without_cluster", "Host not reachable", |setup| {
            let mut configuration = uncalled(setup, &[prepare("").replace("us-west1", "{v}"), run()]);
            configuration["clusters"] = json!({"https://us-west1-integrations.googleapis.com": "other"});
            configuration["properties"] = json!({"v": "us-east1"});
            configuration
        }),
        failed("region_that_is_none", "Host not reachable", |setup| {
            uncalled(setup, &[prepare("").replace("us-west1", "evil.example.com/"), run()])
        }),
        failed("object_without_a_region", "Host not reachable", |setup| {
            let make =
                "<AssignTo createNew='true' type='request'>integration.request</AssignTo><Set><Path>/x</Path></Set>";
            uncalled(setup, &[variable(make), run()])
        }),
        of_variable("never_set", "steps.integrationcallout.NullRequestVariable", "is null", |setup| {
            uncalled(setup, &[run()])
        }),
        of_variable("removed", "steps.integrationcallout.NullRequestVariable", "is null", |setup| {
            let service = IntegrationService::new(setup);
            let first = run().replace("IC-1", "IC-0");
            service.configuration(&[
                prepare(""),
                first,
                run_with("<Request>integration.request</Request><Response>r</Response>"),
            ])
        })
        .storing("200"),
        of_variable(
            "text",
            "steps.integrationcallout.RequestVariableNotMessageType",
            "value is not of type Message",
            |setup| {
                let assign = "<AssignVariable><Name>integration.request</Name><Value>x</Value></AssignVariable>";
                uncalled(setup, &[variable(assign), run()])
            },
        ),
        of_variable(
            "constant",
            "steps.integrationcallout.RequestVariableNotMessageType",
            "value is not of type Message",
            |setup| {
                let mut configuration = uncalled(setup, &[run()]);
                configuration["properties"] = json!({"integration.request": 7});
                configuration
            },
        ),
        of_variable(
            "response_message",
            "steps.integrationcallout.RequestVariableNotRequestMessageType",
            "value is not of type Request Message",
            |setup| {
                let make = "<AssignTo createNew='true' type='response'>integration.request</AssignTo><Set><StatusCode>200</StatusCode></Set>";
                uncalled(setup, &[variable(make), run()])
            },
        ),
        token("token_refused", |setup| token_response(setup, 404, "{}")),
        token("token_of_nothing", |setup| token_response(setup, 200, "{}")),
        token("no_metadata_server", |setup| {
            let refusing = setup.cluster_refusing_connections(Cluster::new());
            let mut configuration = uncalled(setup, &[prepare(""), run()]);
            configuration["google"]["metadata_cluster"] = json!(refusing);
            configuration
        }),
    ]
}

impl Failure {
    fn storing(self, status: &'static str) -> Failure {
        Failure { stored: Some(status), ..self }
    }

    fn fault_name(&self) -> &'static str {
        self.code.rsplit('.').next().unwrap()
    }
}

pub fn cases(lab: &mut Lab) {
    for failure in failures() {
        // Three listeners on the same servers: the plain policy, one with continueOnError, and one with a fault rule.
        lab.case(failure.name, |setup| {
            let mut configuration = (failure.configure)(setup);
            configuration["filter_state"] = json!(["integrationcallout.*"]);
            let strict = setup.listener(Listener::new(configuration.clone()).log_state(&STATE));
            let lenient = Listener::new(continuing(configuration.clone())).upstream(strict.upstream());
            let lenient = setup.listener(lenient.log_state(&STATE));
            let ruled = Listener::new(with_rule(configuration, failure.fault_name())).upstream(strict.upstream());
            let ruled = setup.listener(ruled);
            move || async move {
                // The request runs twice to detect state that the first one leaves.
                for _ in 0..2 {
                    assert_fault(&strict.get("/v1").await, failure.code, &failure.text);
                    let logged = strict.logged().await;
                    let (yes, text) = (Some("true"), Some(failure.text.as_str()));
                    let expected = [yes, yes, Some(failure.fault_name()), text, Some("500"), failure.stored];
                    assert_eq!(STATE.map(|name| logged.state(name)), expected);
                }
                let response = strict.send(Request::get("/v1").header("accept", "application/xml")).await;
                assert_eq!((response.status, response.text()), (500, xml(failure.code, &failure.text).as_str()));
                assert_eq!(response.header_all("content-type"), ["application/xml"]);

                let response = ruled.get("/v1").await;
                let text = format!("{}|{}|IntegrationCalloutFailure", failure.fault_name(), failure.text);
                assert_eq!((response.status, response.text()), (502, text.as_str()));
                assert_eq!(strict.upstream().heads(), 0);

                assert_eq!(lenient.get("/v1").await.status, 200);
                let seen = format!("true {} {}", failure.fault_name(), failure.stored.unwrap_or("none"));
                assert_eq!(strict.upstream().only_request().header("x-seen"), Some(seen.as_str()));
                let logged = lenient.logged().await;
                let (yes, fault) = (Some("true"), Some(failure.fault_name()));
                let expected = [yes, yes, fault, None, None, failure.stored];
                assert_eq!(STATE.map(|name| logged.state(name)), expected);
            }
        });
    }
    unresolved(lab);
}

/// The configuration with continueOnError, and with a policy that reports the failure to the upstream.
fn continuing(mut configuration: Value) -> Value {
    let policies = configuration["policies"].as_array_mut().unwrap();
    let callout = policies.last_mut().unwrap();
    *callout = json!(callout.as_str().unwrap().replace("name=\"IC-1\"", "name=\"IC-1\" continueOnError=\"true\""));
    let report = "<Headers><Header name='x-seen'>{IntegrationCallout.IC-1.failed} {fault.name} {integration.response.status.code:none}</Header></Headers>";
    policies.push(json!(set("AM-1", report)));
    configuration
}

/// The configuration with a rule that names the fault and the policy that failed.
fn with_rule(mut configuration: Value, fault: &str) -> Value {
    let policies = configuration["policies"].as_array_mut().unwrap();
    let steps: Vec<String> = policies.iter().map(|policy| name_of(policy.as_str().unwrap())).collect();
    let report = "<StatusCode>502</StatusCode><Payload contentType='text/plain'>{fault.name}|{error.message}|{fault.subcategory}</Payload>";
    policies.push(json!(set("AM-1", report)));
    configuration["request"] = json!(steps);
    configuration["fault_rules"] = json!(format!(
        "<FaultRules><FaultRule><Condition>fault.name = \"{fault}\" and IntegrationCallout.IC-1.failed = true</Condition>
         <Step><Name>AM-1</Name></Step></FaultRule></FaultRules>"
    ));
    configuration
}

fn name_of(policy: &str) -> String {
    let (_, rest) = policy.split_once("name=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Faults of SetIntegrationRequest, in every element that may name a variable.
fn unresolved(lab: &mut Lab) {
    let region = prepare("").replace(">us-west1<", " ref='v.none'><");
    let trigger = prepare("").replace(">t<", ">a{v.none}<");
    let parameter = |inner: &str| prepare(&format!("<Parameters>{inner}</Parameters>"));
    for (name, policy) in [
        ("project_unresolved", prepare("<ProjectId ref='v.none'/>")),
        ("name_unresolved", prepare("<IntegrationName>{v.none}</IntegrationName>")),
        ("region_unresolved", region),
        ("trigger_unresolved", trigger),
        ("time_unresolved", prepare("<ScheduleTime ref='v.none'/>")),
        ("parameter_unresolved", parameter("<Parameter name='p' ref='v.none'/>")),
        ("parameter_template_unresolved", parameter("<Parameter name='p' type='integer'>{v.none}</Parameter>")),
        (
            "item_unresolved",
            parameter("<ParameterArray name='p'><Value>a</Value><Value ref='v.none'/></ParameterArray>"),
        ),
    ] {
        lab.case(name, move |setup| {
            let text = "Unresolved variable : v.none";
            let state = ["setintegrationrequest.SIR.failed", "fault.name", "IntegrationCallout.IC-1.failed"];
            let strict = uncalled(setup, &[policy.clone(), run()]);
            let strict = setup.listener(Listener::new(strict).log_state(&state));
            // The object is not made, so the callout that sends it fails for the same reason.
            let lenient =
                uncalled(setup, &[policy.replace("name=\"SIR\"", "name=\"SIR\" continueOnError=\"true\""), run()]);
            let mut ruled = lenient.clone();
            ruled["policies"]
                .as_array_mut()
                .unwrap()
                .push(json!(set("AM-Rule", "<StatusCode>502</StatusCode><Payload>{fault.reason}</Payload>")));
            ruled["request"] = json!(["SIR", "IC-1"]);
            ruled["fault_rules"] = json!(
                "<FaultRules><FaultRule name='r'><Condition>(fault.name Matches \"UnresolvedVariable\") and \
                 (IntegrationCallout.IC-1.failed = true)</Condition><Step><Name>AM-Rule</Name></Step></FaultRule></FaultRules>"
            );
            let ruled = setup.listener(Listener::new(ruled));
            let lenient = setup.listener(Listener::new(lenient).log_state(&state));
            move || async move {
                for site in [&strict, &lenient] {
                    assert_fault(&site.get("/v1").await, "entities.UnresolvedVariable", text);
                    let logged = site.logged().await;
                    let expected = [Some("true"), Some("UnresolvedVariable"), Some("true")];
                    assert_eq!(state.map(|name| logged.state(name)), expected);
                }
                let response = ruled.get("/v1").await;
                assert_eq!((response.status, response.text()), (502, text));
            }
        });
    }
}
