//! The changes of key value maps in the memory of a worker.

use bytestring::ByteString;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Maximum memory of the changes in bytes. Keys and values can come from requests.
const MAX_BYTES: usize = 1 << 20;

/// Approximate memory of a change without its texts in bytes.
const CHANGE_BYTES: usize = 200;

/// The values of a key.
pub(super) type Values = Rc<[ByteString]>;

/// The changes that policies made to maps.
#[derive(Debug, Default)]
pub(super) struct MapChanges {
    changed: RefCell<Changed>,
}

#[derive(Debug, Default)]
struct Changed {
    by_key: BTreeMap<(ByteString, ByteString), Change>,
    bytes: usize,
}

/// A changed key.
#[derive(Debug)]
struct Change {
    /// The new values. `None` after a deletion.
    values: Option<Values>,
    /// The time since the Unix epoch after which the change has no effect.
    expires: Option<Duration>,
    /// Its memory.
    bytes: usize,
}

/// The changes use all memory that is allowed for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MapsAreFull;

impl MapChanges {
    /// The changed values of a key: `None` when it did not change, `Some(None)` after a deletion.
    pub(super) fn get(&self, map: &ByteString, key: &ByteString, now: Duration) -> Option<Option<Values>> {
        let changed = self.changed.try_borrow().ok()?;
        if changed.by_key.is_empty() {
            return None;
        }
        let change = changed.by_key.get(&(map.clone(), key.clone())).filter(|change| change.is_live(now))?;
        Some(change.values.clone())
    }

    /// Changes the values of a key. `None` deletes it.
    ///
    /// # Errors
    /// The changes use all memory.
    pub(super) fn set(
        &self,
        map: &str,
        key: &str,
        values: Option<Vec<ByteString>>,
        expires: Option<Duration>,
        now: Duration,
    ) -> Result<(), MapsAreFull> {
        let Ok(mut changed) = self.changed.try_borrow_mut() else { return Err(MapsAreFull) };
        // A copy does not keep the body alive that the text can be a part of.
        let copy = |text: &str| ByteString::from(text.to_owned());
        let texts = values.iter().flatten().fold(map.len().saturating_add(key.len()), |sum, value| {
            sum.saturating_add(value.len()).saturating_add(size_of::<ByteString>())
        });
        let bytes = texts.saturating_add(CHANGE_BYTES);
        let id = (copy(map), copy(key));
        // A change that does not fit keeps the earlier one.
        let fits = |changed: &Changed| {
            let earlier = changed.by_key.get(&id).map_or(0, |change| change.bytes);
            changed.bytes.saturating_sub(earlier).saturating_add(bytes) <= MAX_BYTES
        };
        if !fits(&changed) {
            changed.drop_expired(now);
            if !fits(&changed) {
                return Err(MapsAreFull);
            }
        }
        changed.remove(&id);
        let values = values.map(|values| values.iter().map(|value| copy(value)).collect());
        changed.bytes = changed.bytes.saturating_add(bytes);
        changed.by_key.insert(id, Change { values, expires, bytes });
        Ok(())
    }

    /// Removes the change of a key, so that the configured values apply again.
    pub(super) fn forget(&self, map: &ByteString, key: &ByteString) {
        if let Ok(mut changed) = self.changed.try_borrow_mut() {
            changed.remove(&(map.clone(), key.clone()));
        }
    }
}

impl Changed {
    fn remove(&mut self, id: &(ByteString, ByteString)) {
        if let Some(change) = self.by_key.remove(id) {
            self.bytes = self.bytes.saturating_sub(change.bytes);
        }
    }

    fn drop_expired(&mut self, now: Duration) {
        self.by_key.retain(|_, change| change.is_live(now));
        self.bytes = self.by_key.values().fold(0, |sum, change| sum.saturating_add(change.bytes));
    }
}

impl Change {
    fn is_live(&self, now: Duration) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn changes_expire() {
        let changes = MapChanges::default();
        let (map, key) = ("m".into(), "k".into());
        assert_eq!(changes.get(&map, &key, at(0)), None);
        changes.set("m", "k", Some(vec!["1".into()]), Some(at(5)), at(0)).unwrap();
        assert_eq!(changes.get(&map, &key, at(4)), Some(Some(Rc::from(["1".into()]))));
        assert_eq!(changes.get(&map, &key, at(5)), None);
        changes.set("m", "k", None, None, at(6)).unwrap();
        assert_eq!(changes.get(&map, &key, at(9)), Some(None));
    }

    #[test]
    fn the_memory_of_changes_is_limited() {
        let changes = MapChanges::default();
        let value = "x".repeat(1000);
        let set = |index: usize, now: u64, expires: Option<u64>| {
            changes.set("m", &index.to_string(), Some(vec![value.as_str().into()]), expires.map(at), at(now))
        };
        let stored = (0..2000).take_while(|index| set(*index, 0, Some(9)).is_ok()).count();
        assert_eq!(stored, MAX_BYTES / (1000 + size_of::<ByteString>() + CHANGE_BYTES + 4));
        assert_eq!(set(5000, 8, None), Err(MapsAreFull));
        let longer = Some(vec!["y".repeat(2000).into()]);
        assert_eq!(changes.set("m", "0", longer, None, at(8)), Err(MapsAreFull));
        let earlier = changes.get(&"m".into(), &"0".into(), at(8)).flatten();
        assert_eq!(earlier.as_deref(), Some(&[value.as_str().into()][..]));
        assert_eq!(set(5000, 9, None), Ok(()));
        assert_eq!(changes.changed.borrow().by_key.len(), 1);
    }
}
