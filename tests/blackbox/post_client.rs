//! PostClientFlow: the callouts after the client has its response.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::assert_fault;
use crate::lab::{Backend, Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, raise_fault};
use crate::proxy::{flow, proxied, proxy_endpoint, steps};

const SOON: Duration = Duration::from_millis(150);

/// SC-Log in the PostClientFlow reports the request, its response and its fault.
fn logging(log: &Backend, content: &str, further: &[String]) -> Value {
    let payload =
        "{request.verb} {request.path} {response.status.code:none} {fault.name:none} {error.status.code:none}";
    let call = ServiceCallout::new("SC-Log", "http://log.test/entries")
        .set(&format!("<Verb>POST</Verb><Payload contentType='text/plain'>{payload}</Payload>"));
    let flow = format!("<PostClientFlow><Response>{}</Response></PostClientFlow>", steps(&["SC-Log"]));
    let mut configuration = proxied(&proxy_endpoint(&format!("{content}{flow}")), &[&[call.xml()], further].concat());
    configuration["clusters"] = json!({"*": log.cluster()});
    configuration
}

pub fn cases(lab: &mut Lab) {
    lab.case("after_the_response", |setup| {
        let (held, never) = (Gate::closed(), MockResponse::status(200).held_by(&Gate::closed()));
        let log = setup.backend(move |_: &Received| never.clone());
        let response = MockResponse::text(404, "hello").held_by(&held);
        let upstream = setup.backend(move |_: &Received| response.clone());
        let site = setup.listener(Listener::new(logging(&log, "", &[])).upstream(&upstream));
        move || async move {
            let exchange = site.start(Request::get("/v1/a"));
            upstream.wait_for_requests(1).await;
            tokio::time::sleep(SOON).await;
            assert_eq!((log.heads(), exchange.is_over()), (0, false));
            held.open();
            // The log service never responds, and the client does not wait for it.
            let response = exchange.reply().await;
            assert_eq!((response.status, response.text()), (404, "hello"));
            let call = log.wait_for_requests(1).await.remove(0);
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("POST", "/entries"));
            assert_eq!(call.text(), "GET /v1/a 404 none none");
        }
    });

    // The client has the last byte of the response before.
    lab.case("after_a_slow_response", |setup| {
        let log = setup.backend(|_: &Received| MockResponse::status(200));
        let upstream = setup.backend(|_: &Received| MockResponse::status(200).pieces(["one", "two", "three"], SOON));
        let site = setup.listener(Listener::new(logging(&log, "", &[])).upstream(&upstream));
        move || async move {
            let exchange = site.start(Request::get("/v1"));
            upstream.wait_for_requests(1).await;
            tokio::time::sleep(SOON).await;
            assert_eq!((log.heads(), exchange.is_over()), (0, false));
            assert_eq!(exchange.reply().await.text(), "onetwothree");
            assert_eq!(log.wait_for_requests(1).await[0].text(), "GET /v1 200 none none");
        }
    });

    lab.case("after_a_fault", |setup| {
        let log = setup.backend(|_: &Received| MockResponse::status(200));
        let content = flow("PreFlow", &["RF-1"], &[]);
        let site = setup.listener(Listener::new(logging(&log, &content, &[raise_fault("RF-1", "")])));
        move || async move {
            for (number, request) in [Request::get("/v1"), Request::get("/v1").h2()].into_iter().enumerate() {
                let response = site.send(request).await;
                assert_fault(&response, "steps.raisefault.RaiseFault", "Raising fault. Fault name : RF-1");
                let calls = log.wait_for_requests(number + 1).await;
                assert_eq!(calls[number].text(), "GET /v1 none RaiseFault 500");
            }
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    lab.case("after_a_fault_of_the_response_flow", |setup| {
        let log = setup.backend(|_: &Received| MockResponse::status(200));
        let content = flow("PreFlow", &[], &["RF-1"]);
        let site = setup.listener(Listener::new(logging(&log, &content, &[raise_fault("RF-1", "")])));
        move || async move {
            assert_fault(&site.get("/v1").await, "steps.raisefault.RaiseFault", "Raising fault. Fault name : RF-1");
            assert_eq!(log.wait_for_requests(1).await[0].text(), "GET /v1 200 RaiseFault 500");
        }
    });

    // The stream has ended. A detached task fetches the token and sends the call.
    lab.case("with_a_token", |setup| {
        let log = setup.backend(|_: &Received| MockResponse::status(200));
        let gate = Gate::closed();
        let token = MockResponse::json(200, r#"{"access_token":"T","expires_in":3599}"#).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| token.clone());
        let mut configuration = logging(&log, "", &[]);
        let policies = configuration["policies"].as_array_mut().unwrap();
        let policy = policies.iter_mut().find(|policy| policy.as_str().unwrap().contains("<ServiceCallout")).unwrap();
        let scopes =
            "<Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication>";
        let with_token = policy.as_str().unwrap().replace("<URL>", &format!("{scopes}<URL>"));
        *policy = json!(with_token);
        configuration["google"] = json!({"metadata_cluster": metadata.cluster()});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            metadata.wait_for_requests(1).await;
            assert_eq!(log.heads(), 0);
            gate.open();
            let call = log.wait_for_requests(1).await.remove(0);
            assert_eq!((call.header("authorization"), call.text()), (Some("Bearer T"), "GET /v1 200 none none"));
        }
    });

    // A request of another proxy does not run this proxy's PostClientFlow.
    lab.case("not_outside_the_base_path", |setup| {
        let log = setup.backend(|_: &Received| MockResponse::status(200));
        let site = setup.listener(Listener::new(logging(&log, "", &[])));
        move || async move {
            assert_eq!(site.get("/v2").await.status, 200);
            assert_eq!(site.get("/v1").await.status, 200);
            let calls = log.wait_for_requests(1).await;
            assert_eq!(calls[0].text(), "GET /v1 200 none none");
            tokio::time::sleep(SOON).await;
            assert_eq!(log.heads(), 1);
        }
    });
}
