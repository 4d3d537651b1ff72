//! Tests of the test environment itself, without the module.

use std::time::Duration;

use bytes::Bytes;
use hyper::Version;
use serde_json::json;

use crate::lab::{Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Request, filter};

const SOON: Duration = Duration::from_millis(100);

/// Registers the cases.
pub fn cases(lab: &mut Lab) {
    lab.case("echo", |setup| {
        let site = setup.listener(Listener::plain());
        move || async move {
            let response = site.send(Request::post("/a?b=c", "text/plain", "hello").header("x-bytes", b"\xff")).await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            let request = site.upstream().only_request();
            assert_eq!((request.method.as_str(), request.path_and_query.as_str()), ("POST", "/a?b=c"));
            assert_eq!(request.authority, "site.test");
            assert_eq!(request.header_bytes("x-bytes"), Some(&b"\xff"[..]));
            assert_eq!(site.logged().await.status(), 200);
        }
    });

    lab.case("http2_and_trailers", |setup| {
        let upstream =
            setup.backend_in(Cluster::new().h2(), |_: &Received| MockResponse::json(200, "{}").trailer("x-sum", "4"));
        let site = setup.listener(Listener::plain().upstream(&upstream));
        move || async move {
            let response = site.send(Request::post("/", "text/plain", "hello").trailer("x-sum", "5").h2()).await;
            assert_eq!((response.status, response.trailer("x-sum")), (200, Some("4")));
            let request = site.upstream().only_request();
            assert_eq!((request.version, request.trailer("x-sum")), (Version::HTTP_2, Some("5")));
        }
    });

    lab.case("streamed_bodies", |setup| {
        let upstream = setup.backend(|request: &Received| MockResponse::status(200).streamed(request.body().len()));
        let site = setup.listener(Listener::plain().upstream(&upstream).per_connection_buffer_limit_bytes(8192));
        move || async move {
            let piece = Bytes::from(vec![b'y'; 1_000_000]);
            let response =
                site.send(Request::new("PUT", "/").pieces([piece.clone(), piece, Bytes::from("z")], SOON)).await;
            assert!(response.is_complete());
            assert_eq!(response.body().len(), 2_000_001);
        }
    });

    lab.case("failing_upstreams", |setup| {
        let garbage = setup.raw_backend(|mut wire| async move {
            wire.head().await;
            wire.write("garbage\r\n\r\n").await;
        });
        let closing = setup.raw_backend(|mut wire| async move {
            wire.head().await;
        });
        let cut = setup.raw_backend(|mut wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            tokio::time::sleep(SOON).await;
            wire.reset();
        });
        let reset = setup.backend_in(Cluster::new().h2(), |_: &Received| MockResponse::text(200, "half").cut());
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let unhealthy = setup.cluster_refusing_connections(Cluster::new().health_checked());
        let without_accept = setup.cluster_without_accept(Cluster::new().connect_timeout(SOON));
        let empty = setup.cluster_without_endpoints();
        let overflowing =
            setup.echo_in(Cluster::new().circuit_breakers(json!({"max_requests": 0, "max_pending_requests": 0})));
        let route = |path: &str, cluster: &str| json!({"match": {"path": path}, "route": {"cluster": cluster}});
        let site = setup.listener(Listener::plain().routes(json!([
            route("/garbage", garbage.cluster()),
            route("/closing", closing.cluster()),
            route("/cut", cut.cluster()),
            route("/reset", reset.cluster()),
            route("/refusing", &refusing),
            route("/unhealthy", &unhealthy),
            route("/unanswering", &without_accept),
            route("/empty", &empty),
            route("/overflowing", overflowing.cluster()),
        ])));
        move || async move {
            for (path, status, flags) in [
                ("/garbage", 502, "UPE"),
                ("/closing", 503, "UC"),
                ("/refusing", 503, "UF"),
                ("/unhealthy", 503, "UH"),
                ("/unanswering", 503, "UF"),
                ("/empty", 503, "UH"),
                ("/overflowing", 503, "UO"),
            ] {
                let response = site.get(path).await;
                assert_eq!((path, response.status), (path, status), "{}", response.text());
                assert_eq!((path, site.logged().await.flags()), (path, Some(flags)));
            }
            for path in ["/cut", "/reset"] {
                let response = site.get(path).await;
                assert_eq!(
                    (path, response.status, response.text(), response.is_complete()),
                    (path, 200, "half", false)
                );
            }
            assert_eq!(garbage.connections(), 1);
        }
    });

    lab.case("leaving_client", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(204).held_by(&gate);
        let upstream = setup.backend(move |_: &Received| response.clone());
        let site = setup.listener(Listener::plain().upstream(&upstream));
        move || async move {
            // HTTP/1 can only close the connection, HTTP/2 resets the stream first.
            for (heads, request, flags) in [(1, Request::get("/"), "DC"), (2, Request::get("/").h2(), "DR")] {
                let exchange = site.start(request);
                upstream.wait_for_heads(heads).await;
                assert!(!exchange.is_over());
                exchange.disconnect().await;
                let entry = site.logged().await;
                assert_eq!((entry.status(), entry.flags()), (0, Some(flags)));
            }
            let exchange = site.start(Request::get("/"));
            gate.open();
            assert_eq!(exchange.reply().await.status, 204);
        }
    });

    lab.case("raw_client", |setup| {
        let site = setup.listener(Listener::plain());
        move || async move {
            let response = site.raw("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
            assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", response.escape_ascii());
            let response = site.raw("nonsense\r\n\r\n").await;
            assert!(response.starts_with(b"HTTP/1.1 400 "), "{}", response.escape_ascii());
        }
    });

    lab.case("state_in_the_access_log", |setup| {
        let note = filter::set_filter_state("wasm.note.text", "%REQ(x-note)%\n\"two\"");
        let site = setup.listener(Listener::plain().before(note).log_state(&["note.text", "note.other"]));
        move || async move {
            site.send(Request::get("/").header("x-note", "one")).await;
            let entry = site.logged().await;
            assert_eq!(entry.state("note.text"), Some("one\n\"two\""));
            assert_eq!(entry.state("note.other"), None);
            assert_eq!(entry.details(), Some("via_upstream"));
        }
    });

    lab.case("lua_and_stats", |setup| {
        let guard = filter::lua("function envoy_on_request(h) h:respond({[':status'] = '418'}, 'teapot') end");
        let site = setup.listener(Listener::plain().after(guard));
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.get("/").await.status, 418);
            let counter = format!("http.{}.downstream_rq_4xx", site.name());
            admin.wait_for_stat(&counter, 1).await;
            assert_eq!(admin.stats(&format!("http.{}.", site.name())).await[&counter], 1);
            assert_eq!(admin.histogram_count(&format!("http.{}.downstream_rq_time", site.name())).await, Some(1));
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    lab.case("validation", |_| {
        || async {
            let sound = Listener::plain().validate();
            assert!(sound.ok, "{}", sound.log);
            let broken = Listener::plain().before(filter::lua("function (")).validate();
            assert!(!broken.ok);
            assert!(broken.log.contains("script load error"), "{}", broken.log);
        }
    });
}
