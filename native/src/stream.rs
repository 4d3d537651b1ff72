//! Envoy's filter of one stream as safe functions.
#![allow(unsafe_code)]

use crate::abi::{
    self, Attribute, Body, EnvoyBuffer, EnvoyHeader, EnvoyPointer, HeaderMap, ModuleBuffer, ModuleHeader,
};
use crate::schedule::Scheduler;
use bytes::Bytes;
use envoy_callout::flow::call::{Call, Direction, Reply};
use envoy_callout::flow::headers::{HeaderSpan, Headers};
use std::time::Duration;

/// Envoy's filter of one stream. It is valid until Envoy destroys the filter; the module keeps it no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream(EnvoyPointer);

/// The reason why a call was not dispatched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDispatched {
    /// No cluster has this name.
    NoCluster,
    /// The cluster has no healthy host, or its circuit breaker is open.
    NoHost,
}

impl NotDispatched {
    pub(crate) fn text(self) -> &'static str {
        match self {
            NotDispatched::NoCluster => "no cluster has this name",
            NotDispatched::NoHost => "the cluster has no healthy host, or its circuit breaker is open",
        }
    }
}

/// The header map of a direction.
fn map(direction: Direction) -> HeaderMap {
    match direction {
        Direction::Request => HeaderMap::Request,
        Direction::Response => HeaderMap::Response,
    }
}

/// The buffers of a direction: the received one, which exists in the body's own entry point, and the buffered one.
fn buffers(direction: Direction) -> (Body, Body) {
    match direction {
        Direction::Request => (Body::ReceivedRequest, Body::BufferedRequest),
        Direction::Response => (Body::ReceivedResponse, Body::BufferedResponse),
    }
}

impl Stream {
    /// # Safety
    /// The pointer is Envoy's filter of a stream, and the value is not used after Envoy has destroyed it.
    pub(crate) unsafe fn new(filter: EnvoyPointer) -> Stream {
        Stream(filter)
    }

    /// The headers of a direction; empty when Envoy does not have them.
    pub(crate) fn headers(self, direction: Direction) -> Headers {
        // SAFETY: the filter is valid.
        let count = unsafe { abi::headers_size(self.0, map(direction)) };
        let mut lines: Vec<EnvoyHeader> = Vec::with_capacity(count);
        // SAFETY: the array has room for every header, and Envoy writes all of them when it returns true.
        unsafe {
            if count == 0 || !abi::headers(self.0, map(direction), lines.as_mut_ptr()) {
                return Headers::default();
            }
            lines.set_len(count);
            copied(&lines)
        }
    }

    /// Replaces all values of a header with one. An empty value removes the header. `false` without headers.
    pub(crate) fn set_header(self, direction: Direction, name: &[u8], value: &[u8]) -> bool {
        // SAFETY: the filter is valid, and Envoy copies both slices.
        unsafe { abi::set_header(self.0, map(direction), ModuleBuffer::new(name), ModuleBuffer::new(value)) }
    }

    /// Adds a value to a header. `false` without headers or with an empty value.
    pub(crate) fn add_header(self, direction: Direction, name: &[u8], value: &[u8]) -> bool {
        // SAFETY: the filter is valid, and Envoy copies both slices.
        unsafe { abi::add_header(self.0, map(direction), ModuleBuffer::new(name), ModuleBuffer::new(value)) }
    }

    /// Lets Envoy choose the route again.
    pub(crate) fn clear_route_cache(self) {
        // SAFETY: the filter is valid.
        unsafe { abi::clear_route_cache(self.0) };
    }

    /// The size in bytes of the body that Envoy has.
    pub(crate) fn body_size(self, direction: Direction) -> usize {
        let (received, buffered) = buffers(direction);
        // SAFETY: the filter is valid.
        unsafe { abi::body_size(self.0, received).saturating_add(abi::body_size(self.0, buffered)) }
    }

    /// The body of a complete message. At the end of a message, the buffer contains the received part too; a body in one
    /// part is not buffered.
    pub(crate) fn body(self, direction: Direction) -> Bytes {
        let (received, buffered) = buffers(direction);
        let mut body = Vec::with_capacity(self.body_size(direction));
        for buffer in [buffered, received] {
            // SAFETY: the filter is valid. The array has room for every chunk, Envoy writes all of them when it returns
            // true, and no setter is called until the chunks are copied.
            unsafe {
                let count = abi::body_chunks_size(self.0, buffer);
                let mut chunks: Vec<EnvoyBuffer> = Vec::with_capacity(count);
                if count == 0 || !abi::body_chunks(self.0, buffer, chunks.as_mut_ptr()) {
                    continue;
                }
                chunks.set_len(count);
                for chunk in chunks {
                    body.extend_from_slice(chunk.bytes());
                }
            }
        }
        Bytes::from(body)
    }

    /// Replaces the body of a complete message. `false` without a body.
    pub(crate) fn replace_body(self, direction: Direction, body: &[u8]) -> bool {
        let (received, buffered) = buffers(direction);
        // SAFETY: the filter is valid, and Envoy copies the slice.
        unsafe {
            let is_buffered = abi::body_size(self.0, buffered) > 0;
            abi::drain_body(self.0, buffered, usize::MAX);
            abi::drain_body(self.0, received, usize::MAX);
            let data = ModuleBuffer::new(body);
            (!is_buffered && abi::append_body(self.0, received, data)) || abi::append_body(self.0, buffered, data)
        }
    }

    /// Sends a local reply to the client. Envoy can destroy the filter in this call.
    pub(crate) fn send_response(self, reply: &Reply) {
        let mut headers: Vec<_> =
            reply.headers.iter().map(|(name, value)| ModuleHeader::new(name.as_bytes(), value)).collect();
        // SAFETY: the filter is valid, and Envoy copies everything.
        unsafe {
            abi::send_response(
                self.0,
                reply.status.into(),
                headers.as_mut_ptr(),
                headers.len(),
                ModuleBuffer::new(&reply.body),
                ModuleBuffer::new(reply.details.as_bytes()),
            );
        }
    }

    /// Resumes a paused direction. Envoy calls other entry points of this stream in this call.
    pub(crate) fn resume(self, direction: Direction) {
        // SAFETY: the filter is valid.
        match direction {
            Direction::Request => unsafe { abi::continue_decoding(self.0) },
            Direction::Response => unsafe { abi::continue_encoding(self.0) },
        }
    }

    /// Stores text in filter state.
    pub(crate) fn set_filter_state(self, key: &[u8], value: &[u8]) -> bool {
        // SAFETY: the filter is valid, and Envoy copies both slices.
        unsafe { abi::set_filter_state(self.0, ModuleBuffer::new(key), ModuleBuffer::new(value)) }
    }

    /// An object in filter state as bytes. `None` without it, and when it has no serialized form.
    pub(crate) fn filter_state(self, key: &[u8]) -> Option<Bytes> {
        let (key, mut result) = (ModuleBuffer::new(key), EnvoyBuffer::EMPTY);
        // SAFETY: the filter is valid, and the result is copied at once.
        unsafe {
            let is_found =
                abi::filter_state_text(self.0, key, &raw mut result) || abi::filter_state(self.0, key, &raw mut result);
            is_found.then(|| Bytes::copy_from_slice(result.bytes()))
        }
    }

    /// An attribute with a text.
    pub(crate) fn attribute_text(self, attribute: Attribute) -> Option<Bytes> {
        let mut result = EnvoyBuffer::EMPTY;
        // SAFETY: the filter is valid, and the result is copied at once.
        unsafe {
            abi::attribute_text(self.0, attribute, &raw mut result).then(|| Bytes::copy_from_slice(result.bytes()))
        }
    }

    /// An attribute with a number.
    pub(crate) fn attribute_number(self, attribute: Attribute) -> Option<u64> {
        let mut result = 0;
        // SAFETY: the filter is valid.
        unsafe { abi::attribute_number(self.0, attribute, &raw mut result) }.then_some(result)
    }

    /// The time since the Unix epoch at which the request arrived.
    pub(crate) fn start_time(self) -> Duration {
        let mut timings = [0; abi::TIMINGS];
        // SAFETY: the filter is valid, and the array is larger than Envoy's structure.
        unsafe { abi::timings(self.0, &raw mut timings) };
        Duration::from_nanos(timings.first().copied().and_then(|start| u64::try_from(start).ok()).unwrap_or(0))
    }

    /// Dispatches a call that ends with the stream, and returns its id.
    pub(crate) fn call(self, call: &Call) -> Result<u64, NotDispatched> {
        // SAFETY: the filter is valid.
        dispatch(call, |id, cluster, headers, size, body, timeout| unsafe {
            abi::call(self.0, id, cluster, headers, size, body, timeout)
        })
    }

    /// A scheduler of events of this stream.
    pub(crate) fn scheduler(self) -> Scheduler {
        // SAFETY: the filter is valid.
        unsafe { Scheduler::of_stream(abi::scheduler_new(self.0)) }
    }

    /// The span of the request; `None` without tracing.
    pub(crate) fn spawn_child_span(self, operation: &str) -> Option<EnvoyPointer> {
        // SAFETY: the filter is valid.
        let child = unsafe {
            let parent = abi::active_span(self.0);
            if parent.is_null() {
                return None;
            }
            abi::span_spawn_child(self.0, parent, ModuleBuffer::new(operation.as_bytes()))
        };
        Some(child).filter(|child| !child.is_null())
    }
}

/// Passes the parts of a call to a function of Envoy, which returns the id and a status.
pub(crate) fn dispatch(
    call: &Call,
    send: impl FnOnce(*mut u64, ModuleBuffer, *mut ModuleHeader, usize, ModuleBuffer, u64) -> u32,
) -> Result<u64, NotDispatched> {
    // Envoy's timers do not take more.
    const MAX_TIMEOUT: u64 = i32::MAX.unsigned_abs() as u64;
    let mut headers: Vec<_> =
        call.headers.iter().map(|(name, value)| ModuleHeader::new(name.as_bytes(), value)).collect();
    let (cluster, body) = (ModuleBuffer::new(call.cluster.as_bytes()), ModuleBuffer::new(&call.body));
    let timeout = u64::try_from(call.timeout.as_millis()).unwrap_or(MAX_TIMEOUT).min(MAX_TIMEOUT);
    let mut id = 0;
    match send(&raw mut id, cluster, headers.as_mut_ptr(), headers.len(), body, timeout) {
        abi::dispatched::SUCCESS => Ok(id),
        abi::dispatched::NO_CLUSTER => Err(NotDispatched::NoCluster),
        _ => Err(NotDispatched::NoHost),
    }
}

/// Headers of Envoy in one block.
///
/// # Safety
/// Envoy still has them.
pub(crate) unsafe fn copied(lines: &[EnvoyHeader]) -> Headers {
    let size: usize = lines.iter().map(|line| line.name.len().saturating_add(line.value.len())).sum();
    let mut block = Vec::with_capacity(size);
    let mut add = |part: EnvoyBuffer| {
        let start = block.len() as u32;
        // SAFETY: the caller's promise.
        block.extend_from_slice(unsafe { part.bytes() });
        (start, part.len() as u32)
    };
    let spans = lines.iter().map(|line| HeaderSpan { name: add(line.name), value: add(line.value) }).collect();
    Headers::in_block(Bytes::from(block), spans)
}
