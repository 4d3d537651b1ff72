//! Host calls as safe functions that return a `Result`, where the SDK's functions do not fit.
//!
//! The SDK's function either panics on an unexpected status, which ends the worker's VM, or it loses data. The comment
//! of each function says which. All other code calls the SDK. Only this module and the allocator contain `unsafe`.
#![allow(unsafe_code)]

mod imports;
mod pairs;

use crate::flow::call::Direction;
use crate::flow::headers::Headers;
use bytes::Bytes;
use bytestring::ByteString;
use std::ptr::{null, null_mut};

/// A status of a host call other than OK; Envoy's `WasmResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostError {
    /// 1: no such property, header or key.
    NotFound,
    /// 2: an argument that the host rejects, or a map or buffer that does not exist in this phase.
    BadArgument,
    /// 10: the host failed, for example on a call to a cluster without a healthy host.
    InternalFailure,
    /// Any other status.
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

/// A header map of the stream or of the callout's response.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum HeaderMap {
    Request = 0,
    Response = 2,
    CallResponse = 6,
}

/// A body buffer of the stream or of the callout's response.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Body {
    Request = 0,
    Response = 1,
    CallResponse = 4,
}

/// Takes ownership of a block that the host allocated with `proxy_on_memory_allocate` and filled.
fn take(pointer: *mut u8, size: usize) -> Bytes {
    if pointer.is_null() || size == 0 {
        return Bytes::new();
    }
    // SAFETY: the block has exactly `size` bytes, all written by the host, and comes from the SDK's
    // `proxy_on_memory_allocate`.
    Bytes::from(unsafe { Vec::from_raw_parts(pointer, size, size) })
}

/// All headers of a map. Empty when the map does not exist in this phase.
///
/// The SDK copies every name and value, and panics on a name that is not UTF-8.
pub(crate) fn header_map(map: HeaderMap) -> Result<Headers, HostError> {
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_header_map_pairs(map as u32, &raw mut pointer, &raw mut size) })?;
    Ok(pairs::parse(take(pointer, size)))
}

/// Replaces all values of a header with one value.
///
/// The SDK panics when the map does not exist in this phase.
pub(crate) fn replace_header(map: HeaderMap, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe {
        imports::proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Adds a value to a header.
///
/// The SDK panics when the map does not exist in this phase.
pub(crate) fn add_header(map: HeaderMap, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe {
        imports::proxy_add_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Removes a header with all its values.
///
/// The SDK panics when the map does not exist in this phase.
pub(crate) fn remove_header(map: HeaderMap, name: &[u8]) -> Result<(), HostError> {
    // SAFETY: the slice lives through the call.
    check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// The first `max` bytes of a body.
///
/// The SDK panics when the buffer does not exist.
pub(crate) fn body(body: Body, max: usize) -> Result<Bytes, HostError> {
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_buffer_bytes(body as u32, 0, max, &raw mut pointer, &raw mut size) })?;
    Ok(take(pointer, size))
}

/// Replaces a whole body of `length` bytes.
///
/// The SDK panics when the buffer does not exist.
pub(crate) fn replace_body(body: Body, length: usize, content: &[u8]) -> Result<(), HostError> {
    // SAFETY: the slice lives through the call.
    check(unsafe { imports::proxy_set_buffer_bytes(body as u32, 0, length, content.as_ptr(), content.len()) })
}

/// An Envoy attribute or, with one segment, a filter-state value stored as `wasm.<segment>`.
///
/// The SDK panics on a value that Envoy cannot serialize.
pub(crate) fn property(path: &[&str]) -> Result<Bytes, HostError> {
    let path = path.join("\0");
    let (mut pointer, mut size) = (null_mut(), 0);
    // SAFETY: `path` lives through the call and the two out-pointers are valid for writes.
    check(unsafe { imports::proxy_get_property(path.as_ptr(), path.len(), &raw mut pointer, &raw mut size) })?;
    Ok(take(pointer, size))
}

/// Stores a value in the stream's filter state under `wasm.<name>`.
///
/// The SDK panics on a read-only value and on a context without a stream.
pub(crate) fn set_filter_state(name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both slices live through the call.
    check(unsafe { imports::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Resumes a paused direction of the stream.
///
/// The SDK panics when the stream has ended.
pub(crate) fn continue_stream(direction: Direction) -> Result<(), HostError> {
    let stream_type = match direction {
        Direction::Request => 0,
        Direction::Response => 1,
    };
    // SAFETY: the call takes no pointer.
    check(unsafe { imports::proxy_continue_stream(stream_type) })
}

/// Sends a local reply to the client. `details` is the value of `%RESPONSE_CODE_DETAILS%`.
///
/// The SDK's function has no parameter for the details.
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

/// Fills a buffer with random bytes. The buffer keeps its content when the host has none.
///
/// The SDK has no function for random bytes.
pub(crate) fn random(buffer: &mut [u8]) {
    // SAFETY: the pointer and length are those of `buffer`.
    unsafe { imports::random_get(buffer.as_mut_ptr(), buffer.len()) };
}

/// The level of Envoy's `wasm` log.
///
/// When the log is off, the host returns a number for which the SDK's enum has no variant.
pub(crate) fn log_level() -> log::LevelFilter {
    let mut level = 0;
    // SAFETY: the out-pointer is valid for writes.
    if check(unsafe { imports::proxy_get_log_level(&raw mut level) }).is_err() {
        return log::LevelFilter::Info;
    }
    match level {
        0 => log::LevelFilter::Trace,
        1 => log::LevelFilter::Debug,
        2 => log::LevelFilter::Info,
        3 => log::LevelFilter::Warn,
        4 => log::LevelFilter::Error,
        _ => log::LevelFilter::Off,
    }
}
