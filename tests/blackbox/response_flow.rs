//! Callouts in the response flow.

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, assert_fault};
use crate::lab::{Backend, Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// A configuration that runs this policy in the response flow only.
fn in_response(policy: &ServiceCallout, backend: &Backend) -> Value {
    json!({"policies": [policy.xml()], "response": ["SC-1"], "clusters": {"*": backend.cluster()}})
}

fn sending(payload: &str) -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://a.test/log")
        .response("r")
        .set(&format!("<Verb>POST</Verb><Payload>{payload}</Payload>"))
}

pub fn cases(lab: &mut Lab) {
    faults(lab);
    bodies(lab);

    // The request stays readable, and `message` is now the response.
    lab.case("reads_both_messages", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let upstream = setup.backend(|_: &Received| MockResponse::text(202, "hello").header("x-up", "u"));
        let payload = "{request.verb} {request.path} {request.queryparam.a} {request.header.x-down} \
                       {response.status.code} {response.header.x-up} {message.status.code}";
        let site = setup.listener(Listener::new(in_response(&sending(payload), &backend)).upstream(&upstream));
        move || async move {
            let response = site.send(Request::new("PUT", "/v1?a=1").header("x-down", "d")).await;
            assert_eq!((response.status, response.text(), response.header("x-up")), (202, "hello", Some("u")));
            assert_eq!(backend.only_request().text(), "PUT /v1 1 d 202 u 202");
        }
    });

    lab.case("both_flows_share_variables", |setup| {
        let backend = setup.backend(|request: &Received| MockResponse::text(200, request.path_and_query.clone()));
        let first = ServiceCallout::new("SC-1", "http://a.test/first").response("firstResp");
        let second = ServiceCallout::new("SC-2", "http://a.test{firstResp.content}/second").response("secondResp");
        let site = setup.listener(
            Listener::new(json!({
                "policies": [second.xml(), first.xml()],
                "request": ["SC-1"],
                "response": ["SC-2"],
                "clusters": {"*": backend.cluster()},
            }))
            .log_state(&["firstResp.content", "secondResp.content"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/first", "/first/second"]);
            let logged = site.logged().await;
            assert_eq!(logged.state("firstResp.content"), Some("/first"));
            assert_eq!(logged.state("secondResp.content"), Some("/first/second"));
        }
    });

    lab.case("only_one_list_given", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let mut configuration = in_response(&policy, &backend);
        configuration["response"] = json!([]);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 1));
        }
    });

    // The client receives nothing before the callout's response.
    lab.case("delays_the_response", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(200).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let site = setup.listener(Listener::new(in_response(&sending("x"), &backend)));
        move || async move {
            let exchange = site.start(Request::post("/", "text/plain", "hello"));
            backend.wait_for_requests(1).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            assert_eq!((site.upstream().heads(), exchange.is_over()), (1, false));
            gate.open();
            assert_eq!(exchange.reply().await.text(), "hello");
        }
    });

    // Envoy's own replies are not responses of an upstream.
    lab.case("skipped_for_replies_of_envoy", |setup| {
        let backend = setup.echo();
        let refusing = setup.cluster_refusing_connections(crate::lab::Cluster::new());
        let routes = json!([{"match": {"path": "/refused"}, "route": {"cluster": refusing}}]);
        let site = setup.listener(Listener::new(in_response(&sending("x"), &backend)).routes(routes));
        move || async move {
            assert_eq!(site.get("/unrouted").await.status, 404);
            assert_eq!(site.get("/refused").await.status, 503);
            assert_eq!(backend.heads(), 0);
        }
    });
    lab.case("skipped_after_a_fault", |setup| {
        let backend = setup.echo();
        let failing = ServiceCallout::new("SC-2", "http://a.test/{missing}").response("r");
        let mut configuration = in_response(&sending("x"), &backend);
        configuration["policies"] = json!([sending("x").xml(), failing.xml()]);
        configuration["request"] = json!(["SC-2"]);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_fault(&site.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : missing");
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
        }
    });
}

fn faults(lab: &mut Lab) {
    for (name, stop_iteration) in [("fault_replaces_the_response", false), ("fault_with_body_callbacks", true)] {
        lab.case(name, move |setup| {
            let backend = setup.backend(|_: &Received| MockResponse::text(500, "no"));
            let upstream = setup.backend(|_: &Received| MockResponse::text(202, "secret").header("x-up", "u"));
            let listener = Listener::new(in_response(&sending("x"), &backend)).upstream(&upstream);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener.log_state(&["fault.name", "servicecallout.SC-1.failed"]));
            move || async move {
                let response = site.get("/").await;
                assert_execution_failed(&response, "SC-1", "ResponseCode 500 is treated as error");
                assert_eq!((backend.heads(), site.upstream().heads()), (1, 1));
                let logged = site.logged().await;
                assert_eq!((logged.status(), logged.state("fault.name")), (500, Some("ExecutionFailed")));
                assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            }
        });
    }

    // The saved request headers determine the format.
    lab.case("fault_as_xml", |setup| {
        let refusing = setup.cluster_refusing_connections(crate::lab::Cluster::new());
        let policy = sending("x");
        let configuration = json!({"policies": [policy.xml()], "response": ["SC-1"], "clusters": {"*": refusing}});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let response = site.send(Request::get("/").header("accept", "application/xml")).await;
            let text = crate::fault::execution_failed("SC-1", "Host not reachable");
            assert_eq!(response.text(), crate::fault::xml("steps.servicecallout.ExecutionFailed", &text));
            assert_eq!((response.status, response.header("content-type")), (500, Some("application/xml")));
        }
    });
}

fn bodies(lab: &mut Lab) {
    lab.case("reads_the_response_body", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let upstream = setup.backend(|_: &Received| MockResponse::status(200).streamed(100_000));
        let site = setup.listener(
            Listener::new(in_response(&sending("{response.content}{message.content}"), &backend))
                .upstream(&upstream)
                .allow_on_headers_stop_iteration(),
        );
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.body().len(), response.is_complete()), (200, 100_000, true));
            assert_eq!(backend.only_request().text(), "x".repeat(200_000));
        }
    });

    lab.case("reads_a_missing_response_body", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let upstream = setup.backend(|_: &Received| MockResponse::status(204));
        let site = setup.listener(
            Listener::new(in_response(&sending("[{response.content}]"), &backend))
                .upstream(&upstream)
                .allow_on_headers_stop_iteration(),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 204);
            assert_eq!(backend.only_request().text(), "[]");
        }
    });

    lab.case("callout_response_named_response_reaches_the_client", |setup| {
        let backend =
            setup.backend(|_: &Received| MockResponse::json(203, r#"{"from":"callout"}"#).header("x-new", "1"));
        let upstream = setup.backend(|_: &Received| MockResponse::text(200, "short").header("x-old", "1"));
        let policy = sending("x").response("response");
        let site = setup.listener(
            Listener::new(in_response(&policy, &backend)).upstream(&upstream).allow_on_headers_stop_iteration(),
        );
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (203, r#"{"from":"callout"}"#));
            assert_eq!(response.header_all("content-type"), ["application/json"]);
            assert_eq!(response.header_all("content-length"), ["18"]);
            assert_eq!((response.header("x-new"), response.header("x-old")), (Some("1"), None));
        }
    });
}
