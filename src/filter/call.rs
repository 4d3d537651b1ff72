//! A call, from its dispatch to its response.

use crate::allocator;
use crate::envoy::dispatch_warnings;
use crate::envoy::response::{self, DeliveredBody, Limits};
use crate::filter::hostcalls::{self, Body, HeaderMap};
use crate::filter::table::Table;
use crate::flow::call::{Call, CallFailure, CallReply};
use bytes::Bytes;
use proxy_wasm::types::Status;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

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
            return (Err(response::failure(elapsed, call.timeout)), elapsed);
        }
        let headers = hostcalls::header_map(HeaderMap::CallResponse).unwrap_or_default();
        let limits =
            || Limits { max_bytes: call.max_response_bytes, memory_left: allocator::left_of(body_memory_bytes) };
        (response::read(headers, &delivery, limits), elapsed)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        take_waiting(self.token);
    }
}

impl DeliveredBody for Delivery {
    fn size(&self) -> usize {
        self.body_size
    }

    fn read(&self, max: usize) -> Option<Bytes> {
        hostcalls::body(Body::CallResponse, max).ok()
    }
}
