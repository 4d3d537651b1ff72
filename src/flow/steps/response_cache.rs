//! ResponseCache at run time (docs/apigee-semantics.md 12.3).

mod coding;
mod condition;

use super::cache::EntryKey;
use crate::flow::cache::{CacheEvent, Stored};
use crate::flow::fault::Fault;
use crate::flow::headers::{has_prefix, text};
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId};
use crate::flow::transaction::{CachedResponse, Stage, Transaction};
use crate::flow::value::Value;
use crate::plan::{PolicyId, Step};
use crate::policy::condition::Condition;
use crate::policy::endpoint::{Endpoint, Flow};
use crate::policy::response_cache::ResponseCache;
use bytestring::ByteString;
use condition::Responder;
use std::ops::RangeInclusive;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The statuses that are not errors (docs/apigee-semantics.md 12.3).
const SUCCESS: RangeInclusive<u16> = 200..=205;

/// The statuses that depend on the conditions and ranges of one request. Such a response is not stored.
const DEPENDENT: [u16; 4] = [206, 304, 412, 416];

/// The headers of the client that `UseAcceptHeader` adds to the key.
const ACCEPT: [&str; 4] = ["accept", "accept-encoding", "accept-language", "accept-charset"];

impl<H: Host> Transaction<'_, H> {
    /// In a request flow, ends the flow with the stored response. In a response flow, stores the response.
    pub(super) fn response_cache(&mut self, id: PolicyId, policy: &ResponseCache) -> Result<(), Fault> {
        match self.stage {
            Stage::Request => self.look_up_response(id, policy),
            Stage::Response => self.store_response(id, policy),
            Stage::Error => {}
        }
        Ok(())
    }

    fn look_up_response(&mut self, id: PolicyId, policy: &ResponseCache) {
        let [cache_name, cache_key, cache_hit, invalid_entry] = &policy.variables;
        self.set(cache_name.clone(), Value::String(policy.key.cache.clone()));
        self.set(cache_hit.clone(), Value::Boolean(false));
        self.set(invalid_entry.clone(), Value::Boolean(false));
        let Some(key) = self.response_key(policy) else { return };
        self.set(cache_key.clone(), Value::String(key.shown.clone()));
        let request = self.message_named("request").and_then(|request| self.message(request));
        let is_stored = request.is_none_or(condition::is_storable);
        // The response is stored with this key, even when a later step changes the request.
        self.response_keys.push((id, is_stored.then(|| key.whole.clone())));
        if self.is_skipped(policy.skip_lookup.as_ref()) {
            return;
        }
        let stored = match self.cached(id, &key) {
            Some(Stored::Message(message)) if !message.is_request() => Some(message),
            Some(_) | None => None,
        };
        let stored = stored.filter(|stored| self.is_decodable(stored)).and_then(|stored| self.conditional(stored));
        let Some(response) = stored else { return self.host.count_cache(id, CacheEvent::Miss, 1) };
        self.host.count_cache(id, CacheEvent::Hit, 1);
        self.set(cache_hit.clone(), Value::Boolean(true));
        self.put_message(ByteString::from_static("response"), response);
        self.cached_response = Some(CachedResponse { policy: id, is_skipping: false });
    }

    /// Whether the client accepts the content codings of a stored response.
    fn is_decodable(&mut self, stored: &Message) -> bool {
        self.client_request().is_none_or(|client| coding::is_accepted(&client.headers, &stored.headers))
    }

    /// The response to the client's conditional request. `None` when the target responds.
    fn conditional(&mut self, stored: Message) -> Option<Message> {
        let request = self.message_named("request").and_then(|request| self.message(request));
        let Some(request) = request else { return Some(stored) };
        match condition::responder(request, &stored) {
            Responder::Stored => Some(stored),
            Responder::NotModified => Some(condition::not_modified(&stored)),
            Responder::Target => None,
        }
    }

    fn response_key(&mut self, policy: &ResponseCache) -> Option<EntryKey> {
        let mut accepted = Vec::new();
        if let Some(request) = self.client_request().filter(|_| policy.uses_accept) {
            accepted.extend(ACCEPT.iter().map(|name| request.headers.joined(name)));
        }
        self.entry_key(&policy.key, &accepted)
    }

    fn is_skipped(&mut self, condition: Option<&Condition>) -> bool {
        condition.is_some() && self.is_true(condition)
    }

    fn store_response(&mut self, id: PolicyId, policy: &ResponseCache) {
        let known = self.response_keys.iter().find(|(known, _)| *known == id).map(|(_, key)| key.clone());
        let key = known.unwrap_or_else(|| self.response_key(policy).map(|key| key.whole));
        let Some(key) = key else { return };
        if self.is_skipped(policy.skip_population.as_ref()) {
            return;
        }
        let Some(response) = self.message_named("response") else { return };
        let Some(mut expires) = self.expires(&policy.expiry) else { return };
        let now = self.host.now();
        let Some(message) = self.message(response) else { return };
        let status = message.as_response().map_or(0, |line| line.status);
        if DEPENDENT.contains(&status) || (policy.excludes_errors && !SUCCESS.contains(&status)) {
            return;
        }
        if policy.uses_response_headers {
            match freshness(message, now) {
                Freshness::Unlimited => {}
                Freshness::Until(time) => expires = expires.min(time),
                Freshness::NotStored => return,
            }
        }
        if expires > now {
            self.put_response(id, &key, response, expires);
        }
    }

    fn put_response(&mut self, id: PolicyId, key: &ByteString, response: MessageId, expires: Duration) {
        let Some(mut message) = self.message(response).cloned() else { return };
        // Envoy adds these headers to each response.
        message.headers.retain(|name| !has_prefix(name, b"x-envoy-"));
        if Stored::message_size(&message) > self.max_result_bytes() {
            return;
        }
        let bytes = Stored::encode_message(&message);
        match self.worker.cache.put(&self.host.background(), &self.plan.cache, key, &bytes, expires) {
            Ok(evicted) => self.count_evictions(id, evicted),
            // The client gets the response all the same.
            Err(_) => log::debug!("callout: a response is too large for the cache"),
        }
    }

    /// Whether a step does not run because the response comes from a cache: the remaining steps of the request flow, and
    /// the steps of the response flow up to the ResponseCache.
    pub(super) fn is_left_out(&mut self, step: &Step) -> bool {
        let Some(cached) = &mut self.cached_response else { return false };
        match self.stage {
            Stage::Request => true,
            Stage::Response if cached.is_skipping => {
                cached.is_skipping = step.policy != cached.policy;
                true
            }
            Stage::Response | Stage::Error => false,
        }
    }
}

/// Whether a response flow of an endpoint contains a policy.
pub(in crate::flow) fn has_response_step(endpoint: &Endpoint<Step>, policy: PolicyId) -> bool {
    let has_step = |flow: &Flow<Step>| flow.response.iter().any(|step| step.policy == policy);
    endpoint.all_flows().any(has_step)
}

/// The time that the headers of a response allow.
#[derive(Debug, PartialEq)]
enum Freshness {
    Unlimited,
    Until(Duration),
    NotStored,
}

/// `s-maxage`, or else `max-age`, or else `Expires`.
fn freshness(response: &Message, now: Duration) -> Freshness {
    let directives = response.headers.values("cache-control");
    let directives = || directives.iter().map(|directive| directive.trim().to_ascii_lowercase());
    // `[inferred]` that these responses are not stored: the filter cannot ask the target again.
    let name = |directive: &str| directive.split('=').next().unwrap_or_default().trim().to_owned();
    if directives().any(|directive| matches!(&*name(&directive), "no-cache" | "no-store" | "private")) {
        return Freshness::NotStored;
    }
    let seconds = |name: &str| {
        directives().find_map(|directive| {
            let (found, value) = directive.split_once('=')?;
            (found.trim() == name).then(|| value.trim().trim_matches('"').parse::<u64>().ok())
        })
    };
    let lifetime = seconds("s-maxage").or_else(|| seconds("max-age"));
    if let Some(Some(seconds)) = lifetime {
        return Freshness::Until(now.saturating_add(Duration::from_secs(seconds)));
    }
    match response.headers.first_line("expires") {
        Some(date) => {
            let date = OffsetDateTime::parse(&text(date), &Rfc2822).ok().map(OffsetDateTime::unix_timestamp);
            let seconds = date.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
            Freshness::Until(Duration::from_secs(seconds))
        }
        // A lifetime that cannot be read has ended.
        None if lifetime.is_some() => Freshness::Until(now),
        None => Freshness::Unlimited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn headers_limit_the_lifetime() {
        let now = Duration::from_secs(1_000_000_000);
        let until = |seconds: u64| Freshness::Until(Duration::from_secs(seconds));
        let cases = [
            (vec![], Freshness::Unlimited),
            (vec![("cache-control", "public")], Freshness::Unlimited),
            (vec![("cache-control", "Max-Age=60")], until(1_000_000_060)),
            (vec![("cache-control", "max-age=-1")], until(1_000_000_000)),
            (vec![("cache-control", "private=\"set-cookie\"")], Freshness::NotStored),
            (vec![("cache-control", "max-age=60, s-maxage=5")], until(1_000_000_005)),
            (vec![("cache-control", "max-age=60"), ("cache-control", "no-store")], Freshness::NotStored),
            (vec![("cache-control", "private, max-age=60")], Freshness::NotStored),
            (
                vec![("cache-control", "max-age=soon"), ("expires", "Sun, 09 Sep 2001 01:47:00 GMT")],
                until(1_000_000_020),
            ),
            (vec![("cache-control", "max-age=1"), ("expires", "Sun, 09 Sep 2001 01:47:00 GMT")], until(1_000_000_001)),
            (vec![("expires", "0")], until(0)),
        ];
        for (headers, expected) in cases {
            let mut response = Message::response();
            headers.iter().for_each(|(name, value)| response.headers.add(name, Bytes::from_static(value.as_bytes())));
            assert_eq!(freshness(&response, now), expected, "{headers:?}");
        }
    }
}
