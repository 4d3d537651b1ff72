//! The entries in the memory of a worker. The least recently used entries are removed when their memory is full
//! (docs/decisions/0007-caches.md).

use super::entry::Stored;
use bytes::Bytes;
use bytestring::ByteString;
use std::collections::BTreeMap;
use std::time::Duration;

/// Approximate memory of an entry without its key and its value in bytes.
const ENTRY_BYTES: usize = 256;

/// The memory of an entry in bytes.
pub(super) fn size(key: &str, value: &Bytes) -> usize {
    // Headers have an index, which takes as much memory as their texts.
    key.len().saturating_add(value.len()).saturating_add(ENTRY_BYTES)
}

/// Entries by key, and their keys by the order of their last use.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_key: BTreeMap<ByteString, Entry>,
    by_use: BTreeMap<u64, ByteString>,
    /// The number of the latest use.
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    value: Stored,
    /// The time since the Unix epoch at which it is no longer valid.
    expires: Duration,
    bytes: usize,
    /// The number of its last use.
    used: u64,
}

impl Entries {
    /// The value of a key that has not expired.
    pub(super) fn get(&mut self, key: &str, now: Duration) -> Option<Stored> {
        let entry = self.by_key.get_mut(key)?;
        if entry.expires <= now {
            self.remove(key);
            return None;
        }
        if entry.used != self.uses {
            self.uses = self.uses.saturating_add(1);
            let used = std::mem::replace(&mut entry.used, self.uses);
            if let Some(key) = self.by_use.remove(&used) {
                self.by_use.insert(self.uses, key);
            }
        }
        Some(entry.value.clone())
    }

    /// Stores a value of at most `max_bytes`. Returns the number of other entries that were removed for it.
    pub(super) fn insert(
        &mut self,
        key: &ByteString,
        value: Stored,
        bytes: usize,
        expires: Duration,
        max_bytes: usize,
    ) -> u32 {
        self.remove(key);
        let mut evicted = 0_u32;
        while self.bytes.saturating_add(bytes) > max_bytes {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some(entry) = self.by_key.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
                evicted = evicted.saturating_add(1);
            }
        }
        self.uses = self.uses.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.by_use.insert(self.uses, key.clone());
        self.by_key.insert(key.clone(), Entry { value, expires, bytes, used: self.uses });
        evicted
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    /// Removes the entries whose keys start with a prefix.
    pub(super) fn purge(&mut self, prefix: &str) {
        let after = self.by_key.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        let keys: Vec<ByteString> =
            after.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned().collect();
        keys.iter().for_each(|key| self.remove(key));
    }

    pub(super) fn clear(&mut self) {
        *self = Entries { uses: self.uses, ..Entries::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::value::Value;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn text(text: &str) -> Stored {
        Stored::Value(Value::text(text))
    }

    fn insert(entries: &mut Entries, key: &str, bytes: usize) -> u32 {
        entries.insert(&key.into(), text(key), bytes, at(10), 100)
    }

    fn keys(entries: &Entries) -> Vec<&str> {
        assert_eq!(entries.by_key.len(), entries.by_use.len());
        assert_eq!(entries.by_key.values().map(|entry| entry.bytes).sum::<usize>(), entries.bytes);
        entries.by_key.keys().map(|key| &**key).collect()
    }

    #[test]
    fn the_least_recently_used_entries_go_first() {
        let mut entries = Entries::default();
        assert_eq!(
            [insert(&mut entries, "a", 40), insert(&mut entries, "b", 40), insert(&mut entries, "c", 20)],
            [0; 3]
        );
        assert_eq!(entries.get("a", at(1)), Some(text("a")));
        assert_eq!(entries.get("a", at(1)), Some(text("a")));
        assert_eq!(insert(&mut entries, "d", 30), 1);
        assert_eq!(keys(&entries), ["a", "c", "d"]);
        assert_eq!(insert(&mut entries, "e", 100), 3);
        assert_eq!(keys(&entries), ["e"]);
        assert_eq!(insert(&mut entries, "e", 10), 0);
        assert_eq!(entries.bytes, 10);
    }

    #[test]
    fn entries_expire() {
        let mut entries = Entries::default();
        insert(&mut entries, "a", 1);
        assert_eq!(entries.get("a", at(9)), Some(text("a")));
        assert_eq!(entries.get("a", at(10)), None);
        assert!(keys(&entries).is_empty());
    }

    #[test]
    fn a_prefix_is_purged() {
        let mut entries = Entries::default();
        ["a", "p", "p__1", "p__2", "q"].iter().for_each(|key| assert_eq!(insert(&mut entries, key, 1), 0));
        entries.purge("p__");
        assert_eq!(keys(&entries), ["a", "p", "q"]);
        entries.clear();
        assert!(keys(&entries).is_empty());
    }
}
