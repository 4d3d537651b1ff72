//! A cache of compiled patterns and paths. They are arguments of every call and rarely change.

use std::rc::Rc;

/// Maximum number of results.
const MAX_ENTRIES: usize = 8;
/// Maximum length of a cached key in bytes. A client can choose the key.
const MAX_KEY_BYTES: usize = 4096;

/// The last results of a function of a text, the latest first.
#[derive(Debug)]
pub(super) struct Recent<T>(Vec<(String, Rc<T>)>);

impl<T> Recent<T> {
    /// Without results.
    pub(super) const fn new() -> Recent<T> {
        Recent(Vec::new())
    }

    /// The result for a key. It is computed if it is not in the cache.
    pub(super) fn get(&mut self, key: &str, make: impl FnOnce() -> T) -> Rc<T> {
        if key.len() > MAX_KEY_BYTES {
            return Rc::new(make());
        }
        let found = self.0.iter().position(|(known, _)| known == key).map(|index| self.0.remove(index));
        let entry = found.unwrap_or_else(|| (key.to_owned(), Rc::new(make())));
        let result = Rc::clone(&entry.1);
        self.0.insert(0, entry);
        self.0.truncate(MAX_ENTRIES);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_not_kept() {
        let mut recent = Recent::new();
        for (length, second) in [(MAX_KEY_BYTES, 1), (MAX_KEY_BYTES + 1, 2)] {
            let key = "k".repeat(length);
            assert_eq!(*recent.get(&key, || 1), 1);
            assert_eq!(*recent.get(&key, || 2), second);
        }
    }

    #[test]
    fn only_the_latest_results_are_kept() {
        let mut recent = Recent::new();
        let mut get = |key: &str, value: usize| *recent.get(key, || value);
        assert_eq!(get("a", 1), 1);
        assert_eq!(get("a", 2), 1);
        for number in 1..MAX_ENTRIES {
            get(&number.to_string(), number);
        }
        assert_eq!(get("a", 3), 1);
        for number in 0..MAX_ENTRIES {
            get(&format!("x{number}"), number);
        }
        assert_eq!(get("a", 4), 4);
    }
}
