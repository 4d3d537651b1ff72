//! Harmful input of a client or of a callout's server.

use serde_json::json;

use crate::fault::{assert_execution_failed, assert_fault};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message, set};

/// Decodes to a value that would end a header line and begin another.
const INJECTION: &str = "a%0d%0ax-injected:%201";

pub fn cases(lab: &mut Lab) {
    bytes_that_are_no_text(lab);
    injections(lab);
    tunnels(lab);

    // Envoy's default limit for both is 60 KiB.
    lab.case("large_headers", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200).header("x-large", "b".repeat(50_000)));
        let policy = ServiceCallout::new("SC-1", "http://a.test/")
            .response("r")
            .set(r#"<Headers><Header name="X-Copy">{request.header.x-large}</Header></Headers>"#);
        let mut configuration = policy.served_by(backend.cluster());
        configuration["filter_state"] = json!(["r.header.x-large"]);
        let site = setup.listener(Listener::new(configuration).log_state(&["r.header.x-large"]));
        move || async move {
            let request = Request::get("/").header("x-large", "a".repeat(50_000));
            assert_eq!(site.send(request).await.status, 200);
            assert_eq!(backend.only_request().header("x-copy").map(str::len), Some(50_000));
            assert_eq!(site.filter_state("r.header.x-large").await, Some("b".repeat(50_000)));
        }
    });

    lab.case("many_headers", |setup| {
        let backend = setup
            .backend(|_: &Received| (0..90).fold(MockResponse::status(200), |a, n| a.header("x-many", n.to_string())));
        let policy = ServiceCallout::new("SC-1", "http://a.test/{request.header.x-many.values.count}").response("r");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["filter_state"] = json!(["r.header.x-many.values.count"]);
        let site = setup.listener(Listener::new(configuration).log_state(&["r.header.x-many.values.count"]));
        move || async move {
            let request = (0..80).fold(Request::get("/"), |request, n| request.header("x-many", n.to_string()));
            assert_eq!(site.send(request).await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/80");
            assert_eq!(site.filter_state("r.header.x-many.values.count").await.as_deref(), Some("90"));
        }
    });
}

/// Where text is necessary, replacement characters replace bytes that are not UTF-8.
fn bytes_that_are_no_text(lab: &mut Lab) {
    lab.case("header_bytes_of_the_client", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/{request.header.x-bytes}").response("r").set(
            r#"<Verb>POST</Verb><Headers><Header name="X-Text">{request.header.x-bytes}</Header></Headers>
               <Payload>{request.header.x-bytes.values}{request.headers.names.string:}</Payload>"#,
        );
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let response = site.send(Request::get("/").header("x-bytes", b"a\xff\xfeb")).await;
            assert_eq!(response.status, 200);
            let call = backend.only_request();
            assert_eq!(call.path_and_query, "/a%EF%BF%BD%EF%BF%BDb");
            assert_eq!(call.header_bytes("x-text"), Some("a\u{fffd}\u{fffd}b".as_bytes()));
            assert!(call.text().starts_with("[a\u{fffd}\u{fffd}b]"), "{}", call.text());
            assert_eq!(site.upstream().only_request().header_bytes("x-bytes"), Some(&b"a\xff\xfeb"[..]));
        }
    });

    lab.case("query_and_accept_bytes_of_the_client", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(404));
        let policy = ServiceCallout::new("SC-1", "http://a.test/?v={request.queryparam.v}").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let response = site.send(Request::get("/?v=%ff%zz%").header("accept", b"\xff")).await;
            assert_execution_failed(&response, "SC-1", "ResponseCode 404 is treated as error");
            assert_eq!(backend.only_request().path_and_query, "/?v=%EF%BF%BD%zz%");
        }
    });

    lab.case("bytes_of_the_server", |setup| {
        let server = setup.backend(|_: &Received| {
            MockResponse::of(200, "text/plain", &b"body \xff\x00\xfe"[..]).header("x-bytes", b"head \xff")
        });
        let probe = setup.echo();
        let first = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let second = ServiceCallout::new("SC-2", "http://probe.test/")
            .response("p")
            .set("<Verb>POST</Verb><Payload>{r.header.x-bytes} {r.content} {r.content.as.base64}</Payload>");
        let site = setup.listener(
            Listener::new(json!({
                "policies": [first.xml(), second.xml()],
                "clusters": {"http://a.test": server.cluster(), "http://probe.test": probe.cluster()},
                "filter_state": ["r.header.x-bytes"],
            }))
            .log_state(&["r.header.x-bytes"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let expected = "head \u{fffd} body \u{fffd}\0\u{fffd} Ym9keSD/AP4=";
            assert_eq!(probe.only_request().text(), expected);
            assert_eq!(site.filter_state("r.header.x-bytes").await.as_deref(), Some("head \u{fffd}"));
        }
    });
}

/// Neither a callout's server nor the upstream gets a request for a tunnel.
fn tunnels(lab: &mut Lab) {
    const REASON: &str = "Verb CONNECT is not supported";

    lab.case("connect_as_the_verb_of_a_callout", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/x").response("r");
        let policy = policy.set("<Verb>{request.queryparam.v}</Verb>");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let session = site.session().await;
            for verb in ["CONNECT", "connect"] {
                let response = session.get(&format!("/?v={verb}")).await;
                assert_execution_failed(&response, "SC-1", REASON);
            }
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
            assert_eq!(session.get("/?v=PUT").await.status, 200);
            assert_eq!(backend.only_request().method, "PUT");
        }
    });

    lab.case("connect_as_the_verb_of_the_request", |setup| {
        let policy = set("AM-1", "<Verb>{request.queryparam.v}</Verb>");
        let site = setup.listener(Listener::new(json!({"policies": [policy]})));
        let assign = "<AssignVariable><Name>request.verb</Name><Ref>request.queryparam.v</Ref></AssignVariable>";
        let assigning = setup.listener(Listener::new(json!({"policies": [assign_message("AM-1", assign)]})));
        move || async move {
            assert_fault(
                &assigning.get("/?v=CONNECT").await,
                "steps.assignmessage.SetVariableFailed",
                &format!("AssignMessage[AM-1]: {REASON}"),
            );
            assert_eq!(assigning.upstream().heads(), 0);
            let session = site.session().await;
            for verb in ["CONNECT", "connect"] {
                let response = session.get(&format!("/?v={verb}")).await;
                assert_fault(
                    &response,
                    "steps.assignmessage.SetVariableFailed",
                    &format!("AssignMessage[AM-1]: {REASON}"),
                );
            }
            assert_eq!(site.upstream().heads(), 0);
            assert_eq!(session.get("/?v=PUT").await.status, 200);
            assert_eq!(site.upstream().only_request().method, "PUT");
        }
    });
}

fn injections(lab: &mut Lab) {
    for (name, set) in [
        ("header", r#"<Headers><Header name="X-Value">{request.queryparam.v}</Header></Headers>"#),
        (
            "added_header",
            r#"<Headers><Header name="X-Value"></Header></Headers></Set><Add><Headers><Header name="X-Value">{request.queryparam.v}</Header></Headers></Add><Set>"#,
        ),
        ("content_type", r#"<Payload contentType="{request.queryparam.v}">x</Payload>"#),
    ] {
        lab.case(&format!("line_breaks_in_a_{name}"), move |setup| {
            let backend = setup.echo();
            let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").set(set);
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
            move || async move {
                assert_eq!(site.get(&format!("/?v={INJECTION}%00")).await.status, 200);
                let call = backend.only_request();
                let field = if name == "content_type" { "content-type" } else { "x-value" };
                assert_eq!(call.header_all(field).last().map(|value| value.trim_end()), Some("a  x-injected: 1"));
                assert_eq!(call.header("x-injected"), None);
            }
        });
    }

    for (name, url, set, expected) in [
        ("path", "http://a.test/u", "<Path>/{request.queryparam.v}</Path>", "/u/a%0D%0Ax-injected:%201"),
        ("url", "http://a.test/{request.queryparam.v}", "", "/a%0D%0Ax-injected:%201"),
        (
            "query",
            "http://a.test/",
            r#"<QueryParams><QueryParam name="q">{request.queryparam.v}</QueryParam></QueryParams>"#,
            "/?q=a%0D%0Ax-injected%3A%201",
        ),
    ] {
        lab.case(&format!("line_breaks_in_a_{name}"), move |setup| {
            let backend = setup.echo();
            let policy = ServiceCallout::new("SC-1", url).response("r").set(set);
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
            move || async move {
                assert_eq!(site.get(&format!("/?v={INJECTION}")).await.status, 200);
                let call = backend.only_request();
                assert_eq!(call.path_and_query, expected);
                assert_eq!(call.header("x-injected"), None);
            }
        });
    }

    lab.case("line_breaks_in_a_verb", |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/x").response("r").set("<Verb>{request.queryparam.v}</Verb>");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/?v=GET%20/evil%20HTTP/1.1%0d%0ax-injected:%201").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("GET", "/x"));
            assert_eq!(call.header("x-injected"), None);
        }
    });

    for (name, host) in [("line_breaks", INJECTION), ("user", "a.test%40evil.test"), ("fragment", "%23")] {
        lab.case(&format!("{name}_in_a_host"), move |setup| {
            let backend = setup.echo();
            let policy = ServiceCallout::new("SC-1", "http://{request.queryparam.v}/").response("r");
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
            move || async move {
                let response = site.get(&format!("/?v={host}")).await;
                assert_execution_failed(&response, "SC-1", "Host not reachable");
                assert_eq!(backend.heads(), 0);
            }
        });
    }

    // A client must not steer Envoy's retries and timeouts of a callout, nor smuggle a second length.
    lab.case("client_headers_that_control_envoy", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(503));
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").request(r#"<Copy source="request"/>"#);
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/", "text/plain", "hello")
                .header("x-envoy-retry-on", "5xx")
                .header("x-envoy-max-retries", "3");
            let response = site.send(request).await;
            assert_execution_failed(&response, "SC-1", "ResponseCode 503 is treated as error");
            assert_eq!(backend.only_request().header_all("content-length"), ["5"]);
        }
    });
}
