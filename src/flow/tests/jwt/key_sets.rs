//! Sets of keys from a URL. Calls of the scripted host never wait.

use super::*;
use crate::flow::call::{CallFailure, Outcome};

const VERIFY: &str = "<VerifyJWT name='V'><Algorithm>RS256</Algorithm>
    <PublicKey><JWKS uri='https://issuer.test/keys?v=1'/></PublicKey></VerifyJWT>";

/// A host with a token and the time after [`NOW`] in seconds.
fn at(host: &mut Scripted, token: &str, seconds: u64) {
    let sent = Scripted::client("GET", "/", &[("authorization", &format!("Bearer {}", super::token(token)))]);
    host.request = sent.request;
    host.now = NOW + Duration::from_secs(seconds);
    host.done.take();
}

/// The name of the fault, or nothing, and the number of calls.
fn outcome(host: &Scripted, plan: &Plan) -> (String, usize) {
    let done = host.run(plan);
    let fault = done.reply.as_ref().map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
    let name = fault.and_then(|body| Some(body.rsplit_once("steps.jwt.")?.1.trim_end_matches("\"}}}").to_owned()));
    (name.unwrap_or_default(), done.calls.len())
}

fn check(host: &mut Scripted, plan: &Plan, steps: &[(&str, u64, &str, usize)]) {
    for (token, seconds, fault, calls) in steps {
        at(host, token, *seconds);
        assert_eq!(outcome(host, plan), ((*fault).to_owned(), *calls), "{token} {seconds}");
    }
}

#[test]
fn a_set_is_fetched_once_and_again_when_it_is_old() {
    let keys = key_file!("jwks.json");
    let mut host = Scripted::default().with_reply(200, &[], keys).with_reply(200, &[], keys);
    let plan = plan(&json!({"policies": [VERIFY]}));
    at(&mut host, "RS256", 0);
    let done = host.run(&plan);
    let call = done.only_call();
    assert_eq!(call.line(), "GET https://issuer.test/keys?v=1");
    assert_eq!(call.header("accept"), Some("application/json, application/jwk-set+json"));
    assert_eq!((call.timeout, call.max_response_bytes), (Duration::from_secs(5), 256 << 10));
    assert_eq!(done.outcomes, [(PolicyId(0), Outcome::Ok)]);
    check(
        &mut host,
        &plan,
        &[("RS256", 0, "", 0), ("RS256", 299, "", 0), ("RS256", 300, "", 1), ("RS256", 301, "", 0)],
    );
}

/// A token with a new key fetches the set once. Tokens with unknown keys cannot flood the server.
#[test]
fn an_unknown_key_fetches_the_set_at_most_once_in_ten_seconds() {
    let (old, new) = (key_file!("jwks.json"), key_file!("jwks-next.json"));
    let host = Scripted::default().with_reply(200, &[], old).with_reply(200, &[], old);
    let mut host = host.with_reply(200, &[], new);
    let plan = plan(&json!({"policies": [VERIFY]}));
    let missing = "NoMatchingPublicKey";
    check(
        &mut host,
        &plan,
        &[
            ("RS256", 0, "", 1),
            // The server does not have the key yet.
            ("next", 1, missing, 1),
            ("next", 2, missing, 0),
            ("next", 10, missing, 0),
            ("RS256", 10, "", 0),
            ("next", 11, "", 1),
            ("next", 12, "", 0),
            ("RS256", 12, "", 0),
        ],
    );
}

#[test]
fn a_server_that_is_down_is_not_asked_for_ten_seconds() {
    let host = Scripted::default().with_failure(CallFailure::Timeout).with_reply(503, &[], "");
    let host = host.with_reply(200, &[], "<html>").with_reply(200, &[], key_file!("jwks.json"));
    let mut host = host.with_failure(CallFailure::Unreachable);
    let plan = plan(&json!({"policies": [VERIFY]}));
    let missing = "NoMatchingPublicKey";
    let failures = [
        (0, Outcome::Timeout, "the server sent no response: Timeout"),
        (10, Outcome::ErrorStatus, "the server returned status 503"),
        (20, Outcome::Fault, "the response is not a set of keys"),
    ];
    for (seconds, expected, problem) in failures {
        check(&mut host, &plan, &[("RS256", seconds, missing, 1)]);
        assert_eq!(host.done.borrow().outcomes, [(PolicyId(0), expected)]);
        assert_eq!(host.done.borrow().warnings, [format!("VerifyJWT V: the JWKS is not available: {problem}")]);
        check(&mut host, &plan, &[("RS256", seconds + 9, missing, 0)]);
    }
    // An old set is used for an hour while the server is down.
    check(
        &mut host,
        &plan,
        &[
            ("RS256", 30, "", 1),
            ("RS256", 330, "", 1),
            ("RS256", 331, "", 0),
            ("next", 331, missing, 0),
            ("RS256", 3629, "", 1),
            ("RS256", 3630, missing, 0),
            ("RS256", 3640, missing, 1),
        ],
    );
}

#[test]
fn a_url_from_a_variable_needs_an_allowed_host() {
    let policy = VERIFY.replace("uri='https://issuer.test/keys?v=1'", "uriRef='v.url'");
    let run = |url: Option<&str>, more: &Value| {
        let mut host = Scripted::default().with_reply(200, &[], key_file!("jwks.json"));
        at(&mut host, "RS256", 0);
        let mut configuration = json!({"policies": [policy]});
        if let Some(url) = url {
            configuration["properties"] = json!({"v.url": url});
        }
        for (key, value) in more.as_object().unwrap() {
            configuration[key] = value.clone();
        }
        let found = outcome(&host, &plan(&configuration));
        (found.0, found.1, host.done.borrow().outcomes.first().map(|(_, outcome)| *outcome))
    };
    let missing = "NoMatchingPublicKey".to_owned();
    assert_eq!(run(Some("https://issuer.test"), &json!({})), (String::new(), 1, Some(Outcome::Ok)));
    assert_eq!(run(None, &json!({})), ("FailedToResolveVariable".to_owned(), 0, None));
    let denied = (missing.clone(), 0, Some(Outcome::HostNotAllowed));
    assert_eq!(run(Some("http://127.0.0.1/keys"), &json!({})), denied);
    assert_eq!(run(Some("https://issuer.test/"), &json!({"allowed_hosts": ["other.test"]})), denied);
    assert_eq!(run(Some("issuer.test"), &json!({})), (missing, 0, Some(Outcome::Unreachable)));
}

#[test]
fn nothing_is_fetched_after_the_response() {
    let proxy = "<ProxyEndpoint name='default'><PostClientFlow><Response><Step><Name>V</Name></Step></Response>
        </PostClientFlow><RouteRule name='none'/></ProxyEndpoint>";
    let plan = plan(&json!({"policies": [VERIFY], "proxy_endpoint": proxy}));
    let mut host = Scripted::default().with_reply(200, &[], key_file!("jwks.json"));
    at(&mut host, "RS256", 0);
    let done = host.run(&plan);
    assert_eq!(done.calls.len(), 0);
    let fault = done.events.iter().map(|event| format!("{event:?}")).find(|event| event.contains("steps.jwt."));
    assert!(fault.is_some_and(|fault| fault.contains("NoMatchingPublicKey")), "{:?}", done.events);
}
