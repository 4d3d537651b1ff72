//! One fetch for many requests: they wait for the outcome of the request or the task that fetches.

use std::cell::{OnceCell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A running fetch, and the wakers of those that wait for it.
#[derive(Debug)]
pub(in crate::flow) struct SharedFetch<T> {
    outcome: OnceCell<T>,
    waiting: RefCell<Vec<Waker>>,
}

impl<T> Default for SharedFetch<T> {
    fn default() -> SharedFetch<T> {
        SharedFetch { outcome: OnceCell::new(), waiting: RefCell::default() }
    }
}

impl<T: Clone> SharedFetch<T> {
    /// Whether the fetch has an outcome.
    pub(in crate::flow) fn is_finished(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Sets the outcome and wakes those that wait for it. Only the first outcome counts.
    pub(in crate::flow) fn finish(&self, outcome: T) {
        let _: Result<(), T> = self.outcome.set(outcome);
        let waiting = self.waiting.try_borrow_mut().map(|mut waiting| std::mem::take(&mut *waiting));
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Waits for the outcome.
    pub(in crate::flow) async fn outcome(&self) -> T {
        let mut place = None;
        poll_fn(|context| self.poll(&mut place, context)).await
    }

    /// Waits for the outcome or for the end of another future, such as a timeout.
    pub(in crate::flow) async fn outcome_or(&self, other: impl Future<Output = ()>) -> Option<T> {
        let (mut other, mut place) = (pin!(other), None);
        poll_fn(|context| match self.poll(&mut place, context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => other.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// `place` is the index of the waker after the first poll. A further poll replaces the waker.
    fn poll(&self, place: &mut Option<usize>, context: &Context<'_>) -> Poll<T> {
        if let Some(outcome) = self.outcome.get() {
            return Poll::Ready(outcome.clone());
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
    use std::future::{pending, ready};
    use std::pin::Pin;

    fn poll<T>(future: &mut Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn all_that_wait_get_the_first_outcome() {
        let fetch = SharedFetch::default();
        let (mut one, mut other) = (pin!(fetch.outcome()), pin!(fetch.outcome_or(pending())));
        assert_eq!([poll(&mut one), poll(&mut one)], [Poll::Pending; 2]);
        assert_eq!(poll(&mut other), Poll::Pending);
        assert_eq!((fetch.waiting.borrow().len(), fetch.is_finished()), (2, false));
        fetch.finish(7);
        fetch.finish(8);
        assert_eq!((poll(&mut one), poll(&mut other)), (Poll::Ready(7), Poll::Ready(Some(7))));
        assert_eq!((fetch.waiting.borrow().len(), fetch.is_finished()), (0, true));
    }

    #[test]
    fn the_outcome_wins_over_the_end_of_the_other_future() {
        let fetch = SharedFetch::default();
        assert_eq!(poll(&mut pin!(fetch.outcome_or(ready(())))), Poll::Ready(None));
        fetch.finish("set");
        assert_eq!(poll(&mut pin!(fetch.outcome_or(ready(())))), Poll::Ready(Some("set")));
    }
}
