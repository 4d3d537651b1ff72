//! Several workers over the same shared data.

use super::*;
use crate::flow::host::Host as _;
use crate::flow::scripted::{Script, Scripted};
use crate::flow::value::Value;
use std::rc::Rc;

const MAX_BYTES: usize = 4000;

/// A worker with its background.
struct Worker {
    cache: Cache,
    background: Script,
    settings: CacheSettings,
}

impl Worker {
    fn get(&self, key: &str, now: u64) -> Option<String> {
        let (found, _) =
            self.cache.get(&self.background, &self.settings, &key.to_owned().into(), Duration::from_secs(now));
        found.map(|value| match value {
            Stored::Value(value) => value.render().unwrap().to_string(),
            Stored::Message(_) => panic!(),
        })
    }

    fn put(&self, key: &str, value: &str, expires: u64) -> Result<u32, NotCached> {
        let bytes = Stored::encode_value(&Value::text(value)).unwrap();
        self.cache.put(&self.background, &self.settings, &key.to_owned().into(), &bytes, Duration::from_secs(expires))
    }
}

fn workers<const N: usize>() -> [Worker; N] {
    let first = Scripted { is_random: true, ..Scripted::default() };
    std::array::from_fn(|_| {
        let host = Scripted { is_random: true, shared: Rc::clone(&first.shared), ..Scripted::default() };
        let settings = CacheSettings::new("".into(), "a/b", MAX_BYTES);
        Worker { cache: Cache::default(), background: host.background(), settings }
    })
}

#[test]
fn another_worker_sees_every_change_at_its_next_lookup() {
    let [a, b, c] = workers();
    assert_eq!(b.get("k", 1), None);
    a.put("k", "1", 10).unwrap();
    assert_eq!((b.get("k", 1), a.get("k", 1)), (Some("1".into()), Some("1".into())));
    b.put("k", "2", 10).unwrap();
    assert_eq!((a.get("k", 1), c.get("k", 9)), (Some("2".into()), Some("2".into())));
    assert_eq!((a.get("k", 10), b.get("k", 10), c.get("k", 10)), (None, None, None));
    a.put("k", "3", 20).unwrap();
    c.cache.remove(&c.background, &c.settings, &"k".into());
    assert_eq!((a.get("k", 11), b.get("k", 11), c.get("k", 11)), (None, None, None));
}

#[test]
fn a_purge_removes_the_entries_below_a_key() {
    let [a, b] = workers();
    for key in ["1:p;|", "1:p;|1:1;", "1:p;2:23;|", "2:pq;|", "1:q;|"] {
        a.put(key, key, 10).unwrap();
        assert_eq!(b.get(key, 1).as_deref(), Some(key));
    }
    b.cache.purge(&b.background, &b.settings, &"1:p;".into());
    for worker in [&a, &b] {
        let found = ["1:p;|", "1:p;|1:1;", "1:p;2:23;|", "2:pq;|", "1:q;|"].map(|key| worker.get(key, 1).is_some());
        assert_eq!(found, [false, false, false, true, true]);
    }
    b.put("1:p;|1:1;", "new", 10).unwrap();
    assert_eq!(a.get("1:p;|1:1;", 1).as_deref(), Some("new"));
}

#[test]
fn a_worker_that_missed_many_changes_forgets_its_own_entries() {
    let [a, b] = workers();
    a.put("k", "1", 10).unwrap();
    assert_eq!(b.get("k", 1).as_deref(), Some("1"));
    a.put("k", "2", 10).unwrap();
    for index in 0..2000 {
        a.put(&format!("other-{index}"), "x", 10).unwrap();
    }
    // The slot of the entry was emptied for others.
    assert_eq!(b.get("k", 1), None);
}

#[test]
fn values_of_any_size_are_stored_once_and_bounded() {
    let [a, b] = workers();
    assert_eq!(a.put("k", &"x".repeat(MAX_BYTES), 10), Err(NotCached));
    assert_eq!(a.put(&"k".repeat(MAX_KEY_BYTES + 1), "x", 10), Err(NotCached));
    let mut evicted = 0;
    for index in 0..100 {
        evicted += a.put(&format!("k{index}"), &"x".repeat(700), 10).unwrap();
    }
    assert_eq!(evicted, 96);
    let shared: usize = a.background.shared_bytes("callout.cache.1.a/b.slot.");
    assert!(shared <= MAX_BYTES, "{shared}");
    let found: Vec<usize> = (0..100).filter(|index| b.get(&format!("k{index}"), 1).is_some()).collect();
    assert_eq!(found, [96, 97, 98, 99]);
}
