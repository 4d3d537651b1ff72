//! The proxy-wasm ABI 0.2.1 as this filter uses it: one safe function per host call, bytes in and bytes out.
//!
//! Every function returns a `Result` instead of panicking on a status it does not know, because a trap ends the
//! worker's whole VM. This module and what is in it are the only places with `unsafe`.
#![allow(unsafe_code)]

mod allocator;
mod exports;
mod imports;
mod pairs;

use crate::flow::headers::Headers;
use bytes::Bytes;
use bytestring::ByteString;
use std::ptr::{null, null_mut};

/// A status other than OK that a host call returned; Envoy's `WasmResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostError {
    /// 1: no such property, header or key.
    NotFound,
    /// 2: an argument the host does not take, or a map or buffer that is not there in this phase.
    BadArgument,
    /// 10: the host could not do it, such as a call to a cluster without a healthy host.
    InternalFailure,
    /// Any other status, by its number.
    Other(u32),
}

fn check(status: u32) -> Result<(), HostError> {
    match status {
        0 => Ok(()),
        1 => Err(HostError::NotFound),
        2 => Err(HostError::BadArgument),
        10 => Err(HostError::InternalFailure),
        other => Err(HostError::Other(other)),
    }
}

/// Envoy's log levels, in its numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum LogLevel {
    Warn = 3,
    Error = 4,
}

/// A header map of the stream or of the callout being answered.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum HeaderMap {
    Request = 0,
    Response = 2,
    CallResponse = 6,
}

/// A body buffer of the stream or of the callout being answered.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Body {
    Request = 0,
    Response = 1,
    CallResponse = 4,
}

/// One of the two directions of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Direction {
    Request = 0,
    Response = 1,
}

/// The kinds of metric Envoy keeps.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum MetricKind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// Takes over a block that the host filled in memory it got from `proxy_on_memory_allocate`.
fn take(pointer: *mut u8, size: usize) -> Bytes {
    if pointer.is_null() || size == 0 {
        return Bytes::new();
    }
    // SAFETY: the host wrote `size` bytes into a block of exactly that size, made by `exports::allocate`.
    Bytes::from(unsafe { Vec::from_raw_parts(pointer, size, size) })
}

/// Writes a line to Envoy's `wasm` log.
pub(crate) fn log(level: LogLevel, text: &str) {
    // SAFETY: the pointer and length are those of `text`, which lives through the call.
    unsafe { imports::proxy_log(level as u32, text.as_ptr(), text.len()) };
}

/// All headers of a map. Empty when the map is not there in this phase.
pub(crate) fn header_map(map: HeaderMap) -> Result<Headers, HostError> {
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_header_map_pairs(map as u32, &raw mut pointer, &raw mut size) })?;
    Ok(pairs::parse(take(pointer, size)))
}

/// Sets a header to one value, whatever it held.
pub(crate) fn replace_header(map: HeaderMap, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe {
        imports::proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Adds a further value of a header.
pub(crate) fn add_header(map: HeaderMap, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe {
        imports::proxy_add_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Removes a header with all its values.
pub(crate) fn remove_header(map: HeaderMap, name: &[u8]) -> Result<(), HostError> {
    // SAFETY: the slice lives through the call.
    check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Up to `max` bytes from the beginning of a body.
pub(crate) fn body(body: Body, max: usize) -> Result<Bytes, HostError> {
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_buffer_bytes(body as u32, 0, max, &raw mut pointer, &raw mut size) })?;
    Ok(take(pointer, size))
}

/// Replaces a whole body of `length` bytes.
pub(crate) fn replace_body(body: Body, length: usize, content: &[u8]) -> Result<(), HostError> {
    // SAFETY: the slice lives through the call.
    check(unsafe { imports::proxy_set_buffer_bytes(body as u32, 0, length, content.as_ptr(), content.len()) })
}

/// The plugin configuration, readable while `proxy_on_configure` runs.
pub(crate) fn plugin_configuration() -> Result<Bytes, HostError> {
    const PLUGIN_CONFIGURATION: u32 = 7;
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: the two out-pointers are valid for writes.
    check(unsafe {
        imports::proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, usize::MAX, &raw mut pointer, &raw mut size)
    })?;
    Ok(take(pointer, size))
}

/// An Envoy attribute or, with one segment, a filter-state value stored as `wasm.<segment>`.
pub(crate) fn property(path: &[&str]) -> Result<Bytes, HostError> {
    let path = path.join("\0");
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: `path` lives through the call and the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_property(path.as_ptr(), path.len(), &raw mut pointer, &raw mut size) })?;
    Ok(take(pointer, size))
}

/// Stores a value in the stream's filter state under `wasm.<name>`.
pub(crate) fn set_filter_state(name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe { imports::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// A value that all workers of this VM share.
pub(crate) fn shared_data(key: &str) -> Result<Bytes, HostError> {
    let (mut pointer, mut size, mut cas) = (null_mut(), 0, 0);
    // SAFETY: `key` lives through the call and the out-pointers are valid for writes.
    check(unsafe {
        imports::proxy_get_shared_data(key.as_ptr(), key.len(), &raw mut pointer, &raw mut size, &raw mut cas)
    })?;
    Ok(take(pointer, size))
}

/// Shares a value with all workers of this VM, whatever was there.
pub(crate) fn set_shared_data(key: &str, value: &[u8]) -> Result<(), HostError> {
    const UNCONDITIONAL: u32 = 0;
    // SAFETY: both slices live through the call.
    check(unsafe {
        imports::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), UNCONDITIONAL)
    })
}

/// Sends a request to a cluster and returns the token its answer will carry. `timeout_ms` 0 means none.
pub(crate) fn http_call(
    cluster: &str,
    headers: &[(ByteString, Bytes)],
    body: &[u8],
    timeout_ms: u32,
) -> Result<u32, HostError> {
    let headers = pairs::serialize(headers);
    let trailers = pairs::serialize(&[]);
    let mut token = 0;
    // SAFETY: every slice lives through the call and the out-pointer is valid for writes.
    check(unsafe {
        imports::proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout_ms,
            &raw mut token,
        )
    })?;
    Ok(token)
}

/// Lets Envoy tick the plugin's context every so many milliseconds; 0 stops that.
pub(crate) fn set_tick_period(milliseconds: u32) -> Result<(), HostError> {
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_set_tick_period_milliseconds(milliseconds) })
}

/// Makes a stream the one that the following host calls act on.
pub(crate) fn set_effective_context(context: u32) -> Result<(), HostError> {
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_set_effective_context(context) })
}

/// Lets a paused direction of the stream go on.
pub(crate) fn continue_stream(direction: Direction) -> Result<(), HostError> {
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_continue_stream(direction as u32) })
}

/// Answers the client in place of the upstream. `details` is what `%RESPONSE_CODE_DETAILS%` prints.
pub(crate) fn send_local_response(
    status: u32,
    details: &str,
    headers: &[(ByteString, Bytes)],
    body: &[u8],
) -> Result<(), HostError> {
    const NO_GRPC_STATUS: i32 = -1;
    let headers = pairs::serialize(headers);
    // SAFETY: every slice lives through the call.
    check(unsafe {
        imports::proxy_send_local_response(
            status,
            if details.is_empty() { null() } else { details.as_ptr() },
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// Fills a buffer with random bytes; leaves zeros should the host have none.
pub(crate) fn random(buffer: &mut [u8]) {
    // SAFETY: the pointer and length are those of `buffer`.
    unsafe { imports::random_get(buffer.as_mut_ptr(), buffer.len()) };
}

/// Makes a metric, or finds the one of that name, and returns its id.
pub(crate) fn define_metric(kind: MetricKind, name: &str) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: `name` lives through the call and the out-pointer is valid for writes.
    check(unsafe { imports::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(id)
}

/// Moves a counter or a gauge. A counter takes positive offsets only.
pub(crate) fn increment_metric(id: u32, offset: i64) -> Result<(), HostError> {
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_increment_metric(id, offset) })
}

/// Records a value in a histogram.
pub(crate) fn record_metric(id: u32, value: u64) -> Result<(), HostError> {
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_record_metric(id, value) })
}
