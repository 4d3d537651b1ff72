//! The sets of keys that a worker fetched from URLs. All requests that wait for a set share one fetch.

use crate::flow::call::{Call, CallFailure, Outcome};
use crate::flow::headers::header_value;
use crate::flow::host::Background;
use crate::flow::shared_fetch::SharedFetch;
use crate::plan::{PolicyId, Server};
use crate::policy::jwt::JWKS_TIMEOUT;
use bytes::Bytes;
use bytestring::ByteString;
use envoy_callout_jose::Jwks;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// The time in which a set is not fetched again, as in Apigee.
const LIFETIME: Duration = Duration::from_secs(300);

/// The time in which a set is used when it cannot be fetched again.
const LIFETIME_WITHOUT_SERVER: Duration = Duration::from_secs(3600);

/// Minimum time between two fetches because of an unknown key, and between two fetches after a failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Maximum size of a set in bytes.
const MAX_BYTES: usize = 256 << 10;

/// Maximum number of remembered URLs. A URL can come from a request.
const MAX_URLS: usize = 100;

/// The sets of a worker by URL.
#[derive(Debug, Default)]
pub(in crate::flow) struct KeySets {
    by_url: RefCell<BTreeMap<ByteString, Entry>>,
}

/// The set of a URL, and its running fetch.
#[derive(Debug, Default)]
struct Entry {
    set: Option<Rc<Jwks>>,
    /// The time of the last successful fetch.
    fetched: Duration,
    /// The time from which an unknown key starts a fetch.
    refresh_from: Duration,
    /// The time from which a failed fetch is repeated.
    retry_from: Duration,
    fetch: Option<Rc<SharedFetch<()>>>,
}

/// The request for a set.
#[derive(Clone, Debug)]
pub(in crate::flow) struct SetRequest {
    /// The policy, for metrics.
    pub(in crate::flow) policy: PolicyId,
    /// The name of the policy, for the log.
    pub(in crate::flow) name: ByteString,
    /// The whole URL.
    pub(in crate::flow) url: ByteString,
    /// The server of the URL.
    pub(in crate::flow) server: Server,
    /// The path and query of the URL.
    pub(in crate::flow) path_and_query: ByteString,
}

impl Entry {
    /// The set, while it can be used.
    fn usable(&self, now: Duration) -> Option<Rc<Jwks>> {
        let end = self.fetched.saturating_add(LIFETIME_WITHOUT_SERVER);
        self.set.clone().filter(|_| now < end)
    }

    /// Whether the set has to be fetched for a key with this `kid`. Notes the fetch.
    fn needs_fetch(&mut self, now: Duration, id: &str) -> bool {
        let is_fresh = now < self.fetched.saturating_add(LIFETIME);
        match self.set.as_ref().filter(|_| is_fresh) {
            Some(set) if set.contains(id) => false,
            Some(_) => {
                let is_allowed = now >= self.refresh_from && now >= self.retry_from;
                if is_allowed {
                    self.refresh_from = now.saturating_add(PAUSE);
                }
                is_allowed
            }
            None => now >= self.retry_from,
        }
    }
}

impl KeySets {
    /// The set of a URL. It is fetched if it is too old or has no key with this `kid`. `None` when no set is available.
    /// With `waits` false, nothing is fetched.
    pub(in crate::flow) async fn obtain<B: Background>(
        self: Rc<Self>,
        background: B,
        request: SetRequest,
        id: &str,
        waits: bool,
    ) -> Option<Rc<Jwks>> {
        let url = request.url.clone();
        let now = background.now();
        if waits && let Some(fetch) = self.fetch(&background, request, id, now) {
            fetch.outcome().await;
        }
        self.by_url.try_borrow().ok()?.get(&url)?.usable(background.now())
    }

    /// The fetch to wait for, if the request needs one. Starts one if none is running.
    fn fetch<B: Background>(
        self: &Rc<Self>,
        background: &B,
        request: SetRequest,
        id: &str,
        now: Duration,
    ) -> Option<Rc<SharedFetch<()>>> {
        let fetch = {
            let mut entries = self.by_url.try_borrow_mut().ok()?;
            make_room(&mut entries, &request.url);
            let entry = entries.entry(request.url.clone()).or_default();
            let is_known = entry.usable(now).is_some_and(|set| set.contains(id));
            if let Some(running) = entry.fetch.as_ref().filter(|_| !is_known) {
                return Some(Rc::clone(running));
            }
            if entry.fetch.is_some() || !entry.needs_fetch(now, id) {
                return None;
            }
            let fetch = Rc::<SharedFetch<()>>::default();
            entry.fetch = Some(Rc::clone(&fetch));
            fetch
        };
        let running = RunningFetch {
            sets: Rc::clone(self),
            url: request.url.clone(),
            background: background.clone(),
            fetch: Rc::clone(&fetch),
        };
        background.detach(Box::pin(async move {
            let set = fetched(&running.background, &request).await;
            running.finish(set);
        }));
        Some(fetch)
    }

    /// Stores the outcome of a fetch and wakes the waiting requests.
    fn finish(&self, url: &ByteString, now: Duration, fetch: &SharedFetch<()>, set: Option<Jwks>) {
        if let Ok(mut entries) = self.by_url.try_borrow_mut()
            && let Some(entry) = entries.get_mut(url)
        {
            entry.fetch = None;
            match set {
                Some(set) => {
                    entry.set = Some(Rc::new(set));
                    entry.fetched = now;
                }
                None => entry.retry_from = now.saturating_add(PAUSE),
            }
        }
        fetch.finish(());
    }
}

/// A fetch that a task makes. When the task ends without an outcome, as after a panic in the native module, the fetch has
/// failed, so that no request waits for it.
struct RunningFetch<B: Background> {
    sets: Rc<KeySets>,
    url: ByteString,
    background: B,
    fetch: Rc<SharedFetch<()>>,
}

impl<B: Background> RunningFetch<B> {
    fn finish(&self, set: Option<Jwks>) {
        self.sets.finish(&self.url, self.background.now(), &self.fetch, set);
    }
}

impl<B: Background> Drop for RunningFetch<B> {
    fn drop(&mut self) {
        if !self.fetch.is_finished() {
            self.finish(None);
        }
    }
}

/// Removes the oldest set when a further URL does not fit.
fn make_room(entries: &mut BTreeMap<ByteString, Entry>, url: &ByteString) {
    if entries.len() < MAX_URLS || entries.contains_key(url) {
        return;
    }
    let idle = entries.iter().filter(|(_, entry)| entry.fetch.is_none());
    let oldest = idle.min_by_key(|(_, entry)| entry.fetched.max(entry.retry_from)).map(|(url, _)| url.clone());
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}

/// Fetches a set. The log contains the cause of a failure.
async fn fetched<B: Background>(background: &B, request: &SetRequest) -> Option<Jwks> {
    let Server { cluster, scheme, authority } = &request.server;
    let header = |name: &'static str, value: &str| (ByteString::from_static(name), header_value(value.into()));
    let call = Call {
        cluster: cluster.clone(),
        headers: vec![
            header(":method", "GET"),
            header(":scheme", scheme.as_str()),
            header(":authority", authority),
            header(":path", &request.path_and_query),
            header("accept", "application/json, application/jwk-set+json"),
        ],
        body: Bytes::new(),
        timeout: JWKS_TIMEOUT,
        max_response_bytes: MAX_BYTES,
    };
    let (outcome, problem) = match background.call_of(request.policy, &call).await {
        Ok(reply) if reply.status == 200 => match Jwks::parse(&reply.body) {
            Ok(set) => {
                background.count(request.policy, Outcome::Ok);
                return Some(set);
            }
            Err(_) => (Outcome::Fault, "the response is not a set of keys".to_owned()),
        },
        Ok(reply) => (Outcome::ErrorStatus, format!("the server returned status {}", reply.status)),
        Err(failure) => (failure.outcome(), unreachable(failure)),
    };
    background.count(request.policy, outcome);
    background.warn(&format!("VerifyJWT {}: the JWKS is not available: {problem}", request.name));
    None
}

fn unreachable(failure: CallFailure) -> String {
    format!("the server sent no response: {failure:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::host::Host as _;
    use crate::flow::scripted::Scripted;

    #[test]
    fn a_fetch_whose_task_ends_without_an_outcome_has_failed() {
        let (sets, fetch, url) =
            (Rc::new(KeySets::default()), Rc::<SharedFetch<()>>::default(), ByteString::from("https://a.test"));
        let entry = Entry { fetch: Some(Rc::clone(&fetch)), ..Entry::default() };
        sets.by_url.borrow_mut().insert(url.clone(), entry);
        let background = Scripted { now: Duration::from_secs(100), ..Scripted::default() }.background();
        drop(RunningFetch { sets: Rc::clone(&sets), url: url.clone(), background, fetch: Rc::clone(&fetch) });
        let entries = sets.by_url.borrow();
        assert!(fetch.is_finished() && entries[&url].fetch.is_none());
        assert_eq!(entries[&url].retry_from, Duration::from_secs(110));
    }

    #[test]
    fn the_oldest_set_makes_room_for_a_new_url() {
        let mut entries = BTreeMap::new();
        for number in 0..250 {
            let url = ByteString::from(format!("https://issuer.test/{number}"));
            make_room(&mut entries, &url);
            let fetched = Duration::from_secs(1000 - number);
            // The fetch of the last one is running.
            let fetch = (number == 99).then(Rc::default);
            entries.insert(url, Entry { fetched, fetch, ..Entry::default() });
            assert!(entries.len() <= MAX_URLS);
        }
        assert!(entries.contains_key("https://issuer.test/0") && entries.contains_key("https://issuer.test/99"));
        assert!(!entries.contains_key("https://issuer.test/200") && entries.contains_key("https://issuer.test/249"));
    }
}
