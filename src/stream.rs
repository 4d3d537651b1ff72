//! The pause and resume state of one stream. It maps events to actions of Envoy and makes no host calls.
//!
//! The owner of a stream passes an event to [`StreamState::begin`], applies [`PendingEvent::transaction`] to the
//! transaction, and does what [`StreamState::end`] returns. The transaction's host changes the state in between.

use crate::flow::call::Direction;
use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client's request headers arrived.
    RequestHeaders {
        /// Whether the request is complete.
        end: bool,
    },
    /// `size` bytes of the request body are buffered.
    RequestBody {
        /// Buffered size in bytes.
        size: usize,
        /// Whether the request is complete.
        end: bool,
    },
    /// The request ended with trailers.
    RequestTrailers,
    /// The headers of the upstream's response or of a local reply arrived.
    ResponseHeaders {
        /// Whether the response is complete.
        end: bool,
    },
    /// `size` bytes of the response body are buffered.
    ResponseBody {
        /// Buffered size in bytes.
        size: usize,
        /// Whether the response is complete.
        end: bool,
    },
    /// The response ended with trailers.
    ResponseTrailers,
    /// The transaction waits for something that is now ready: a callout's response, or a token.
    Woken,
    /// The client has its response, or has disconnected.
    Ended,
}

/// The part of a message that Envoy has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// No headers yet.
    #[default]
    Nothing,
    /// The headers, and a part of the body or no body.
    Partial,
    /// The whole message, with the size of the body in bytes; `None` without a body.
    Complete(Option<usize>),
}

/// The return value of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackResult {
    /// The direction continues.
    Continue,
    /// The direction waits.
    Pause,
}

/// The actions of Envoy after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actions {
    /// The return value of the callback.
    pub callback_result: CallbackResult,
    /// Whether a host call resumes the paused request.
    pub resume_request: bool,
    /// Whether a host call resumes the paused response.
    pub resume_response: bool,
}

impl Actions {
    const fn only(callback_result: CallbackResult) -> Actions {
        Actions { callback_result, resume_request: false, resume_response: false }
    }
}

/// One event while it is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingEvent {
    /// The action of the owner on the transaction.
    pub transaction: TransactionStep,
    /// The direction whose callback runs.
    direction: Option<Direction>,
    /// Whether the request and the response were paused before the event.
    was_paused: [bool; 2],
    /// The callback_result that does not depend on the transaction.
    fixed: Option<CallbackResult>,
}

/// The action on the transaction after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStep {
    /// Start it, then poll it.
    Start,
    /// Poll it.
    Poll,
    /// Drop it: Envoy itself has replied.
    Drop,
    /// Poll it a last time, then drop it: the stream has ended.
    Finish,
    /// Do not poll it.
    Skip,
}

/// One direction of a stream.
#[derive(Debug, Default)]
struct Side {
    progress: Cell<Progress>,
    /// The size in bytes of the body that Envoy has buffered.
    buffered: Cell<usize>,
    is_resumed: Cell<bool>,
}

impl Side {
    fn record(&self, event: Event) {
        let progress = match event {
            Event::RequestHeaders { end } | Event::ResponseHeaders { end } => {
                if end {
                    Progress::Complete(None)
                } else {
                    Progress::Partial
                }
            }
            Event::RequestBody { size, end } | Event::ResponseBody { size, end } => {
                self.buffered.set(size);
                if end { Progress::Complete(Some(size)) } else { Progress::Partial }
            }
            Event::RequestTrailers | Event::ResponseTrailers => Progress::Complete(Some(self.buffered.get())),
            Event::Woken | Event::Ended => return,
        };
        self.progress.set(progress);
    }
}

/// The state of a stream, shared by its callbacks and its transaction's host.
#[derive(Debug, Default)]
pub struct StreamState {
    request: Side,
    response: Side,
    is_replied: Cell<bool>,
    is_ended: Cell<bool>,
}

impl StreamState {
    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }

    /// The received part of a direction's message.
    pub fn progress(&self, direction: Direction) -> Progress {
        self.side(direction).progress.get()
    }

    /// Waits until the received part of a direction's message has what `ready` looks for.
    pub async fn wait_for<T>(&self, direction: Direction, ready: impl Fn(Progress) -> Option<T>) -> T {
        poll_fn(|_| ready(self.progress(direction)).map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Waits until the client has its response, or has disconnected.
    pub async fn end_of_stream(&self) {
        poll_fn(|_| if self.is_ended() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Lets a direction continue.
    pub fn resume(&self, direction: Direction) {
        self.side(direction).is_resumed.set(true);
    }

    /// Records that the client gets a local reply of this filter.
    pub fn set_replied(&self) {
        self.is_replied.set(true);
    }

    /// Whether the client gets a local reply of this filter. Further data of the client then stays paused.
    pub fn is_replied(&self) -> bool {
        self.is_replied.get()
    }

    /// Whether the client has its response, or has disconnected.
    pub fn is_ended(&self) -> bool {
        self.is_ended.get()
    }

    fn is_paused(&self, direction: Direction) -> bool {
        !self.side(direction).is_resumed.get()
    }

    /// Records an event. The owner then applies [`PendingEvent::transaction`] and calls [`StreamState::end`].
    pub fn begin(&self, event: Event) -> PendingEvent {
        let direction = direction_of(event);
        let mut pending = PendingEvent {
            transaction: TransactionStep::Poll,
            direction,
            was_paused: [self.is_paused(Direction::Request), self.is_paused(Direction::Response)],
            fixed: None,
        };
        if event == Event::Ended {
            self.is_ended.set(true);
            pending.transaction = TransactionStep::Finish;
            pending.fixed = Some(CallbackResult::Continue);
            return pending;
        }
        if self.is_replied.get() {
            // The local reply passes to the client. Further data of the client stays paused.
            let is_paused = direction == Some(Direction::Request) && self.is_paused(Direction::Request);
            pending.transaction = TransactionStep::Skip;
            pending.fixed = Some(if is_paused { CallbackResult::Pause } else { CallbackResult::Continue });
            return pending;
        }
        match event {
            Event::RequestHeaders { .. } => pending.transaction = TransactionStep::Start,
            // Envoy itself replies, for example because the body is too large.
            Event::ResponseHeaders { .. } if self.is_paused(Direction::Request) => {
                pending.transaction = TransactionStep::Drop;
            }
            _ => {}
        }
        if let Some(direction) = direction {
            self.side(direction).record(event);
        }
        pending
    }

    /// The actions of Envoy after the poll. `is_running` is true while the transaction exists.
    pub fn end(&self, pending: PendingEvent, is_running: bool) -> Actions {
        if let Some(callback_result) = pending.fixed {
            return Actions::only(callback_result);
        }
        if self.is_replied.get() {
            return Actions::only(CallbackResult::Pause);
        }
        let [request_was_paused, response_was_paused] = pending.was_paused;
        // The callback's return value resumes the direction of this event.
        let resumes = |direction, was_paused: bool| {
            was_paused && !self.is_paused(direction) && pending.direction != Some(direction)
        };
        let waits = |direction| is_running && self.is_paused(direction);
        Actions {
            callback_result: if pending.direction.is_some_and(waits) {
                CallbackResult::Pause
            } else {
                CallbackResult::Continue
            },
            resume_request: resumes(Direction::Request, request_was_paused),
            resume_response: resumes(Direction::Response, response_was_paused),
        }
    }
}

fn direction_of(event: Event) -> Option<Direction> {
    match event {
        Event::RequestHeaders { .. } | Event::RequestBody { .. } | Event::RequestTrailers => Some(Direction::Request),
        Event::ResponseHeaders { .. } | Event::ResponseBody { .. } | Event::ResponseTrailers => {
            Some(Direction::Response)
        }
        Event::Woken | Event::Ended => None,
    }
}

#[cfg(test)]
mod tests;
