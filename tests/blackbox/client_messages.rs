//! Changes of the client's request and of the upstream's response that Envoy could not send unchanged.

use serde_json::json;

use crate::assign_message::{assigned, assigning};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{assign_message, set};

pub fn cases(lab: &mut Lab) {
    made_anew(lab);
    status_without_body(lab);
    status_that_would_have_a_body(lab);
    request_line(lab);
}

/// A message that is created again contains no part of the old one, also when a policy read it before.
fn made_anew(lab: &mut Lab) {
    for (name, elements) in [
        ("request_created_again", "<AssignTo createNew='true' type='request'/>"),
        ("request_created_again_by_name", "<AssignTo createNew='true' type='request'>request</AssignTo>"),
        ("request_created_again_as_message", "<AssignTo createNew='true' type='request'>message</AssignTo>"),
    ] {
        assigned(
            lab,
            name,
            elements,
            Request::post("/old?q=1", "application/json", "old").header("x-old", "1").header("cookie", "a=b"),
            |upstream| {
                assert_eq!((upstream.method.as_str(), upstream.path_and_query.as_str()), ("GET", "/old"));
                assert_eq!((upstream.text(), upstream.authority.as_str()), ("", "site.test"));
                assert_eq!(["x-old", "cookie", "content-type"].map(|name| upstream.header(name)), [None; 3]);
            },
        );
    }

    // Envoy cannot add a body to a request: the upstream gets the rest.
    lab.case("request_created_again_without_body", |setup| {
        let elements = "<AssignTo createNew='true' type='request'/><Set><Verb>POST</Verb><Headers><Header name='x-new'>{request.content}\
                        1</Header></Headers><Payload contentType='text/plain'>x</Payload></Set>";
        let site = setup.listener(assigning(elements));
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let response = site.send(request).await;
                assert_eq!(response.status, 200);
                let upstream = site.upstream().requests().pop().unwrap();
                assert_eq!((upstream.method.as_str(), upstream.text(), upstream.header("x-new")), ("POST", "", Some("1")));
                assert_eq!(upstream.header("content-type"), Some("text/plain"));
            }
            assert_eq!(site.send(Request::post("/", "text/plain", "old")).await.text(), "x");
        }
    });

    lab.case("response_created_again", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::json(404, "{}").header("x-up", "u"));
        let policy = assign_message("AM-1", "<AssignTo createNew='true' type='response'>response</AssignTo>");
        let configuration = json!({"policies": [policy], "response": ["AM-1"]});
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), response.is_complete()), (200, "", true));
                assert_eq!((response.header("x-up"), response.header("content-type")), (None, None));
                assert_eq!(response.header_all("content-length"), ["0"]);
            }
        }
    });
}

/// A body after a status that has none would be read as the next response.
fn status_without_body(lab: &mut Lab) {
    for (name, status, stops) in [
        ("status_204_before_a_body", 204, false),
        ("status_304_before_a_body", 304, false),
        ("status_204_before_a_held_body", 204, true),
        ("invalid_status_before_a_body", 150, false),
    ] {
        lab.case(name, move |setup| {
            let upstream = setup.backend(|_: &Received| MockResponse::text(200, "hello").header("x-up", "u"));
            let body = if stops { "<Payload>{response.content}</Payload>" } else { "" };
            let policy = set("AM-1", &format!("<StatusCode>{status}</StatusCode>{body}"));
            let listener = Listener::new(json!({"policies": [policy], "response": ["AM-1"]})).upstream(&upstream);
            let site = setup.listener(if stops { listener.allow_on_headers_stop_iteration() } else { listener });
            move || async move {
                let expected = if status == 150 { 500 } else { status };
                for request in [Request::get("/"), Request::get("/").h2()] {
                    let response = site.send(request).await;
                    assert_eq!((response.status, response.text(), response.is_complete()), (expected, "", true));
                    assert_eq!((response.header("x-up"), response.header("transfer-encoding")), (Some("u"), None));
                }
                let mut wire = site.connect().await;
                let get = "GET / HTTP/1.1\r\nhost: a\r\n";
                wire.write(&format!("{get}\r\n{get}connection: close\r\n\r\n")).await;
                let both = String::from_utf8(wire.read_to_close().await).unwrap();
                let heads: Vec<&str> = both.split_terminator("\r\n\r\n").collect();
                assert_eq!(heads.len(), 2, "{both}");
                for head in heads {
                    assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{both}");
                }
            }
        });
    }
}

/// A response without a body can have the length of a body that is not sent.
fn status_that_would_have_a_body(lab: &mut Lab) {
    lab.case("status_200_after_a_304", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::status(304).header("etag", "\"e\""));
        let policy = set("AM-1", "<StatusCode>200</StatusCode>");
        let configuration = json!({"policies": [policy], "response": ["AM-1"]});
        let site = setup.listener(Listener::new(configuration).upstream(&upstream));
        move || async move {
            for request in [Request::get("/"), Request::get("/").h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text(), response.is_complete()), (200, "", true));
                assert_eq!(response.header("etag"), Some("\"e\""));
                assert!(response.header("content-length").is_none_or(|length| length == "0"));
            }
        }
    });
}

/// Input of a client that reaches the request line or the headers of the connection.
fn request_line(lab: &mut Lab) {
    assigned(
        lab,
        "verb_with_line_breaks",
        "<Set><Verb>{request.queryparam.v}</Verb></Set>",
        Request::new("PUT", "/x?v=GET%20/evil%20HTTP/1.1%0d%0ax-injected:%201").body("b"),
        |upstream| {
            assert_eq!((upstream.method.as_str(), upstream.text()), ("PUT", "b"));
            assert!(upstream.path_and_query.starts_with("/x?v="), "{}", upstream.path_and_query);
            assert_eq!(upstream.header("x-injected"), None);
        },
    );
    assigned(
        lab,
        "empty_verb",
        "<Set><Verb>{request.queryparam.v}</Verb></Set>",
        Request::new("PUT", "/x?v=").body("b"),
        |upstream| assert_eq!((upstream.method.as_str(), upstream.path_and_query.as_str()), ("PUT", "/x?v=")),
    );
    for (name, verb, sent) in [("verb_made_head", "HEAD", "GET"), ("verb_no_more_head", "GET", "HEAD")] {
        lab.case(name, move |setup| {
            let upstream = setup.backend(|_: &Received| MockResponse::text(200, "hello"));
            let site = setup.listener(assigning(&format!("<Set><Verb>{verb}</Verb></Set>")).upstream(&upstream));
            move || async move {
                for request in [Request::new(sent, "/"), Request::new(sent, "/").h2()] {
                    let response = site.send(request).await;
                    let body = if sent == "HEAD" { "" } else { "hello" };
                    assert_eq!((response.status, response.text(), response.is_complete()), (200, body, true));
                }
                assert!(upstream.requests().iter().all(|request| request.method == sent));
            }
        });
    }
    // Envoy rejects requests with such a value.
    assigned(
        lab,
        "control_characters_in_a_header",
        "<Set><Headers><Header name='x-set'>{request.queryparam.v}</Header></Headers></Set>",
        Request::get("/x?v=a%01b%09c%7f%1bd"),
        |upstream| assert_eq!(upstream.header("x-set"), Some("a b\tc  d")),
    );
    assigned(lab, "path_with_a_query", "<Set><Path>items/9?x=1</Path></Set>", Request::get("/old?q=1"), |upstream| {
        assert_eq!(upstream.path_and_query, "/old?q=1")
    });
    assigned(
        lab,
        "target_copy",
        "<AssignVariable><Name>target.copy.pathsuffix</Name><Value>false</Value></AssignVariable>
         <AssignVariable><Name>target.copy.queryparams</Name><Value>false</Value></AssignVariable>",
        Request::get("/old?q=1"),
        |upstream| assert_eq!(upstream.path_and_query, "/"),
    );
    assigned(
        lab,
        "headers_of_the_connection",
        "<Set><Headers><Header name='Transfer-Encoding'>chunked</Header><Header name='Connection'>close</Header>
           <Header name='Keep-Alive'>timeout=5</Header><Header name='Upgrade'>h2c</Header><Header name='TE'>trailers</Header>
           <Header name='Trailer'>x</Header><Header name='Proxy-Connection'>close</Header><Header name='x-set'>1</Header></Headers></Set>",
        Request::post("/", "text/plain", "old"),
        |upstream| {
            let names =
                ["transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "proxy-connection"];
            assert_eq!(names.map(|name| upstream.header(name)), [None; 7]);
            assert_eq!((upstream.text(), upstream.header("x-set")), ("old", Some("1")));
            assert_eq!(upstream.header_all("content-length"), ["3"]);
        },
    );
}
