//! The format of a fault body: by the client's `Accept`, else by its `Content-Type`.

use crate::fault::{execution_failed, json, xml};
use crate::lab::{Lab, Listener, Message, Request};
use crate::policy::ServiceCallout;

const CODE: &str = "steps.servicecallout.ExecutionFailed";
const UNREACHABLE: &str = "Host not reachable";

pub fn cases(lab: &mut Lab) {
    for (name, accept, content_type, is_xml) in [
        ("nothing_said", None, None, false),
        ("accepts_xml", Some("application/xml"), None, true),
        ("accepts_text_xml", Some("text/xml;q=0.9, text/plain"), None, true),
        ("accepts_suffix_xml", Some("application/atom+xml"), None, true),
        ("accepts_xml_over_its_own_json", Some("text/xml"), Some("application/json"), true),
        ("accepts_both", Some("application/xml, application/json"), None, false),
        ("accepts_xml_and_anything", Some("application/xml, */*;q=0.1"), None, false),
        ("accepts_html", Some("text/html"), Some("text/xml"), false),
        ("accepts_anything_sends_xml", Some("*/*"), Some("application/soap+xml; charset=utf-8"), true),
        ("sends_xml", None, Some("text/xml"), true),
        ("sends_json", None, Some("application/json"), false),
    ] {
        lab.case(name, move |setup| {
            let policy = ServiceCallout::new("SC-1", "http://users.test/").response("r");
            let site = setup.listener(Listener::new(policy.served_by("no-such-cluster")));
            move || async move {
                let request = Request::new("POST", "/").body("<a/>");
                let request = accept.map_or(request.clone(), |accept| request.header("accept", accept));
                let request = content_type.map_or(request.clone(), |kind| request.header("content-type", kind));
                let response = site.send(request).await;
                let text = execution_failed("SC-1", UNREACHABLE);
                let (body, kind) = if is_xml {
                    (xml(CODE, &text), "application/xml")
                } else {
                    (json(CODE, &text), "application/json")
                };
                assert_eq!((response.status, response.text()), (500, body.as_str()));
                assert_eq!(response.header_all("content-type"), [kind]);
                assert_eq!(response.header_all("content-length"), [body.len().to_string()]);
            }
        });
    }

    // A policy may be called almost anything, and each form has its own escapes.
    for (name, accept) in [("escapes_json", "application/json"), ("escapes_xml", "text/xml")] {
        lab.case(name, move |setup| {
            let policy = ServiceCallout::new("SC-1", "http://users.test/{a&b<\u{e9}}").response("r");
            let policy = policy.xml().replace("a&amp;b<", "a&amp;b&lt;");
            let site = setup.listener(Listener::new(serde_json::json!({
                "policies": [policy],
                "clusters": {"*": "no-such-cluster"},
            })));
            move || async move {
                let response = site.send(Request::get("/").header("accept", accept)).await;
                let expected = if accept == "text/xml" {
                    xml("entities.UnresolvedVariable", "Unresolved variable : a&amp;b&lt;\u{e9}")
                } else {
                    json("entities.UnresolvedVariable", "Unresolved variable : a&b<\u{e9}")
                };
                assert_eq!((response.status, response.text()), (500, expected.as_str()));
            }
        });
    }

    // The response has the body's length, and the body is not sent.
    lab.case("head", |setup| {
        let policy = ServiceCallout::new("SC-1", "http://users.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by("no-such-cluster")));
        move || async move {
            let response = site.raw("HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
            let response = String::from_utf8(response).unwrap();
            let length = json(CODE, &execution_failed("SC-1", UNREACHABLE)).len();
            assert!(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{response}");
            assert!(response.contains(&format!("\r\ncontent-length: {length}\r\n")), "{response}");
            assert!(response.ends_with("\r\n\r\n"), "{response}");
        }
    });
}
