//! Response bodies that policies rewrite, and responses that they do not process.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::assert_fault;
use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Request, filter};
use crate::policy::{assign_message, header, set};

const SHORT: Duration = Duration::from_millis(30);

fn in_response(policy: &str) -> Value {
    json!({"policies": [policy], "response": ["AM-1"]})
}

fn rewriting() -> Value {
    in_response(&set("AM-1", "<Payload>[{response.content}]</Payload>"))
}

pub fn cases(lab: &mut Lab) {
    rewritten(lab);
    untouched(lab);
    replies_of_envoy(lab);
}

fn rewritten(lab: &mut Lab) {
    let whole = || MockResponse::text(200, "hello");
    let pieces = || MockResponse::status(200).header("content-type", "text/plain").pieces(["he", "", "llo"], SHORT);
    let h1 = || Request::get("/");
    let h2 = || Request::get("/").h2();
    for (name, cluster, reply, request, length) in [
        ("with_length", Cluster::new(), whole(), h1(), Some("7")),
        ("with_length_to_http2", Cluster::new(), whole(), h2(), Some("7")),
        ("in_chunks", Cluster::new(), pieces(), h1(), None),
        ("in_chunks_to_http2", Cluster::new(), pieces(), h2(), None),
        ("from_http2", Cluster::new().h2(), whole(), h1(), Some("7")),
        ("in_frames_from_http2", Cluster::new().h2(), pieces(), h1(), None),
        ("between_http2", Cluster::new().h2(), pieces(), h2(), None),
        ("with_trailers", Cluster::new().h2(), pieces().trailer("x-sum", "5"), h2(), None),
        ("with_trailers_from_http1", Cluster::new().h1_trailers(), pieces().trailer("x-sum", "5"), h2(), None),
        ("with_trailers_to_http1", Cluster::new().h2(), pieces().trailer("x-sum", "5"), h1(), None),
    ] {
        let trailer = (name == "with_trailers").then_some("5");
        lab.case(name, move |setup| {
            let upstream = setup.backend_in(cluster, move |_: &Received| reply.clone());
            let site = setup.listener(Listener::new(rewriting()).upstream(&upstream).allow_on_headers_stop_iteration());
            move || async move {
                let reply = site.send(request).await;
                assert_eq!((reply.status, reply.text(), reply.is_complete()), (200, "[hello]", true));
                assert_eq!(
                    (reply.header("content-length"), reply.header_all("content-type")),
                    (length, vec!["text/plain"])
                );
                if trailer.is_some() {
                    assert_eq!(reply.trailer("x-sum"), trailer);
                }
            }
        });
    }

    // Lengths are right: what follows on the connection is the next response.
    lab.case("connection_reused", |setup| {
        let upstream = setup.backend(|request: &Received| MockResponse::text(200, request.path_and_query.clone()));
        let site = setup.listener(Listener::new(rewriting()).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            let mut wire = site.connect().await;
            for path in ["/a", "/longer", "/b"] {
                wire.write(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
                let head = wire.head().await;
                let body = format!("[{path}]");
                assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
                assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
                assert_eq!(wire.read(body.len()).await, body.as_bytes());
            }
        }
    });

    lab.case("large_under_a_raised_limit", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::status(200).streamed(3_000_000));
        let listener = Listener::new(rewriting()).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.per_connection_buffer_limit_bytes(8 << 20));
        move || async move {
            let reply = site.get("/").await;
            assert_eq!((reply.status, reply.body().len(), reply.is_complete()), (200, 3_000_002, true));
            assert!(reply.body().starts_with(b"[xx") && reply.body().ends_with(b"xx]"));
        }
    });

    // Above the limit of its buffers, Envoy responds before the policy has a body to read.
    lab.case("over_the_limit", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::text(200, vec![b'x'; 100_000]));
        let listener = Listener::new(rewriting()).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.per_connection_buffer_limit_bytes(8192));
        move || async move {
            let reply = site.get("/").await;
            assert_eq!((reply.status, reply.text()), (500, "Internal Server Error"));
            assert_eq!(site.logged().await.details(), Some("response_payload_too_large"));
            // Over HTTP/2 the stream's window is the limit.
            let reply = site.send(Request::get("/").h2()).await;
            assert_eq!((reply.status, reply.body().len()), (200, 100_002));
        }
    });
}

fn untouched(lab: &mut Lab) {
    // A policy that needs no body neither delays nor limits it.
    for (name, stop_iteration) in
        [("large_that_is_not_read", false), ("large_that_is_not_read_with_body_callbacks", true)]
    {
        lab.case(name, move |setup| {
            let upstream = setup.backend(|_: &Received| MockResponse::status(200).streamed(3_000_000));
            let configuration = in_response(&assign_message(
                "AM-1",
                &format!("<Set>{}</Set>", header("x-seen", "{response.status.code}")),
            ));
            let listener = Listener::new(configuration).upstream(&upstream);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener.per_connection_buffer_limit_bytes(8192));
            move || async move {
                let reply = site.get("/").await;
                assert_eq!((reply.status, reply.body().len(), reply.is_complete()), (200, 3_000_000, true));
                assert_eq!(reply.header("x-seen"), Some("200"));
            }
        });
    }

    // The same bytes again: the length stays, and so do bytes that are not text.
    lab.case("read_and_left_as_it_is", |setup| {
        const BYTES: &[u8] = b"\xff\x00\xfe";
        let upstream = setup.backend(|_: &Received| MockResponse::of(200, "application/octet-stream", BYTES));
        let policy = assign_message(
            "AM-1",
            "<AssignVariable><Name>kept</Name><Ref>response.content.as.base64</Ref></AssignVariable>",
        );
        let mut configuration = in_response(&policy);
        configuration["filter_state"] = json!(["kept"]);
        let listener = Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.log_state(&["kept"]));
        move || async move {
            let reply = site.get("/").await;
            assert_eq!((reply.status, &reply.body()[..], reply.header_all("content-length")), (200, BYTES, vec!["3"]));
            assert_eq!(site.filter_state("kept").await.as_deref(), Some("/wD+"));
        }
    });
}

/// The response flow runs only for responses of the upstream.
fn replies_of_envoy(lab: &mut Lab) {
    for (name, stop_iteration) in [("replies_of_envoy", false), ("replies_of_envoy_with_body_callbacks", true)] {
        lab.case(name, move |setup| {
            let refusing = setup.cluster_refusing_connections(Cluster::new());
            let empty = setup.cluster_without_endpoints();
            let routes = json!([
                {"match": {"path": "/refused"}, "route": {"cluster": refusing}},
                {"match": {"path": "/empty"}, "route": {"cluster": empty}},
            ]);
            let policy = if stop_iteration {
                set("AM-1", &format!("<Payload>changed</Payload>{}", header("x-seen", "1")))
            } else {
                set("AM-1", &header("x-seen", "1"))
            };
            let listener = Listener::new(in_response(&policy)).routes(routes);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener);
            move || async move {
                for (path, status, body) in [("/unrouted", 404, ""), ("/empty", 503, "no healthy upstream")] {
                    let reply = site.get(path).await;
                    assert_eq!((path, reply.status, reply.text(), reply.header("x-seen")), (path, status, body, None));
                }
                let reply = site.get("/refused").await;
                assert_eq!((reply.status, reply.header("x-seen")), (503, None));
                assert!(reply.text().starts_with("upstream connect error"), "{}", reply.text());
            }
        });
    }

    // A direct response of a route replaces the upstream.
    lab.case("direct_response", |setup| {
        let response = json!({"status": 203, "body": {"inline_string": "direct"}});
        let routes = json!([{"match": {"prefix": "/"}, "direct_response": response}]);
        let listener = Listener::new(rewriting()).routes(routes).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let reply = site.send(request).await;
                assert_eq!((reply.status, reply.text()), (203, "[direct]"));
                assert_eq!(reply.header_all("content-length"), ["8"]);
            }
        }
    });

    lab.case("request_too_large", |setup| {
        let policies = [
            set("AM-1", &format!("<Payload>changed</Payload>{}", header("x-seen", "1"))),
            set("AM-2", "<Payload>{request.content}!</Payload>"),
        ];
        let configuration = json!({"policies": policies, "request": ["AM-2"], "response": ["AM-1"]});
        let listener = Listener::new(configuration).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.per_connection_buffer_limit_bytes(8192));
        move || async move {
            let reply = site.send(Request::post("/", "text/plain", vec![b'x'; 100_000])).await;
            assert_eq!((reply.status, reply.text(), reply.header("x-seen")), (413, "Payload Too Large", None));
            assert_eq!(site.upstream().heads(), 0);
            let reply = site.send(Request::post("/", "text/plain", "x")).await;
            assert_eq!((reply.status, reply.text(), reply.header("x-seen")), (200, "changed", Some("1")));
            assert_eq!(site.upstream().only_request().text(), "x!");
        }
    });

    lab.case("reply_of_another_filter", |setup| {
        let teapot = filter::lua("function envoy_on_request(h) h:respond({[':status'] = '418'}, 'teapot') end");
        let policy = set("AM-1", &format!("<Payload>changed</Payload>{}", header("x-seen", "1")));
        let site = setup.listener(Listener::new(in_response(&policy)).after(teapot).allow_on_headers_stop_iteration());
        move || async move {
            let reply = site.get("/").await;
            assert_eq!((reply.status, reply.text(), reply.header("x-seen")), (418, "teapot", None));
        }
    });

    lab.case("fault_of_the_request_flow", |setup| {
        let policies = [
            set("AM-1", &format!("<Payload>changed</Payload>{}", header("x-seen", "1"))),
            set("AM-2", &header("x", "{none}")),
        ];
        let configuration = json!({"policies": policies, "request": ["AM-2"], "response": ["AM-1"]});
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            for request in [Request::get("/"), Request::post("/", "text/plain", "x").h2()] {
                assert_fault(&site.send(request).await, "entities.UnresolvedVariable", "Unresolved variable : none");
            }
            assert_eq!(site.upstream().heads(), 0);
        }
    });
}
