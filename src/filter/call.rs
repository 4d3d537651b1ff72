//! A call, from its dispatch to its response.

use crate::allocator;
use crate::filter::dispatch_warnings;
use crate::filter::hostcalls::{self, Body, HeaderMap};
use crate::filter::table::Table;
use crate::flow::call::{Call, CallFailure, CallReply};
use crate::flow::headers::text;
use bytes::Bytes;
use proxy_wasm::types::Status;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// The header that Envoy adds to responses of an upstream but not to its own replies (docs/envoy-host-facts.md 3).
const UPSTREAM_SERVICE_TIME: &str = "x-envoy-upstream-service-time";

thread_local! {
    /// The wakers of waiting calls, by the call's token.
    static WAITING: RefCell<Table<Waker>> = RefCell::default();
    /// The response that Envoy delivers now. Its headers and body can be read only while Envoy's callback runs.
    static DELIVERED: Cell<Option<Delivery>> = const { Cell::new(None) };
}

/// The arguments of Envoy's callback for a response.
#[derive(Clone, Copy)]
struct Delivery {
    token: u32,
    header_count: usize,
    body_size: usize,
}

/// Wakes the call that waits for a response. A response without a waiting call is dropped.
pub(super) fn deliver(token: u32, header_count: usize, body_size: usize) {
    if let Some(waker) = take_waiting(token) {
        DELIVERED.set(Some(Delivery { token, header_count, body_size }));
        waker.wake();
    }
}

fn take_waiting(token: u32) -> Option<Waker> {
    WAITING.with(|waiting| waiting.try_borrow_mut().ok()?.remove(&token))
}

fn wait(token: u32, waker: &Waker) {
    WAITING.with(|waiting| waiting.try_borrow_mut().map(|mut waiting| waiting.insert(token, waker.clone())).ok());
}

/// Dispatches a call and returns its token. U+FFFD replaces bytes of header values that are not UTF-8, because the SDK
/// takes strings.
pub(super) fn dispatch(call: &Call) -> Result<u32, CallFailure> {
    // Envoy reads the milliseconds as a signed 32-bit number.
    const MAX_TIMEOUT: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);
    let values: Vec<_> = call.headers.iter().map(|(_, value)| String::from_utf8_lossy(value)).collect();
    let headers = call.headers.iter().zip(&values).map(|((name, _), value)| (&**name, &**value)).collect();
    let sent = proxy_wasm::hostcalls::dispatch_http_call(
        &call.cluster,
        headers,
        Some(&call.body),
        Vec::new(),
        call.timeout.min(MAX_TIMEOUT),
    );
    sent.inspect(|token| log::debug!("callout: call {token} to cluster {}", call.cluster)).map_err(|status| {
        let reason = match status {
            Status::BadArgument => "no cluster has this name",
            _ => "the cluster has no healthy host, or its circuit breaker is open",
        };
        dispatch_warnings::warn(&call.cluster, reason);
        CallFailure::Unreachable
    })
}

/// A call that waits for its response. Dropping it, for example when the client disconnects, drops the response.
pub(super) struct Pending {
    token: u32,
    started: Instant,
}

impl Pending {
    pub(super) fn dispatch(call: &Call) -> Result<Pending, CallFailure> {
        let started = Instant::now();
        Ok(Pending { token: dispatch(call)?, started })
    }

    /// Waits for the response and returns it with its duration. `body_memory_bytes` is the memory for bodies in bytes.
    pub(super) async fn response(
        self,
        call: &Call,
        body_memory_bytes: usize,
    ) -> (Result<CallReply, CallFailure>, Duration) {
        let delivery = poll_fn(|context| match DELIVERED.take() {
            Some(delivery) if delivery.token == self.token => Poll::Ready(delivery),
            other => {
                DELIVERED.set(other);
                wait(self.token, context.waker());
                Poll::Pending
            }
        });
        let delivery = delivery.await;
        let elapsed = self.started.elapsed();
        if delivery.header_count == 0 {
            let failure = if is_late(elapsed, call.timeout) { CallFailure::Timeout } else { CallFailure::Reset };
            return (Err(failure), elapsed);
        }
        (read(delivery, call.max_response_bytes, body_memory_bytes), elapsed)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        take_waiting(self.token);
    }
}

/// Whether a call failed at its timeout. Envoy's timers start at the time when its event loop last woke, so they fire
/// slightly before the timeout of this clock.
fn is_late(elapsed: Duration, timeout: Duration) -> bool {
    const TIMER_TOLERANCE: Duration = Duration::from_millis(50);
    elapsed.saturating_add(TIMER_TOLERANCE.min(timeout / 2)) >= timeout
}

/// Reads a response of an upstream. A reply of Envoy itself is a failure of the call.
fn read(delivery: Delivery, max_bytes: usize, body_memory_bytes: usize) -> Result<CallReply, CallFailure> {
    let mut headers = hostcalls::header_map(HeaderMap::CallResponse).unwrap_or_default();
    let status = headers.first_line(":status").and_then(|status| text(status).parse().ok()).unwrap_or(0);
    if !headers.contains(UPSTREAM_SERVICE_TIME) {
        return Err(local_failure(status));
    }
    if delivery.body_size > max_bytes {
        return Err(CallFailure::TooLarge(max_bytes));
    }
    let body = match delivery.body_size {
        0 => Bytes::new(),
        size if size > allocator::left_of(body_memory_bytes) => return Err(CallFailure::NoMemory),
        size => hostcalls::body(Body::CallResponse, size).map_err(|_| CallFailure::NoMemory)?,
    };
    headers.retain(|name| !name.starts_with(b":") && name != UPSTREAM_SERVICE_TIME.as_bytes());
    Ok(CallReply { status, headers, body })
}

/// The failure that a local reply of Envoy reports.
#[cold]
fn local_failure(status: u16) -> CallFailure {
    /// Maximum size of the text in bytes.
    const MAX_TEXT_BYTES: usize = 512;
    let body = hostcalls::body(Body::CallResponse, MAX_TEXT_BYTES).unwrap_or_default();
    CallFailure::of_local_reply(status, &text(body))
}
