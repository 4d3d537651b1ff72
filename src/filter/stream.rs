//! One stream: when Envoy may let it go on.

use crate::filter::abi;
use crate::filter::background::{self, Waiting};
use crate::filter::event::{Action, Event};
use crate::filter::host::EnvoyHost;
use crate::filter::plugin::Plugin;
use crate::filter::state::{Gate, Progress, State};
use crate::flow::exchange::Direction;
use crate::flow::run;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A client's stream with the transaction that runs over it.
pub(super) struct Stream {
    plugin: Rc<Plugin>,
    state: Rc<State>,
    waker: Waker,
    transaction: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Stream {
    pub(super) fn new(id: u32, plugin: Rc<Plugin>) -> Stream {
        Stream { plugin, state: Rc::default(), waker: background::waker(Waiting::Stream(id)), transaction: None }
    }

    /// Takes an event in, lets the transaction go as far as it can, and says whether the event's direction goes on.
    pub(super) fn on_event(&mut self, event: Event) -> Action {
        if let Event::Ended = event {
            self.state.is_ended.set(true);
            self.poll();
            return Action::Continue;
        }
        if self.state.is_replied.get() {
            return self.after_reply(event);
        }
        match event {
            Event::RequestHeaders { .. } => self.begin(),
            // Envoy answers in our place, for example because the body is too large: nothing is left to do.
            Event::ResponseHeaders { .. } if self.state.request.gate.get() == Gate::Held => self.transaction = None,
            _ => {}
        }
        let direction = self.note(event);
        let held =
            [Direction::Request, Direction::Response].map(|direction| (direction, self.state.is_held(direction)));
        self.poll();
        if self.state.is_replied.get() {
            return Action::Pause;
        }
        for (opened, _) in held.into_iter().filter(|(side, was_held)| *was_held && !self.state.is_held(*side)) {
            // The direction of this very event goes on by the callback's return value.
            if direction != Some(opened) {
                resume(opened);
            }
        }
        match direction {
            Some(direction) if self.transaction.is_some() && self.state.is_held(direction) => Action::Pause,
            _ => Action::Continue,
        }
    }

    /// Whether no event means anything any more.
    pub(super) fn is_finished(&self) -> bool {
        self.transaction.is_none() && !self.state.is_replied.get()
    }

    /// Our own reply passes by on its way to the client; what the client still sends goes nowhere.
    fn after_reply(&self, event: Event) -> Action {
        match event {
            Event::RequestHeaders { .. } | Event::RequestBody { .. } | Event::RequestTrailers
                if self.state.request.gate.get() == Gate::Held =>
            {
                Action::Pause
            }
            _ => Action::Continue,
        }
    }

    fn begin(&mut self) {
        if !self.plugin.plan.needs.request {
            return;
        }
        let plugin = Rc::clone(&self.plugin);
        let host = EnvoyHost::new(Rc::clone(&plugin), Rc::clone(&self.state));
        self.transaction = Some(Box::pin(async move { run(&plugin.plan, &plugin.worker, &host).await }));
    }

    /// Notes what an event brought. Returns the direction whose fate the callback decides.
    fn note(&self, event: Event) -> Option<Direction> {
        let (direction, progress) = match event {
            Event::RequestHeaders { end } => (Direction::Request, headers_came(end)),
            Event::RequestBody { size, end } => (Direction::Request, body_came(size, end)),
            Event::ResponseHeaders { end } => (Direction::Response, headers_came(end)),
            Event::ResponseBody { size, end } => (Direction::Response, body_came(size, end)),
            Event::RequestTrailers => (Direction::Request, Progress::Whole(Some(usize::MAX))),
            Event::ResponseTrailers => (Direction::Response, Progress::Whole(Some(usize::MAX))),
            Event::Woken | Event::Ended => return None,
        };
        self.state.side(direction).progress.set(progress);
        Some(direction)
    }

    fn poll(&mut self) {
        let Some(transaction) = &mut self.transaction else { return };
        if let Poll::Ready(()) = transaction.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            self.transaction = None;
        }
    }
}

fn headers_came(end: bool) -> Progress {
    if end { Progress::Whole(None) } else { Progress::Partly }
}

fn body_came(size: usize, end: bool) -> Progress {
    if end { Progress::Whole(Some(size)) } else { Progress::Partly }
}

fn resume(direction: Direction) {
    let direction = match direction {
        Direction::Request => abi::Direction::Request,
        Direction::Response => abi::Direction::Response,
    };
    // Envoy has nothing to resume once the client is gone.
    let _ = abi::continue_stream(direction);
}
