use super::*;
use crate::flow::host::Host;
use crate::flow::scripted::{Script, Scripted};
use crate::plan::{Identity, Impersonated, PolicyId};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

const NOW: Duration = Duration::from_secs(1_700_000_000);

fn identity(service_account: Option<&str>) -> Arc<Identity> {
    Arc::new(Identity {
        metadata_cluster: "metadata".into(),
        impersonated: service_account
            .map(|account| Impersonated { service_account: account.into(), iam_cluster: "iam".into() }),
    })
}

fn access(identity: &Arc<Identity>, scopes: &[&str]) -> TokenRequest {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    TokenRequest::new(Arc::clone(identity), TokenKind::Access { scopes, lifetime: 3600 }, Duration::from_secs(55))
}

fn id(identity: &Arc<Identity>, audience: &str, include_email: bool) -> TokenRequest {
    TokenRequest::new(
        Arc::clone(identity),
        TokenKind::Id { audience: audience.into(), include_email },
        Duration::from_secs(1),
    )
}

fn obtained(host: &Scripted, tokens: &Rc<Tokens>, request: TokenRequest) -> Result<String, TokenFailure> {
    let token = pin!(Rc::clone(tokens).obtain(host.background(), request));
    match token.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.map(|token| token.text().to_string()),
        Poll::Pending => panic!("scripted calls never wait"),
    }
}

fn host() -> Scripted {
    Scripted { now: NOW, ..Scripted::default() }
}

fn token_response(token: &str, life: u64) -> String {
    format!("{{\"access_token\":\"{token}\",\"expires_in\":{life},\"token_type\":\"Bearer\"}}")
}

/// Method, path, cluster and the remaining headers of each call, then its body.
fn calls(host: &Scripted) -> Vec<String> {
    let text = |call: &crate::flow::call::Call| {
        let headers: Vec<String> =
            call.headers.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
        format!("{} {} {}", call.cluster, headers.join(" "), String::from_utf8_lossy(&call.body)).trim().to_owned()
    };
    host.done.borrow().calls.iter().map(text).collect()
}

/// An ID token with a lifetime of one hour.
fn jwt() -> String {
    let exp = NOW.as_secs() + 3600;
    let claims =
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, format!("{{\"exp\":{exp}}}"));
    format!("e30.{claims}.c2ln")
}

#[test]
fn the_metadata_server_gives_the_workloads_own_tokens() {
    let own = identity(None);
    let jwt = jwt();
    let host = host().with_reply(200, &[], &token_response("ya29.a", 3599)).with_reply(200, &[], &jwt);
    let tokens = Rc::new(Tokens::default());
    assert_eq!(obtained(&host, &tokens, access(&own, &["https://b/x", "a&c"])), Ok("ya29.a".to_owned()));
    assert_eq!(obtained(&host, &tokens, id(&own, "https://x.run.app", true)), Ok(jwt));
    let common = ":method=GET :scheme=http :authority=metadata.google.internal";
    let path = ":path=/computeMetadata/v1/instance/service-accounts/default";
    assert_eq!(
        calls(&host),
        [
            format!("metadata {common} {path}/token?scopes=https://b/x,a%26c metadata-flavor=Google"),
            format!("metadata {common} {path}/identity?audience=https://x.run.app&format=full metadata-flavor=Google"),
        ]
    );
}

#[test]
fn iam_gives_tokens_of_a_service_account() {
    let account = identity(Some("proxy@p1.iam.gserviceaccount.com"));
    let jwt = jwt();
    let host = host()
        .with_reply(200, &[], &token_response("own", 3599))
        .with_reply(200, &[], r#"{"accessToken":"T","expireTime":"2023-11-14T23:13:20Z"}"#)
        .with_reply(200, &[], &format!("{{\"token\":\"{jwt}\"}}"));
    let tokens = Rc::new(Tokens::default());
    assert_eq!(obtained(&host, &tokens, access(&account, &["s1"])), Ok("T".to_owned()));
    assert_eq!(obtained(&host, &tokens, id(&account, "aud", false)), Ok(jwt));
    let iam = "iam :method=POST :scheme=https :authority=iamcredentials.googleapis.com \
               :path=/v1/projects/-/serviceAccounts/proxy@p1.iam.gserviceaccount.com";
    let rest = "authorization=Bearer own content-type=application/json";
    assert_eq!(
        calls(&host)[1..],
        [
            format!("{iam}:generateAccessToken {rest} {{\"scope\":[\"s1\"],\"lifetime\":\"3600s\"}}"),
            format!("{iam}:generateIdToken {rest} {{\"audience\":\"aud\",\"includeEmail\":false}}"),
        ]
    );
}

#[test]
fn a_token_is_fetched_once_and_again_before_it_ends() {
    let own = identity(None);
    let mut host = host().with_reply(200, &[], &token_response("first", 3600)).with_reply(
        200,
        &[],
        &token_response("second", 3600),
    );
    let tokens = Rc::new(Tokens::default());
    let request = || access(&own, &["a", "b"]);
    assert_eq!(obtained(&host, &tokens, request()), Ok("first".to_owned()));
    assert_eq!(obtained(&host, &tokens, request()), Ok("first".to_owned()));
    assert_eq!(calls(&host).len(), 1);
    host.now = NOW + Duration::from_secs(3300);
    assert_eq!(
        obtained(&host, &tokens, request()),
        Ok("first".to_owned()),
        "the request does not wait for the next token"
    );
    assert_eq!(calls(&host).len(), 2);
    assert_eq!(obtained(&host, &tokens, request()), Ok("second".to_owned()));
    assert_eq!(calls(&host).len(), 2);
}

#[test]
fn a_token_that_cannot_be_replaced_is_used_to_its_end() {
    let own = identity(None);
    let mut host = host().with_reply(200, &[], &token_response("first", 3600)).with_reply(500, &[], "");
    let tokens = Rc::new(Tokens::default());
    assert_eq!(obtained(&host, &tokens, access(&own, &["a"])), Ok("first".to_owned()));
    for seconds in [3400, 3405] {
        host.now = NOW + Duration::from_secs(seconds);
        assert_eq!(obtained(&host, &tokens, access(&own, &["a"])), Ok("first".to_owned()));
    }
    assert_eq!(calls(&host).len(), 2, "the second attempt follows after a pause");
    host.now = NOW + Duration::from_secs(3540);
    assert_eq!(obtained(&host, &tokens, access(&own, &["a"])), Err(TokenFailure));
    assert_eq!(calls(&host).len(), 3);
}

#[test]
fn workers_share_tokens() {
    let own = identity(None);
    let host = host().with_reply(200, &[], &token_response("shared", 3600));
    assert_eq!(obtained(&host, &Rc::default(), access(&own, &["a"])), Ok("shared".to_owned()));
    assert_eq!(obtained(&host, &Rc::default(), access(&own, &["a"])), Ok("shared".to_owned()));
    assert_eq!(calls(&host).len(), 1);
}

#[test]
fn failures_are_logged_without_the_token_and_only_the_first_rejection() {
    let account = identity(Some("proxy@p1"));
    let host = host()
        .with_reply(200, &[], &token_response("own", 3600))
        .with_reply(403, &[], r#"{"error":{"status":"PERMISSION_DENIED"}}"#)
        .with_reply(403, &[], "")
        .with_reply(200, &[], "<html>")
        .with_reply(503, &[], "");
    let tokens = Rc::new(Tokens::default());
    for _ in 0..5 {
        assert_eq!(obtained(&host, &tokens, access(&account, &["a"])), Err(TokenFailure));
    }
    assert_eq!(
        host.done.borrow().warnings,
        [
            "PERMISSION_DENIED: iamcredentials.googleapis.com rejected the request for a token of proxy@p1 with status 403",
            "no Google token of proxy@p1: the response of iamcredentials.googleapis.com contains no token",
            "no Google token of proxy@p1: iamcredentials.googleapis.com returned status 503",
            "no Google token of proxy@p1: iamcredentials.googleapis.com sent no response: Unreachable",
        ]
    );
}

/// A background whose calls wait until the test lets them continue.
#[derive(Clone)]
struct Slow {
    script: Script,
    tasks: Rc<RefCell<Vec<crate::flow::host::Task>>>,
    is_ready: Rc<Cell<bool>>,
}

impl Background for Slow {
    fn now(&self) -> Duration {
        NOW
    }

    async fn call(
        &self,
        call: &crate::flow::call::Call,
    ) -> Result<crate::flow::call::CallReply, crate::flow::call::CallFailure> {
        poll_fn(|_| if self.is_ready.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        self.script.call(call).await
    }

    fn send(&self, policy: PolicyId, call: &crate::flow::call::Call) -> Result<(), crate::flow::call::CallFailure> {
        self.script.send(policy, call)
    }

    fn detach(&self, task: crate::flow::host::Task) {
        self.tasks.borrow_mut().push(task);
    }

    fn shared(&self, _: &str) -> Option<bytes::Bytes> {
        None
    }

    fn share(&self, _: &str, _: &[u8]) {}

    fn shared_with_version(&self, _: &str) -> (Option<bytes::Bytes>, Option<u32>) {
        (None, None)
    }

    fn share_if(&self, _: &str, _: &[u8], _: Option<u32>) -> bool {
        true
    }

    fn random_number(&self) -> u64 {
        7
    }

    async fn sleep(&self, _: Duration) {}

    fn warn(&self, _: &str) {}
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn waiting_requests_share_one_fetch_even_when_the_first_ends() {
    let host = host().with_reply(200, &[], &token_response("one", 3600));
    let slow = Slow { script: host.background(), tasks: Rc::default(), is_ready: Rc::default() };
    let (own, tokens, count) = (identity(None), Rc::new(Tokens::default()), Arc::new(Count::default()));
    let waker = Waker::from(Arc::clone(&count));
    let mut context = Context::from_waker(&waker);
    let mut waiting: Vec<Pin<Box<_>>> =
        (0..3).map(|_| Box::pin(Rc::clone(&tokens).obtain(slow.clone(), access(&own, &["a"])))).collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(slow.tasks.borrow().len(), 1);
    drop(waiting.remove(0));
    slow.is_ready.set(true);
    let mut task = slow.tasks.borrow_mut().remove(0);
    assert!(task.as_mut().poll(&mut context).is_ready());
    assert!(count.0.load(Ordering::Relaxed) >= 2, "the waiting requests are woken");
    for mut future in waiting {
        let Poll::Ready(Ok(token)) = future.as_mut().poll(&mut context) else { panic!() };
        assert_eq!(token.text(), "one");
    }
}

#[test]
fn a_fetch_whose_task_ends_without_an_outcome_has_failed() {
    let host = host();
    let slow = Slow { script: host.background(), tasks: Rc::default(), is_ready: Rc::default() };
    let (own, tokens) = (identity(None), Rc::new(Tokens::default()));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        let mut waiting = Box::pin(Rc::clone(&tokens).obtain(slow.clone(), access(&own, &["a"])));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(slow.tasks.borrow_mut().pop().unwrap());
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(Err(TokenFailure))));
    }
}
