//! IntegrationCallout: every element and attribute, the request of the service, and the values for later policies.

use serde_json::json;

use crate::integration::{RISK, RISK_BODY, RISK_PATH, assert_ran, prepare, run, run_with, schedule};
use crate::lab::{
    Cluster, EXECUTED, Gate, IntegrationService, Lab, Listener, Message, MockResponse, Received, Request, SCHEDULED,
    TOKEN, give_token,
};
use crate::policy::{assign_message, extract_variables, set};

const LEAST: &str = r#"{"triggerId":"api_trigger/t"}"#;
const LEAST_PATH: &str = "/v1/projects/default-project/locations/us-west1/integrations/-";

const STATE: [&str; 6] = [
    "integration.response.content",
    "integration.response.status.code",
    "ran.content",
    "IntegrationCallout.IC-1.failed",
    "integrationcallout.IC-1.failed",
    "fault.name",
];

pub fn cases(lab: &mut Lab) {
    synchronous(lab);
    asynchronous(lab);
    request_and_response(lab);
    attributes(lab);
    tokens(lab);
    busy(lab);
}

fn synchronous(lab: &mut Lab) {
    lab.case("worked_example", |setup| {
        let service = IntegrationService::new(setup);
        let run = run().replace("IC-1", "IC-Risk");
        let read = "<Source>integration.response</Source><VariablePrefix>risk</VariablePrefix>
            <JSONPayload><Variable name='score' type='double'><JSONPath>$.outputParameters.score</JSONPath></Variable></JSONPayload>";
        let report = "<Headers><Header name='x-score'>{risk.score} {jsonPath('$.executionId',integration.response.content)}</Header></Headers>";
        let policies = [RISK.to_owned(), run, extract_variables("EV-1", read), set("AM-1", report)];
        let mut configuration = service.configuration(&policies);
        configuration["filter_state"] = json!(["integrationcallout.*"]);
        let state = [
            "integration.response.content",
            "integration.response.status.code",
            "IntegrationCallout.IC-Risk.failed",
            "integrationcallout.IC-Risk.failed",
            "setintegrationrequest.Set-Int.failed",
            "fault.name",
        ];
        let site = setup.listener(Listener::new(configuration).log_state(&state));
        move || async move {
            assert_eq!(site.get("/v1/risk?acct=A9").await.status, 200);
            let call = assert_ran(&service.api, RISK_PATH, RISK_BODY);
            assert_eq!(call.authority, "us-west1-integrations.googleapis.com");
            assert_eq!(
                call.header_names(),
                [
                    "authorization",
                    "content-length",
                    "content-type",
                    "host",
                    "x-envoy-expected-rq-timeout-ms",
                    "x-envoy-internal",
                    "x-request-id"
                ]
            );
            // The service's own limit.
            assert_eq!(call.header("x-envoy-expected-rq-timeout-ms"), Some("120000"));
            let upstream = site.upstream().only_request();
            assert_eq!(upstream.header_all("x-score"), ["0.7 e-1"]);
            assert_eq!((upstream.method.as_str(), upstream.header("authorization")), ("GET", None));
            let logged = site.logged().await;
            let expected = [Some(EXECUTED), Some("200"), Some("false"), Some("false"), Some("false"), None];
            assert_eq!(state.map(|name| logged.state(name)), expected);
        }
    });

    // By the documentation, only the status determines a failure.
    for (name, status, body) in [
        ("integration_that_failed_itself", 200, r#"{"executionId":"e-1","executionFailed":true}"#),
        ("no_content", 204, ""),
        ("redirect", 302, ""),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::responding(setup, move |_| MockResponse::json(status, body));
            let site = setup.listener(Listener::new(service.configuration(&[prepare(""), run()])).log_state(&STATE));
            move || async move {
                assert_eq!(site.get("/v1").await.status, 200);
                let logged = site.logged().await;
                assert_eq!(logged.state("integration.response.status.code"), Some(status.to_string().as_str()));
                assert_eq!(logged.state("IntegrationCallout.IC-1.failed"), Some("false"));
            }
        });
    }
}

fn asynchronous(lab: &mut Lab) {
    for (name, time, body) in [
        ("scheduled_at_once", "", LEAST),
        (
            "scheduled_for_later",
            "<ScheduleTime>2026-01-15T01:30:15-08:00</ScheduleTime>",
            r#"{"triggerId":"api_trigger/t","scheduleTime":"2026-01-15T01:30:15-08:00"}"#,
        ),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let configuration = service.configuration(&[prepare(time), schedule()]);
            let site = setup.listener(Listener::new(configuration).log_state(&STATE));
            move || async move {
                assert_eq!(site.get("/v1").await.status, 200);
                assert_ran(&service.api, &format!("{LEAST_PATH}:schedule"), body);
                let logged = site.logged().await;
                assert_eq!(logged.state("integration.response.content"), Some(SCHEDULED));
                assert_eq!(logged.state("IntegrationCallout.IC-1.failed"), Some("false"));
            }
        });
    }

    lab.case("not_asynchronous", |setup| {
        let service = IntegrationService::new(setup);
        let run = run_with("<AsyncExecution>false</AsyncExecution><Request>integration.request</Request>");
        let site = setup.listener(Listener::new(service.configuration(&[prepare(""), run])));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_ran(&service.api, &format!("{LEAST_PATH}:execute"), LEAST);
        }
    });
}

fn request_and_response(lab: &mut Lab) {
    lab.case("response_with_a_name", |setup| {
        let service = IntegrationService::responding(setup, |_| MockResponse::json(201, EXECUTED).header("x-run", "r"));
        let run = run_with("<Request>integration.request</Request><Response>ran</Response>");
        let report = "<Headers><Header name='x-seen'>{ran.status.code} {ran.header.x-run} {integration.response.content:none}</Header></Headers>";
        let configuration = service.configuration(&[prepare(""), run, set("AM-1", report)]);
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-seen"), Some("201 r none"));
            let logged = site.logged().await;
            assert_eq!(
                (logged.state("ran.content"), logged.state("integration.response.content")),
                (Some(EXECUTED), None)
            );
        }
    });

    // The documentation's example. A request that is kept can be sent again.
    for (name, attribute, kept) in [
        ("request_cleared", "", "none"),
        ("request_cleared_explicitly", " clearPayload='true'", "none"),
        ("request_kept", " clearPayload='false'", LEAST),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let run = |name: &str| {
                run_with(&format!("<Request{attribute}>my_request_flow_var</Request>")).replace("IC-1", name)
            };
            let prepare = prepare("<Request>my_request_flow_var</Request>");
            let report =
                set("AM-1", "<Headers><Header name='x-kept'>{my_request_flow_var.content:none}</Header></Headers>");
            let mut policies = vec![prepare, run("IC-1"), report];
            if kept != "none" {
                policies.push(run("IC-2"));
            }
            let site = setup.listener(Listener::new(service.configuration(&policies)));
            move || async move {
                assert_eq!(site.get("/v1").await.status, 200);
                assert_eq!(site.upstream().only_request().header("x-kept"), Some(kept));
                let bodies: Vec<String> = service.api.requests().iter().map(|call| call.text().to_owned()).collect();
                assert_eq!(bodies, vec![LEAST; policies.len() - 2]);
            }
        });
    }

    // The response can be the client's: in the response flow, and under the name of its message.
    lab.case("response_of_the_client", |setup| {
        let service = IntegrationService::new(setup);
        let run = run_with("<Request>integration.request</Request><Response>response</Response>");
        let mut configuration = service.configuration(&[prepare("<ProjectId ref='response.header.x-project'/>"), run]);
        configuration["response"] = json!(["SIR", "IC-1"]);
        let upstream =
            setup.backend(|_: &Received| MockResponse::text(203, "upstream").header("x-project", "of-upstream"));
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.text()), (200, EXECUTED));
            assert_eq!(response.header_all("content-type"), ["application/json"]);
            let path = "/v1/projects/of-upstream/locations/us-west1/integrations/-:execute";
            assert_ran(&service.api, path, LEAST);
        }
    });

    // The client's own message loses its body, as with a ServiceCallout, and continues.
    for (name, attribute, left) in
        [("request_of_the_client", "", ""), ("request_of_the_client_kept", " clearPayload='false'", RISK_BODY)]
    {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let run = run_with(&format!("<Request{attribute}>request</Request>"));
            let listener = Listener::new(service.configuration(&[run])).allow_on_headers_stop_iteration();
            let site = setup.listener(listener);
            move || async move {
                let request = Request::post(RISK_PATH, "application/json", RISK_BODY).header("x-own", "1");
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (200, left));
                assert_ran(&service.api, RISK_PATH, RISK_BODY);
                let upstream = site.upstream().only_request();
                assert_eq!((upstream.path_and_query.as_str(), upstream.header("x-own")), (RISK_PATH, Some("1")));
            }
        });
    }

    lab.case("trace_headers", |setup| {
        let service = IntegrationService::new(setup);
        let site = setup.listener(Listener::new(service.configuration(&[prepare(""), run()])));
        move || async move {
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let request = Request::get("/v1").header("traceparent", trace).header("authorization", "Basic x");
            assert_eq!(site.send(request).await.status, 200);
            let call = assert_ran(&service.api, &format!("{LEAST_PATH}:execute"), LEAST);
            assert_eq!(call.header_all("traceparent"), [trace]);
        }
    });
}

fn attributes(lab: &mut Lab) {
    lab.case("not_enabled", |setup| {
        let service = IntegrationService::new(setup);
        let run = run().replace("name=", "enabled=\"false\" name=");
        let site = setup.listener(Listener::new(service.configuration(&[prepare(""), run])).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!((service.api.heads(), service.metadata.heads()), (0, 0));
            assert_eq!(site.logged().await.state("IntegrationCallout.IC-1.failed"), None);
        }
    });

    // Every attribute and element that changes nothing.
    lab.case("all_the_rest", |setup| {
        let service = IntegrationService::new(setup);
        let run = run_with(
            "<DisplayName>Run it</DisplayName><Request clearPayload='true'>integration.request</Request><Response/>",
        )
        .replace("name=", "async=\"false\" continueOnError=\"false\" enabled=\"true\" name=");
        let site = setup.listener(Listener::new(service.configuration(&[prepare(""), run])).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_ran(&service.api, &format!("{LEAST_PATH}:execute"), LEAST);
            assert_eq!(site.logged().await.state("integration.response.content"), Some(EXECUTED));
        }
    });

    lab.case("metrics", |setup| {
        let service = IntegrationService::responding(setup, |request| {
            if request.text().contains("\"bad\"") {
                MockResponse::json(500, "{}")
            } else {
                MockResponse::json(200, EXECUTED)
            }
        });
        let run = run().replace("IC-1", "IC-Counted");
        let prepare = prepare("<Parameters><Parameter name='a' ref='request.queryparam.a'/></Parameters>");
        let site = setup.listener(Listener::new(service.configuration(&[prepare, run])));
        let admin = setup.admin();
        move || async move {
            for (query, status) in [("good", 200), ("bad", 500), ("good", 200)] {
                assert_eq!(site.get(&format!("/v1?a={query}")).await.status, status);
            }
            for (what, count) in [("requests", 3), ("outcome.ok", 2), ("outcome.error_status", 1)] {
                admin.wait_for_stat(&format!("wasmcustom.callout.{what}.policy.IC-Counted"), count).await;
            }
        }
    });
}

fn tokens(lab: &mut Lab) {
    lab.case("token_of_a_service_account", |setup| {
        let service = IntegrationService::new(setup);
        let iam = setup.backend(|request: &Received| {
            let body = json!({"accessToken": TOKEN, "expireTime": "2099-01-01T00:00:00Z"});
            let is_right = request.header("authorization") == Some(&format!("Bearer {TOKEN}"));
            MockResponse::json(if is_right { 200 } else { 401 }, body.to_string())
        });
        let mut configuration = service.configuration(&[prepare(""), run()]);
        configuration["google"]["service_account"] = json!("runner@p1.iam.gserviceaccount.com");
        configuration["google"]["iam_cluster"] = json!(iam.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            let call = iam.only_request();
            assert_eq!(
                call.path_and_query,
                "/v1/projects/-/serviceAccounts/runner@p1.iam.gserviceaccount.com:generateAccessToken"
            );
            assert_eq!(call.json()["scope"], json!(["https://www.googleapis.com/auth/cloud-platform"]));
            assert_ran(&service.api, &format!("{LEAST_PATH}:execute"), LEAST);
        }
    });

    // A policy and a route's target, and any later request, use the same token.
    lab.case("token_fetched_once", |setup| {
        let service = IntegrationService::new(setup);
        let second = run_with("<Request>integration.request</Request>").replace("IC-1", "IC-2");
        let policies = [prepare(""), run().replace("<Request>", "<Request clearPayload='false'>"), second];
        let site = setup.listener(Listener::new(service.configuration(&policies)));
        move || async move {
            for _ in 0..3 {
                assert_eq!(site.get("/v1").await.status, 200);
            }
            assert_eq!((service.api.heads(), service.metadata.heads()), (6, 1));
        }
    });
}

fn busy(lab: &mut Lab) {
    lab.case("many_at_once", |setup| {
        let gate = Gate::closed();
        let held = gate.clone();
        let service = IntegrationService::responding(setup, move |request| {
            MockResponse::json(200, request.json()["inputParameters"]["n"]["intValue"].to_string()).held_by(&held)
        });
        let prepare = prepare("<Parameters><Parameter name='n' type='integer' ref='request.queryparam.n'/></Parameters>");
        let report = "<AssignTo>request</AssignTo><Set><Headers><Header name='x-n'>{integration.response.content}</Header></Headers></Set>";
        let policies = [prepare, run(), assign_message("AM-1", report)];
        let upstream = setup.backend(|request: &Received| MockResponse::text(200, request.header("x-n").unwrap().to_owned()));
        let site = setup.listener(Listener::new(service.configuration(&policies)).upstream(&upstream));
        move || async move {
            let started: Vec<_> = (0..40).map(|n| (n, site.start(Request::get(&format!("/v1?n={n}"))))).collect();
            service.api.wait_for_heads(40).await;
            gate.open();
            for (n, exchange) in started {
                let response = exchange.reply().await;
                assert_eq!((response.status, response.text()), (200, format!("\"{n}\"").as_str()));
            }
            // One for each worker at most.
            assert!(service.metadata.heads() <= 2, "{}", service.metadata.heads());
        }
    });

    lab.case("clients_that_disconnect", |setup| {
        let gates = (Gate::closed(), Gate::closed());
        let (token_gate, run_gate) = gates.clone();
        let metadata = setup.backend(move |request: &Received| give_token(request).held_by(&token_gate));
        let service =
            IntegrationService::responding(setup, move |_| MockResponse::json(200, EXECUTED).held_by(&run_gate));
        let mut configuration = service.configuration(&[prepare(""), run()]);
        configuration["google"]["metadata_cluster"] = json!(metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            // While the token is fetched, then while the integration runs.
            let exchange = site.start(Request::get("/v1"));
            metadata.wait_for_heads(1).await;
            exchange.disconnect().await;
            assert_eq!(site.logged().await.flags(), Some("DC"));
            let waiting = site.start(Request::get("/v1"));
            gates.0.open();
            service.api.wait_for_heads(1).await;
            waiting.disconnect().await;
            assert_eq!(site.logged().await.flags(), Some("DC"));
            let patient = site.start(Request::get("/v1"));
            gates.1.open();
            assert_eq!(patient.reply().await.status, 200);
            assert_eq!((service.api.heads(), site.upstream().heads()), (2, 1));
        }
    });

    lab.case("http2_throughout", |setup| {
        let metadata = setup.backend_in(Cluster::new().h2(), give_token);
        let api = setup.backend_in(Cluster::new().h2(), |_: &Received| MockResponse::json(200, EXECUTED));
        let configuration = json!({
            "policies": [prepare(""), run()],
            "google": {"metadata_cluster": metadata.cluster(), "project": "default-project"},
            "clusters": {"https://us-west1-integrations.googleapis.com": api.cluster()},
        });
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            assert_eq!(site.send(Request::get("/v1").h2()).await.status, 200);
            assert_ran(&api, &format!("{LEAST_PATH}:execute"), LEAST);
            assert_eq!(site.logged().await.state("integration.response.content"), Some(EXECUTED));
        }
    });
}
