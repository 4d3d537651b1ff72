//! The parts of a callout's response that later policies can read.

use serde_json::json;

use crate::fault::assert_execution_failed;
use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request, Setup, Site, Wire};
use crate::policy::ServiceCallout;

/// Calls out for `answer`, then sends the expanded template to a second server, whose requests are the result.
fn read(
    setup: &mut Setup<'_>,
    first: &ServiceCallout,
    template: &str,
    response: fn() -> MockResponse,
) -> (Site, crate::lab::Backend) {
    let users = setup.backend(move |_: &Received| response());
    let probe = setup.backend(|_: &Received| MockResponse::status(200));
    let second = ServiceCallout::new("SC-Probe", "http://probe.test/")
        .response("probeResp")
        .set(&format!("<Verb>POST</Verb><Payload>{template}</Payload>"));
    let site = setup.listener(
        Listener::new(json!({
            "policies": [first.xml(), second.xml()],
            "clusters": {"http://users.test": users.cluster(), "http://probe.test": probe.cluster()},
        }))
        .allow_on_headers_stop_iteration()
        .log_state(&["fault.name"]),
    );
    (site, probe)
}

/// The checksum of `{"id":7}`.
const SHA256: &str = "a3c90e3b7448d23d9eacebd0ebf15cae100e21f9b2c688f3f9d238edcd26d67f";

fn callout() -> ServiceCallout {
    ServiceCallout::new("SC-User", "http://users.test/api").response("userResp")
}

pub fn cases(lab: &mut Lab) {
    for (name, template, expected) in [
        ("content", "{userResp.content}", r#"{"id":7}"#),
        ("whole", "{userResp}", r#"{"id":7}"#),
        ("content_base64", "{userResp.content.as.base64}", "eyJpZCI6N30="),
        ("status", "{userResp.status.code} {userResp.reason.phrase}", "201 Created"),
        ("version", "{userResp.version}", "1.1"),
        ("header", "{userResp.header.ETAG}", "\"v1\""),
        ("header_first_of_a_list", "{userResp.header.Cache-Control}", "public"),
        ("header_second_of_a_list", "{userResp.header.cache-control.2}", "max-age=16544"),
        ("header_values", "{userResp.header.cache-control.values}", "[public, max-age=16544]"),
        ("header_count", "{userResp.header.cache-control.values.count}", "2"),
        ("header_whole", "{userResp.header.cache-control.values.string}", "public, max-age=16544"),
        ("header_lines", "{userResp.header.Set-Cookie.2}", "b=2, c"),
        ("header_date", "{userResp.header.last-modified}", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("header_missing", "{userResp.header.x-none:none}", "none"),
        ("header_from_envoy", "{userResp.header.x-envoy-upstream-service-time:none}", "none"),
        ("failed", "{servicecallout.SC-User.failed}", "false"),
        ("uri", "{servicecallout.requesturi} {servicecallout.SC-User.target.url}", "/api http://users.test/api"),
        ("functions", "{sha256Hex(userResp.content)}", SHA256),
    ] {
        lab.case(name, move |setup| {
            let (site, probe) = read(setup, &callout(), template, || {
                MockResponse::json(201, r#"{"id":7}"#)
                    .header("etag", "\"v1\"")
                    .header("cache-control", "public, max-age=16544")
                    .header("set-cookie", "a=1")
                    .header("set-cookie", "b=2, c")
                    .header("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")
            });
            move || async move {
                assert_eq!(site.get("/").await.status, 200);
                assert_eq!(probe.only_request().text(), expected);
            }
        });
    }

    lab.case("charset", |setup| {
        let (site, probe) = read(setup, &callout(), "{userResp.content}", || {
            MockResponse::of(200, "text/plain; charset=ISO-8859-1", &b"caf\xe9"[..])
        });
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(probe.only_request().text(), "caf\u{e9}");
        }
    });

    lab.case("retained_headers", |setup| {
        let policy = callout()
            .property("response.retain.headers.enabled", "false")
            .property("response.retain.headers", "X-Kept,x-other");
        let (site, probe) = read(setup, &policy, "{userResp.header.x-kept} {userResp.header.x-dropped:gone}", || {
            MockResponse::status(200).header("x-kept", "1").header("x-dropped", "2")
        });
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(probe.only_request().text(), "1 gone");
        }
    });

    // A later answer replaces an earlier one, and a failure keeps it.
    lab.case("replaced_and_kept", |setup| {
        let users = setup.backend(|request: &Received| MockResponse::text(200, request.path_and_query.clone()));
        let policies = [
            ServiceCallout::new("SC-1", "http://users.test/1").response("userResp"),
            ServiceCallout::new("SC-2", "http://users.test/{userResp.content}").response("userResp"),
            ServiceCallout::new("SC-3", "http://nowhere.test/").response("userResp").continue_on_error(),
            ServiceCallout::new("SC-4", "http://users.test/{userResp.status.code:none}").response("last"),
        ];
        let site = setup.listener(
            Listener::new(json!({
                "policies": policies.map(|policy| policy.xml()),
                "clusters": {"http://users.test": users.cluster(), "http://nowhere.test": "no-such-cluster"},
            }))
            .log_state(&["userResp.status.code", "last.content"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = users.requests().into_iter().map(|request| request.path_and_query).collect();
            assert_eq!(paths, ["/1", "//1", "/200"]);
            let logged = site.logged().await;
            assert_eq!(
                (logged.state("userResp.status.code"), logged.state("last.content")),
                (Some("200"), Some("/200"))
            );
        }
    });

    // The variable is set from a complete response only, for every failure.
    for (name, url, timeout) in [
        ("kept_when_reset", "http://broken.test/", 5000),
        ("kept_when_timed_out", "http://silent.test/", 150),
        ("kept_when_not_sent", "http://users.test/{missing}", 5000),
    ] {
        lab.case(name, move |setup| {
            let users = setup.backend(|_: &Received| MockResponse::text(200, "one"));
            let silent = MockResponse::status(204).held_by(&Gate::closed());
            let silent = setup.backend(move |_: &Received| silent.clone());
            let broken = setup.raw_backend(|mut wire: Wire| async move {
                wire.head().await;
                wire.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            });
            let first = ServiceCallout::new("SC-1", "http://users.test/").response("r");
            let second = ServiceCallout::new("SC-2", url).response("r").timeout(timeout).continue_on_error();
            let probe = ServiceCallout::new("SC-3", "http://probe.test/")
                .set("<Verb>POST</Verb><Payload>{r.content} {servicecallout.SC-2.failed}</Payload>")
                .response("last");
            let observer = setup.backend(|_: &Received| MockResponse::status(200));
            let site = setup.listener(
                Listener::new(json!({
                    "policies": [first.xml(), second.xml(), probe.xml()],
                    "clusters": {
                        "http://users.test": users.cluster(),
                        "http://silent.test": silent.cluster(),
                        "http://broken.test": broken.cluster(),
                        "http://probe.test": observer.cluster(),
                    },
                }))
                .log_state(&["r.content", "r.status.code"]),
            );
            move || async move {
                assert_eq!(site.get("/").await.status, 200);
                assert_eq!(observer.only_request().text(), "one true");
                let logged = site.logged().await;
                assert_eq!((logged.state("r.content"), logged.state("r.status.code")), (Some("one"), Some("200")));
            }
        });
    }

    lab.case("an_error_status_is_readable_before_the_fault", |setup| {
        let policy = callout().continue_on_error();
        let template = "{userResp.status.code} {userResp.content} {servicecallout.SC-User.failed} {fault.name}";
        let (site, probe) = read(setup, &policy, template, || MockResponse::json(404, r#"{"e":"x"}"#));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(probe.only_request().text(), r#"404 {"e":"x"} true ExecutionFailed"#);
        }
    });

    lab.case("nothing_runs_after_a_fault", |setup| {
        let (site, probe) = read(setup, &callout(), "never", || MockResponse::json(404, "{}"));
        move || async move {
            assert_execution_failed(&site.get("/").await, "SC-User", "ResponseCode 404 is treated as error");
            assert_eq!((probe.heads(), site.upstream().heads()), (0, 0));
        }
    });

    // The client's request continues unchanged, but after the callout the variable contains the response.
    lab.case("response_named_request", |setup| {
        let policy = callout().response("request");
        let (site, probe) = read(setup, &policy, "{request.status.code} {request.content} {request.verb:none}", || {
            MockResponse::text(200, "from users")
        });
        move || async move {
            let response = site.send(Request::post("/v1?a=1", "text/plain", "from the client")).await;
            assert_eq!((response.status, response.text()), (200, "from the client"));
            assert_eq!(probe.only_request().text(), "200 from users none");
            let passed = site.upstream().only_request();
            assert_eq!((passed.method.as_str(), passed.path_and_query.as_str()), ("POST", "/v1?a=1"));
            assert_eq!((passed.text(), passed.header("content-type")), ("from the client", Some("text/plain")));
        }
    });
}
