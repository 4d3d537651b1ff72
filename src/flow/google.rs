//! Google tokens (docs/apigee-semantics.md 2.12). Each worker has a cache and shares its tokens with other workers. All
//! requests that wait for a token share one fetch.

mod fetch;
mod request;
mod response;
mod send;
mod token;

pub(in crate::flow) use request::{TokenKind, TokenRequest};
pub use send::AuthorizedSend;
pub(in crate::flow) use token::Token;

use crate::flow::host::Background;
use crate::flow::shared_fetch::SharedFetch;
use bytestring::ByteString;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Maximum number of cached tokens, because an audience can come from a request.
const MAX_TOKENS: usize = 1000;

/// The tokens of a worker. `Debug` prints no token.
#[derive(Default)]
pub(in crate::flow) struct Tokens {
    by_request: RefCell<BTreeMap<ByteString, CachedToken>>,
    /// Whether a rejection was logged.
    has_logged_rejection: Cell<bool>,
}

/// The cached token of one request, and its running fetch.
#[derive(Default)]
struct CachedToken {
    token: Option<Token>,
    fetch: Option<Rc<Fetch>>,
}

/// The running fetch of a token.
type Fetch = SharedFetch<Result<Token, TokenFailure>>;

/// No token can be obtained. The reason is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) struct TokenFailure;

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Returns a token from the cache or fetches it. A fetch continues when the request that started it ends, because
    /// others can wait for it. A cached token is replaced before it expires, while requests still use it.
    ///
    /// # Errors
    /// The fetch failed.
    pub(in crate::flow) async fn obtain<B: Background>(
        self: Rc<Self>,
        background: B,
        request: TokenRequest,
    ) -> Result<Token, TokenFailure> {
        let key = request.key();
        let now = background.now();
        if let Some(token) = self.cached(&key, &background, now) {
            if token.is_due(now) {
                self.fetch(&key, &background, request);
            }
            return Ok(token);
        }
        self.fetch(&key, &background, request).outcome().await
    }

    /// A usable token of this worker or of another one.
    fn cached<B: Background>(&self, key: &ByteString, background: &B, now: Duration) -> Option<Token> {
        let mut entries = self.by_request.try_borrow_mut().ok()?;
        let own = entries.get(key).and_then(|entry| entry.token.clone()).filter(|token| token.is_usable(now));
        if own.as_ref().is_some_and(|token| !token.is_due(now)) {
            return own;
        }
        // Another worker can have a newer token.
        let shared = background.shared(&shared_key(key)).and_then(|bytes| Token::from_shared(&bytes));
        let shared = shared.filter(|token| token.is_usable(now) && own.as_ref().is_none_or(|own| token.outlives(own)));
        let Some(token) = shared else { return own };
        if let Some(entry) = entry_for(&mut entries, key, now) {
            entry.token = Some(token.clone());
        }
        Some(token)
    }

    /// The running fetch of a token. Starts one if none is running.
    fn fetch<B: Background>(self: &Rc<Self>, key: &ByteString, background: &B, request: TokenRequest) -> Rc<Fetch> {
        let fetch = Rc::new(Fetch::default());
        if let Ok(mut entries) = self.by_request.try_borrow_mut() {
            let entry = entries.entry(key.clone()).or_default();
            if let Some(running) = &entry.fetch {
                return Rc::clone(running);
            }
            entry.fetch = Some(Rc::clone(&fetch));
        }
        let running = RunningFetch {
            tokens: Rc::clone(self),
            key: key.clone(),
            background: background.clone(),
            fetch: Rc::clone(&fetch),
        };
        background.detach(Box::pin(async move {
            let outcome = fetch::token(&running.tokens, &running.background, &request).await;
            running.finish(outcome);
        }));
        fetch
    }

    /// Stores the outcome of a fetch and wakes the waiting requests.
    fn finish<B: Background>(
        &self,
        key: &ByteString,
        background: &B,
        fetch: &Fetch,
        outcome: Result<Token, TokenFailure>,
    ) {
        let now = background.now();
        if let Ok(mut entries) = self.by_request.try_borrow_mut() {
            if let Some(entry) = entries.get_mut(key) {
                entry.fetch = None;
                // A failed replacement leaves the current token in use and is repeated after a pause.
                if let (Err(TokenFailure), Some(token)) = (&outcome, &mut entry.token) {
                    token.put_off(now);
                }
                if entry.token.is_none() {
                    entries.remove(key);
                }
            }
            if let Some(token) = outcome.as_ref().ok().filter(|token| token.is_usable(now))
                && let Some(entry) = entry_for(&mut entries, key, now)
            {
                let mut token = token.clone();
                // The metadata server returns the same token until it expires.
                if token.is_due(now) {
                    token.put_off(now);
                }
                background.share(&shared_key(key), &token.to_shared());
                entry.token = Some(token);
            }
        }
        fetch.finish(outcome);
    }

    /// Whether this rejection is logged. Only the first one is.
    fn logs_rejection(&self) -> bool {
        !self.has_logged_rejection.replace(true)
    }
}

/// A fetch that a task makes. When the task ends without an outcome, as after a panic in the native module, the fetch has
/// failed, so that no request waits for it.
struct RunningFetch<B: Background> {
    tokens: Rc<Tokens>,
    key: ByteString,
    background: B,
    fetch: Rc<Fetch>,
}

impl<B: Background> RunningFetch<B> {
    fn finish(&self, outcome: Result<Token, TokenFailure>) {
        self.tokens.finish(&self.key, &self.background, &self.fetch, outcome);
    }
}

impl<B: Background> Drop for RunningFetch<B> {
    fn drop(&mut self) {
        if !self.fetch.is_finished() {
            self.finish(Err(TokenFailure));
        }
    }
}

/// The cache entry of a token; `None` when the cache is full.
fn entry_for<'e>(
    entries: &'e mut BTreeMap<ByteString, CachedToken>,
    key: &ByteString,
    now: Duration,
) -> Option<&'e mut CachedToken> {
    if entries.len() >= MAX_TOKENS && !entries.contains_key(key) {
        entries.retain(|_, entry| entry.fetch.is_some() || entry.token.as_ref().is_some_and(|t| t.is_usable(now)));
        if entries.len() >= MAX_TOKENS {
            return None;
        }
    }
    Some(entries.entry(key.clone()).or_default())
}

fn shared_key(key: &str) -> String {
    format!("callout.token.{key}")
}

#[cfg(test)]
mod tests;
