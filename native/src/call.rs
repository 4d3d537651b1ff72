//! A call of a stream or of a configuration, from its dispatch to its response.
#![allow(unsafe_code)]

use crate::abi::{self, EnvoyBuffer, EnvoyHeader};
use crate::stream::{NotDispatched, Stream, copied};
use bytes::Bytes;
use envoy_callout::envoy::dispatch_warnings;
use envoy_callout::envoy::response::{self, DeliveredBody, Limits};
use envoy_callout::flow::call::{Call, CallFailure, CallReply};
use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The arguments of Envoy's entry point for the end of a call. They are valid while it runs.
#[derive(Clone, Copy)]
pub(crate) struct Delivery {
    id: u64,
    result: u32,
    headers: *const EnvoyHeader,
    headers_size: usize,
    chunks: *const EnvoyBuffer,
    chunks_size: usize,
}

thread_local! {
    /// The result that Envoy delivers now.
    static DELIVERED: Cell<Option<Delivery>> = const { Cell::new(None) };
}

impl Delivery {
    /// # Safety
    /// The arguments are those of the entry point that runs, and the value is not used after it.
    pub(crate) unsafe fn new(
        id: u64,
        result: u32,
        headers: (*const EnvoyHeader, usize),
        chunks: (*const EnvoyBuffer, usize),
    ) -> Delivery {
        let ((headers, headers_size), (chunks, chunks_size)) = (headers, chunks);
        Delivery { id, result, headers, headers_size, chunks, chunks_size }
    }

    /// Lets the future that waits for this call read the result while `wake` runs.
    pub(crate) fn during<T>(self, wake: impl FnOnce() -> T) -> T {
        /// Ends the delivery, also after a panic: the pointers are then invalid.
        struct End;

        impl Drop for End {
            fn drop(&mut self) {
                DELIVERED.set(None);
            }
        }

        DELIVERED.set(Some(self));
        let _end = End;
        wake()
    }

    fn chunks(&self) -> &[EnvoyBuffer] {
        // SAFETY: the entry point runs.
        unsafe { abi::slice(self.chunks, self.chunks_size) }
    }

    /// Classifies and reads the result of a call, `elapsed` after its dispatch.
    pub(crate) fn read(
        &self,
        elapsed: Duration,
        timeout: Duration,
        limits: impl FnOnce() -> Limits,
    ) -> Result<CallReply, CallFailure> {
        if self.result != abi::CALL_SUCCEEDED || self.headers_size == 0 {
            return Err(response::failure(elapsed, timeout));
        }
        // SAFETY: the entry point runs.
        let headers = unsafe { copied(abi::slice(self.headers, self.headers_size)) };
        response::read(headers, self, limits)
    }
}

impl DeliveredBody for Delivery {
    fn size(&self) -> usize {
        self.chunks().iter().map(|chunk| chunk.len()).sum()
    }

    fn read(&self, max: usize) -> Option<Bytes> {
        let mut body = Vec::with_capacity(max.min(self.size()));
        for chunk in self.chunks() {
            // SAFETY: the entry point runs.
            let bytes = unsafe { chunk.bytes() };
            let left = max.saturating_sub(body.len());
            body.extend_from_slice(bytes.get(..left).unwrap_or(bytes));
        }
        Some(Bytes::from(body))
    }
}

/// A call of a stream that waits for its response. The end of the stream cancels it.
pub(crate) struct Pending {
    id: u64,
    started: Instant,
}

impl Pending {
    pub(crate) fn dispatch(stream: Stream, call: &Call) -> Result<Pending, CallFailure> {
        let started = Instant::now();
        let id = stream.call(call).map_err(|reason| not_dispatched(call, reason))?;
        Ok(Pending { id, started })
    }

    /// Waits for the response and returns it with its duration.
    pub(crate) async fn response(
        self,
        call: &Call,
        limits: impl FnOnce() -> Limits,
    ) -> (Result<CallReply, CallFailure>, Duration) {
        let delivery = poll_fn(|_| match DELIVERED.take() {
            Some(delivery) if delivery.id == self.id => Poll::Ready(delivery),
            other => {
                DELIVERED.set(other);
                Poll::Pending
            }
        });
        let delivery = delivery.await;
        let elapsed = self.started.elapsed();
        (delivery.read(elapsed, call.timeout, limits), elapsed)
    }
}

/// Logs that Envoy did not dispatch a call.
#[cold]
pub(crate) fn not_dispatched(call: &Call, reason: NotDispatched) -> CallFailure {
    dispatch_warnings::warn(&call.cluster, reason.text());
    CallFailure::Unreachable
}
