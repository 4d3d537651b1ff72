//! XML documents of many elements, attributes and levels.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::json;

use super::{MAX_BYTES, large_bodies, result_headers, sha256};
use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request, Session, Site};
use crate::policy::{ServiceCallout, extract_variables};

/// Maximum bytes and levels of a document.
const MAX_XML_BYTES: usize = 8 << 20;
const MAX_LEVELS: usize = 512;

/// A document and what it contains: elements, attributes, and the markup of all `a`. None where it is too large.
struct Case {
    path: &'static str,
    text: String,
    found: Option<(usize, usize, String)>,
}

fn elements(count: usize) -> String {
    format!("<r>{}</r>", "<a/>".repeat(count))
}

/// Elements with so many attributes each.
fn attributes(elements: usize, each: usize) -> String {
    let mut element = String::from("<a");
    (0..each).for_each(|number| write!(element, " a{number}=\"\"").unwrap());
    format!("<r>{}</r>", format!("{element}/>").repeat(elements))
}

fn nested(levels: usize) -> String {
    format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels))
}

fn inside(text: &str) -> String {
    text.trim_start_matches("<r>").trim_end_matches("</r>").to_owned()
}

fn documents() -> Vec<Case> {
    let (many, wide) = (elements(600_000), attributes(1060, 990));
    assert!(wide.len() > 8_000_000 && wide.len() <= MAX_XML_BYTES, "{}", wide.len());
    let levels = nested(MAX_LEVELS);
    let rejected = |path, text| Case { path, text, found: None };
    vec![
        Case { path: "/small", found: Some((2, 0, "<a/>".to_owned())), text: elements(1) },
        Case { path: "/elements", found: Some((600_001, 0, inside(&many))), text: many },
        Case { path: "/attributes", found: Some((1061, 1060 * 990, inside(&wide))), text: wide },
        Case { path: "/levels", found: Some((MAX_LEVELS, 0, markup_of_levels())), text: levels },
        // 52 bytes of memory for four bytes of text.
        rejected("/too-many-elements", elements(MAX_XML_BYTES / 4 - 2)),
        rejected("/too-many-levels", nested(MAX_LEVELS + 1)),
        rejected("/too-deep", nested(MAX_BYTES / 7)),
        rejected("/unclosed", "<a>".repeat(MAX_BYTES / 3)),
        rejected("/too-large", elements(MAX_BYTES / 4 - 2)),
    ]
}

/// Each level with all levels inside it.
fn markup_of_levels() -> String {
    let level = |levels: usize| format!("{}<a/>{}", "<a>".repeat(levels - 1), "</a>".repeat(levels - 1));
    (1..=MAX_LEVELS).rev().map(level).collect()
}

fn policies(source: &str) -> [String; 2] {
    let variable = |name: &str, kind: &str, path: &str| {
        format!("<Variable name=\"{name}\" type=\"{kind}\"><XPath>{path}</XPath></Variable>")
    };
    let variables = [
        variable("elements", "string", "count(//*)"),
        variable("attributes", "string", "count(//@*)"),
        variable("all", "nodeset", "//a"),
    ];
    let extract = format!("<Source>{source}</Source><XMLPayload>{}</XMLPayload>", variables.concat());
    let result = [("elements", "{elements}"), ("attributes", "{attributes}"), ("all", "{sha256Hex(all)}")];
    [extract_variables("EV-1", &extract), result_headers(&result)]
}

pub fn cases(lab: &mut Lab) {
    lab.case("xml_of_a_server", |setup| {
        let cases = documents();
        let texts: Vec<_> = cases.iter().map(|case| (case.path, Bytes::from(case.text.clone()))).collect();
        let backend = setup.backend(move |call: &Received| {
            let found = texts.iter().find(|(path, _)| call.path_and_query.ends_with(path));
            MockResponse::xml(200, found.unwrap().1.clone())
        });
        let callout = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r").xml();
        let [extract, result] = policies("r");
        let site = setup.listener(Listener::new(json!({
            "policies": [callout, extract, result],
            "clusters": {"*": backend.cluster()},
        })));
        move || check(site, cases, |case| Request::get(case.path))
    });

    lab.case("xml_of_a_client", |setup| {
        let [extract, result] = policies("request");
        let site = setup.listener(large_bodies(Listener::new(json!({"policies": [extract, result]}))));
        move || {
            check(site, documents(), |case| {
                Request::post(case.path, "text/xml", case.text.clone()).header("accept", "application/json")
            })
        }
    });
}

async fn check(site: Site, cases: Vec<Case>, request: impl Fn(&Case) -> Request) {
    let session = site.session().await;
    for case in &cases {
        let meanwhile = session.start(request(&cases[0]));
        check_one(&site, &session, request(case), case).await;
        assert_eq!(meanwhile.reply().await.status, 200, "{}", case.path);
        check_one(&site, &session, request(&cases[0]), &cases[0]).await;
    }
}

async fn check_one(site: &Site, session: &Session, request: Request, case: &Case) {
    let reply = session.send(request).await;
    let Some((elements, attributes, all)) = &case.found else {
        assert_fault(&reply, "steps.extractvariables.ExecutionFailed", "Failed to execute the ExtractVariables: EV-1");
        return;
    };
    assert_eq!(reply.status, 200, "{} {}", case.path, reply.text());
    let requests = site.upstream().requests();
    let upstream = requests.iter().rev().find(|request| request.path_and_query == case.path).unwrap();
    let headers = ["x-elements", "x-attributes", "x-all"].map(|name| upstream.header(name));
    let expected = [elements.to_string(), attributes.to_string(), sha256(all)];
    assert_eq!(headers, expected.each_ref().map(|value| Some(value.as_str())), "{}", case.path);
}
