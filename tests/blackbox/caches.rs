//! PopulateCache, LookupCache and InvalidateCache over the workers of one Envoy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab::{Admin, Backend, Lab, Listener, Message, MockResponse, Received, Setup};
use crate::policy::ServiceCallout;

/// The number of connections of a case: with two workers, each has some of them.
const CONNECTIONS: usize = 40;

/// A LookupCache, a callout that runs when it finds nothing, and a PopulateCache.
pub fn guarded(policy: &str, expiry: &str, backend: &Backend) -> Value {
    let key = "<CacheKey><KeyFragment ref='request.queryparam.id'/></CacheKey>";
    let callout =
        ServiceCallout::new(&format!("SC-{policy}"), "http://slow.test/{request.queryparam.id}").response("answer");
    json!({
        "policies": [
            format!("<LookupCache name='LC-{policy}'>{key}<AssignTo>answer</AssignTo></LookupCache>"),
            callout.xml(),
            format!(
                "<PopulateCache name='PC-{policy}'>{key}<ExpirySettings><TimeoutInSeconds>{expiry}</TimeoutInSeconds></ExpirySettings>
                 <Source>answer</Source></PopulateCache>"
            ),
            "<AssignMessage name='AM'><Set><Headers><Header name='x-answer'>{answer.content}</Header></Headers></Set></AssignMessage>",
        ],
        "request": [
            format!("LC-{policy}"),
            {"step": format!("SC-{policy}"), "condition": format!("lookupcache.LC-{policy}.cachehit = false")},
            {"step": format!("PC-{policy}"), "condition": format!("lookupcache.LC-{policy}.cachehit = false")},
            "AM",
        ],
        "proxy": {"organization": "acme", "environment": policy, "name": policy, "revision": "1"},
        "clusters": {"http://slow.test": backend.cluster()},
    })
}

/// A backend whose responses have a number.
fn counting(setup: &mut Setup<'_>) -> Backend {
    let count = Arc::new(AtomicUsize::new(0));
    setup.backend(move |_: &Received| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        MockResponse::text(200, number.to_string()).header("x-number", number.to_string())
    })
}

/// The counters of a cache policy that are not zero.
pub async fn counted(admin: &Admin, policy: &str) -> BTreeMap<&'static str, u64> {
    let stats = admin.stats("wasmcustom.callout.cache.").await;
    let value =
        |what: &&'static str| Some((*what, *stats.get(&format!("wasmcustom.callout.cache.{what}.policy.{policy}"))?));
    ["hit", "miss", "wait", "eviction"].iter().filter_map(value).filter(|(_, value)| *value > 0).collect()
}

/// Waits until the counters of a cache policy have these values. The filter reports some changes later.
pub async fn assert_counted<const N: usize>(admin: &Admin, policy: &str, expected: [(&'static str, u64); N]) {
    let expected = BTreeMap::from(expected);
    let started = Instant::now();
    while counted(admin, policy).await != expected && started.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(counted(admin, policy).await, expected);
}

pub fn cases(lab: &mut Lab) {
    lab.case("every_worker_finds_an_entry", |setup| {
        let backend = counting(setup);
        let variables = ["lookupcache.LC-shared.cachehit", "lookupcache.LC-shared.cachekey", "answer.header.x-number"];
        let configuration = guarded("shared", "600", &backend);
        let site = setup.listener(Listener::new(configuration).publish(&variables).log_state(&variables));
        let admin = setup.admin();
        move || async move {
            for _ in 0..CONNECTIONS {
                assert_eq!(site.get("/?id=7").await.status, 200);
            }
            assert_eq!(backend.only_request().path_and_query, "/7");
            let answers = site.upstream().requests();
            assert!(answers.iter().all(|request| request.header("x-answer") == Some("1")), "{answers:#?}");
            let log = site.log(CONNECTIONS).await;
            let hits: Vec<_> = log.iter().map(|entry| entry.state(variables[0])).collect();
            assert_eq!(hits[..1], [Some("false")]);
            assert!(hits[1..].iter().all(|hit| *hit == Some("true")), "{hits:?}");
            assert_eq!(log[1].state(variables[1]), Some("acme__shared__shared__1__default__7"));
            assert_eq!(log[1].state(variables[2]), Some("1"));
            assert_counted(&admin, "LC-shared", [("hit", 39), ("miss", 1)]).await;
        }
    });

    lab.case("an_entry_expires", |setup| {
        let backend = counting(setup);
        let site = setup.listener(Listener::new(guarded("expiring", "1", &backend)));
        move || async move {
            let started = Instant::now();
            assert_eq!(site.get("/?id=1").await.status, 200);
            while backend.requests().len() < 2 {
                assert!(started.elapsed() < Duration::from_secs(20), "the entry does not expire");
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert_eq!(site.get("/?id=1").await.status, 200);
            }
            assert!(started.elapsed() >= Duration::from_millis(900), "the entry expired too early");
        }
    });

    lab.case("the_oldest_entries_are_removed", |setup| {
        let large = setup.backend(|_: &Received| MockResponse::text(200, "x".repeat(10_000)));
        let mut configuration = guarded("bounded", "600", &large);
        configuration["cache"] = json!({"max_bytes": 45_000});
        // The response does not fit into a header.
        configuration["request"].as_array_mut().unwrap().pop();
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            for id in 0..6 {
                assert_eq!(session.get(&format!("/?id={id}")).await.status, 200);
            }
            assert_eq!(large.requests().len(), 6);
            for id in [2, 3, 4, 5] {
                assert_eq!(session.get(&format!("/?id={id}")).await.status, 200);
            }
            assert_eq!(large.requests().len(), 6);
            assert_eq!(session.get("/?id=0").await.status, 200);
            assert_eq!(large.requests().len(), 7);
            assert_counted(&admin, "LC-bounded", [("hit", 4), ("miss", 7)]).await;
            assert_counted(&admin, "PC-bounded", [("eviction", 3)]).await;
        }
    });

    for (name, content, dropped) in [
        ("an_invalidation_reaches_every_worker", "<KeyFragment ref='request.queryparam.id'/></CacheKey>", ["2", "1"]),
        ("a_purge_reaches_every_worker", "</CacheKey><PurgeChildEntries>true</PurgeChildEntries>", ["2", "2"]),
    ] {
        lab.case(name, move |setup| {
            let counts: [AtomicUsize; 2] = Default::default();
            let backend = setup.backend(move |request: &Received| {
                let index = usize::from(request.path_and_query == "/b");
                MockResponse::text(200, (counts[index].fetch_add(1, Ordering::SeqCst) + 1).to_string())
            });
            let mut configuration = guarded(name, "600", &backend);
            let policy = format!("<InvalidateCache name='IC'><CacheKey>{content}</InvalidateCache>");
            configuration["policies"].as_array_mut().unwrap().push(json!(policy));
            let step = json!({"step": "IC", "condition": "request.queryparam.drop = \"true\""});
            configuration["request"].as_array_mut().unwrap().insert(0, step);
            let site = setup.listener(Listener::new(configuration));
            move || async move {
                let answers = async |expected: [&str; 2]| {
                    for _ in 0..CONNECTIONS {
                        for (id, expected) in ["a", "b"].iter().zip(expected) {
                            assert_eq!(site.get(&format!("/?id={id}")).await.status, 200);
                            let request = site.upstream().requests().pop().unwrap();
                            assert_eq!(request.header("x-answer"), Some(expected), "{id}");
                        }
                    }
                };
                answers(["1", "1"]).await;
                assert_eq!(site.get("/?id=a&drop=true").await.status, 200);
                answers(dropped).await;
            }
        });
    }

    lab.case("an_entry_that_does_not_fit_is_a_fault", |setup| {
        let large = setup.backend(|_: &Received| MockResponse::text(200, "x".repeat(10_000)));
        let mut configuration = guarded("small", "600", &large);
        configuration["cache"] = json!({"max_bytes": 10_000});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let response = site.get("/?id=1").await;
            let fault = r#"{"fault":{"faultstring":"PopulateCache[PC-small]: an entry cannot be cached","detail":{"errorcode":"policies.populatecache.EntryCannotBeCached"}}}"#;
            assert_eq!((response.status, response.text()), (500, fault));
        }
    });
}
