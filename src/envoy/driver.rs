//! The transaction of one stream, which the events of the stream start, poll and drop.

use crate::stream::{Actions, Event, StreamState, TransactionStep};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A running transaction.
pub type Transaction = Pin<Box<dyn Future<Output = ()>>>;

/// The state of a stream and its transaction.
#[derive(Default)]
pub struct Driver {
    state: Rc<StreamState>,
    transaction: Option<Transaction>,
    is_finished: bool,
}

impl fmt::Debug for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Driver").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Driver {
    /// The state of the stream, which the transaction's host changes.
    pub fn state(&self) -> &Rc<StreamState> {
        &self.state
    }

    /// Handles an event: polls the transaction and returns the actions of Envoy. `start` makes the transaction; `None`
    /// when the plan has no work. Without a transaction, no event has an effect until the next request headers.
    pub fn on_event(&mut self, event: Event, waker: &Waker, start: impl FnOnce() -> Option<Transaction>) -> Actions {
        let turn = self.state.begin(event);
        match turn.transaction {
            TransactionStep::Start => {
                self.transaction = start();
                self.poll(waker);
            }
            TransactionStep::Poll => self.poll(waker),
            TransactionStep::Drop => self.transaction = None,
            TransactionStep::Finish => {
                self.poll(waker);
                self.transaction = None;
            }
            TransactionStep::Skip => {}
        }
        let actions = self.state.end(turn, self.transaction.is_some());
        self.is_finished = self.transaction.is_none() && !self.state.is_replied();
        actions
    }

    /// Whether no further event has an effect: the transaction has ended, and Envoy forwards the messages.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether a transaction exists.
    pub fn is_running(&self) -> bool {
        self.transaction.is_some()
    }

    /// Drops the transaction. Envoy forwards the messages.
    pub fn stop(&mut self) {
        self.transaction = None;
        self.is_finished = true;
    }

    fn poll(&mut self, waker: &Waker) {
        let Some(transaction) = &mut self.transaction else { return };
        if let Poll::Ready(()) = transaction.as_mut().poll(&mut Context::from_waker(waker)) {
            self.transaction = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::call::Direction;
    use crate::stream::CallbackResult::{Continue, Pause};
    use std::future::poll_fn;

    #[test]
    fn a_transaction_pauses_its_direction_until_it_resumes() {
        let mut driver = Driver::default();
        let state = Rc::clone(driver.state());
        let start = || {
            let mut polls = 0;
            let transaction = poll_fn(move |_| {
                polls += 1;
                if polls < 2 {
                    return Poll::Pending;
                }
                state.resume(Direction::Request);
                Poll::Ready(())
            });
            Some(Box::pin(transaction) as Transaction)
        };
        let headers = driver.on_event(Event::RequestHeaders { end: true }, Waker::noop(), start);
        assert_eq!((headers.callback_result, driver.is_running(), driver.is_finished()), (Pause, true, false));
        let woken = driver.on_event(Event::Woken, Waker::noop(), || None);
        assert!(woken.resume_request && !woken.resume_response);
        assert_eq!((driver.is_running(), driver.is_finished()), (false, true));
    }

    #[test]
    fn without_a_transaction_every_message_continues() {
        let mut driver = Driver::default();
        let headers = driver.on_event(Event::RequestHeaders { end: false }, Waker::noop(), || None);
        assert_eq!((headers.callback_result, driver.is_finished()), (Continue, true));
    }

    #[test]
    fn the_end_drops_the_transaction() {
        let mut driver = Driver::default();
        let start = || Some(Box::pin(std::future::pending()) as Transaction);
        driver.on_event(Event::RequestHeaders { end: true }, Waker::noop(), start);
        driver.on_event(Event::Ended, Waker::noop(), || None);
        assert!(!driver.is_running());
    }
}
