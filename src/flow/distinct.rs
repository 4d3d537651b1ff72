//! Distinct names of a list whose length a client can choose.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// Maximum length of a list that is searched linearly, which is faster than a hash and allocates nothing.
pub(in crate::flow) const LINEAR_SEARCH_MAX: usize = 16;

/// Distinct keys, each with its index in the order of addition.
///
/// The hash of a long list is seeded at random, so that a client cannot choose keys that collide.
#[derive(Debug)]
pub(super) struct Distinct<K> {
    keys: Vec<K>,
    /// The index of every key, when there are more than [`LINEAR_SEARCH_MAX`].
    indices: HashMap<K, usize>,
}

impl<K: Clone + Eq + Hash> Distinct<K> {
    /// No keys.
    pub(super) fn new() -> Distinct<K> {
        Distinct { keys: Vec::new(), indices: HashMap::new() }
    }

    /// The index of a key.
    pub(super) fn index(&self, key: &K) -> Option<usize> {
        if self.keys.len() <= LINEAR_SEARCH_MAX {
            return self.keys.iter().position(|known| known == key);
        }
        self.indices.get(key).copied()
    }

    /// Adds a key unless it exists. Returns its index.
    pub(super) fn add(&mut self, key: K) -> usize {
        self.index(&key).unwrap_or_else(|| self.push(key))
    }

    /// Adds a key unless it exists. Returns whether it is new.
    pub(super) fn insert(&mut self, key: K) -> bool {
        let is_new = self.index(&key).is_none();
        if is_new {
            self.push(key);
        }
        is_new
    }

    fn push(&mut self, key: K) -> usize {
        let index = self.keys.len();
        if index == LINEAR_SEARCH_MAX {
            self.indices = self.keys.iter().cloned().zip(0..).collect();
        }
        if index >= LINEAR_SEARCH_MAX {
            self.indices.insert(key.clone(), index);
        }
        self.keys.push(key);
        index
    }

    /// The keys in the order in which they were added.
    pub(super) fn into_keys(self) -> Vec<K> {
        self.keys
    }
}

/// The name of a header, compared without case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caseless<'a>(pub(super) &'a [u8]);

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Caseless<'_>) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Caseless<'_> {}

impl Hash for Caseless<'_> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        for byte in self.0 {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(b':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_the_same_in_short_and_long_lists() {
        for count in
            [0, 1, LINEAR_SEARCH_MAX - 1, LINEAR_SEARCH_MAX, LINEAR_SEARCH_MAX + 1, LINEAR_SEARCH_MAX + 2, 14_000]
        {
            let names: Vec<String> = (0..count).map(|number| format!("n{number}")).collect();
            let mut distinct = Distinct::new();
            for (index, name) in names.iter().enumerate() {
                assert_eq!(distinct.index(name), None, "{count} {name}");
                assert!(distinct.insert(name.clone()), "{count} {name}");
                assert_eq!(distinct.add(name.clone()), index, "{count} {name}");
            }
            for (index, name) in names.iter().enumerate() {
                assert!(!distinct.insert(name.clone()), "{count} {name}");
                assert_eq!(distinct.index(name), Some(index), "{count} {name}");
            }
            assert_eq!(distinct.into_keys(), names);
        }
    }

    #[test]
    fn header_names_have_no_case() {
        let names: Vec<String> = (0..100).map(|number| format!("X-{number}")).collect();
        let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let mut distinct = Distinct::new();
        assert!(names.iter().all(|name| distinct.insert(Caseless(name.as_bytes()))));
        assert!(!lower.iter().any(|name| distinct.insert(Caseless(name.as_bytes()))));
        assert_eq!(distinct.index(&Caseless(b"x-42")), Some(42));
    }
}
