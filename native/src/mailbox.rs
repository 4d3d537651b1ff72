//! The mailbox of a thread: results of calls that the main thread made for it.

use crate::allocator::Parcel;
use crate::schedule::Scheduler;
use bytes::Bytes;
use envoy_callout::flow::call::{CallFailure, CallReply};
use envoy_callout::flow::headers::Headers;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A mailbox. The thread learns of a result through one of its streams; without one, at its next entry point.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    has_mail: AtomicBool,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    results: VecDeque<Parcel<Letter>>,
    /// The streams of the thread that wait for a task, by their id.
    streams: Vec<(u64, Scheduler)>,
}

/// A result of a call, in a form that can be sent to another thread.
#[derive(Debug)]
struct Letter {
    number: u64,
    result: Result<Response, CallFailure>,
}

#[derive(Debug)]
struct Response {
    status: u16,
    headers: Vec<(Bytes, Bytes)>,
    body: Bytes,
}

impl Mailbox {
    fn with<T>(&self, act: impl FnOnce(&mut Content) -> T) -> T {
        act(&mut self.content.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Delivers a result under a number, and starts an entry point on the thread when a stream of it waits.
    pub(crate) fn deliver(&self, number: u64, result: impl FnOnce() -> Result<CallReply, CallFailure>) {
        let result = result();
        let letter = Parcel::pack(|| Letter { number, result: result.as_ref().map(separate).map_err(Clone::clone) });
        drop(result);
        self.with(|content| {
            content.results.push_back(letter);
            self.has_mail.store(true, Ordering::Release);
            if let Some((_, scheduler)) = content.streams.first() {
                scheduler.schedule();
            }
        });
    }

    /// Whether a result may wait.
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// The next result with its number.
    pub(crate) fn next(&self) -> Option<(u64, Result<CallReply, CallFailure>)> {
        let letter = self.with(|content| {
            let letter = content.results.pop_front();
            self.has_mail.store(!content.results.is_empty(), Ordering::Release);
            letter
        });
        let Letter { number, result } = letter?.unpack()?;
        let reply =
            result.map(|Response { status, headers, body }| CallReply { status, headers: Headers::new(headers), body });
        Some((number, reply))
    }

    /// Adds a stream that waits for a task.
    pub(crate) fn listen(&self, stream: u64, scheduler: Scheduler) {
        self.with(|content| content.streams.push((stream, scheduler)));
    }

    /// Removes a stream.
    pub(crate) fn ignore(&self, stream: u64) {
        self.with(|content| content.streams.retain(|(id, _)| *id != stream));
    }

    /// Starts the entry point of a stream that waits.
    pub(crate) fn wake(&self, stream: u64) {
        self.with(|content| {
            if let Some((_, scheduler)) = content.streams.iter().find(|(id, _)| *id == stream) {
                scheduler.schedule();
            }
        });
    }
}

/// A response that shares no memory with other data.
fn separate(reply: &CallReply) -> Response {
    let lines = reply.headers.lines();
    let headers = lines.map(|line| (Bytes::copy_from_slice(line.name()), Bytes::copy_from_slice(line.value())));
    Response { status: reply.status, headers: headers.collect(), body: Bytes::copy_from_slice(&reply.body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_arrive_in_order() {
        let mailbox = Mailbox::default();
        assert!(!mailbox.has_mail() && mailbox.next().is_none());
        let headers = Headers::new(vec![(Bytes::from("a"), Bytes::from("1"))]);
        let reply = CallReply { status: 201, headers, body: Bytes::from("body") };
        mailbox.deliver(1, || Ok(reply.clone()));
        mailbox.deliver(2, || Err(CallFailure::Timeout));
        assert!(mailbox.has_mail());
        assert_eq!(mailbox.next(), Some((1, Ok(reply))));
        assert_eq!(mailbox.next(), Some((2, Err(CallFailure::Timeout))));
        assert!(!mailbox.has_mail() && mailbox.next().is_none());
    }
}
