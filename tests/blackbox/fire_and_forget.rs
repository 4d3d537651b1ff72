//! Callouts without `<Response>`: the flow does not wait for their response.

use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

const STATE: [&str; 4] =
    ["servicecallout.SC-Log.failed", "servicecallout.requesturi", "fault.name", "servicecallout.request.content"];

fn log() -> ServiceCallout {
    ServiceCallout::new("SC-Log", "http://log.test/entries")
        .set(r#"<Verb>PUT</Verb><Payload contentType="application/json">{"path":"{request.path}"}</Payload>"#)
}

pub fn cases(lab: &mut Lab) {
    unreported_failures(lab);

    lab.case("the_client_does_not_wait", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::text(200, "logged").held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let site = setup.listener(
            Listener::new(log().served_by(backend.cluster())).publish(&["servicecallout.requesturi"]).log_state(&STATE),
        );
        let admin = setup.admin();
        move || async move {
            let response = site.send(Request::post("/v1/check?a=1", "text/plain", "hello")).await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"));
            assert_eq!(logged.state("servicecallout.requesturi"), Some("/entries"));
            assert_eq!(logged.state("fault.name"), None);

            let calls = backend.wait_for_requests(1).await;
            assert_eq!((calls[0].method.as_str(), calls[0].path_and_query.as_str()), ("PUT", "/entries"));
            assert_eq!((calls[0].authority.as_str(), calls[0].text()), ("log.test", r#"{"path":"/v1/check"}"#));
            assert_eq!(calls[0].header("content-type"), Some("application/json"));

            // The stream has ended; the call is active until its response.
            let active = format!("cluster.{}.upstream_rq_active", backend.cluster());
            assert_eq!(admin.stat(&active).await, Some(1));
            gate.open();
            admin.wait_for_stat(&active, 0).await;
            assert_eq!(admin.stat(&format!("cluster.{}.upstream_rq_200", backend.cluster())).await, Some(1));
            assert_eq!(site.get("/after").await.status, 200);
            assert_eq!(backend.wait_for_requests(2).await[1].text(), r#"{"path":"/after"}"#);
        }
    });

    lab.case("it_outlives_a_client_that_disconnects", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(204).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let held = MockResponse::status(204).held_by(&gate);
        let upstream = setup.backend(move |_: &Received| held.clone());
        let site = setup.listener(Listener::new(log().served_by(backend.cluster())).upstream(&upstream));
        let admin = setup.admin();
        move || async move {
            let exchange = site.start(Request::get("/"));
            backend.wait_for_requests(1).await;
            upstream.wait_for_heads(1).await;
            exchange.disconnect().await;
            assert_eq!(site.logged().await.flags(), Some("DC"));
            gate.open();
            admin.wait_for_stat(&format!("cluster.{}.upstream_rq_204", backend.cluster()), 1).await;
        }
    });

    lab.case("several_at_once_and_one_that_waits", |setup| {
        let backend = setup.echo();
        let waiting = ServiceCallout::new("SC-Wait", "http://log.test/wait").response("r");
        let site = setup.listener(
            Listener::new(json!({
                "policies": [log().xml(), waiting.xml()],
                "request": ["SC-Log", "SC-Log", "SC-Wait", "SC-Log"],
                "response": ["SC-Log"],
                "clusters": {"*": backend.cluster()},
            }))
            .log_state(&STATE),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let calls = backend.wait_for_requests(5).await;
            let puts = calls.iter().filter(|call| call.method == "PUT").count();
            assert_eq!((calls.len(), puts), (5, 4));
            assert_eq!(site.filter_state("servicecallout.SC-Log.failed").await.as_deref(), Some("false"));
        }
    });

    // A failure before sending is an ordinary fault.
    lab.case("it_fails_before_sending", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-Log", "http://log.test/{missing}");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).log_state(&STATE));
        move || async move {
            assert_fault(&site.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : missing");
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
            assert_eq!(site.filter_state("servicecallout.SC-Log.failed").await.as_deref(), Some("true"));
        }
    });

    lab.case("an_empty_response_element", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(204).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let site = setup.listener(Listener::new(log().response(" ").served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            backend.wait_for_requests(1).await;
        }
    });
}

fn unreported_failures(lab: &mut Lab) {
    lab.case("a_500_leaves_no_trace", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::text(500, "no"));
        let site = setup.listener(
            Listener::new(log().served_by(backend.cluster())).publish(&["servicecallout.requesturi"]).log_state(&STATE),
        );
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            admin.wait_for_stat(&format!("cluster.{}.upstream_rq_500", backend.cluster()), 1).await;
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"));
            assert_eq!(logged.state("fault.name"), None);
        }
    });

    lab.case("a_host_without_cluster_leaves_no_trace", |setup| {
        let policy = ServiceCallout::new("SC-Log", "http://{request.header.to}/entries");
        let configuration = json!({"policies": [policy.xml()], "clusters": {"http://a.test": "a"}});
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        let admin = setup.admin();
        move || async move {
            for (to, rejected) in [("log.test", 0), ("127.0.0.1", 1)] {
                assert_eq!(site.send(Request::get("/").header("to", to)).await.status, 200, "{to}");
                let logged = site.logged().await;
                assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"), "{to}");
                assert_eq!(logged.state("fault.name"), None, "{to}");
                let stat = "wasmcustom.callout.host_not_allowed.policy.SC-Log";
                assert_eq!(admin.stat(stat).await.unwrap_or(0), rejected, "{to}");
            }
        }
    });

    for name in ["rejected", "no_endpoints"] {
        lab.case(&format!("{name}_leaves_no_trace"), move |setup| {
            let cluster = match name {
                "rejected" => setup.cluster_refusing_connections(Cluster::new()),
                _ => setup.cluster_without_endpoints(),
            };
            let site = setup.listener(Listener::new(log().served_by(&cluster)).log_state(&STATE));
            move || async move {
                let response = site.send(Request::post("/", "text/plain", "hello")).await;
                assert_eq!((response.status, response.text()), (200, "hello"));
                let logged = site.logged().await;
                assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"));
                assert_eq!(logged.state("fault.name"), None);
            }
        });
    }
}
