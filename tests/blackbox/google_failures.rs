//! Token servers that reject requests, do not respond, or send invalid responses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::fault::assert_fault;
use crate::google::{
    ACCOUNT, FAILURE, FAILURE_TEXT, access, assert_secret, authenticated, granted, impersonating, own,
};
use crate::lab::{Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Request, Setup, Wire};

/// Every request fails with the fault of tokens, no callout is sent, and each failure is logged.
fn failure(
    lab: &mut Lab,
    name: &str,
    warnings: &'static [&'static str],
    metadata: impl FnOnce(&mut Setup<'_>) -> String + Send + 'static,
) {
    lab.case(name, move |setup| {
        let (api, metadata) = (setup.echo(), metadata(setup));
        let policy = authenticated(&access()).timeout(300);
        let configuration = own(&policy, api.cluster(), &metadata);
        let state = ["fault.name", "error.message", "servicecallout.SC-1.failed"];
        let site = setup.listener(Listener::new(configuration).log_state(&state));
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                let started = Instant::now();
                let reply = session.get("/").await;
                assert_fault(&reply, FAILURE, FAILURE_TEXT);
                assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
                let logged = site.logged().await;
                assert_eq!(logged.state("fault.name"), Some("GoogleTokenGenerationFailure"));
                assert_eq!(logged.state("error.message"), Some(FAILURE_TEXT));
                assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            }
            assert_eq!((api.heads(), site.upstream().heads()), (0, 0));
            let expected: Vec<_> = warnings.iter().map(|text| ("warning".to_owned(), (*text).to_owned())).collect();
            assert_eq!(site.module_log(), expected);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    const REJECTED: &str =
        "PERMISSION_DENIED: the metadata server rejected the request for a token of the workload with status 403";
    const RUBBISH: &str = "no Google token of the workload: the response of the metadata server contains no token";
    const LATE: &str = "no Google token of the workload: the metadata server sent no response: Timeout";
    const DEAD: &str = "no Google token of the workload: the metadata server sent no response: Unreachable";
    const RESET: &str = "no Google token of the workload: the metadata server sent no response: Reset";
    const ERROR: &str = "no Google token of the workload: the metadata server returned status 500";

    // Only the first rejection is logged, without the rest of the response.
    failure(lab, "forbidden", &[REJECTED], |setup| {
        setup.backend(|_: &Received| MockResponse::json(403, r#"{"access_token":"ya29.no"}"#)).cluster().to_owned()
    });
    failure(lab, "server_error", &[ERROR, ERROR], |setup| {
        setup.backend(|_: &Received| MockResponse::text(500, "oh")).cluster().to_owned()
    });
    failure(lab, "hanging", &[LATE, LATE], |setup| {
        let never = MockResponse::status(200).held_by(&Gate::closed());
        setup.backend(move |_: &Received| never.clone()).cluster().to_owned()
    });
    failure(lab, "hanging_in_the_body", &[LATE, LATE], |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":").await;
            wire.hang().await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    failure(lab, "refusing_connections", &[DEAD, DEAD], |setup| setup.cluster_refusing_connections(Cluster::new()));
    failure(lab, "closing", &[RESET, RESET], |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    for (name, rubbish) in [
        ("html", "<html>Sign in</html>"),
        ("empty", ""),
        ("json_without_a_token", "{}"),
        ("an_empty_token", r#"{"access_token":"","expires_in":3599}"#),
        ("a_token_with_a_line_break", r#"{"access_token":"a\r\nx-injected: 1","expires_in":3599}"#),
    ] {
        failure(lab, name, &[RUBBISH, RUBBISH], move |setup| {
            setup.backend(move |_: &Received| MockResponse::json(200, rubbish)).cluster().to_owned()
        });
    }

    lab.case("iam_rejects", |setup| {
        let metadata = setup.backend(|_: &Received| granted("ya29.asking", 3599));
        let iam = setup.backend(|_: &Received| {
            MockResponse::json(
                403,
                r#"{"error":{"code":403,"message":"iam.serviceAccounts.getAccessToken","status":"PERMISSION_DENIED"}}"#,
            )
        });
        let api = setup.echo();
        let policy = authenticated(&access());
        let configuration = impersonating(&policy, api.cluster(), metadata.cluster(), iam.cluster());
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            for _ in 0..3 {
                assert_fault(&session.get("/").await, FAILURE, FAILURE_TEXT);
            }
            // The workload's own token is kept nevertheless.
            assert_eq!((metadata.heads(), iam.heads(), api.heads()), (1, 3, 0));
            let text =
                format!("PERMISSION_DENIED: iamcredentials.googleapis.com rejected the request for a token of {ACCOUNT} with status 403");
            assert_eq!(site.module_log(), [("warning".to_owned(), text)]);
            assert_secret(&site, admin.get("/stats").await.text(), &["ya29.asking"]).await;
        }
    });

    lab.case("all_waiting_requests_fail", |setup| {
        let gate = Gate::closed();
        let held = MockResponse::status(503).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            let exchanges: Vec<_> = (0..10).map(|_| session.start(Request::get("/"))).collect();
            metadata.wait_for_heads(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            gate.open();
            for exchange in exchanges {
                assert_fault(&exchange.reply().await, FAILURE, FAILURE_TEXT);
            }
            assert_eq!((metadata.heads(), api.heads()), (1, 0));
        }
    });

    lab.case("a_failure_is_not_kept", |setup| {
        let calls = AtomicUsize::new(0);
        let metadata = setup.backend(move |_: &Received| match calls.fetch_add(1, Ordering::SeqCst) {
            0 => MockResponse::status(503),
            _ => granted("ya29.late", 3599),
        });
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            assert_fault(&session.get("/").await, FAILURE, FAILURE_TEXT);
            assert_eq!(session.get("/").await.status, 200);
            assert_eq!(api.only_request().header("authorization"), Some("Bearer ya29.late"));
        }
    });

    lab.case("with_continue_on_error", |setup| {
        let metadata = setup.backend(|_: &Received| MockResponse::status(503));
        let api = setup.echo();
        let policy = authenticated(&access()).continue_on_error();
        let configuration = own(&policy, api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration).log_state(&["servicecallout.SC-1.failed", "r.content"]));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            assert_eq!(logged.state("r.content"), None);
            assert_eq!((api.heads(), site.upstream().heads()), (0, 1));
        }
    });
}
