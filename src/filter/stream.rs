//! One stream: its transaction, and the host calls that its state requires.

use crate::filter::background::{self, Waiting};
use crate::filter::envoy_host::EnvoyHost;
use crate::filter::hostcalls;
use crate::filter::plugin::Plugin;
use crate::flow::call::Direction;
use crate::flow::run;
use crate::stream::{CallbackResult, Event, StreamState, TransactionStep};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A client's stream with the transaction that runs over it.
pub(super) struct Stream {
    plugin: Rc<Plugin>,
    state: Rc<StreamState>,
    waker: Waker,
    transaction: Option<Pin<Box<dyn Future<Output = ()>>>>,
    is_finished: bool,
}

impl Stream {
    pub(super) fn new(id: u32, plugin: Rc<Plugin>) -> Stream {
        // An operator changes Envoy's level at run time. Under load, the ticks read it.
        if plugin.metrics.is_idle() {
            log::set_max_level(hostcalls::log_level());
        }
        let (state, waker) = (Rc::default(), background::waker(Waiting::Stream(id)));
        Stream { plugin, state, waker, transaction: None, is_finished: false }
    }

    /// Handles an event: polls the transaction and returns whether the direction of the event continues.
    pub(super) fn on_event(&mut self, event: Event) -> CallbackResult {
        // Without a transaction, no event has an effect until the next request headers.
        let turn = self.state.begin(event);
        match turn.transaction {
            TransactionStep::Start => {
                self.start();
                self.poll();
            }
            TransactionStep::Poll => self.poll(),
            TransactionStep::Drop => self.transaction = None,
            TransactionStep::Finish => {
                self.poll();
                self.transaction = None;
            }
            TransactionStep::Skip => {}
        }
        let outcome = self.state.end(turn, self.transaction.is_some());
        if outcome.resume_request {
            resume(Direction::Request);
        }
        if outcome.resume_response {
            resume(Direction::Response);
        }
        self.is_finished = self.transaction.is_none() && !self.state.is_replied();
        outcome.callback_result
    }

    /// Whether no further event has an effect: the transaction has ended, and Envoy forwards the messages.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    fn start(&mut self) {
        if !self.plugin.plan.needs.request {
            return;
        }
        let plugin = Rc::clone(&self.plugin);
        let host = EnvoyHost::new(Rc::clone(&plugin), Rc::clone(&self.state));
        self.transaction = Some(Box::pin(async move { run(&plugin.plan, &plugin.worker, &host).await }));
    }

    fn poll(&mut self) {
        let Some(transaction) = &mut self.transaction else { return };
        if let Poll::Ready(()) = transaction.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            self.transaction = None;
        }
    }
}

fn resume(direction: Direction) {
    if let Err(error) = hostcalls::continue_stream(direction) {
        // Envoy has nothing to resume once the client has disconnected.
        log::debug!("callout: {direction:?} was not resumed: {error:?}");
    }
}
