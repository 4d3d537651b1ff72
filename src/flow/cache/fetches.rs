//! The fetches of cache entries: the first request that finds no entry makes the call, and the others wait for its entry.

use crate::flow::shared_fetch::SharedFetch;
use bytestring::ByteString;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The fetches of a worker, by the key of the entry.
#[derive(Debug, Default)]
pub(in crate::flow) struct Fetches {
    running: RefCell<BTreeMap<ByteString, Rc<SharedFetch<()>>>>,
}

/// The right of the first request to fetch. Dropping it wakes the others.
#[derive(Debug)]
pub(in crate::flow) struct Leader {
    fetches: Rc<Fetches>,
    key: ByteString,
    fetch: Rc<SharedFetch<()>>,
}

impl Leader {
    /// The key of the entry.
    pub(in crate::flow) fn key(&self) -> &ByteString {
        &self.key
    }
}

/// The role of a request that found no entry.
#[derive(Debug)]
pub(in crate::flow) enum Role {
    /// It fetches.
    Leads(Leader),
    /// It waits for another request.
    Waits(Rc<SharedFetch<()>>),
}

impl Fetches {
    /// The role of a request that found no entry of a key.
    pub(in crate::flow) fn join(self: &Rc<Self>, key: &ByteString) -> Option<Role> {
        let mut running = self.running.try_borrow_mut().ok()?;
        if let Some(fetch) = running.get(key) {
            return Some(Role::Waits(Rc::clone(fetch)));
        }
        let fetch = Rc::<SharedFetch<()>>::default();
        running.insert(key.clone(), Rc::clone(&fetch));
        Some(Role::Leads(Leader { fetches: Rc::clone(self), key: key.clone(), fetch }))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if let Ok(mut running) = self.fetches.running.try_borrow_mut() {
            running.remove(&self.key);
        }
        self.fetch.finish(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_wait_until_the_first_one_ends() {
        let fetches = Rc::new(Fetches::default());
        let Some(Role::Leads(leader)) = fetches.join(&"k".into()) else { panic!() };
        let Some(Role::Leads(other)) = fetches.join(&"j".into()) else { panic!() };
        let Some(Role::Waits(fetch)) = fetches.join(&"k".into()) else { panic!() };
        drop(other);
        assert!(!fetch.is_finished());
        drop(leader);
        assert!(fetch.is_finished());
        assert!(matches!(fetches.join(&"k".into()), Some(Role::Leads(_))));
    }
}
