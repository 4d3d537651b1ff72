//! JSON arrays of 10 MiB.

use bytes::Bytes;
use serde_json::json;

use super::{MAX_BYTES, large_bodies, result_headers, sha256};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request, Session, Site};
use crate::policy::{ServiceCallout, extract_variables};

/// Arrays of many small values: what one item is, and the value of its member `x`.
const ITEMS: [(&str, &str, Option<&str>); 3] =
    [("/numbers", "7", None), ("/objects", r#"{"x":7}"#, Some("7")), ("/arrays", "[]", None)];

/// An array of that item, and the number of items.
fn array(item: &str) -> (String, usize) {
    let count = (MAX_BYTES - 1) / (item.len() + 1);
    (list(item, count), count)
}

fn list(item: &str, count: usize) -> String {
    let mut text = format!("{item},").repeat(count);
    text.pop();
    format!("[{text}]")
}

fn document(path: &str) -> String {
    let item = ITEMS.iter().find(|(name, ..)| path == *name);
    item.map_or_else(|| list("7", 3), |(_, item, _)| array(item).0)
}

/// The results of a definite path, a wildcard and a search through all levels.
fn policies(source: &str) -> [String; 2] {
    let variable = |name: &str, path: &str| {
        format!("<Variable name=\"{name}\" type=\"string\"><JSONPath>{path}</JSONPath></Variable>")
    };
    let variables =
        [variable("one", "$[2]"), variable("last", "$[-1]"), variable("all", "$[*]"), variable("found", "$..x")];
    let extract = format!("<Source>{source}</Source><JSONPayload>{}</JSONPayload>", variables.concat());
    let result =
        [("one", "{one}"), ("last", "{last}"), ("all", "{sha256Hex(all)}"), ("found", "{sha256Hex(found:none)}")];
    [extract_variables("EV-1", &extract), result_headers(&result)]
}

pub fn cases(lab: &mut Lab) {
    lab.case("json_arrays_of_a_server", |setup| {
        let texts: Vec<_> = ITEMS.iter().map(|(path, ..)| (*path, Bytes::from(document(path)))).collect();
        let backend = setup.backend(move |call: &Received| {
            let found = texts.iter().find(|(path, _)| call.path_and_query.ends_with(path));
            MockResponse::json(200, found.map_or(Bytes::from_static(b"[7,7,7]"), |(_, text)| text.clone()))
        });
        let callout = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r").xml();
        let [extract, result] = policies("r");
        let site = setup.listener(Listener::new(json!({
            "policies": [callout, extract, result],
            "clusters": {"*": backend.cluster()},
        })));
        move || check(site, Request::get)
    });

    lab.case("json_arrays_of_a_client", |setup| {
        let [extract, result] = policies("request");
        let site = setup.listener(large_bodies(Listener::new(json!({"policies": [extract, result]}))));
        move || check(site, |path| Request::post(path, "application/json", Bytes::from(document(path))))
    });
}

async fn check(site: Site, request: impl Fn(&str) -> Request) {
    let session = site.session().await;
    for (path, item, x) in ITEMS {
        let meanwhile = session.start(request("/small"));
        assert_eq!(session.send(request(path)).await.status, 200, "{path}");
        assert_eq!(meanwhile.reply().await.status, 200, "{path}");
        let (all, count) = array(item);
        let found = x.map_or_else(|| "none".to_owned(), |x| list(x, count));
        assert_found(&site, path, item, &all, &found);
        assert_small(&site, &session, &request).await;
    }
}

async fn assert_small(site: &Site, session: &Session, request: &impl Fn(&str) -> Request) {
    assert_eq!(session.send(request("/small")).await.status, 200);
    assert_found(site, "/small", "7", "[7,7,7]", "none");
}

fn assert_found(site: &Site, path: &str, item: &str, all: &str, found: &str) {
    let requests = site.upstream().requests();
    let request = requests.iter().rev().find(|request| request.path_and_query == path).unwrap();
    let headers = ["x-one", "x-last", "x-all", "x-found"].map(|name| request.header(name));
    let expected = [item, item, &sha256(all), &sha256(found)];
    assert_eq!(headers, expected.map(Some), "{path}");
}
