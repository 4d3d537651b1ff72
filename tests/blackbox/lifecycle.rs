//! Streams that end early, overlap, or go through the module twice.

use std::time::Duration;

use serde_json::json;

use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request, filter, ours};
use crate::policy::ServiceCallout;

const SOON: Duration = Duration::from_millis(100);

pub fn cases(lab: &mut Lab) {
    client_disconnects(lab);

    // Each response reaches the stream that waits for it, in any order of the responses.
    lab.case("overlapping_streams", |setup| {
        let slow_first = |request: &Received| {
            let id: u64 = request.path_and_query.trim_start_matches('/').parse().unwrap();
            MockResponse::text(200, id.to_string()).after(Duration::from_millis(5 * (40 - id)))
        };
        let backend = setup.backend(slow_first);
        let probe = setup.echo();
        let first = ServiceCallout::new("SC-1", "http://a.test/{request.queryparam.id}").response("r");
        let second = ServiceCallout::new("SC-2", "http://probe.test/{request.queryparam.id}")
            .response("p")
            .set("<Verb>POST</Verb><Payload>{r.content}</Payload>");
        let site = setup.listener(Listener::new(json!({
            "policies": [first.xml(), second.xml()],
            "clusters": {"http://a.test": backend.cluster(), "http://probe.test": probe.cluster()},
        })));
        move || async move {
            let exchanges: Vec<_> = (0..40)
                .map(|id| {
                    let request = Request::get(&format!("/?id={id}"));
                    site.start(if id % 2 == 0 { request } else { request.h2() })
                })
                .collect();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            let calls = probe.requests();
            assert_eq!(calls.len(), 40);
            for call in calls {
                assert_eq!(call.path_and_query.trim_start_matches('/'), call.text());
            }
        }
    });

    lab.case("requests_on_one_connection", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let mut wire = site.connect().await;
            // Both at once, the second waits for the first.
            wire.write("GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                .await;
            let responses = String::from_utf8(wire.read_to_close().await).unwrap();
            assert_eq!(responses.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{responses}");
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["//1", "//2"]);
        }
    });

    lab.case("two_callouts_in_a_row", |setup| {
        let backend = setup.echo();
        let policies = ["1", "2", "3"]
            .map(|id| ServiceCallout::new(&format!("SC-{id}"), &format!("http://a.test/{id}")).response("r").xml());
        let site = setup.listener(Listener::new(json!({
            "policies": policies,
            "request": ["SC-3", "SC-1", "SC-3"],
            "clusters": {"*": backend.cluster()},
        })));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/3", "/1", "/3"]);
        }
    });

    // One VM has two contexts for one stream of the client. Policies with the same name are still two policies: a
    // variable that the first filter publishes does not control the second.
    for (name, second) in [("twice_in_a_chain", "SC-2"), ("twice_in_a_chain_with_policies_of_one_name", "SC-1")] {
        lab.case(name, move |setup| {
            let backend = setup.echo();
            let outer = ServiceCallout::new("SC-1", "http://a.test/outer").response("r");
            let inner = ServiceCallout::new(second, "http://a.test/inner").response("r");
            let text = filter::string_value(&inner.served_by(backend.cluster()).to_string());
            let inner = ours(&format!("lifecycle-{name}-inner"), "callout", false, &text);
            let site = setup.listener(Listener::new(outer.served_by(backend.cluster())).after(inner));
            move || async move {
                assert_eq!(site.get("/").await.status, 200);
                let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
                assert_eq!(paths, ["/outer", "/inner"]);
                assert_eq!(site.upstream().heads(), 1);
            }
        });
    }
}

fn client_disconnects(lab: &mut Lab) {
    for (name, h2, stop_iteration, flags) in [
        ("client_leaves", false, false, "DC"),
        ("client_disconnects_http2", true, false, "DR"),
        ("client_disconnects_with_body_callbacks", false, true, "DC"),
    ] {
        lab.case(name, move |setup| {
            let gate = Gate::closed();
            let response = MockResponse::text(200, "late").held_by(&gate);
            let backend = setup.backend(move |_: &Received| response.clone());
            let policy_name = format!("SC-lifecycle-{name}");
            let policy = ServiceCallout::new(&policy_name, "http://a.test/").response("r");
            let listener = Listener::new(policy.served_by(backend.cluster())).log_state(&["r.content"]);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener);
            let admin = setup.admin();
            let active = format!("cluster.{}.upstream_rq_active", backend.cluster());
            move || async move {
                let request = || {
                    if h2 { Request::post("/", "text/plain", "x").h2() } else { Request::post("/", "text/plain", "x") }
                };
                let exchange = site.start(request());
                backend.wait_for_requests(1).await;
                assert_eq!(admin.stat(&active).await, Some(1));
                exchange.disconnect().await;
                let logged = site.logged().await;
                assert_eq!((logged.status(), logged.flags()), (0, Some(flags)));
                assert_eq!(logged.state("r.content"), None);
                // A client that disconnects does not cancel its callout.
                assert_eq!(admin.stat(&active).await, Some(1));
                gate.open();
                admin.wait_for_stat(&format!("cluster.{}.upstream_rq_200", backend.cluster()), 1).await;
                assert_eq!(site.upstream().heads(), 0);
                assert_eq!(site.send(request()).await.status, 200);
                assert_eq!(site.upstream().heads(), 1);
            }
        });
    }

    // The client sends half a body and stops: the filter sends no callout.
    lab.case("client_disconnects_amid_its_body", |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").set("<Payload>{request.content}</Payload>");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let result = site.try_send(Request::new("POST", "/").body("half").cut()).await;
            assert!(result.is_err(), "{result:?}");
            assert_eq!(site.logged().await.flags(), Some("DC"));
            tokio::time::sleep(SOON).await;
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
        }
    });

    lab.case("client_disconnects_while_the_response_waits", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(200).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let configuration =
            json!({"policies": [policy.xml()], "response": ["SC-1"], "clusters": {"*": backend.cluster()}});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let exchange = site.start(Request::get("/"));
            backend.wait_for_requests(1).await;
            exchange.disconnect().await;
            assert_eq!(site.logged().await.flags(), Some("DC"));
            gate.open();
            assert_eq!(site.get("/").await.status, 200);
        }
    });
}
