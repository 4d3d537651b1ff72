//! The headers of a callout's request, the client's among them.

use serde_json::json;

use crate::lab::{Host, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// The headers that Envoy itself adds to every callout.
const FROM_ENVOY: [&str; 2] = ["x-envoy-expected-rq-timeout-ms", "x-envoy-internal"];

const TRACE: [(&str, &str); 6] = [
    ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "congo=t61rcWkgMzE"),
    ("x-b3-sampled", "1"),
    ("x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7"),
    ("x-request-id", "7a1f64b0-5c8f-4d2e-9e52-8c3d0b6a9f11"),
];

/// A listener that leaves the client's `x-request-id` as it is.
fn listener(configuration: serde_json::Value) -> Listener {
    Listener::new(configuration).connection_manager("preserve_external_request_id", json!(true))
}

fn traced() -> Request {
    TRACE.iter().fold(Request::get("/"), |request, (name, value)| request.header(name, value))
}

fn mirror() -> ServiceCallout {
    ServiceCallout::new("SC-Mirror", "http://mirror.test/m").variable("mirrored").response("r")
}

pub fn cases(lab: &mut Lab) {
    trace_headers(lab);
    copies(lab);

    lab.case("set_added_and_indexed", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").request(
            r#"<Set><Headers>
                 <Header name="X-One">first</Header><Header name="X-One">{request.header.x-client}</Header>
                 <Header name="X-Quoted">"in quotes"</Header><Header name="X-Two">a</Header><Header name="X-Two.2">b</Header>
               </Headers></Set>
               <Add><Headers><Header name="X-One">more</Header></Headers></Add>
               <Remove><Headers><Header name="X-Two.1"/></Headers></Remove>"#,
        );
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.send(Request::get("/").header("x-client", "c1, c2")).await.status, 200);
            let call = backend.only_request();
            // A variable of a header ends at the first comma.
            assert_eq!(call.header_all("x-one"), ["c1", "more"]);
            assert_eq!(call.header_all("x-quoted"), ["in quotes"]);
            assert_eq!(call.header_all("x-two"), ["b"]);
            assert_eq!(call.header("x-client"), None);
        }
    });

    // They belong to one connection, or would control how Envoy handles the callout.
    lab.case("some_are_never_sent", |setup| {
        let backend = setup.echo();
        let names = [
            "Connection",
            "Keep-Alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Content-Length",
            "Host",
            "X-Envoy-Max-Retries",
            "X-Envoy-Upstream-Rq-Timeout-Ms",
            "X-Kept",
        ];
        let headers: String = names.map(|name| format!("<Header name=\"{name}\">7</Header>")).concat();
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").set(&format!("<Headers>{headers}</Headers>"));
        let mut configuration = policy.served_by(backend.cluster());
        configuration["trace_headers"] = json!(false);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!(call.header_names(), ["host", FROM_ENVOY[0], FROM_ENVOY[1], "x-kept"]);
            assert_eq!((call.authority.as_str(), call.header("x-kept")), ("a.test", Some("7")));
            // 55 seconds, Apigee's default, and not the 7 milliseconds of the header.
            assert_eq!(call.header("x-envoy-expected-rq-timeout-ms"), Some("55000"));
        }
    });

    lab.case("retained", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/")
            .response("r")
            .set(
                r#"<Verb>POST</Verb><Headers><Header name="X-A">1</Header><Header name="X-B">2</Header></Headers>
                   <Payload contentType="text/css">x</Payload>"#,
            )
            .property("request.retain.headers.enabled", "false")
            .property("request.retain.headers", "x-b, Accept");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["trace_headers"] = json!(false);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            let names = ["content-length", "content-type", "host", "x-b", FROM_ENVOY[0], FROM_ENVOY[1]];
            assert_eq!(call.header_names(), names);
            assert_eq!((call.header("content-type"), call.header("x-b")), (Some("text/css"), Some("2")));
        }
    });
}

fn trace_headers(lab: &mut Lab) {
    lab.case("trace_headers_are_copied", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/")
            .response("r")
            .set(r#"<Headers><Header name="TraceState">own=1</Header></Headers>"#);
        let site = setup.listener(listener(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.send(traced().header("x-other", "1")).await.status, 200);
            let call = backend.only_request();
            for (name, value) in TRACE {
                let expected = if name == "tracestate" { "own=1" } else { value };
                assert_eq!((name, call.header_all(name)), (name, vec![expected]));
            }
            assert_eq!(call.header("x-other"), None);
        }
    });

    lab.case("trace_headers_switched_off", |setup| {
        let backend = setup.echo();
        let mut configuration =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").served_by(backend.cluster());
        configuration["trace_headers"] = json!(false);
        let site = setup.listener(listener(configuration));
        move || async move {
            assert_eq!(site.send(traced()).await.status, 200);
            assert_eq!(backend.only_request().header_names(), ["host", FROM_ENVOY[0], FROM_ENVOY[1]]);
        }
    });
}

fn copies(lab: &mut Lab) {
    lab.case("copy_of_the_whole_request", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let policy = mirror().request(r#"<Copy source="request"/>"#);
        let site = setup.listener(listener(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/v1/a%20b?x=1&x=2", "text/plain", "hello")
                .header("x-two", "1")
                .header("x-two", "2")
                .header("x-bytes", b"\xff")
                .header("te", "trailers")
                .header("keep-alive", "timeout=5")
                .header("x-envoy-max-retries", "9")
                .header("x-envoy-upstream-rq-timeout-ms", "1")
                .header("x-request-id", TRACE[5].1);
            let response = site.send(request).await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("POST", "/m/v1/a%20b?x=1&x=2"));
            assert_eq!((call.authority.as_str(), call.text()), ("mirror.test", "hello"));
            assert_eq!(call.header_all("x-two"), ["1", "2"]);
            // Only the SDK of the WebAssembly module takes strings.
            let bytes = if Host::current().is_native() { &b"\xff"[..] } else { "\u{fffd}".as_bytes() };
            assert_eq!(call.header_bytes("x-bytes"), Some(bytes));
            assert_eq!(call.header_all("content-length"), ["5"]);
            assert_eq!(call.header("x-envoy-expected-rq-timeout-ms"), Some("55000"));
            assert_eq!(
                call.header_names(),
                [
                    "content-length",
                    "content-type",
                    "host",
                    "x-bytes",
                    FROM_ENVOY[0],
                    FROM_ENVOY[1],
                    // The client's request has it from Envoy.
                    "x-forwarded-proto",
                    "x-request-id",
                    "x-two",
                ]
            );
        }
    });

    lab.case("copy_of_parts", |setup| {
        let backend = setup.echo();
        let policy = mirror().request(
            r#"<Copy source="request">
                 <Headers><Header name="X-List.2"/><Header name="X-Not">false</Header></Headers>
                 <QueryParams><QueryParam name="b"/></QueryParams><Verb>true</Verb><Path>false</Path>
               </Copy>"#,
        );
        let mut configuration = policy.served_by(backend.cluster());
        configuration["trace_headers"] = json!(false);
        let site = setup.listener(listener(configuration));
        move || async move {
            let request =
                Request::new("DELETE", "/v1?a=1&b=2").header("x-list", "one, two, three").header("x-not", "1");
            assert_eq!(site.send(request).await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("DELETE", "/m?b=2"));
            assert_eq!(call.header_all("x-list"), ["two"]);
            assert_eq!(call.header_names(), ["host", FROM_ENVOY[0], FROM_ENVOY[1], "x-list"]);
        }
    });

    // The client's own message is sent as a callout with all its parts, and continues without its body.
    for (name, keep) in [("client_message_kept", true), ("client_message_cleared", false)] {
        lab.case(name, move |setup| {
            let backend = setup.backend(|_: &Received| MockResponse::status(200));
            let policy = ServiceCallout::new("SC-1", "http://a.test/log").variable("request").response("r");
            let policy = if keep { policy.keep_payload() } else { policy };
            let site =
                setup.listener(Listener::new(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
            move || async move {
                let request = Request::new("PUT", "/v1?a=1").header("x-a", "1").body("hello");
                assert_eq!(site.send(request).await.status, 200);
                let call = backend.only_request();
                assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("PUT", "/log/v1?a=1"));
                assert_eq!((call.header("x-a"), call.text()), (Some("1"), "hello"));
                let passed = site.upstream().only_request();
                assert_eq!((passed.method.as_str(), passed.path_and_query.as_str()), ("PUT", "/v1?a=1"));
                let (body, length) = if keep { ("hello", "5") } else { ("", "0") };
                assert_eq!((passed.text(), passed.header("content-length")), (body, Some(length)));
                assert_eq!((passed.header("x-a"), passed.authority.as_str()), (Some("1"), "site.test"));
            }
        });
    }
}
