//! The lifetime of cached tokens, and the number of calls for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::google::{access, authenticated, granted, own};
use crate::lab::{Gate, Lab, Listener, Message, MockResponse, Received, Request, Setup};

/// `ya29.1`, `ya29.2` and so on, each valid for a number of seconds.
fn numbered(setup: &mut Setup<'_>, seconds: u64) -> crate::lab::Backend {
    let calls = AtomicUsize::new(0);
    setup.backend(move |_: &Received| granted(&format!("ya29.{}", calls.fetch_add(1, Ordering::SeqCst) + 1), seconds))
}

/// Distributes the requests of a listener over both workers.
fn balanced(listener: Listener) -> Listener {
    listener.option("connection_balance_config", json!({"exact_balance": {}}))
}

pub fn cases(lab: &mut Lab) {
    lab.case("fifty_requests_on_a_cold_cache", |setup| {
        let gate = Gate::closed();
        let held = granted("ya29.cold", 3599).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(balanced(Listener::new(configuration)));
        move || async move {
            let exchanges: Vec<_> = (0..50).map(|_| site.start(Request::get("/"))).collect();
            // All of them wait, and every worker has sent a request.
            metadata.wait_for_heads(2).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!((metadata.heads(), api.heads()), (2, 0));
            gate.open();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            let calls = api.requests();
            assert_eq!(calls.len(), 50);
            assert!(calls.iter().all(|call| call.header_all("authorization") == ["Bearer ya29.cold"]));
            assert_eq!(metadata.heads(), 2, "one call for each of the two workers");
        }
    });

    lab.case("workers_share_a_token", |setup| {
        let metadata = numbered(setup, 3599);
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(balanced(Listener::new(configuration)));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let exchanges: Vec<_> = (0..20).map(|_| site.start(Request::get("/"))).collect();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            assert!(api.requests().iter().all(|call| call.header("authorization") == Some("Bearer ya29.1")));
            assert_eq!(metadata.heads(), 1);
        }
    });

    // Two policies with one kind of token, and one with another.
    lab.case("policies_share_a_token", |setup| {
        let metadata = numbered(setup, 3599);
        let api = setup.echo();
        let other = "<GoogleAccessToken><Scopes><Scope>other</Scope></Scopes></GoogleAccessToken>";
        let document = |name: &str, token: &str| authenticated(token).xml().replace("SC-1", name);
        let mut configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        configuration["policies"] =
            json!([document("SC-1", &access()), document("SC-2", &access()), document("SC-3", other)]);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let sent: Vec<_> =
                api.requests().iter().map(|call| call.header("authorization").unwrap().to_owned()).collect();
            assert_eq!(sent, ["Bearer ya29.1", "Bearer ya29.1", "Bearer ya29.2"]);
            assert_eq!(metadata.heads(), 2);
        }
    });

    lab.case("an_expired_token", |setup| {
        // Usable for two seconds: a token is not used in its last minute.
        let metadata = numbered(setup, 62);
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            for _ in 0..2 {
                assert_eq!(session.get("/").await.status, 200);
            }
            tokio::time::sleep(Duration::from_millis(2300)).await;
            for _ in 0..2 {
                assert_eq!(session.get("/").await.status, 200);
            }
            let sent: Vec<_> =
                api.requests().iter().map(|call| call.header("authorization").unwrap().to_owned()).collect();
            assert_eq!(sent, ["Bearer ya29.1", "Bearer ya29.1", "Bearer ya29.2", "Bearer ya29.2"]);
            assert_eq!(metadata.heads(), 2);
        }
    });

    // A token that has already expired when it arrives is sent once, and not kept.
    lab.case("a_token_at_its_end", |setup| {
        let metadata = numbered(setup, 30);
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            for number in 1..=3 {
                assert_eq!(session.get("/").await.status, 200);
                let expected = format!("Bearer ya29.{number}");
                assert_eq!(api.requests()[number - 1].header("authorization"), Some(expected.as_str()));
            }
        }
    });

    lab.case("the_next_token_is_fetched_without_a_stall", |setup| {
        let gate = Gate::closed();
        let calls = AtomicUsize::new(0);
        let second = gate.clone();
        let metadata = setup.backend(move |_: &Received| match calls.fetch_add(1, Ordering::SeqCst) {
            // Usable for six seconds; in the last fifth, the filter fetches the next one.
            0 => granted("ya29.1", 66),
            _ => granted("ya29.2", 3599).held_by(&second),
        });
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            assert_eq!(session.get("/").await.status, 200);
            tokio::time::sleep(Duration::from_millis(5000)).await;
            for _ in 0..3 {
                let started = Instant::now();
                assert_eq!(session.get("/").await.status, 200);
                assert!(started.elapsed() < Duration::from_millis(700), "{:?}", started.elapsed());
            }
            metadata.wait_for_heads(2).await;
            gate.open();
            // The new one is used as soon as it arrives.
            let mut sent = String::new();
            for _ in 0..50 {
                assert_eq!(session.get("/").await.status, 200);
                sent = api.requests().last().unwrap().header("authorization").unwrap().to_owned();
                if sent == "Bearer ya29.2" {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(sent, "Bearer ya29.2");
            let before = api.requests();
            assert!(before[..4].iter().all(|call| call.header("authorization") == Some("Bearer ya29.1")));
            assert_eq!(metadata.heads(), 2);
        }
    });

    // A response waits like a request, and so does a request whose body is not complete.
    lab.case("a_wait_in_the_response_flow", |setup| {
        let gate = Gate::closed();
        let held = granted("ya29.response", 3599).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.echo();
        let mut configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        configuration["response"] = json!(["SC-1"]);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            let exchanges: Vec<_> =
                (0..3).map(|_| session.start(Request::post("/", "text/plain", "as it was"))).collect();
            metadata.wait_for_heads(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            gate.open();
            for exchange in exchanges {
                let reply = exchange.reply().await;
                assert_eq!((reply.status, reply.text()), (200, "as it was"));
            }
            assert_eq!((metadata.heads(), api.heads()), (1, 3));
        }
    });

    lab.case("a_body_during_the_wait", |setup| {
        let metadata = setup.backend(|_: &Received| granted("ya29.body", 3599).after(Duration::from_millis(150)));
        let api = setup.echo();
        let policy = authenticated(&access()).set("<Verb>POST</Verb><Payload>{request.content}</Payload>");
        let configuration = own(&policy, api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let pieces = ["one ", "two ", "three ", "four"];
            let request = Request::new("POST", "/").pieces(pieces, Duration::from_millis(60));
            let reply = site.send(request).await;
            assert_eq!((reply.status, reply.text()), (200, "one two three four"));
            assert_eq!(api.only_request().text(), "one two three four");
        }
    });

    // The client of the first request disconnects; the others wait for its response.
    lab.case("other_requests_get_the_token_after_a_disconnect", |setup| {
        let gate = Gate::closed();
        let held = granted("ya29.left", 3599).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.backend(|_: &Received| MockResponse::status(200));
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(balanced(Listener::new(configuration)));
        move || async move {
            // On both workers, a waiting client disconnects.
            let leaving: Vec<_> = (0..4).map(|_| site.start(Request::get("/"))).collect();
            metadata.wait_for_heads(2).await;
            let waiting: Vec<_> = (0..10).map(|_| site.start(Request::get("/"))).collect();
            tokio::time::sleep(Duration::from_millis(200)).await;
            for exchange in leaving {
                exchange.disconnect().await;
            }
            assert!(site.log(4).await.iter().all(|entry| entry.status() == 0));
            gate.open();
            for exchange in waiting {
                assert_eq!(exchange.reply().await.status, 200);
            }
            assert_eq!((metadata.heads(), api.heads()), (2, 10));
        }
    });

    // A stream of HTTP/2 ends without its connection, on the worker that the others use too.
    lab.case("other_streams_get_the_token_after_a_reset", |setup| {
        let gate = Gate::closed();
        let held = granted("ya29.reset", 3599).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.backend(|_: &Received| MockResponse::status(200));
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            let session = site.session().await;
            let first = session.start(Request::get("/"));
            metadata.wait_for_heads(1).await;
            let waiting: Vec<_> = (0..10).map(|_| session.start(Request::get("/"))).collect();
            tokio::time::sleep(Duration::from_millis(100)).await;
            first.disconnect().await;
            assert_eq!(site.log(1).await[0].status(), 0);
            let later = session.start(Request::get("/"));
            gate.open();
            for exchange in waiting.into_iter().chain([later]) {
                assert_eq!(exchange.reply().await.status, 200);
            }
            assert_eq!((metadata.heads(), api.heads()), (1, 11));
        }
    });

    // All clients disconnect; the token is kept for later requests.
    lab.case("a_token_is_kept_after_all_clients_disconnect", |setup| {
        let gate = Gate::closed();
        let held = granted("ya29.kept", 3599).held_by(&gate);
        let metadata = setup.backend(move |_: &Received| held.clone());
        let api = setup.echo();
        let configuration = own(&authenticated(&access()), api.cluster(), metadata.cluster());
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            let exchange = site.start(Request::get("/"));
            metadata.wait_for_heads(1).await;
            exchange.disconnect().await;
            assert_eq!(site.logged().await.status(), 0);
            gate.open();
            admin.wait_for_stat(&format!("cluster.{}.upstream_rq_200", metadata.cluster()), 1).await;
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!((metadata.heads(), api.heads()), (1, 1));
        }
    });
}
