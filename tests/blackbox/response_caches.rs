//! ResponseCache: stored responses in place of calls to the upstream.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::lab::{Backend, Lab, Listener, Message, MockResponse, Received, Request, Setup};

/// The number of connections of a case: with two workers, each has some of them.
const CONNECTIONS: usize = 20;

fn configuration(name: &str, content: &str) -> Value {
    let key = "<CacheKey><KeyFragment ref='request.uri'/></CacheKey>";
    json!({
        "policies": [
            format!("<ResponseCache name='RC'>{key}{content}</ResponseCache>"),
            "<AssignMessage name='AM'><Set><Headers><Header name='x-hit'>{responsecache.RC.cachehit}</Header></Headers></Set></AssignMessage>",
        ],
        "request": ["RC"],
        "response": ["RC", "AM"],
        "proxy": {"organization": "acme", "environment": name, "name": name, "revision": "1"},
    })
}

/// An upstream whose responses have a number.
fn counting(setup: &mut Setup<'_>, status: u16) -> Backend {
    let count = Arc::new(AtomicUsize::new(0));
    setup.backend(move |_: &Received| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        MockResponse::text(status, number.to_string()).header("x-number", number.to_string())
    })
}

pub fn cases(lab: &mut Lab) {
    lab.case("every_worker_replies_with_a_stored_response", |setup| {
        let upstream = counting(setup, 203);
        let listener = Listener::new(configuration("stored", "")).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            for index in 0..CONNECTIONS {
                let response = site.get("/a?b=c").await;
                assert_eq!((response.status, response.text()), (203, "1"));
                let hit = if index == 0 { "false" } else { "true" };
                assert_eq!((response.header("x-number"), response.header("x-hit")), (Some("1"), Some(hit)));
                assert_eq!(response.header("content-length"), Some("1"));
            }
            assert_eq!(upstream.requests().len(), 1);
            assert_eq!(site.logged().await.details(), Some("callout_response_cache"));
            assert_eq!(site.get("/a?b=d").await.text(), "2");
            assert_eq!(site.send(Request::post("/a?b=c", "text/plain", "body")).await.text(), "1");
        }
    });

    lab.case("errors_can_be_left_out", |setup| {
        let upstream = counting(setup, 404);
        let content = "<ExcludeErrorResponse>true</ExcludeErrorResponse>";
        let listener =
            Listener::new(configuration("errors", content)).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            for number in ["1", "2"] {
                let response = site.get("/").await;
                assert_eq!((response.status, response.text()), (404, number));
            }
        }
    });

    lab.case("a_lookup_can_be_skipped", |setup| {
        let upstream = counting(setup, 200);
        let content = "<SkipCacheLookup>request.header.bypass-cache = \"true\"</SkipCacheLookup>";
        let listener =
            Listener::new(configuration("bypass", content)).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            assert_eq!([site.get("/").await.text(), site.get("/").await.text()], ["1", "1"]);
            assert_eq!(site.send(Request::get("/").header("bypass-cache", "true")).await.text(), "2");
            assert_eq!(site.get("/").await.text(), "2");
        }
    });

    lab.case("a_client_with_the_stored_response_gets_304", |setup| {
        let count = Arc::new(AtomicUsize::new(0));
        let upstream = setup.backend(move |_: &Received| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            MockResponse::text(200, number.to_string()).header("etag", format!("\"{number}\""))
        });
        let listener = Listener::new(configuration("tags", "")).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            let with_tag = |tag: &str| site.send(Request::get("/").header("if-none-match", tag));
            assert_eq!(site.get("/").await.text(), "1");
            for tag in ["\"1\"", "W/\"0\", \"1\"", "*"] {
                let response = with_tag(tag).await;
                assert_eq!((response.status, response.text()), (304, ""), "{tag}");
                assert_eq!((response.header("etag"), response.header("content-type")), (Some("\"1\""), None), "{tag}");
                assert_eq!(response.header("x-hit"), Some("true"), "{tag}");
            }
            assert_eq!(upstream.requests().len(), 1);
            let response = with_tag("\"0\"").await;
            assert_eq!((response.status, response.text(), response.header("x-hit")), (200, "2", Some("false")));
            assert_eq!(with_tag("\"2\"").await.status, 304);
        }
    });

    lab.case("a_response_to_head_is_not_stored", |setup| {
        let upstream = counting(setup, 200);
        let listener = Listener::new(configuration("head", "")).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            let head = || site.send(Request::new("HEAD", "/"));
            assert_eq!(head().await.header("x-hit"), Some("false"));
            let response = site.get("/").await;
            assert_eq!((response.text(), response.header("x-hit")), ("2", Some("false")));
            let response = head().await;
            assert_eq!((response.text(), response.header("x-hit")), ("", Some("true")));
            assert_eq!((response.header("content-length"), response.header("x-number")), (Some("1"), Some("2")));
        }
    });

    lab.case("a_compressed_response_is_for_clients_that_accept_it", |setup| {
        let count = Arc::new(AtomicUsize::new(0));
        let upstream = setup.backend(move |request: &Received| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let response = MockResponse::text(200, number.to_string()).header("etag", format!("\"{number}\""));
            match request.header("accept-encoding") {
                Some("gzip") => response.header("content-encoding", "gzip"),
                _ => response,
            }
        });
        let listener =
            Listener::new(configuration("codings", "")).upstream(&upstream).allow_on_headers_stop_iteration();
        let site = setup.listener(listener);
        move || async move {
            let cases = [
                (vec![("accept-encoding", "gzip")], 200, "1", "false", Some("gzip")),
                (vec![("accept-encoding", "br, x-gzip;q=0.5")], 200, "1", "true", Some("gzip")),
                (vec![("accept-encoding", "*"), ("if-none-match", "\"1\"")], 304, "", "true", None),
                (vec![("if-none-match", "\"1\"")], 200, "2", "false", None),
                (vec![], 200, "2", "true", None),
                (vec![("accept-encoding", "gzip")], 200, "2", "true", None),
                (vec![("if-none-match", "\"2\"")], 304, "", "true", None),
            ];
            for (headers, status, body, hit, coding) in cases {
                let request =
                    headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(name, value));
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (status, body), "{headers:?}");
                let found = (response.header("x-hit"), response.header("content-encoding"));
                assert_eq!(found, (Some(hit), coding), "{headers:?}");
            }
            assert_eq!(upstream.requests().len(), 2);
        }
    });
}
