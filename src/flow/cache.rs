//! The caches of a worker (docs/apigee-semantics.md 12.2, docs/decisions/0007-caches.md).
//!
//! A worker keeps the entries that it used in its own memory, as values that a transaction uses without parsing. All
//! workers share the entries, so that a lookup that finds none in its own memory finds those of other workers.

mod entry;
mod fetches;
mod memory;
mod shared;

pub(super) use entry::Stored;
pub(super) use fetches::{Fetches, Leader, Role};

use crate::flow::host::Background;
use crate::plan::CacheSettings;
use bytes::Bytes;
use bytestring::ByteString;
use memory::Entries;
use shared::{Change, News, Position};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// An event of a cache policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheEvent {
    /// A lookup found an entry.
    Hit,
    /// A lookup found no entry.
    Miss,
    /// A lookup waited for the entry of another request.
    Wait,
    /// An entry was removed to make room for another one.
    Eviction,
}

/// Maximum length of a key in bytes (docs/apigee-semantics.md 12.2).
pub(super) const MAX_KEY_BYTES: usize = 2 << 10;

/// The caches of a worker. `Debug` prints no entry.
#[derive(Default)]
pub struct Cache {
    entries: RefCell<Entries>,
    position: Cell<Position>,
    /// The entries that requests fetch for others.
    pub(super) fetches: Rc<Fetches>,
}

/// A value is larger than the memory of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotCached;

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Cache {
    /// The value of a key, and the number of entries that were removed to keep it in the memory of this worker.
    pub(super) fn get<B: Background>(
        &self,
        background: &B,
        settings: &CacheSettings,
        key: &ByteString,
        now: Duration,
    ) -> (Option<Stored>, u32) {
        self.read_news(background, settings);
        let Ok(mut entries) = self.entries.try_borrow_mut() else { return (None, 0) };
        if let Some(value) = entries.get(key, now) {
            return (Some(value), 0);
        }
        let Some(found) = shared::get(background, settings, key, now) else { return (None, 0) };
        let Some(value) = found.stored() else { return (None, 0) };
        let bytes = memory::size(key, &found.value);
        let evicted = match bytes <= settings.max_bytes {
            true => entries.insert(&copy(key), value.clone(), bytes, found.expires, settings.max_bytes),
            false => 0,
        };
        (Some(value), evicted)
    }

    /// Stores a value for all workers. Returns the number of entries that were removed from the memory of this worker.
    ///
    /// # Errors
    /// The value does not fit.
    pub(super) fn put<B: Background>(
        &self,
        background: &B,
        settings: &CacheSettings,
        key: &ByteString,
        bytes: &Bytes,
        expires: Duration,
    ) -> Result<u32, NotCached> {
        let size = memory::size(key, bytes);
        if size > settings.max_bytes || key.len() > MAX_KEY_BYTES {
            return Err(NotCached);
        }
        let key = copy(key);
        let value = Stored::decode(bytes).ok_or(NotCached)?;
        let Ok(mut entries) = self.entries.try_borrow_mut() else { return Err(NotCached) };
        let evicted = entries.insert(&key, value, size, expires, settings.max_bytes);
        self.change(background, |position| shared::put(background, settings, position, &key, bytes, expires));
        Ok(evicted)
    }

    /// Removes the entry of a key for all workers.
    pub(super) fn remove<B: Background>(&self, background: &B, settings: &CacheSettings, key: &ByteString) {
        if let Ok(mut entries) = self.entries.try_borrow_mut() {
            entries.remove(key);
        }
        let key = copy(key);
        self.change(background, |position| shared::remove(background, settings, position, &key));
    }

    /// Removes the entry of a key and the entries below it for all workers: those whose keys continue with
    /// [`crate::policy::cache::KEY_SEPARATOR`].
    pub(super) fn purge<B: Background>(&self, background: &B, settings: &CacheSettings, key: &ByteString) {
        if let Ok(mut entries) = self.entries.try_borrow_mut() {
            entries.purge(key);
        }
        let key = copy(key);
        self.change(background, |position| shared::purge(background, settings, position, &key));
    }

    /// Changes the shared entries.
    fn change<B: Background>(&self, background: &B, act: impl FnOnce(&mut Position)) {
        let mut position = self.position.get();
        if position.worker == 0 {
            position.worker = background.random_number().max(1);
        }
        act(&mut position);
        self.position.set(position);
    }

    /// Removes the entries that other workers changed.
    fn read_news<B: Background>(&self, background: &B, settings: &CacheSettings) {
        let mut position = self.position.get();
        let news = shared::news(background, settings, &mut position);
        self.position.set(position);
        let Ok(mut entries) = self.entries.try_borrow_mut() else { return };
        match news {
            News::None => {}
            News::Unknown => entries.clear(),
            News::Changes(changes) => changes.iter().for_each(|change| match change {
                Change::Key(key) => entries.remove(key),
                Change::Prefix(prefix) => entries.purge(prefix),
            }),
        }
    }
}

/// A text of its own, which does not keep a body alive that the key can be a part of.
fn copy(key: &ByteString) -> ByteString {
    ByteString::from(key.to_string())
}

#[cfg(test)]
mod tests;
