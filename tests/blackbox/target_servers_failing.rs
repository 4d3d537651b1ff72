//! Target servers that fail: retries, fallbacks, servers that leave the rotation and return.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::fault::assert_execution_failed;
use crate::lab::{Cluster, Gate, Lab, Listener, LogEntry, Message, MockResponse, Received};
use crate::load_balancer::{CHOICE, balanced, listener, servers};

const UNREACHABLE: &str = "Host not reachable";
const RETRY_OFF: &str = "<RetryEnabled>false</RetryEnabled>";
const TWO: &str = "<Server name='a'/><Server name='b'/>";

/// The chosen server, whether it is the fallback, and those that failed before.
fn choice(logged: &LogEntry) -> [Option<&str>; 3] {
    CHOICE.map(|name| logged.state(name))
}

pub fn cases(lab: &mut Lab) {
    dead(lab);
    statuses(lab);
    rotation(lab);
    fallback(lab);
}

fn dead(lab: &mut Lab) {
    lab.case("a_dead_server_with_retry", |setup| {
        let (dead, alive) = (setup.cluster_refusing_connections(Cluster::new()), setup.echo());
        let site = setup.listener(listener(&balanced(TWO), &[("a", &dead), ("b", alive.cluster())]));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                assert_eq!(session.get("/").await.status, 200);
                assert_eq!(choice(&site.logged().await), [Some("b"), Some("false"), Some("a")]);
            }
            // With MaxFailures 0 no server leaves the rotation: the failed one gets a call each time.
            assert_eq!(admin.stat(&format!("cluster.{dead}.upstream_cx_connect_fail")).await, Some(2));
            assert_eq!(alive.requests().len(), 2);
        }
    });

    lab.case("a_dead_server_without_retry", |setup| {
        let (dead, alive) = (setup.cluster_refusing_connections(Cluster::new()), setup.echo());
        let policy = balanced(&[RETRY_OFF, TWO].concat());
        let site = setup.listener(listener(&policy, &[("a", &dead), ("b", alive.cluster())]));
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                assert_execution_failed(&session.get("/").await, "SC-1", UNREACHABLE);
                assert_eq!(choice(&site.logged().await), [Some("a"), Some("false"), Some("a")]);
                assert_eq!(session.get("/").await.status, 200);
                assert_eq!(choice(&site.logged().await), [Some("b"), Some("false"), Some("")]);
            }
            assert_eq!((alive.requests().len(), site.upstream().heads()), (2, 2));
        }
    });

    lab.case("every_server_is_dead", |setup| {
        let dead =
            [setup.cluster_refusing_connections(Cluster::new()), setup.cluster_refusing_connections(Cluster::new())];
        let site = setup.listener(listener(&balanced(TWO), &[("a", &dead[0]), ("b", &dead[1])]));
        let admin = setup.admin();
        move || async move {
            assert_execution_failed(&site.get("/").await, "SC-1", UNREACHABLE);
            assert_eq!(choice(&site.logged().await), [Some("b"), Some("false"), Some("a,b")]);
            for cluster in &dead {
                assert_eq!(admin.stat(&format!("cluster.{cluster}.upstream_cx_connect_fail")).await, Some(1));
            }
            assert_eq!(
                admin.stat("wasmcustom.callout.outcome.unreachable.policy.SC-1").await.map(|count| count > 0),
                Some(true)
            );
        }
    });

    // A call to a cluster without hosts fails before it is sent.
    lab.case("a_server_without_hosts", |setup| {
        let (empty, alive) = (setup.cluster_without_endpoints(), setup.echo());
        let site = setup.listener(listener(&balanced(TWO), &[("a", &empty), ("b", alive.cluster())]));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(choice(&site.logged().await), [Some("b"), Some("false"), Some("a")]);
        }
    });

    lab.case("a_late_server_with_retry", |setup| {
        let never = MockResponse::status(200).held_by(&Gate::closed());
        let (late, alive) = (setup.backend(move |_: &Received| never.clone()), setup.echo());
        let policy = balanced(TWO).timeout(1000).set("<Verb>POST</Verb><Payload>whole</Payload>");
        let site = setup.listener(listener(&policy, &[("a", late.cluster()), ("b", alive.cluster())]));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(choice(&site.logged().await), [Some("b"), Some("false"), Some("a")]);
            // Each server received the complete request.
            for backend in [&late, &alive] {
                let call = backend.only_request();
                assert_eq!((call.method.as_str(), call.text()), ("POST", "whole"));
            }
            assert_eq!(
                (late.only_request().authority, alive.only_request().authority),
                ("a.test".into(), "b.test".into())
            );
        }
    });

    lab.case("a_late_server_without_retry", |setup| {
        let never = MockResponse::status(200).held_by(&Gate::closed());
        let (late, alive) = (setup.backend(move |_: &Received| never.clone()), setup.echo());
        let policy = balanced(&[RETRY_OFF, TWO].concat()).timeout(150);
        let site = setup.listener(listener(&policy, &[("a", late.cluster()), ("b", alive.cluster())]));
        move || async move {
            assert_execution_failed(&site.get("/").await, "SC-1", "timeout occurred in SC-1");
            assert_eq!((late.heads(), alive.heads()), (1, 0));
        }
    });
}

fn statuses(lab: &mut Lab) {
    const UNHEALTHY: &str = "<ServerUnhealthyResponse><ResponseCode>503</ResponseCode><ResponseCode>429</ResponseCode>\
                             </ServerUnhealthyResponse>";
    for (status, is_retried) in [(503, true), (429, true), (500, false), (404, false)] {
        lab.case(&format!("status_{status}"), move |setup| {
            let ill = setup.backend(move |_: &Received| MockResponse::text(status, "ill"));
            let well = setup.backend(|_: &Received| MockResponse::text(200, "well"));
            let policy = balanced(&[UNHEALTHY, TWO].concat());
            let clusters = [("a", ill.cluster()), ("b", well.cluster())];
            let site = setup.listener(listener(&policy, &clusters).log_state(&["r.content"]));
            move || async move {
                let reply = site.get("/").await;
                let logged = site.logged().await;
                if is_retried {
                    assert_eq!((reply.status, logged.state("r.content")), (200, Some("well")));
                    assert_eq!(choice(&logged), [Some("b"), Some("false"), Some("a")]);
                } else {
                    let reason = format!("ResponseCode {status} is treated as error");
                    assert_execution_failed(&reply, "SC-1", &reason);
                    assert_eq!(logged.state("r.content"), Some("ill"));
                    assert_eq!(choice(&logged), [Some("a"), Some("false"), Some("")]);
                }
                assert_eq!((ill.heads(), well.heads()), (1, usize::from(is_retried)));
            }
        });
    }

    // The last response is that of the callout, although its status is unhealthy.
    lab.case("every_server_is_unhealthy", |setup| {
        let ill = [
            setup.backend(|_: &Received| MockResponse::text(503, "a")),
            setup.backend(|_: &Received| MockResponse::text(503, "b")),
        ];
        let policy = balanced(&[UNHEALTHY, TWO].concat());
        let clusters = [("a", ill[0].cluster()), ("b", ill[1].cluster())];
        let site = setup.listener(listener(&policy, &clusters).log_state(&["r.content", "r.status.code"]));
        move || async move {
            assert_execution_failed(&site.get("/").await, "SC-1", "ResponseCode 503 is treated as error");
            let logged = site.logged().await;
            assert_eq!((logged.state("r.content"), logged.state("r.status.code")), (Some("b"), Some("503")));
            assert_eq!(choice(&logged), [Some("b"), Some("false"), Some("a,b")]);
        }
    });
}

fn rotation(lab: &mut Lab) {
    lab.case("max_failures_and_the_way_back", |setup| {
        let status = Arc::new(AtomicU16::new(503));
        let now = Arc::clone(&status);
        let flaky = setup.backend(move |_: &Received| MockResponse::status(now.load(Ordering::SeqCst)));
        let well = setup.echo();
        let policy = balanced(
            "<MaxFailures>2</MaxFailures><TargetDisableSecs>1</TargetDisableSecs>\
             <ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse>\
             <Server name='a'/><Server name='b'/>",
        );
        let site = setup.listener(listener(&policy, &[("a", flaky.cluster()), ("b", well.cluster())]));
        move || async move {
            let session = site.session().await;
            for expected in [1, 2, 2, 2, 2] {
                assert_eq!(session.get("/").await.status, 200);
                assert_eq!(flaky.heads(), expected, "two failures in a row take it out");
            }
            tokio::time::sleep(Duration::from_millis(1100)).await;
            for _ in 0..2 {
                assert_eq!(session.get("/").await.status, 200);
            }
            assert_eq!(flaky.heads(), 3, "it was tried again, and out at once");
            status.store(200, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1100)).await;
            for _ in 0..4 {
                assert_eq!(session.get("/").await.status, 200);
            }
            assert_eq!(flaky.heads(), 5, "it takes turns again");
        }
    });

    lab.case("a_success_ends_the_count", |setup| {
        let calls = AtomicU16::new(0);
        // Every second call fails.
        let flaky = setup.backend(move |_: &Received| match calls.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => MockResponse::status(503),
            _ => MockResponse::status(200),
        });
        let policy = balanced(
            "<MaxFailures>2</MaxFailures><RetryEnabled>false</RetryEnabled>\
             <ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse><Server name='a'/>",
        );
        let site = setup.listener(listener(&policy, &[("a", flaky.cluster())]));
        move || async move {
            let session = site.session().await;
            for _ in 0..4 {
                assert_eq!(session.get("/").await.status, 500);
                assert_eq!(session.get("/").await.status, 200);
            }
            assert_eq!(flaky.heads(), 8);
        }
    });

    lab.case("no_server_is_left", |setup| {
        let dead = setup.cluster_refusing_connections(Cluster::new());
        let policy = balanced("<MaxFailures>1</MaxFailures><Server name='a'/>");
        let site = setup.listener(listener(&policy, &[("a", &dead)]));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            assert_execution_failed(&session.get("/").await, "SC-1", UNREACHABLE);
            for _ in 0..2 {
                assert_execution_failed(&session.get("/").await, "SC-1", "No active targets");
            }
            assert_eq!(admin.stat(&format!("cluster.{dead}.upstream_cx_connect_fail")).await, Some(1));
        }
    });
}

fn fallback(lab: &mut Lab) {
    lab.case("the_fallback", |setup| {
        let (dead, spare) = (setup.cluster_refusing_connections(Cluster::new()), setup.echo());
        let policy = balanced(
            "<MaxFailures>1</MaxFailures><Server name='spare'><IsFallback>true</IsFallback></Server><Server name='a'/>",
        );
        let site = setup.listener(listener(&policy, &[("spare", spare.cluster()), ("a", &dead)]));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            // The first call takes the only other server out of the rotation and continues with the fallback.
            for failed in ["a", "", ""] {
                assert_eq!(session.get("/").await.status, 200);
                assert_eq!(choice(&site.logged().await), [Some("spare"), Some("true"), Some(failed)]);
            }
            assert_eq!(spare.requests().len(), 3);
            assert_eq!(admin.stat(&format!("cluster.{dead}.upstream_cx_connect_fail")).await, Some(1));
        }
    });

    lab.case("the_fallback_is_left_alone", |setup| {
        let (usual, spare) = (setup.echo(), setup.echo());
        let policy = balanced("<Server name='spare'><IsFallback>true</IsFallback></Server><Server name='a'/>");
        let site = setup.listener(listener(&policy, &[("spare", spare.cluster()), ("a", usual.cluster())]));
        move || async move {
            for _ in 0..4 {
                assert_eq!(site.get("/").await.status, 200);
            }
            assert_eq!((usual.heads(), spare.heads()), (4, 0));
        }
    });

    lab.case("the_fallback_fails_too", |setup| {
        let dead =
            [setup.cluster_refusing_connections(Cluster::new()), setup.cluster_refusing_connections(Cluster::new())];
        let policy = balanced(
            "<MaxFailures>1</MaxFailures><Server name='a'/><Server name='spare'><IsFallback>true</IsFallback></Server>",
        );
        let site = setup.listener(listener(&policy, &[("a", &dead[0]), ("spare", &dead[1])]));
        move || async move {
            let session = site.session().await;
            assert_execution_failed(&session.get("/").await, "SC-1", UNREACHABLE);
            assert_eq!(choice(&site.logged().await), [Some("spare"), Some("true"), Some("a,spare")]);
            assert_execution_failed(&session.get("/").await, "SC-1", "No active targets");
            assert_eq!(choice(&site.logged().await), [None, None, None]);
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    lab.case("with_continue_on_error", |setup| {
        let dead = setup.cluster_refusing_connections(Cluster::new());
        let policy = balanced("<Server name='a'/>").continue_on_error();
        let configuration = json!({"policies": [policy.xml()], "target_servers": servers(&[("a", &dead)])});
        let state = ["servicecallout.SC-1.failed", "fault.name", "r.content"];
        let site = setup.listener(Listener::new(configuration).log_state(&state));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            assert_eq!(logged.state("fault.name"), Some("ExecutionFailed"));
            assert_eq!(logged.state("r.content"), None);
            assert_eq!(site.upstream().heads(), 1);
        }
    });
}
