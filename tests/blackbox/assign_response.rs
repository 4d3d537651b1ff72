//! AssignMessage on the upstream's response, as the client receives it.

use hyper::Version;
use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Request, Setup, Site};
use crate::policy::{assign_message, set};

/// One AssignMessage in the response flow of an upstream that always sends this response.
fn site(setup: &mut Setup<'_>, elements: &str, cluster: Cluster, response: MockResponse) -> Site {
    let upstream = setup.backend_in(cluster, move |_: &Received| response.clone());
    let configuration = json!({"policies": [assign_message("AM-1", elements)], "response": ["AM-1"]});
    setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration())
}

pub fn cases(lab: &mut Lab) {
    lab.case("status_and_headers", |setup| {
        let elements = "<Set><StatusCode>201</StatusCode><ReasonPhrase>Mine</ReasonPhrase>
            <Headers><Header name='X-Set'>{request.queryparam.a} {response.header.x-up}</Header></Headers></Set>
          <Add><Headers><Header name='x-add'>2</Header></Headers></Add>
          <Remove><Headers><Header name='x-up'/></Headers></Remove>";
        let upstream =
            MockResponse::text(200, "hello").header("x-up", "u").header("x-add", "1").header("set-cookie", "a=1");
        let site = site(setup, elements, Cluster::new(), upstream);
        move || async move {
            let response = site.get("/?a=b").await;
            assert_eq!((response.status, response.text()), (201, "hello"));
            assert_eq!((response.header_all("x-set"), response.header("x-up")), (vec!["b u"], None));
            assert_eq!(
                (response.header_all("x-add"), response.header_all("set-cookie")),
                (vec!["1", "2"], vec!["a=1"])
            );
            assert_eq!(response.header_all("content-length"), ["5"]);
            // Envoy writes its own reason phrase.
            let raw = site.raw("GET /?a=b HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
            assert!(raw.starts_with(b"HTTP/1.1 201 Created\r\n"), "{}", raw.escape_ascii());
        }
    });

    // After the request flow, the client's request is a variable only.
    lab.case("the_request_is_a_variable", |setup| {
        let assign = |name: &str| format!("<AssignVariable><Name>{name}</Name><Value>NEW</Value></AssignVariable>");
        let names = ["request.verb", "request.header.x-a", "request.queryparam.q", "request.path", "request.content"];
        let template = "{request.verb} {request.header.x-a} {request.queryparam.q} {request.path} {request.content}";
        let elements = format!(
            "{}<Set><Headers><Header name='x-value'>{template}</Header></Headers></Set>",
            names.map(assign).concat()
        );
        let site = site(setup, &elements, Cluster::new(), MockResponse::text(200, "hello"));
        move || async move {
            let requests = [Request::get("/v1?q=1").header("x-a", "1"), Request::post("/v1?q=1", "text/plain", "old")];
            for request in requests {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (200, "hello"));
                assert_eq!(response.header("x-value"), Some("NEW NEW NEW NEW NEW"));
                let upstream = site.upstream().requests().pop().unwrap();
                assert_eq!(upstream.path_and_query, "/v1?q=1");
            }
        }
    });

    const WRAPPED: &str =
        "<Set><Payload contentType='application/json'>{\"was\":\"{response.content}\"}</Payload></Set>";
    for (name, cluster, request) in [
        ("body", Cluster::new(), Request::get("/")),
        ("body_to_http2", Cluster::new(), Request::get("/").h2()),
        ("body_from_http2", Cluster::new().h2(), Request::get("/")),
        ("body_between_http2", Cluster::new().h2(), Request::get("/").h2()),
    ] {
        lab.case(name, move |setup| {
            let site = site(setup, WRAPPED, cluster, MockResponse::text(200, "hello").header("x-up", "u"));
            move || async move {
                let response = site.send(request).await;
                assert_eq!(
                    (response.status, response.text(), response.is_complete()),
                    (200, r#"{"was":"hello"}"#, true)
                );
                assert_eq!(response.header_all("content-type"), ["application/json"]);
                assert_eq!((response.header_all("content-length"), response.header("x-up")), (vec!["15"], Some("u")));
            }
        });
    }

    lab.case("body_removed", |setup| {
        let site = site(setup, "<Remove><Payload/></Remove>", Cluster::new(), MockResponse::text(200, "hello"));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text(), response.header_all("content-length")), (200, "", vec!["0"]));
        }
    });

    lab.case("response_created_again", |setup| {
        let elements = "<AssignTo createNew='true' type='response'/>
            <Set><Headers><Header name='x-made'>1</Header></Headers><Payload>new body</Payload></Set>";
        let site = site(setup, elements, Cluster::new(), MockResponse::json(404, "{}").header("x-up", "u"));
        move || async move {
            let response = site.get("/").await;
            assert_eq!((response.status, response.text()), (200, "new body"));
            assert_eq!(
                (response.header("x-made"), response.header("x-up"), response.header("content-type")),
                (Some("1"), None, None)
            );
            assert_eq!(response.header_all("content-length"), ["8"]);
        }
    });

    // The client's request is read after Envoy sent it to the upstream.
    lab.case("request_is_still_there", |setup| {
        let elements =
            "<Set><Payload>{request.verb} {request.path} {request.header.x-down} {request.content}</Payload></Set>";
        let site = site(setup, elements, Cluster::new(), MockResponse::text(200, "hello"));
        move || async move {
            let response = site.send(Request::post("/p?q=1", "text/plain", "sent").header("x-down", "d")).await;
            assert_eq!((response.status, response.text()), (200, "POST /p d sent"));
        }
    });

    bodyless(lab);
    faults(lab);
}

/// Envoy cannot add a body to a response without one; the filter then sends a local reply.
fn bodyless(lab: &mut Lab) {
    for (name, status, request) in [
        ("body_for_a_204", 204, Request::get("/")),
        ("body_for_a_304", 304, Request::get("/")),
        ("body_for_a_204_over_http2", 204, Request::get("/").h2()),
    ] {
        lab.case(name, move |setup| {
            let elements = "<Set><StatusCode>200</StatusCode><Payload contentType='text/plain'>made</Payload></Set>";
            let site = site(setup, elements, Cluster::new(), MockResponse::status(status).header("x-up", "u"));
            move || async move {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), response.is_complete()), (200, "made", true));
                assert_eq!(
                    (response.header_all("content-type"), response.header("x-up")),
                    (vec!["text/plain"], Some("u"))
                );
                assert_eq!(response.header_all("content-length"), ["4"]);
                assert_eq!(site.upstream().heads(), 1);
            }
        });
    }

    // Responses with these statuses have no body, also when a policy sets one.
    for status in [204, 304] {
        lab.case(&format!("{status}_stays_without_body"), move |setup| {
            let elements = "<Set><Payload contentType='text/plain'>made</Payload></Set>";
            let site = site(setup, elements, Cluster::new(), MockResponse::status(status).header("x-up", "u"));
            move || async move {
                let response = site.get("/").await;
                assert_eq!((response.status, response.text(), response.is_complete()), (status, "", true));
                assert_eq!((response.header("content-type"), response.header("x-up")), (None, Some("u")));
            }
        });
    }

    lab.case("body_for_a_head_request", |setup| {
        let elements = "<Set><Payload contentType='text/plain'>made</Payload></Set>";
        let site = site(setup, elements, Cluster::new(), MockResponse::text(200, "hello").header("x-up", "u"));
        move || async move {
            for request in [Request::new("HEAD", "/"), Request::new("HEAD", "/").h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), response.is_complete()), (200, "", true));
                assert_eq!(response.header("x-up"), Some("u"));
            }
            // The connection contains no bytes of the body: the next response is valid.
            let mut wire = site.connect().await;
            wire.write("HEAD / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                .await;
            let head = wire.head().await;
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
            let rest = String::from_utf8(wire.read_to_close().await).unwrap();
            assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("\r\n\r\nmade"), "{rest}");
        }
    });
}

fn faults(lab: &mut Lab) {
    lab.case("invalid_status", |setup| {
        let site = site(
            setup,
            "<Set><StatusCode>{request.queryparam.s}</StatusCode></Set>",
            Cluster::new(),
            MockResponse::text(200, "hello"),
        );
        move || async move {
            assert_eq!(site.get("/?s=418").await.status, 418);
            assert_fault(
                &site.get("/?s=abc").await,
                "steps.assignmessage.SetVariableFailed",
                "AssignMessage[AM-1]: unable to set variable status.code",
            );
        }
    });

    // The fault replaces the upstream's response with its headers.
    lab.case("fault_replaces_the_response", |setup| {
        let upstream = MockResponse::json(200, r#"{"secret":1}"#).header("x-up", "u");
        let site = site(setup, "<Set><Payload>{none}</Payload></Set>", Cluster::new(), upstream);
        move || async move {
            assert_fault(&site.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : none");
            assert_eq!(site.upstream().heads(), 1);
            assert_eq!(site.get("/").await.version, Version::HTTP_11);
        }
    });

    // A header value cannot add another header, over either protocol.
    lab.case("header_with_line_breaks", |setup| {
        let policy = set("AM-1", "<Headers><Header name='x-value'>{request.queryparam.v}</Header></Headers>");
        let site = setup.listener(Listener::new(json!({"policies": [policy], "response": ["AM-1"]})));
        move || async move {
            let request = Request::get("/?v=a%0d%0ax-injected:%201%00b");
            for request in [request.clone(), request.h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.header("x-injected")), (200, None));
                assert_eq!(response.header("x-value"), Some("a  x-injected: 1 b"));
            }
        }
    });
}
