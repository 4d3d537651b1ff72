//! The metrics of callouts in Envoy's statistics.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::lab::{Admin, Cluster, Gate, Lab, Listener, MockResponse, Received, Request, Setup, Wire};
use crate::policy::ServiceCallout;

const COUNTERS: [&str; 6] =
    ["requests", "outcome.ok", "outcome.error_status", "outcome.timeout", "outcome.unreachable", "outcome.fault"];

fn name(what: &str, policy: &str) -> String {
    format!("wasmcustom.callout.{what}.policy.{policy}")
}

/// The policy's counters that are not zero.
async fn counted(admin: &Admin, policy: &str) -> BTreeMap<&'static str, u64> {
    let stats = admin.stats("wasmcustom.callout.").await;
    let value = |counter: &&'static str| Some((*counter, *stats.get(&name(counter, policy))?));
    COUNTERS.iter().filter_map(value).filter(|(_, value)| *value > 0).collect()
}

/// Two calls with this outcome, reported as `requests` dispatched and `durations` measured.
fn outcome(
    lab: &mut Lab,
    outcome: &'static str,
    kind: &str,
    (requests, durations): (u64, u64),
    url: &'static str,
    prepare: fn(&mut Setup<'_>) -> String,
) {
    let policy = format!("SC-metrics-{kind}");
    lab.case(kind, move |setup| {
        let callout = ServiceCallout::new(&policy, url).response("r").timeout(if outcome == "outcome.timeout" {
            100
        } else {
            9000
        });
        let mut configuration = callout.served_by(&prepare(setup));
        configuration["max_response_bytes"] = json!(100);
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            for _ in 0..2 {
                assert_eq!(site.get("/").await.status, if outcome == "outcome.ok" { 200 } else { 500 });
            }
            let expected: BTreeMap<&str, u64> =
                [("requests", requests), (outcome, 2)].into_iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted(&admin, &policy).await, expected);
            assert_eq!(admin.histogram_count(&name("duration_ms", &policy)).await.unwrap_or(0), durations);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    lab.case("the_time_that_a_policy_took", |setup| {
        let backend = setup.echo();
        let callout = ServiceCallout::new("SC-timed", "http://a.test/").response("r");
        let mut configuration = callout.served_by(backend.cluster());
        let taken = "apigee.metrics.policy.SC-timed.timeTaken";
        configuration["filter_state"] = json!([taken]);
        let site = setup.listener(Listener::new(configuration).log_state(&[taken]));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            // Nanoseconds: more than any callout needs, less than its timeout.
            let nanoseconds: u64 = site.filter_state(taken).await.unwrap().parse().unwrap();
            assert!((10_000..55_000_000_000).contains(&nanoseconds), "{nanoseconds}");
        }
    });

    const A: &str = "http://a.test/";
    outcome(lab, "outcome.ok", "ok", (2, 2), A, |setup| setup.echo().cluster().to_owned());
    outcome(lab, "outcome.error_status", "error_status", (2, 2), A, |setup| {
        setup.backend(|_: &Received| MockResponse::status(503)).cluster().to_owned()
    });
    outcome(lab, "outcome.timeout", "timeout", (2, 2), A, |setup| {
        let response = MockResponse::status(200).held_by(&Gate::closed());
        setup.backend(move |_: &Received| response.clone()).cluster().to_owned()
    });
    outcome(lab, "outcome.unreachable", "refused", (2, 2), A, |setup| {
        setup.cluster_refusing_connections(Cluster::new())
    });
    outcome(lab, "outcome.fault", "garbage", (2, 2), A, |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
            wire.write("garbage\r\n\r\n").await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    outcome(lab, "outcome.fault", "too_large", (2, 2), A, |setup| {
        setup.backend(|_: &Received| MockResponse::text(200, "x".repeat(101))).cluster().to_owned()
    });
    // No call was dispatched, so none is counted or measured.
    outcome(lab, "outcome.unreachable", "no_endpoints", (0, 0), A, |setup| setup.cluster_without_endpoints());
    outcome(lab, "outcome.unreachable", "malformed_url", (0, 0), "http://{request.path}/", |setup| {
        setup.echo().cluster().to_owned()
    });
    outcome(lab, "outcome.fault", "unresolved", (0, 0), "http://a.test/{missing}", |setup| {
        setup.echo().cluster().to_owned()
    });

    lab.case("calls_under_way_and_duration", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(200).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let policy = ServiceCallout::new("SC-metrics-duration", "http://a.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        let admin = setup.admin();
        // The filter has no gauge: Envoy's own is right after a VM was reloaded, too.
        let active = format!("cluster.{}.upstream_rq_active", backend.cluster());
        move || async move {
            let exchanges = [site.start(Request::get("/")), site.start(Request::get("/").h2())];
            backend.wait_for_requests(2).await;
            admin.wait_for_stat(&active, 2).await;
            assert_eq!(counted(&admin, "SC-metrics-duration").await, BTreeMap::from([("requests", 2)]));
            tokio::time::sleep(Duration::from_millis(100)).await;
            gate.open();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            let histogram = name("duration_ms", "SC-metrics-duration");
            admin.wait_for_histogram(&histogram, 2).await;
        }
    });

    // More changes than are reported to Envoy one by one: the rest follows within 50 ms.
    lab.case("many_calls_at_once", |setup| {
        let gate = Gate::closed();
        let response = MockResponse::status(200).held_by(&gate);
        let backend = setup.backend(move |_: &Received| response.clone());
        let policy = ServiceCallout::new("SC-metrics-many", "http://a.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        let admin = setup.admin();
        move || async move {
            let exchanges: Vec<_> = (0..60).map(|_| site.start(Request::get("/"))).collect();
            backend.wait_for_requests(60).await;
            admin.wait_for_stat(&name("requests", "SC-metrics-many"), 60).await;
            gate.open();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            admin.wait_for_stat(&name("outcome.ok", "SC-metrics-many"), 60).await;
            let expected = BTreeMap::from([("requests", 60), ("outcome.ok", 60)]);
            assert_eq!(counted(&admin, "SC-metrics-many").await, expected);
            admin.wait_for_histogram(&name("duration_ms", "SC-metrics-many"), 60).await;
        }
    });

    // Its outcome is unknown.
    lab.case("fire_and_forget_counts_requests_only", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(500));
        let policy = ServiceCallout::new("SC-metrics-forgotten", "http://a.test/");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            admin.wait_for_stat(&format!("cluster.{}.upstream_rq_500", backend.cluster()), 1).await;
            assert_eq!(counted(&admin, "SC-metrics-forgotten").await, BTreeMap::from([("requests", 1)]));
            assert_eq!(admin.histogram_count(&name("duration_ms", "SC-metrics-forgotten")).await.unwrap_or(0), 0);
        }
    });

    lab.case("unusual_characters_of_the_policy_name", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC.metrics odd_$%-1", "http://a.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let expected = BTreeMap::from([("requests", 1), ("outcome.ok", 1)]);
            assert_eq!(counted(&admin, "SC_metrics_odd___-1").await, expected);
        }
    });
}
