//! One fetch for many requests: the first one that finds no entry makes the call, and the others wait for its entry.

use bytestring::ByteString;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The fetches of a worker, by the key of the entry.
#[derive(Debug, Default)]
pub(in crate::flow) struct Fetches {
    running: RefCell<BTreeMap<ByteString, Rc<Fetch>>>,
}

/// A running fetch and the requests that wait for it.
#[derive(Debug, Default)]
pub(in crate::flow) struct Fetch {
    is_over: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// The right of the first request to fetch. Dropping it wakes the others.
#[derive(Debug)]
pub(in crate::flow) struct Leader {
    fetches: Rc<Fetches>,
    key: ByteString,
    fetch: Rc<Fetch>,
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
    Waits(Rc<Fetch>),
}

impl Fetches {
    /// The role of a request that found no entry of a key.
    pub(in crate::flow) fn join(self: &Rc<Self>, key: &ByteString) -> Option<Role> {
        let mut running = self.running.try_borrow_mut().ok()?;
        if let Some(fetch) = running.get(key) {
            return Some(Role::Waits(Rc::clone(fetch)));
        }
        let fetch = Rc::new(Fetch::default());
        running.insert(key.clone(), Rc::clone(&fetch));
        Some(Role::Leads(Leader { fetches: Rc::clone(self), key: key.clone(), fetch }))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if let Ok(mut running) = self.fetches.running.try_borrow_mut() {
            running.remove(&self.key);
        }
        self.fetch.is_over.set(true);
        let waiting = self.fetch.waiting.try_borrow_mut().map(|mut waiting| std::mem::take(&mut *waiting));
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Fetch {
    /// Waits for the end of the fetch, or of another future.
    pub(in crate::flow) async fn end_or(&self, other: impl Future<Output = ()>) {
        let mut other = std::pin::pin!(other);
        let mut place = None;
        poll_fn(|context| match self.poll(&mut place, context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => other.as_mut().poll(context),
        })
        .await;
    }

    /// `place` is the index of the waker after the first poll.
    fn poll(&self, place: &mut Option<usize>, context: &Context<'_>) -> Poll<()> {
        if self.is_over.get() {
            return Poll::Ready(());
        }
        let Ok(mut waiting) = self.waiting.try_borrow_mut() else { return Poll::Pending };
        match place.and_then(|place| waiting.get_mut(place)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                *place = Some(waiting.len());
                waiting.push(context.waker().clone());
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::pin::pin;

    fn poll(future: &mut std::pin::Pin<&mut impl Future<Output = ()>>) -> Poll<()> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn others_wait_until_the_first_one_ends() {
        let fetches = Rc::new(Fetches::default());
        let Some(Role::Leads(leader)) = fetches.join(&"k".into()) else { panic!() };
        let Some(Role::Leads(other)) = fetches.join(&"j".into()) else { panic!() };
        let Some(Role::Waits(fetch)) = fetches.join(&"k".into()) else { panic!() };
        let mut waiting = pin!(fetch.end_or(pending()));
        assert_eq!([poll(&mut waiting), poll(&mut waiting)], [Poll::Pending; 2]);
        assert_eq!(fetch.waiting.borrow().len(), 1);
        drop(other);
        assert_eq!(poll(&mut waiting), Poll::Pending);
        drop(leader);
        assert_eq!(poll(&mut waiting), Poll::Ready(()));
        assert!(matches!(fetches.join(&"k".into()), Some(Role::Leads(_))));
    }

    #[test]
    fn waiting_has_a_limit() {
        let fetches = Rc::new(Fetches::default());
        let _leader = fetches.join(&"k".into());
        let Some(Role::Waits(fetch)) = fetches.join(&"k".into()) else { panic!() };
        assert_eq!(poll(&mut pin!(fetch.end_or(std::future::ready(())))), Poll::Ready(()));
    }
}
