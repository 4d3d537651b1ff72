//! One stream: its transaction, and the host calls that its state requires.

use crate::envoy::driver::{Driver, Transaction};
use crate::filter::background::{self, Waiting};
use crate::filter::envoy_host::EnvoyHost;
use crate::filter::hostcalls;
use crate::filter::plugin::Plugin;
use crate::flow::call::Direction;
use crate::flow::run;
use crate::stream::{CallbackResult, Event};
use std::rc::Rc;
use std::task::Waker;

/// A client's stream with the transaction that runs over it.
pub(super) struct Stream {
    plugin: Rc<Plugin>,
    waker: Waker,
    driver: Driver,
}

impl Stream {
    pub(super) fn new(id: u32, plugin: Rc<Plugin>) -> Stream {
        // An operator changes Envoy's level at run time. Under load, the ticks read it.
        if plugin.metrics.stats().is_idle() {
            log::set_max_level(hostcalls::log_level());
        }
        Stream { plugin, waker: background::waker(Waiting::Stream(id)), driver: Driver::default() }
    }

    /// Handles an event: polls the transaction and returns whether the direction of the event continues.
    pub(super) fn on_event(&mut self, event: Event) -> CallbackResult {
        let (plugin, state) = (&self.plugin, Rc::clone(self.driver.state()));
        let start = || {
            let plugin = plugin.plan.needs.request.then(|| Rc::clone(plugin))?;
            let host = EnvoyHost::new(Rc::clone(&plugin), state);
            Some(Box::pin(async move { run(&plugin.plan, &plugin.worker, &host).await }) as Transaction)
        };
        let actions = self.driver.on_event(event, &self.waker, start);
        if actions.resume_request {
            resume(Direction::Request);
        }
        if actions.resume_response {
            resume(Direction::Response);
        }
        actions.callback_result
    }

    /// Whether no further event has an effect: the transaction has ended, and Envoy forwards the messages.
    pub(super) fn is_finished(&self) -> bool {
        self.driver.is_finished()
    }
}

fn resume(direction: Direction) {
    if let Err(error) = hostcalls::continue_stream(direction) {
        // Envoy has nothing to resume once the client has disconnected.
        log::debug!("callout: {direction:?} was not resumed: {error:?}");
    }
}
