//! AssignMessage on the body of the client's request: the upstream gets the length of the new one.

use std::time::Duration;

use hyper::Version;
use serde_json::json;

use crate::assign_message::{assigned, assigning};
use crate::fault;
use crate::lab::{Cluster, Lab, Listener, Message, Request};

const SOON: Duration = Duration::from_millis(50);

pub fn cases(lab: &mut Lab) {
    const LONGER: &str = "<Set><Payload contentType='application/json'>{\"was\":\"{request.content}\"}</Payload></Set>";
    // `{"was":"` is not a variable: only a name can be in braces.
    const BODY: &str = r#"{"was":"old"}"#;

    for (name, request, length) in [
        ("payload", Request::post("/", "text/plain", "old"), Some("13")),
        (
            "payload_in_chunks",
            Request::new("POST", "/").header("content-type", "text/plain").pieces(["o", "ld"], SOON),
            None,
        ),
        ("payload_from_http2", Request::post("/", "text/plain", "old").h2(), Some("13")),
        ("payload_with_trailers", Request::post("/", "text/plain", "old").trailer("x-sum", "3").h2(), None),
    ] {
        lab.case(name, move |setup| {
            let site = setup.listener(assigning(LONGER));
            move || async move {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (200, BODY));
                let upstream = site.upstream().only_request();
                assert_eq!((upstream.version, upstream.text(), upstream.is_complete()), (Version::HTTP_11, BODY, true));
                assert_eq!(upstream.header_all("content-type"), ["application/json"]);
                assert_eq!(upstream.header("content-length"), length);
            }
        });
    }

    lab.case("payload_to_http2", |setup| {
        let upstream = setup.echo_in(Cluster::new().h2());
        let site = setup.listener(assigning(LONGER).upstream(&upstream));
        move || async move {
            let request = Request::post("/", "text/plain", "old");
            for (number, request) in [request.clone(), request.h2()].into_iter().enumerate() {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (200, BODY));
                let received = &upstream.requests()[number];
                assert_eq!((received.version, received.text()), (Version::HTTP_2, BODY));
                assert_eq!(received.header_all("content-length"), ["13"]);
            }
        }
    });

    // The connection to the upstream is shared: a wrong length would make the rest of a body the next request.
    lab.case("payload_shorter_and_longer_on_one_connection", |setup| {
        let site = setup.listener(assigning("<Set><Payload>{request.header.x-new}</Payload></Set>"));
        move || async move {
            for (number, (old, new)) in [("long body", "s"), ("s", "long body"), ("x", "")].into_iter().enumerate() {
                let response = site.send(Request::post("/", "text/plain", old).header("x-new", new)).await;
                assert_eq!((response.status, response.text()), (200, new));
                let upstream = &site.upstream().requests()[number];
                assert_eq!(upstream.header_all("content-length"), [new.len().to_string()]);
            }
            assert_eq!(site.upstream().heads(), 3);
        }
    });

    assigned(
        lab,
        "payload_removed",
        "<Remove><Payload/></Remove>",
        Request::post("/", "text/plain", "old"),
        |upstream| assert_eq!((upstream.text(), upstream.header_all("content-length")), ("", vec!["0"])),
    );

    assigned(
        lab,
        "form_parameters",
        "<Set><FormParams><FormParam name='a'>b c&amp;d</FormParam></FormParams></Set>
         <Add><FormParams><FormParam name='a'>{request.formparam.old}</FormParam></FormParams></Add>
         <Remove><FormParams><FormParam name='old'/></FormParams></Remove>",
        Request::post("/", "application/x-www-form-urlencoded", "old=1+1&kept=2"),
        |upstream| {
            assert_eq!(upstream.text(), "kept=2&a=b%20c%26d&a=1%201");
            assert_eq!(upstream.header_all("content-type"), ["application/x-www-form-urlencoded"]);
            assert_eq!(upstream.header_all("content-length"), ["26"]);
        },
    );

    lab.case("payload_of_a_resource", |setup| {
        let policy = "<AssignMessage name='AM'>
            <AssignVariable><Name>page</Name><ResourceURL>jsc://{request.queryparam.page}.html</ResourceURL></AssignVariable>
            <Set><Payload>{page}</Payload></Set></AssignMessage>";
        let resources = json!({"jsc://a.html": "<p>{not a template}</p>\n"});
        let site = setup.listener(Listener::new(json!({"policies": [policy], "resources": resources})).allow_on_headers_stop_iteration());
        move || async move {
            let known = site.send(Request::post("/?page=a", "text/plain", "old")).await;
            assert_eq!((known.status, known.text()), (200, "<p>{not a template}</p>\n"));
            let missing = site.send(Request::post("/?page=b", "text/plain", "old")).await;
            let text = "AssignMessage[AM]: unable to resolve variable jsc://b.html";
            assert_eq!(missing.status, 500);
            assert_eq!(missing.text(), fault::json("steps.assignmessage.UnresolvedVariable", text));
            assert_eq!(site.upstream().heads(), 1);
        }
    });
}
