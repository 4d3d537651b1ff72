//! One stream: its transaction, and what the transaction asks of Envoy.

use crate::call::Delivery;
use crate::host::{NativeHost, Requests};
use crate::panics;
use crate::plugin::Plugin;
use crate::stream::Stream;
use crate::tasks::{self, Waiting};
use crate::{courier, logger};
use envoy_callout::envoy::driver::{Driver, Transaction};
use envoy_callout::envoy::replies;
use envoy_callout::flow::call::Direction;
use envoy_callout::flow::fault::Fault;
use envoy_callout::flow::run;
use envoy_callout::stream::{CallbackResult, Event};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

/// The module's part of Envoy's filter of one stream.
pub(crate) struct Filter {
    id: u64,
    stream: Stream,
    plugin: Rc<Plugin>,
    waker: Waker,
    driver: RefCell<Driver>,
    requests: Rc<Requests>,
    /// Whether the stream waits for tasks of this thread.
    is_listening: Cell<bool>,
    /// Whether the client has its response or has disconnected. Envoy fails when it gets a reply then.
    is_complete: Cell<bool>,
    /// Whether Envoy has destroyed its filter.
    is_destroyed: Cell<bool>,
    /// The entry point in which a test wants a panic.
    forced_panic: RefCell<Option<String>>,
}

impl Filter {
    pub(crate) fn new(stream: Stream, plugin: Rc<Plugin>) -> Filter {
        let id = tasks::next_number();
        Filter {
            id,
            stream,
            plugin,
            waker: tasks::waker(Waiting::Stream(id)),
            driver: RefCell::default(),
            requests: Rc::default(),
            is_listening: Cell::new(false),
            is_complete: Cell::new(false),
            is_destroyed: Cell::new(false),
            forced_panic: RefCell::default(),
        }
    }

    /// Runs an entry point. Returns `failed` after a panic, when the client gets a local reply.
    pub(crate) fn enter<T>(&self, name: &str, failed: T, act: impl FnOnce(&Filter) -> T) -> T {
        logger::enter(&self.plugin.config);
        let entered = panics::caught(|| {
            self.force_panic(name);
            let result = act(self);
            courier::run_ready();
            result
        });
        entered.unwrap_or_else(|| {
            self.fail();
            failed
        })
    }

    /// Handles an event: polls the transaction and returns whether the direction of the event continues.
    pub(crate) fn on_event(&self, event: Event) -> CallbackResult {
        let Ok(mut driver) = self.driver.try_borrow_mut() else { return CallbackResult::Continue };
        if driver.is_finished() {
            return CallbackResult::Continue;
        }
        let state = Rc::clone(driver.state());
        let start = || {
            let plugin = self.plugin.plan.needs.request.then(|| Rc::clone(&self.plugin))?;
            let host = NativeHost::new(Rc::clone(&plugin), state, Rc::clone(&self.requests), self.stream);
            Some(Box::pin(async move { run(&plugin.plan, &plugin.worker, &host).await }) as Transaction)
        };
        let actions = driver.on_event(event, &self.waker, start);
        let is_running = driver.is_running();
        // Envoy calls other entry points of this stream while it replies or resumes.
        drop(driver);
        if is_running && tasks::exist() && !self.is_listening.replace(true) {
            tasks::mailbox().listen(self.id, self.stream.scheduler());
        }
        if self.requests.clears_route.take() {
            self.stream.clear_route_cache();
        }
        let reply = self.requests.reply.try_borrow_mut().ok().and_then(|mut reply| reply.take());
        if let Some(reply) = reply.filter(|_| !self.is_complete.get()) {
            self.stream.send_response(&reply);
            return actions.callback_result;
        }
        for (direction, resumes) in
            [(Direction::Request, actions.resume_request), (Direction::Response, actions.resume_response)]
        {
            if resumes && !self.is_complete.get() && !self.is_destroyed.get() {
                self.stream.resume(direction);
            }
        }
        actions.callback_result
    }

    /// Handles the end of the stream.
    pub(crate) fn complete(&self) {
        self.is_complete.set(true);
        self.enter("stream complete", (), |filter| {
            filter.on_event(Event::Ended);
        });
    }

    /// Handles the result of a call of this stream.
    pub(crate) fn on_call_done(&self, delivery: Delivery) {
        delivery.during(|| self.on_event(Event::Woken));
    }

    /// Whether a paused direction must still get its body.
    pub(crate) fn needs_body(&self, direction: Direction) -> bool {
        let needs = &self.plugin.plan.needs;
        match direction {
            Direction::Request => needs.request_body || needs.null_route_body,
            Direction::Response => needs.response_body,
        }
    }

    /// The size in bytes of the body that Envoy has.
    pub(crate) fn body_size(&self, direction: Direction) -> usize {
        self.stream.body_size(direction)
    }

    /// Ends the use of Envoy's filter.
    pub(crate) fn destroy(&self) {
        self.is_destroyed.set(true);
        if self.is_listening.get() {
            tasks::mailbox().ignore(self.id);
        }
        if let Ok(mut driver) = self.driver.try_borrow_mut() {
            driver.stop();
        }
        // The last stream of the thread that waits takes the results with it.
        courier::run_ready();
    }

    /// Replies to the client after a panic.
    #[cold]
    fn fail(&self) {
        let is_open = self.driver.try_borrow_mut().is_ok_and(|mut driver| {
            let (is_replied, is_ended) = (driver.state().is_replied(), driver.state().is_ended());
            driver.state().set_replied();
            // The drop of the transaction can panic too.
            let _ = panics::caught(|| driver.stop());
            !is_replied && !is_ended
        });
        if is_open && !self.is_complete.get() && !self.is_destroyed.get() {
            let fault = Fault::internal();
            self.stream.send_response(&replies::of_fault(&fault, "callout_panic"));
        }
    }

    /// Panics when a test asks for it in this entry point.
    fn force_panic(&self, name: &str) {
        if self.plugin.config.name != panics::TEST_FILTER {
            return;
        }
        let mut forced = self.forced_panic.borrow_mut();
        let forced = forced.get_or_insert_with(|| {
            let header = self.stream.headers(Direction::Request).first_line(panics::TEST_HEADER);
            header.map(|header| String::from_utf8_lossy(&header).into_owned()).unwrap_or_default()
        });
        if forced == name {
            panics::forced();
        }
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Filter").field("id", &self.id).finish_non_exhaustive()
    }
}
