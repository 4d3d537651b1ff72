//! VerifyJWT with keys from a URL: one fetch, rotation, a server that is down, and a whole proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::jwt::{assert_fault, bearer, key_file, send, verify};
use crate::lab::{Admin, Backend, Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Request, Setup};
use crate::policy::{ServiceCallout, header, raise_fault_set, set};
use crate::proxy::{flow, proxy_endpoint, route_rule};

const JWKS: &str = "<PublicKey><JWKS uri=\"https://issuer.test/keys?v=1\"/></PublicKey>";

/// A configuration of one policy whose keys this cluster has. Each case has a policy of its own, for its metrics.
fn served_by(name: &str, cluster: &str) -> Value {
    json!({"policies": [verify(name, "RS256,ES256", JWKS)], "clusters": {"https://issuer.test": cluster}})
}

/// A server whose set changes when the test wants.
fn rotating(setup: &mut Setup<'_>) -> (Backend, Arc<AtomicUsize>) {
    let version = Arc::new(AtomicUsize::new(0));
    let current = Arc::clone(&version);
    let backend = setup.backend(move |_: &Received| match current.load(Ordering::SeqCst) {
        0 => MockResponse::json(200, key_file!("jwks.json")),
        _ => MockResponse::json(200, key_file!("jwks-next.json")),
    });
    (backend, version)
}

async fn counter(admin: &Admin, what: &str, policy: &str) -> Option<u64> {
    let stats = admin.stats("wasmcustom.callout.").await;
    stats.get(&format!("wasmcustom.callout.{what}.policy.{policy}")).copied()
}

pub fn cases(lab: &mut Lab) {
    lab.case("a_new_key_is_fetched_once", |setup| {
        let (issuer, version) = rotating(setup);
        let site = setup.listener(Listener::new(served_by("V-rotation", issuer.cluster())));
        let admin = setup.admin();
        move || async move {
            // One connection stays on one worker.
            let session = site.session().await;
            let ask = |token: &str| session.send(Request::get("/").header("authorization", bearer(token)));
            for _ in 0..3 {
                assert_eq!(ask("RS256").await.status, 200);
            }
            assert_eq!(ask("ES256").await.status, 200);
            let asked = issuer.only_request();
            assert_eq!((asked.method.as_str(), asked.path_and_query.as_str()), ("GET", "/keys?v=1"));
            assert_eq!((asked.authority.as_str(), asked.header("authorization")), ("issuer.test", None));
            version.store(1, Ordering::SeqCst);
            for _ in 0..3 {
                assert_eq!(ask("next").await.status, 200);
            }
            assert_eq!(issuer.requests().len(), 2);
            // The new set has no key of ES256 any more. Further fetches have to wait.
            let text = "No matching public key: policy(V-rotation) kid(p256)";
            for _ in 0..20 {
                assert_fault(&ask("ES256").await, "NoMatchingPublicKey", text);
            }
            assert_eq!(ask("RS256").await.status, 200);
            assert_eq!(issuer.requests().len(), 2);
            assert_eq!(counter(&admin, "requests", "V-rotation").await, Some(2));
            assert_eq!(counter(&admin, "outcome.ok", "V-rotation").await, Some(2));
            assert_eq!(site.module_log(), []);
        }
    });

    lab.case("fifty_requests_without_a_set", |setup| {
        let gate = Gate::closed();
        let held = MockResponse::json(200, key_file!("jwks.json")).held_by(&gate);
        let issuer = setup.backend(move |_: &Received| held.clone());
        let listener = Listener::new(served_by("V-cold", issuer.cluster()));
        let site = setup.listener(listener.option("connection_balance_config", json!({"exact_balance": {}})));
        move || async move {
            let ask = || site.start(Request::get("/").header("authorization", bearer("RS256")));
            let exchanges: Vec<_> = (0..50).map(|_| ask()).collect();
            issuer.wait_for_heads(2).await;
            gate.open();
            for exchange in exchanges {
                assert_eq!(exchange.reply().await.status, 200);
            }
            assert_eq!(issuer.heads(), 2, "one call for each of the two workers");
        }
    });

    lab.case("a_server_that_is_down", |setup| {
        let cluster = setup.cluster_refusing_connections(Cluster::new());
        let site = setup.listener(Listener::new(served_by("V-down", &cluster)));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            let text = "No matching public key: policy(V-down) kid(rsa)";
            for _ in 0..5 {
                let reply = session.send(Request::get("/").header("authorization", bearer("RS256"))).await;
                assert_fault(&reply, "NoMatchingPublicKey", text);
            }
            assert_eq!(site.upstream().requests().len(), 0);
            assert_eq!(counter(&admin, "requests", "V-down").await, Some(1));
            assert_eq!(counter(&admin, "outcome.unreachable", "V-down").await, Some(1));
            let warning = "VerifyJWT V-down: the JWKS is not available: the server sent no response: Unreachable";
            let log: Vec<String> = site.module_log().into_iter().map(|(_, text)| text).collect();
            assert!(log.len() == 1 && log[0].contains(warning), "{log:?}");
        }
    });

    lab.case("a_response_that_is_not_a_set", |setup| {
        let issuer =
            setup.backend(|_: &Received| MockResponse::json(200, format!("{{\"keys\":{}", "[".repeat(100_000))));
        let site = setup.listener(Listener::new(served_by("V-garbage", issuer.cluster())));
        move || async move {
            let text = "No matching public key: policy(V-garbage) kid(rsa)";
            assert_fault(&send(&site, &bearer("RS256")).await, "NoMatchingPublicKey", text);
        }
    });

    whole_proxy(lab);
}

/// A proxy as they are published: it verifies the token, looks the user up and passes both to the target.
fn whole_proxy(lab: &mut Lab) {
    lab.case("a_whole_proxy", |setup| {
        let (issuer, _) = rotating(setup);
        let users = setup.backend(|request: &Received| {
            let id = request.path_and_query.rsplit('/').next().unwrap_or_default();
            MockResponse::json(200, json!({"id": id, "plan": "gold"}).to_string())
        });
        let elements = format!("{JWKS}<Issuer>https://issuer.test</Issuer><Audience>api</Audience>");
        let lookup = ServiceCallout::new("SC-User", "http://users.test/users/{jwt.VJ-Token.decoded.claim.sub}").response("user");
        let extract = "<ExtractVariables name=\"EV-Plan\"><Source>user</Source><JSONPayload><Variable name=\"user.plan\">\
            <JSONPath>$.plan</JSONPath></Variable></JSONPayload></ExtractVariables>";
        let denied = raise_fault_set(
            "RF-Denied",
            "<Payload contentType=\"application/json\">{\"error\":\"{fault.name}\"}</Payload><StatusCode>403</StatusCode>",
        );
        let passed = header("x-user", "{jwt.VJ-Token.decoded.claim.sub};plan={user.plan}");
        let endpoint = proxy_endpoint(&format!(
            "<FaultRules><FaultRule name=\"jwt\"><Step><Name>RF-Denied</Name></Step><Condition>JWT.failed = true</Condition>\
             </FaultRule></FaultRules>{}{}",
            flow("PreFlow name='PreFlow'", &["VJ-Token", "SC-User", "EV-Plan", "AM-Pass"], &[]),
            route_rule("default", "", "default"),
        ));
        let policies =
            vec![verify("VJ-Token", "RS256", &elements), lookup.xml(), extract.to_owned(), set("AM-Pass", &passed), denied];
        let site = setup.listener(Listener::new(json!({
            "policies": policies,
            "proxy_endpoint": endpoint,
            "clusters": {"https://issuer.test": issuer.cluster(), "http://users.test": users.cluster()},
        })));
        move || async move {
            let ask = |token: String| site.send(Request::get("/v1/orders").header("authorization", token));
            let reply = ask(bearer("RS256")).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(users.only_request().path_and_query, "/users/user-7");
            let passed = site.upstream().only_request();
            assert_eq!(passed.header("x-user"), Some("user-7;plan=gold"));
            for (token, name) in [
                (bearer("HS256"), "AlgorithmMismatch"),
                (bearer("RS512"), "AlgorithmMismatch"),
                ("Bearer x".to_owned(), "FailedToDecode"),
                ("Basic YTpi".to_owned(), "InvalidToken"),
            ] {
                let reply = ask(token).await;
                assert_eq!((reply.status, reply.text()), (403, format!("{{\"error\":\"{name}\"}}").as_str()));
            }
            assert_eq!((users.requests().len(), site.upstream().requests().len()), (1, 1));
        }
    });
}
