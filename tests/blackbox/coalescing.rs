//! One callout for many requests that wait for the same entry.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::caches::{assert_counted, counted, guarded};
use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// The number of requests at once.
const REQUESTS: usize = 50;

pub fn cases(lab: &mut Lab) {
    for (name, status) in [("one_call_serves_all_waiting_requests", 200), ("a_failed_call_releases_the_others", 500)] {
        lab.case(name, move |setup| {
            let gate = Gate::closed();
            let held = gate.clone();
            let backend = setup.backend(move |_: &Received| MockResponse::text(status, "one").held_by(&held));
            let mut configuration = guarded(name, "600", &backend);
            configuration["cache"] = json!({"coalesce": true});
            let site = setup.listener(Listener::new(configuration));
            let admin = setup.admin();
            move || async move {
                // One connection stays on one worker.
                let session = site.session().await;
                let requests: Vec<_> = (0..REQUESTS).map(|_| session.start(Request::get("/?id=7"))).collect();
                // All others wait before the first call has its response.
                while counted(&admin, &format!("LC-{name}")).await.get("wait") != Some(&49) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                gate.open();
                let mut statuses = Vec::new();
                for request in requests {
                    statuses.push(request.reply().await.status);
                }
                assert_eq!(statuses, [status; REQUESTS]);
                let policy = format!("LC-{name}");
                if status == 200 {
                    assert_eq!(backend.only_request().path_and_query, "/7");
                    assert_counted(&admin, &policy, [("hit", 49), ("miss", 1), ("wait", 49)]).await;
                    let answers = site.upstream().requests();
                    assert!(answers.iter().all(|request| request.header("x-answer") == Some("one")));
                } else {
                    // Each of the others makes its own call.
                    assert_eq!(backend.requests().len(), REQUESTS);
                    assert_counted(&admin, &policy, [("miss", 50), ("wait", 49)]).await;
                }
            }
        });
    }

    lab.case("a_client_that_disconnects_releases_the_others", |setup| {
        let gate = Gate::closed();
        let held = gate.clone();
        let backend = setup.backend(move |_: &Received| MockResponse::text(200, "one").held_by(&held));
        let mut configuration = guarded("disconnected", "600", &backend);
        configuration["cache"] = json!({"coalesce": true});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            let first = session.start(Request::get("/?id=7"));
            backend.wait_for_heads(1).await;
            let second = session.start(Request::get("/?id=7"));
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(backend.heads(), 1);
            first.disconnect().await;
            backend.wait_for_heads(2).await;
            gate.open();
            assert_eq!(second.reply().await.status, 200);
            assert_eq!(backend.heads(), 2);
        }
    });

    // The first request makes a second, slow callout before it stores the entry.
    lab.case("waiting_ends_with_the_timeout_of_the_callout", |setup| {
        let calls = AtomicUsize::new(0);
        let backend = setup.backend(|_: &Received| MockResponse::text(200, "one"));
        let slow = setup.backend(move |_: &Received| {
            let response = MockResponse::status(200);
            let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            if is_first { response.held_by(&Gate::closed()) } else { response }
        });
        let mut configuration = guarded("limited", "600", &backend);
        let policies = configuration["policies"].as_array_mut().unwrap();
        let callout =
            policies[1].as_str().unwrap().replace("</ServiceCallout>", "<Timeout>500</Timeout></ServiceCallout>");
        policies[1] = json!(callout);
        policies.push(json!(ServiceCallout::new("SC-Slow", "http://second.test/").response("r").xml()));
        let step = json!({"step": "SC-Slow", "condition": "lookupcache.LC-limited.cachehit = false"});
        configuration["request"].as_array_mut().unwrap().insert(2, step);
        configuration["clusters"]["http://second.test"] = json!(slow.cluster());
        configuration["cache"] = json!({"coalesce": true});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            let first = session.start(Request::get("/?id=7"));
            slow.wait_for_heads(1).await;
            let second = session.get("/?id=7").await;
            assert_eq!((second.status, backend.requests().len(), first.is_over()), (200, 2, false));
            first.disconnect().await;
        }
    });
}
