//! Bodies that policies read as templates, lists and text of another encoding.

use serde_json::json;

use super::growth::assert_too_large;
use super::{large_bodies, result_headers, sha256};
use crate::fault::assert_execution_failed;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message};

const FORM: &str = "application/x-www-form-urlencoded";

/// Distinct names of three bytes, each with a `&`.
fn names(count: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |number: usize| DIGITS[number % 64];
    (0..count).flat_map(|number| [digit(number), digit(number / 64), digit(number / 4096), b'&']).collect()
}

pub fn cases(lab: &mut Lab) {
    // An expression without its end stays text, however many there are.
    lab.case("templates_of_a_body", |setup| {
        let policy = assign_message(
            "AM-1",
            "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
             <AssignVariable><Name>v</Name><Template ref='request.content'/></AssignVariable>",
        );
        let policies = [policy, result_headers(&[("sum", "{sha256Hex(v)}")])];
        let site = setup.listener(large_bodies(Listener::new(json!({"policies": policies}))));
        move || async move {
            let session = site.session().await;
            let request = |body: String| Request::post("/", "text/plain", body);
            for (piece, end) in [("{a:", ""), ("{a:", "\n}"), ("{f(a(", ""), ("{f(a,'b',", "")] {
                let few = format!("{}{end}", piece.repeat(100));
                assert_too_large(
                    &session.send(request(format!("{}{end}", piece.repeat((10 << 20) / piece.len())))).await,
                    "AssignMessage[AM-1]",
                );
                for length in [60_000, few.len()] {
                    let body = format!("{}{end}", piece.repeat(length / piece.len()));
                    assert_eq!(session.send(request(body.clone())).await.status, 200);
                    let upstream = site.upstream().requests().pop().unwrap();
                    assert_eq!(upstream.header("x-sum"), Some(sha256(&body).as_str()), "{piece} {length}");
                }
            }
            // References of three bytes each.
            for (length, status) in [(10 << 20, 503), (60_000, 200)] {
                assert_eq!(session.send(request("{a}".repeat(length / 3))).await.status, status);
            }
            assert_eq!(site.upstream().requests().pop().unwrap().header("x-sum"), Some(sha256("").as_str()));
        }
    });

    for (name, elements) in [
        ("listed", "<AssignVariable><Name>v</Name><Ref>request.formparams.names</Ref></AssignVariable>"),
        ("counted", "<AssignVariable><Name>v</Name><Ref>request.formparams.count</Ref></AssignVariable>"),
        (
            "copied",
            "<AssignTo createNew='true' type='request'>m</AssignTo>
             <Set><FormParams><FormParam name='own'>1</FormParam></FormParams></Set>
             <Copy source='request'><FormParams/></Copy>
             <AssignVariable><Name>v</Name><Ref>m.formstring</Ref></AssignVariable>",
        ),
        (
            "removed",
            "<Remove><FormParams><FormParam name='AAA'/></FormParams></Remove>
             <AssignVariable><Name>v</Name><Ref>request.formstring</Ref></AssignVariable>",
        ),
    ] {
        lab.case(&format!("form_names_{name}"), move |setup| {
            let policies = [assign_message("AM-1", elements), result_headers(&[("sum", "{sha256Hex(v)}")])];
            let listener = large_bodies(Listener::new(json!({"policies": policies})));
            let site = setup.listener(listener.per_connection_buffer_limit_bytes(65 << 20));
            move || async move {
                let few = String::from_utf8(names(1000)).unwrap();
                let expected = match name {
                    "listed" => format!("[{}]", few.trim_end_matches('&').replace('&', ", ")),
                    "counted" => "1000".to_owned(),
                    "copied" => format!("own=1&{}", few.replace('&', "=&").trim_end_matches('&')),
                    _ => few.trim_start_matches("AAA&").trim_end_matches('&').to_owned(),
                };
                // Removing needs no list of the names.
                let too_many: &[usize] = if name == "removed" { &[15_000_000] } else { &[15_000_000, 2_000_000] };
                for &count in too_many {
                    assert_too_large(&site.send(Request::post("/", FORM, names(count))).await, "AssignMessage[AM-1]");
                    assert_eq!(site.send(Request::post("/", FORM, few.clone())).await.status, 200);
                    let upstream = site.upstream().requests().pop().unwrap();
                    assert_eq!(upstream.header("x-sum"), Some(sha256(&expected).as_str()));
                }
            }
        });
    }

    // Bytes that are not UTF-8 become three bytes each.
    lab.case("binary_responses", |setup| {
        let backend = setup.backend(|call: &Received| {
            let length = call.path_and_query.trim_matches('/').parse().unwrap();
            MockResponse::of(200, "image/png", vec![0xff; length])
        });
        let callout = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r");
        let policies = [callout.xml(), result_headers(&[("sum", "{sha256Hex(r.content)}")])];
        let mut configuration = callout.served_by(backend.cluster());
        configuration["policies"] = json!(policies);
        configuration["body_memory_bytes"] = json!(20 << 20);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                assert_too_large(&session.get("/6000000").await, "AssignMessage[AM-Result]");
                let reply = session.get("/10485761").await;
                assert_execution_failed(&reply, "SC-1", "Response larger than 10485760 bytes");
                assert_eq!(session.get("/3000000").await.status, 200);
                let upstream = site.upstream().requests().pop().unwrap();
                assert_eq!(upstream.header("x-sum"), Some(sha256("\u{fffd}".repeat(3_000_000)).as_str()));
            }
        }
    });
}
