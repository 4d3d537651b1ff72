//! Texts that grow: doubled variables, templates of the client, replacements and escapes.

use serde_json::json;

use super::{large_bodies, result_headers, sha256};
use crate::fault;
use crate::lab::{ClientResponse, Lab, Listener, Message, Request, Site};
use crate::policy::assign_message;

fn variable(name: &str, template: &str) -> String {
    format!("<AssignVariable><Name>{name}</Name><Template>{template}</Template></AssignVariable>")
}

fn listener(mut policies: Vec<String>) -> Listener {
    policies.push(result_headers(&[("sum", "{sha256Hex(v)}")]));
    large_bodies(Listener::new(json!({"policies": policies})))
}

/// The client received the fault of the memory for bodies.
#[track_caller]
pub fn assert_too_large(reply: &ClientResponse, policy: &str) {
    let text = format!("{policy}: result is larger than the memory for bodies");
    let body = fault::json("messaging.runtime.ServiceUnavailable", &text);
    assert_eq!((reply.status, fault::start(reply)), (503, body.as_str()));
}

fn sum(site: &Site) -> Option<String> {
    site.upstream().requests().last()?.header("x-sum").map(str::to_owned)
}

pub fn cases(lab: &mut Lab) {
    lab.case("a_doubled_variable", |setup| {
        let start = assign_message("AM-0", &variable("v", &"x".repeat(64)));
        let doubled = (1..=24).map(|step| assign_message(&format!("AM-{step}"), &variable("v", "{v}{v}")));
        let site = setup.listener(listener(std::iter::once(start).chain(doubled).collect()));
        let few = [
            assign_message("AM-0", &variable("v", "{request.verb}")),
            assign_message("AM-1", &variable("v", "{v}{v}")),
        ];
        let other = setup.listener(listener(few.to_vec()));
        move || async move {
            for _ in 0..3 {
                let reply = site.get("/").await;
                // 64 bytes are 32 MiB after 19 steps; the next step needs twice as much.
                assert_too_large(&reply, "AssignMessage[AM-20]");
                assert_eq!(site.logged().await.details(), Some("callout_fault_ServiceUnavailable"));
                assert_eq!(other.get("/").await.status, 200);
                assert_eq!(sum(&other), Some(sha256("GETGET")));
            }
        }
    });

    lab.case("a_template_of_the_client", |setup| {
        let policy =
            assign_message("AM-1", "<AssignVariable><Name>v</Name><Template ref='request.header.t'/></AssignVariable>");
        let site = setup.listener(listener(vec![policy]));
        move || async move {
            let session = site.session().await;
            let body = "b".repeat(1 << 20);
            let request = |times: usize| {
                Request::post("/", "text/plain", body.clone()).header("t", "{request.content}".repeat(times))
            };
            for _ in 0..3 {
                assert_too_large(&session.send(request(400)).await, "AssignMessage[AM-1]");
                assert_eq!(session.send(request(2)).await.status, 200);
                assert_eq!(sum(&site), Some(sha256(body.repeat(2))));
            }
        }
    });

    // Each step makes a text of its own, and all of them stay.
    lab.case("replacements", |setup| {
        let step = |step: usize| {
            let template = "{replaceAll(request.content,'a','bbbbbbbb')}";
            assign_message(&format!("AM-{step}"), &variable(&format!("v{step}"), template))
        };
        let last = assign_message("AM-Last", &variable("v", "{v8}"));
        let site = setup.listener(listener((1..=8).map(step).chain([last]).collect()));
        move || async move {
            let session = site.session().await;
            let request = |length: usize| Request::post("/", "text/plain", "a".repeat(length));
            for _ in 0..2 {
                // The body and seven texts of 8 MiB leave less than 8 MiB.
                assert_too_large(&session.send(request(1 << 20)).await, "AssignMessage[AM-8]");
                // Texts of more than 1 MiB are not searched.
                for (length, replaced) in [(1 << 10, "b".repeat(8 << 10)), ((1 << 20) + 1, String::new())] {
                    assert_eq!(session.send(request(length)).await.status, 200);
                    assert_eq!(sum(&site), Some(sha256(replaced)));
                }
            }
        }
    });

    // The result of a step is the text of the next.
    lab.case("replacements_in_a_chain", |setup| {
        let step = |step: usize| assign_message(&format!("AM-{step}"), &variable("v", "{replaceAll(v,'a','aaaa')}"));
        let first = assign_message("AM-0", &variable("v", "{request.content}"));
        let steps = std::iter::once(first).chain((1..=8).map(step));
        let site = setup.listener(listener(steps.collect()));
        move || async move {
            let session = site.session().await;
            for (length, replaced) in [(64, "a".repeat(4 << 20)), (256, String::new()), (1, "a".repeat(1 << 16))] {
                let request = Request::post("/", "text/plain", "a".repeat(length));
                assert_eq!(session.send(request).await.status, 200);
                assert_eq!(sum(&site), Some(sha256(replaced)));
            }
        }
    });

    for (name, function, character, escaped) in [
        ("html", "encodeHTML", "\"", "&quot;"),
        ("xml", "escapeXML", "&", "&amp;"),
        ("json", "escapeJSON", "\u{1}", "\\u0001"),
    ] {
        lab.case(&format!("escaped_as_{name}"), move |setup| {
            let policy = assign_message("AM-1", &variable("v", &format!("{{{function}(request.content)}}")));
            let site = setup.listener(listener(vec![policy]));
            move || async move {
                let session = site.session().await;
                let request = |length: usize| Request::post("/", "text/plain", character.repeat(length));
                for _ in 0..2 {
                    // 12 MiB become at least 60 MiB, next to the body.
                    assert_too_large(&session.send(request(12 << 20)).await, "AssignMessage[AM-1]");
                    assert_eq!(session.send(request(8 << 20)).await.status, 200);
                    assert_eq!(sum(&site), Some(sha256(escaped.repeat(8 << 20))));
                }
            }
        });
    }
}
