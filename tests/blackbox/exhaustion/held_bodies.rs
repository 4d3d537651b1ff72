//! Many large bodies at once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{MAX_BYTES, large_bodies, result_headers, sha256};
use crate::fault::{self, assert_execution_failed};
use crate::lab::{Exchange, Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, extract_variables};

/// The default of `body_memory_bytes`.
const BUDGET: usize = 64 << 20;

/// Resident memory of Envoy beyond the bodies: the module's own data, and Envoy's buffers while it hands one over.
const CONSTANT: usize = 256 << 20;

fn large(path: &str) -> Vec<u8> {
    if path.ends_with("/small") { b"[7]".to_vec() } else { vec![b'x'; MAX_BYTES] }
}

async fn wait_for_ends(exchanges: &[Exchange], count: usize) {
    let ended = || exchanges.iter().filter(|exchange| exchange.is_over()).count();
    while ended() < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ended(), count);
}

pub fn cases(lab: &mut Lab) {
    lab.case("callout_responses_at_once", |setup| {
        let gate = Gate::closed();
        let backend = setup.backend(|call: &Received| MockResponse::json(200, large(&call.path_and_query)));
        let held = MockResponse::json(200, "[1]").held_by(&gate);
        let waiting = setup.backend(move |call: &Received| match call.path_and_query.ends_with("/small") {
            true => MockResponse::json(200, "[2]"),
            false => held.clone(),
        });
        let first = ServiceCallout::new("SC-1", "http://large.test/{request.path}").response("r").xml();
        let second = ServiceCallout::new("SC-2", "http://waiting.test/{request.path}").response("w").xml();
        let result = result_headers(&[("sum", "{sha256Hex(r.content)}{w.content}")]);
        let site = setup.listener(Listener::new(json!({
            "policies": [first, second, result],
            "clusters": {"http://large.test": backend.cluster(), "http://waiting.test": waiting.cluster()},
        })));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            assert_eq!(session.get("/small").await.status, 200);
            admin.reset_peak();
            let before = admin.memory();
            let exchanges: Vec<_> = (0..15).map(|_| session.start(Request::get("/large"))).collect();
            backend.wait_for_heads(16).await;
            // Those without room end at once.
            wait_for_ends(&exchanges, 9).await;
            waiting.wait_for_heads(7).await;
            assert_eq!(waiting.heads(), 7);
            // Requests without memory end at once.
            assert_eq!(session.get("/small").await.status, 200);
            gate.open();
            let mut served = 0;
            for exchange in exchanges {
                let reply = exchange.reply().await;
                if reply.status == 200 {
                    served += 1;
                } else {
                    assert_execution_failed(&reply, "SC-1", "Response larger than the memory for bodies");
                }
            }
            assert_eq!(served, 6);
            let sum = |body: &[u8], waited: &str| Some(format!("{}{waited}", sha256(body)));
            let expected = sum(&large("/large"), "[1]");
            let upstream = site.upstream().requests();
            let found = upstream.iter().filter(|request| request.path_and_query == "/large");
            assert!(found.map(|request| request.header("x-sum").map(str::to_owned)).all(|sum| sum == expected));
            assert_eq!(session.get("/large").await.status, 200);
            assert_eq!(session.get("/small").await.status, 200);
            assert_eq!(site.upstream().requests().last().unwrap().header("x-sum"), sum(b"[7]", "[2]").as_deref());
            let after = admin.memory();
            if let (Some((before, _)), Some((_, peak))) = (before, after) {
                let growth = peak.saturating_sub(before);
                assert!(growth < 2 * BUDGET + CONSTANT, "{growth} bytes");
            }
        }
    });

    // The result of a policy uses the same memory as the bodies of other requests.
    lab.case("an_array_next_to_held_responses", |setup| {
        let gate = Gate::closed();
        let array = |path: &str| match path.ends_with("/array") {
            true => format!("[{}7]", "7,".repeat((MAX_BYTES - 3) / 2)).into_bytes(),
            false => large(path),
        };
        let backend = setup.backend(move |call: &Received| MockResponse::json(200, array(&call.path_and_query)));
        let held = MockResponse::json(200, "[1]").held_by(&gate);
        let waiting = setup.backend(move |call: &Received| match call.path_and_query.ends_with("/held") {
            true => held.clone(),
            false => MockResponse::json(200, "[2]"),
        });
        let variable = "<Variable name=\"all\" type=\"string\"><JSONPath>$[*]</JSONPath></Variable>";
        let policies = [
            ServiceCallout::new("SC-1", "http://large.test/{request.path}").response("r").xml(),
            ServiceCallout::new("SC-2", "http://waiting.test/{request.path}").response("w").xml(),
            extract_variables("EV-1", &format!("<Source>r</Source><JSONPayload>{variable}</JSONPayload>")),
            result_headers(&[("sum", "{sha256Hex(all)}")]),
        ];
        let extracts = json!({"step": "EV-1", "condition": "request.path != \"/held\""});
        let reports = json!({"step": "AM-Result", "condition": "request.path != \"/held\""});
        let site = setup.listener(Listener::new(json!({
            "policies": policies,
            "request": ["SC-1", "SC-2", extracts, reports],
            "clusters": {"http://large.test": backend.cluster(), "http://waiting.test": waiting.cluster()},
        })));
        move || async move {
            let session = site.session().await;
            let held: Vec<_> = (0..5).map(|_| session.start(Request::get("/held"))).collect();
            waiting.wait_for_heads(5).await;
            // The response is the sixth of 10 MiB, and its values are to be the seventh.
            let reply = session.get("/array").await;
            let text = "ExtractVariables[EV-1]: result is larger than the memory for bodies";
            let body = fault::json("messaging.runtime.ServiceUnavailable", text);
            assert_eq!((reply.status, reply.text()), (503, body.as_str()));
            assert_eq!(session.get("/small").await.status, 200);
            gate.open();
            for exchange in held {
                assert_eq!(exchange.reply().await.status, 200);
            }
            assert_eq!(session.get("/array").await.status, 200);
            let sums: Vec<_> = site
                .upstream()
                .requests()
                .iter()
                .filter_map(|request| request.header("x-sum").map(str::to_owned))
                .collect();
            assert_eq!(sums, [sha256("[7]"), sha256(array("/array"))]);
        }
    });

    lab.case("client_bodies_at_once", |setup| {
        let gate = Gate::closed();
        let held = MockResponse::json(200, "[1]").held_by(&gate);
        let waiting = setup.backend(move |_: &Received| held.clone());
        let policies = [
            ServiceCallout::new("SC-1", "http://waiting.test/").response("w").xml(),
            result_headers(&[("sum", "{sha256Hex(request.content)}")]),
        ];
        let site = setup.listener(large_bodies(Listener::new(json!({
            "policies": policies,
            "clusters": {"http://waiting.test": waiting.cluster()},
        }))));
        move || async move {
            let session = site.session().await;
            let request = |length: usize| Request::post("/", "text/plain", vec![b'x'; length]);
            let exchanges: Vec<_> = (0..15).map(|_| session.start(request(MAX_BYTES))).collect();
            waiting.wait_for_heads(6).await;
            let small = session.start(request(3));
            waiting.wait_for_heads(7).await;
            wait_for_ends(&exchanges, 9).await;
            gate.open();
            assert_eq!(small.reply().await.status, 200);
            let mut served = 0;
            for exchange in exchanges {
                let reply = exchange.reply().await;
                if reply.status == 200 {
                    served += 1;
                    continue;
                }
                let fault =
                    fault::json("messaging.runtime.ServiceUnavailable", "The Service is temporarily unavailable");
                assert_eq!((reply.status, reply.text()), (503, fault.as_str()));
            }
            assert_eq!((served, waiting.heads()), (6, 7));
            let sums: BTreeSet<_> =
                site.upstream().requests().iter().map(|request| request.header("x-sum").map(str::to_owned)).collect();
            assert_eq!(sums, [sha256(vec![b'x'; MAX_BYTES]), sha256("xxx")].map(Some).into());
            let refused =
                site.log(16).await.iter().filter(|entry| entry.details() == Some("callout_no_memory")).count();
            assert_eq!(refused, 9);
        }
    });

    lab.case("a_small_budget", |setup| {
        let backend = setup.backend(|call: &Received| {
            let length = call.path_and_query.trim_matches('/').parse().unwrap();
            MockResponse::json(200, vec![b'x'; length])
        });
        let policy = ServiceCallout::new("SC-1", "http://a.test/{request.path}").response("r");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["body_memory_bytes"] = json!(1 << 20);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                let reply = session.get("/2000000").await;
                assert_execution_failed(&reply, "SC-1", "Response larger than the memory for bodies");
                let reply = session.get("/20000000").await;
                assert_execution_failed(&reply, "SC-1", "Response larger than 10485760 bytes");
                assert_eq!(session.get("/1000").await.status, 200);
            }
        }
    });
}
