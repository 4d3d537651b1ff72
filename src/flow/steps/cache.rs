//! The keys and the expiry of cache policies at run time (docs/apigee-semantics.md 12.2).

use crate::flow::cache::{CacheEvent, MAX_KEY_BYTES, Stored};
use crate::flow::host::Host;
use crate::flow::message::Message;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::{Constant, PolicyId};
use crate::policy::cache::{CacheKey, Expiry, KEY_SEPARATOR, Scope, date, seconds_of_day};
use crate::policy::text_or_variable::TextOrVariable;
use bytes::Bytes;
use bytestring::ByteString;
use std::time::Duration;

/// The lifetime of an entry without a usable expiry. `[inferred]`
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest lifetime of an entry: 30 days.
const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Seconds in a day.
const DAY: u64 = 24 * 60 * 60;

/// The key of an entry at run time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EntryKey {
    /// The key of the memory: the name of the cache, a number of the configuration when the proxy has no name, and the
    /// parts with their lengths.
    pub(super) whole: ByteString,
    /// The value of `cachekey`.
    pub(super) shown: ByteString,
}

impl<H: Host> Transaction<'_, H> {
    /// The key of an entry: the prefix or the scope, and the fragments that resolve. `None` when it is too long.
    pub(super) fn entry_key(&mut self, key: &CacheKey, suffix: &[Option<ByteString>]) -> Option<EntryKey> {
        let mut text = KeyText::new(&self.plan.cache.namespace, &key.cache);
        self.write_prefix(key, &mut text)?;
        text.end_prefix();
        for fragment in &key.fragments {
            let fragment = self.text_of(fragment);
            text.add(fragment.as_deref())?;
        }
        for part in suffix {
            text.add(part.as_deref())?;
        }
        Some(text.finish())
    }

    /// The start of the keys with the prefix or the scope of a key. `None` when its `Prefix` does not resolve: its scope
    /// contains entries of other prefixes.
    pub(super) fn prefix_key(&mut self, key: &CacheKey) -> Option<EntryKey> {
        if let Some(prefix) = &key.prefix {
            self.text_of(prefix)?;
        }
        let mut text = KeyText::new(&self.plan.cache.namespace, &key.cache);
        self.write_prefix(key, &mut text)?;
        Some(text.finish())
    }

    fn write_prefix(&mut self, key: &CacheKey, text: &mut KeyText) -> Option<()> {
        if let Some(prefix) = key.prefix.as_ref().and_then(|prefix| self.text_of(prefix)) {
            text.start_named_prefix();
            return text.add(Some(&prefix));
        }
        let plan = self.plan;
        let constant = |name: &str| plan.constants.get(name).and_then(Constant::as_text).map(|text| &**text);
        text.add(constant("organization.name"))?;
        text.add(constant("environment.name"))?;
        if key.scope == Scope::Global {
            return Some(());
        }
        let api_proxy = self.context_name(key.context.api_proxy.as_ref());
        text.add(api_proxy.as_deref().or_else(|| constant("apiproxy.name")))?;
        if key.scope == Scope::Application {
            return Some(());
        }
        text.add(constant("apiproxy.revision"))?;
        let target = self.context_name(key.context.target.as_ref());
        let of_flow = self.target_endpoint.map(|target| target.endpoint.name.as_str());
        let chosen = self.target.clone();
        let target = target.as_deref().or(of_flow).or(chosen.as_deref().filter(|_| key.scope == Scope::Target));
        let endpoint = match (key.scope, target) {
            (Scope::Target, target) => target,
            (Scope::Exclusive, Some(target)) => Some(target),
            _ => {
                let proxy = self.context_name(key.context.proxy.as_ref());
                return text.add(proxy.as_deref().or(Some(plan.proxy.name.as_str())));
            }
        };
        text.add(endpoint)
    }

    fn context_name(&mut self, name: Option<&TextOrVariable>) -> Option<ByteString> {
        name.and_then(|name| self.text_of(name))
    }

    /// The time since the Unix epoch when an entry expires. `None` when it is in the past.
    pub(super) fn expires(&mut self, expiry: &Expiry) -> Option<Duration> {
        let now = self.host.now();
        let latest = now.saturating_add(MAX_TIMEOUT);
        let timeout =
            expiry.timeout.as_ref().and_then(|value| self.text_or_literal(value, |text| text.parse::<i64>().ok()));
        if let Some(seconds) = timeout {
            // A number that is not positive means the longest lifetime. `[inferred]`
            let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
            return Some(
                seconds.map_or(latest, |seconds| now.saturating_add(Duration::from_secs(seconds)).min(latest)),
            );
        }
        let time = expiry.time_of_day.as_ref().and_then(|value| self.text_or_literal(value, seconds_of_day));
        let date = expiry.date.as_ref().and_then(|value| self.text_or_literal(value, date));
        let expires = match (date, time) {
            (Some(date), time) => {
                Duration::from_secs(u64::try_from(date).unwrap_or_default().saturating_add(time.unwrap_or_default()))
            }
            (None, Some(time)) => {
                let today = now.as_secs().checked_div(DAY).unwrap_or_default().saturating_mul(DAY);
                let today = Duration::from_secs(today.saturating_add(time));
                if today > now { today } else { today.saturating_add(Duration::from_secs(DAY)) }
            }
            (None, None) => now.saturating_add(DEFAULT_TIMEOUT),
        };
        Some(expires.min(latest)).filter(|expires| *expires > now)
    }

    /// The value of a variable if it can be read, otherwise that of the text.
    fn text_or_literal<T>(&mut self, value: &TextOrVariable, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let named = value.reference.as_ref().and_then(|reference| self.text(reference));
        named.and_then(|text| read(text.trim())).or_else(|| read(value.text.as_ref()?))
    }

    /// The bytes of a value, if they fit into the memory left.
    pub(super) fn encoded(&self, value: &Value) -> Option<Bytes> {
        match value {
            Value::Message(id) => {
                let message = self.message(*id)?;
                self.check_memory(Stored::message_size(message)).ok()?;
                Some(Stored::encode_message(message))
            }
            value => {
                self.check_memory(value.size()).ok()?;
                Stored::encode_value(value)
            }
        }
    }

    /// The stored value of a key.
    pub(super) fn cached(&self, policy: PolicyId, key: &EntryKey) -> Option<Stored> {
        let background = self.host.background();
        let (found, evicted) = self.worker.cache.get(&background, &self.plan.cache, &key.whole, self.host.now());
        self.count_evictions(policy, evicted);
        found
    }

    pub(super) fn count_evictions(&self, policy: PolicyId, evicted: u32) {
        if evicted > 0 {
            self.host.count_cache(policy, CacheEvent::Eviction, evicted);
        }
    }

    /// Adds a stored message to the transaction.
    pub(super) fn add_stored(&mut self, message: Message) -> Value {
        Value::Message(self.add_message(message))
    }
}

/// The texts of a key.
///
/// The shown text joins the parts as Apigee does, so different parts can have the same text. A client can choose parts, so
/// the text that finds the entry contains the length of each part.
struct KeyText {
    whole: String,
    shown: String,
}

impl KeyText {
    fn new(namespace: &str, cache: &str) -> KeyText {
        let mut whole = String::with_capacity(128);
        for part in [namespace, "\n", cache, "\n"] {
            whole.push_str(part);
        }
        KeyText { whole, shown: String::with_capacity(64) }
    }

    /// Marks that the next part is a `Prefix` and not the name of a scope.
    fn start_named_prefix(&mut self) {
        self.whole.push('p');
    }

    /// Marks the end of the prefix or the scope.
    fn end_prefix(&mut self) {
        self.whole.push('|');
    }

    /// Adds a part, which may be absent. `None` when the key is too long.
    fn add(&mut self, part: Option<&str>) -> Option<()> {
        let Some(part) = part else {
            self.whole.push_str("-;");
            return Some(());
        };
        if self.whole.len().saturating_add(part.len()) > MAX_KEY_BYTES {
            return None;
        }
        push_number(&mut self.whole, part.len());
        for text in [":", part, ";"] {
            self.whole.push_str(text);
        }
        if !part.is_empty() {
            if !self.shown.is_empty() {
                self.shown.push_str(KEY_SEPARATOR);
            }
            self.shown.push_str(part);
        }
        Some(())
    }

    fn finish(self) -> EntryKey {
        EntryKey { whole: self.whole.into(), shown: self.shown.into() }
    }
}

/// Adds a number below 10,000 in decimal, which every length of a part is. A format takes more instructions.
fn push_number(text: &mut String, number: usize) {
    let mut is_leading = true;
    for divisor in [1000, 100, 10, 1] {
        let digit = number.checked_div(divisor).unwrap_or_default() % 10;
        is_leading &= digit == 0 && divisor > 1;
        if !is_leading {
            text.extend(char::from_digit(digit as u32, 10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 99, 100, 105, 999, 1000, MAX_KEY_BYTES] {
            let mut text = String::new();
            push_number(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }
}
