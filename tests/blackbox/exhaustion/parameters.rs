//! Thousands of parameters copied onto requests that have parameters of their own.

use super::large_bodies;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

const NAMES: usize = 14_000;

/// Short distinct names.
fn names() -> impl Iterator<Item = String> {
    let digit = |number: usize| char::from_digit(u32::try_from(number % 36).unwrap(), 36).unwrap();
    (0..NAMES).map(move |number| [number / 1296, number / 36, number].map(digit).iter().collect())
}

/// Each name with a suffix.
fn joined(behind: &str) -> String {
    names().map(|name| format!("{name}{behind}")).collect::<Vec<_>>().join("&")
}

pub fn cases(lab: &mut Lab) {
    lab.case("query_names_of_a_client", |setup| {
        // hyper rejects a path of this length.
        let (heard, mut calls) = tokio::sync::mpsc::unbounded_channel();
        let backend = setup.raw_backend(move |mut wire| {
            let heard = heard.clone();
            async move {
                let head = wire.head().await;
                let _ = heard.send(head);
                wire.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            }
        });
        let own =
            r#"<QueryParams><QueryParam name="own">1</QueryParam><QueryParam name="0a0">2</QueryParam></QueryParams>"#;
        let policy = ServiceCallout::new("SC-1", "http://a.test/x")
            .response("r")
            .set(own)
            .request(r#"<Copy source="request"><QueryParams/></Copy>"#);
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let session = site.session().await;
            let query = joined("");
            assert!(query.len() > 52_000);
            for (query, expected) in [
                (query.clone(), format!("own=1&0a0=&{}", joined("=").replace("&0a0=&", "&"))),
                ("0a0=x".to_owned(), "own=1&0a0=x".to_owned()),
            ] {
                let reply = session.get(&format!("/?{query}")).await;
                assert_eq!(reply.status, 200, "{}", reply.text());
                let head = calls.recv().await.unwrap();
                assert_eq!(head.lines().next(), Some(format!("GET /x?{expected} HTTP/1.1").as_str()));
            }
        }
    });

    lab.case("form_names_of_a_client", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let own = r#"<FormParams><FormParam name="own">1</FormParam><FormParam name="0a0">2</FormParam></FormParams>"#;
        let policy = ServiceCallout::new("SC-1", "http://a.test/x")
            .response("r")
            .set(own)
            .request(r#"<Copy source="request"><FormParams/></Copy>"#);
        let site = setup.listener(large_bodies(Listener::new(policy.served_by(backend.cluster()))));
        move || async move {
            let session = site.session().await;
            let value = "=%7evalue";
            let form = joined(value);
            assert!(form.len() > 180_000, "{}", form.len());
            for (form, expected) in [
                (form, format!("own=1&0a0=~value&{}", joined("=~value").replace("&0a0=~value&", "&"))),
                ("0a0=x".to_owned(), "own=1&0a0=x".to_owned()),
            ] {
                let reply = session.send(Request::post("/", "application/x-www-form-urlencoded", form)).await;
                assert_eq!(reply.status, 200, "{}", reply.text());
                let call = backend.requests().pop().unwrap();
                assert_eq!((call.method.as_str(), call.text()), ("POST", expected.as_str()));
            }
        }
    });
}
