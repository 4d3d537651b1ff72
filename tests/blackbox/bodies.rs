//! Bodies of clients and of callouts, large, slow, with trailers, with and without body callbacks.

use std::time::Duration;

use crate::fault::{execution_failed, json};
use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

const LARGE: usize = 3_000_000;
const SHORT: Duration = Duration::from_millis(30);

fn headers_only() -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r")
}

fn whole_body() -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://a.test/")
        .response("r")
        .set("<Verb>POST</Verb><Payload>{request.content}</Payload>")
}

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect()
}

pub fn cases(lab: &mut Lab) {
    without_body_access(lab);
    with_body_access(lab);
    limits(lab);

    lab.case("large_response", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::of(200, "text/plain", large()));
        let probe = setup.echo();
        let second = ServiceCallout::new("SC-2", "http://probe.test/")
            .response("p")
            .set("<Verb>POST</Verb><Payload>{r.content}</Payload>");
        let site = setup.listener(Listener::new(serde_json::json!({
            "policies": [headers_only().xml(), second.xml()],
            "clusters": {"http://a.test": backend.cluster(), "http://probe.test": probe.cluster()},
        })));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert!(probe.only_request().body() == &large(), "the answer was sent on changed");
        }
    });
}

fn without_body_access(lab: &mut Lab) {
    // No part of the request reaches the upstream before the response to the callout.
    for (name, stop_iteration) in [("held_with_headers_only", false), ("held_with_body_callbacks", true)] {
        lab.case(name, move |setup| {
            let gate = Gate::closed();
            let response = MockResponse::status(200).held_by(&gate);
            let backend = setup.backend(move |_: &Received| response.clone());
            let listener = Listener::new(headers_only().served_by(backend.cluster()));
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener);
            move || async move {
                let piece = vec![b'x'; 100_000];
                let pieces = [piece.clone(), piece.clone(), piece];
                let exchanges = [
                    site.start(Request::get("/get")),
                    site.start(Request::post("/whole", "text/plain", vec![b'x'; 900_000])),
                    site.start(Request::new("POST", "/slow").pieces(pieces.clone(), SHORT)),
                    site.start(Request::new("POST", "/h2").pieces(pieces, SHORT).trailer("x-sum", "1").h2()),
                ];
                backend.wait_for_requests(4).await;
                tokio::time::sleep(Duration::from_millis(150)).await;
                assert_eq!(site.upstream().heads(), 0);
                gate.open();
                for (exchange, length) in exchanges.into_iter().zip([0, 900_000, 300_000, 300_000]) {
                    let response = exchange.reply().await;
                    assert_eq!((response.status, response.body().len()), (200, length));
                }
                assert_eq!(site.upstream().heads(), 4);
            }
        });
    }

    lab.case("large_body_passes_by", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200).after(Duration::from_millis(100)));
        let site = setup.listener(Listener::new(headers_only().served_by(backend.cluster())));
        move || async move {
            let response = site.send(Request::post("/", "text/plain", large())).await;
            assert_eq!(response.status, 200);
            assert!(response.body() == &large(), "the body was changed");
            assert!(backend.only_request().body().is_empty());
        }
    });

    // The client can still be sending when it gets the fault.
    for (name, stop_iteration) in [("fault_before_the_body", false), ("fault_amid_body_callbacks", true)] {
        lab.case(name, move |setup| {
            let backend = setup.backend(|_: &Received| MockResponse::status(500));
            let listener = Listener::new(headers_only().served_by(backend.cluster()));
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener);
            move || async move {
                let pieces = [vec![b'x'; 1000], vec![b'x'; 1000], vec![b'x'; 1000]];
                for request in [Request::new("POST", "/"), Request::new("POST", "/").h2()] {
                    let response = site.send(request.pieces(pieces.clone(), Duration::from_millis(100))).await;
                    let fault = execution_failed("SC-1", "ResponseCode 500 is treated as error");
                    let body = json("steps.servicecallout.ExecutionFailed", &fault);
                    assert_eq!((response.status, response.text()), (500, body.as_str()));
                }
                assert_eq!(site.upstream().heads(), 0);
            }
        });
    }

    // Envoy replies, and the rest of the client's body is not read as its next request.
    lab.case("connection_reused_after_a_fault", |setup| {
        let backend = setup.backend(|request: &Received| {
            MockResponse::status(if request.path_and_query.ends_with("bad") { 500 } else { 200 })
        });
        let site = setup.listener(Listener::new(headers_only().served_by(backend.cluster())));
        move || async move {
            let mut wire = site.connect().await;
            wire.write("POST /bad HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello").await;
            assert!(wire.head().await.starts_with("HTTP/1.1 500 "));
            let fault = execution_failed("SC-1", "ResponseCode 500 is treated as error");
            let body = json("steps.servicecallout.ExecutionFailed", &fault);
            assert_eq!(wire.read(body.len()).await, body.as_bytes());
            wire.write("POST /good HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nconnection: close\r\n\r\nagain").await;
            let response = String::from_utf8(wire.read_to_close().await).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("\r\n\r\nagain"), "{response}");
            assert_eq!(site.upstream().only_request().path_and_query, "/good");
        }
    });
}

fn with_body_access(lab: &mut Lab) {
    for (name, request, body) in [
        ("whole", Request::post("/", "text/plain", "hello"), "hello"),
        ("whole_http2", Request::post("/", "text/plain", "hello").h2(), "hello"),
        ("in_pieces", Request::new("POST", "/").pieces(["he", "", "llo"], SHORT), "hello"),
        ("in_pieces_http2", Request::new("POST", "/").pieces(["he", "", "llo"], SHORT).h2(), "hello"),
        ("with_trailers", Request::new("POST", "/").pieces(["he", "llo"], SHORT).trailer("x-sum", "5").h2(), "hello"),
        ("none", Request::get("/"), ""),
        ("none_http2", Request::get("/").h2(), ""),
        ("empty", Request::new("POST", "/").header("content-length", "0"), ""),
    ] {
        lab.case(&format!("read_{name}"), move |setup| {
            let backend = setup.echo();
            let site = setup
                .listener(Listener::new(whole_body().served_by(backend.cluster())).allow_on_headers_stop_iteration());
            move || async move {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (200, body));
                assert_eq!(backend.only_request().text(), body);
                assert_eq!(site.upstream().only_request().text(), body);
            }
        });
    }

    // Envoy sends 100 Continue itself, so the filter gets the body.
    lab.case("read_after_100_continue", |setup| {
        let backend = setup.echo();
        let site =
            setup.listener(Listener::new(whole_body().served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let mut wire = site.connect().await;
            wire.write(
                "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\nconnection: close\r\n\r\n",
            )
            .await;
            assert_eq!(wire.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
            assert_eq!(backend.heads(), 0);
            wire.write("hello").await;
            let response = String::from_utf8(wire.read_to_close().await).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("\r\n\r\nhello"), "{response}");
            assert_eq!(backend.only_request().text(), "hello");
        }
    });

    // Over HTTP/2 the stream's window is the limit, by default 16 MiB.
    lab.case("read_large_over_http2", |setup| {
        let backend = setup.echo();
        let site =
            setup.listener(Listener::new(whole_body().served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let response = site.send(Request::post("/", "text/plain", large()).h2()).await;
            assert_eq!(response.status, 200);
            assert!(backend.only_request().body() == &large(), "the body was sent on changed");
        }
    });

    lab.case("read_large_under_a_raised_limit", |setup| {
        let backend = setup.echo();
        let site = setup.listener(
            Listener::new(whole_body().served_by(backend.cluster()))
                .allow_on_headers_stop_iteration()
                .per_connection_buffer_limit_bytes(5 << 20),
        );
        move || async move {
            let response = site.send(Request::post("/", "text/plain", large())).await;
            assert_eq!(response.status, 200);
            assert!(response.body() == &large(), "the body was changed");
            assert!(backend.only_request().body() == &large(), "the body was sent on changed");
        }
    });
}

fn limits(lab: &mut Lab) {
    for (name, policy) in [("body_read", whole_body()), ("body_not_read", headers_only())] {
        lab.case(&format!("too_large_with_{name}"), move |setup| {
            let response = MockResponse::status(200).held_by(&Gate::closed());
            let backend = setup.backend(move |_: &Received| response.clone());
            let site =
                setup.listener(Listener::new(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
            move || async move {
                let response = site.send(Request::post("/", "text/plain", large())).await;
                assert_eq!((response.status, response.text()), (413, "Payload Too Large"));
                assert_eq!(site.logged().await.details(), Some("request_payload_too_large"));
                assert_eq!(site.upstream().heads(), 0);
                // One that reads no body had called out at the headers.
                let calls = usize::from(name == "body_not_read");
                backend.wait_for_heads(calls).await;
                assert_eq!(backend.heads(), calls);
            }
        });
    }

    lab.case("response_too_large_to_be_read", |setup| {
        let backend = setup.echo();
        let upstream = setup.backend(|_: &Received| MockResponse::status(200).streamed(LARGE));
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").set("<Payload>{response.content}</Payload>");
        let site = setup.listener(
            Listener::new(serde_json::json!({
                "policies": [policy.xml()], "response": ["SC-1"], "clusters": {"*": backend.cluster()},
            }))
            .upstream(&upstream)
            .allow_on_headers_stop_iteration(),
        );
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (500, "Internal Server Error"));
            assert_eq!(backend.heads(), 0);
        }
    });

    // Without the flag Envoy makes no body callbacks, so only Envoy's timeout ends the wait.
    lab.case("body_needed_without_body_callbacks", |setup| {
        let backend = setup.echo();
        let site = setup.listener(
            Listener::new(whole_body().served_by(backend.cluster())).stream_idle_timeout(Duration::from_millis(300)),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.heads(), 1);
            assert_eq!(site.send(Request::post("/", "text/plain", "hello")).await.status, 504);
            assert_eq!((backend.heads(), site.upstream().heads()), (1, 1));
        }
    });
}
