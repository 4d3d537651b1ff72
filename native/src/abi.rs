//! Envoy's ABI of dynamic modules, version `v0.2.0` (docs/envoy-dynamic-modules.md): the types and functions that this
//! module uses. Envoy exports the functions, so the symbols have no definition at link time.
//!
//! Pointers that Envoy returns are valid until the end of the current entry point, or until a setter of the same data.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::null;

/// The version that the module reports to Envoy, as a C string.
pub(crate) const VERSION: &std::ffi::CStr = c"v0.2.0";

/// Envoy's filter of one stream, or its filter configuration.
pub(crate) type EnvoyPointer = *mut c_void;

/// Bytes of this module.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ModuleBuffer {
    pointer: *const u8,
    length: usize,
}

impl ModuleBuffer {
    pub(crate) const fn new(bytes: &[u8]) -> ModuleBuffer {
        ModuleBuffer { pointer: bytes.as_ptr(), length: bytes.len() }
    }
}

/// Bytes of Envoy.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EnvoyBuffer {
    pointer: *const u8,
    length: usize,
}

impl EnvoyBuffer {
    pub(crate) const EMPTY: EnvoyBuffer = EnvoyBuffer { pointer: null(), length: 0 };

    /// The size in bytes.
    pub(crate) fn len(self) -> usize {
        self.length
    }

    /// The bytes.
    ///
    /// # Safety
    /// Envoy still has them.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the caller's promise.
        unsafe { slice(self.pointer, self.length) }
    }
}

/// A header of this module.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ModuleHeader {
    name: ModuleBuffer,
    value: ModuleBuffer,
}

impl ModuleHeader {
    pub(crate) const fn new(name: &[u8], value: &[u8]) -> ModuleHeader {
        ModuleHeader { name: ModuleBuffer::new(name), value: ModuleBuffer::new(value) }
    }
}

/// A header of Envoy.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EnvoyHeader {
    pub(crate) name: EnvoyBuffer,
    pub(crate) value: EnvoyBuffer,
}

/// An array of Envoy as a slice. A null pointer is an empty array.
///
/// # Safety
/// Envoy still has the array.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, length: usize) -> &'a [T] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// A header map of a stream.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) enum HeaderMap {
    Request = 0,
    Response = 2,
}

/// A body buffer of a stream. A received body exists only in the body's own entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) enum Body {
    ReceivedRequest = 0,
    BufferedRequest = 1,
    ReceivedResponse = 2,
    BufferedResponse = 3,
}

/// The attributes that the module reads, by their number in the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) enum Attribute {
    RequestId = 9,
    RequestProtocol = 10,
    ResponseCodeDetails = 16,
    SourceAddress = 24,
    SourcePort = 25,
    ConnectionTlsVersion = 31,
    ConnectionSubjectPeerCertificate = 33,
    UpstreamAddress = 41,
    UpstreamPort = 42,
}

/// The number of values in the timing information of a stream, with room for those that later versions add.
pub(crate) const TIMINGS: usize = 64;

/// The return values of the entry points for headers.
pub(crate) mod headers_status {
    pub(crate) const CONTINUE: u32 = 0;
    /// The body goes on to this filter.
    pub(crate) const STOP: u32 = 1;
    /// The body waits at Envoy, which limits the client's sending rate.
    pub(crate) const STOP_ALL_AND_WATERMARK: u32 = 4;
}

/// The return values of the entry points for bodies.
pub(crate) mod body_status {
    pub(crate) const CONTINUE: u32 = 0;
    pub(crate) const STOP_AND_BUFFER: u32 = 1;
}

/// The return values of the entry points for trailers.
pub(crate) mod trailers_status {
    pub(crate) const CONTINUE: u32 = 0;
    pub(crate) const STOP: u32 = 1;
}

/// The return value of a dispatched call.
pub(crate) mod dispatched {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const NO_CLUSTER: u32 = 2;
}

/// The result of a call that ended with a response, or with a local reply of Envoy.
pub(crate) const CALL_SUCCEEDED: u32 = 0;

/// The return value of a metric's definition.
pub(crate) const METRIC_DEFINED: u32 = 0;

#[cfg(not(test))]
macro_rules! callbacks {
    ($($short:ident = $symbol:literal ($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        unsafe extern "C" {
            $(
                #[link_name = concat!("envoy_dynamic_module_callback_", $symbol)]
                pub(crate) fn $short($($argument: $kind),*) $(-> $result)?;
            )*
        }
    };
}

/// Without Envoy, the functions do not exist. The unit tests call none of them.
#[cfg(test)]
macro_rules! callbacks {
    ($($short:ident = $symbol:literal ($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        $(
            #[allow(clippy::panic, clippy::too_many_arguments, unused_variables, reason = "no unit test calls it")]
            pub(crate) unsafe fn $short($($argument: $kind),*) $(-> $result)? {
                panic!("{} needs Envoy", $symbol)
            }
        )*
    };
}

callbacks! {
    log = "log"(level: u32, message: ModuleBuffer);
    log_level = "get_log_level"() -> u32;

    headers_size = "http_get_headers_size"(filter: EnvoyPointer, map: HeaderMap) -> usize;
    headers = "http_get_headers"(filter: EnvoyPointer, map: HeaderMap, result: *mut EnvoyHeader) -> bool;
    add_header = "http_add_header"(filter: EnvoyPointer, map: HeaderMap, name: ModuleBuffer, value: ModuleBuffer) -> bool;
    set_header = "http_set_header"(filter: EnvoyPointer, map: HeaderMap, name: ModuleBuffer, value: ModuleBuffer) -> bool;

    body_size = "http_get_body_size"(filter: EnvoyPointer, body: Body) -> usize;
    body_chunks_size = "http_get_body_chunks_size"(filter: EnvoyPointer, body: Body) -> usize;
    body_chunks = "http_get_body_chunks"(filter: EnvoyPointer, body: Body, result: *mut EnvoyBuffer) -> bool;
    append_body = "http_append_body"(filter: EnvoyPointer, body: Body, data: ModuleBuffer) -> bool;
    drain_body = "http_drain_body"(filter: EnvoyPointer, body: Body, size: usize) -> bool;

    send_response = "http_send_response"(
        filter: EnvoyPointer,
        status: u32,
        headers: *mut ModuleHeader,
        headers_size: usize,
        body: ModuleBuffer,
        details: ModuleBuffer
    );
    continue_decoding = "http_filter_continue_decoding"(filter: EnvoyPointer);
    continue_encoding = "http_filter_continue_encoding"(filter: EnvoyPointer);
    clear_route_cache = "http_clear_route_cache"(filter: EnvoyPointer);

    set_filter_state = "http_set_filter_state_bytes"(filter: EnvoyPointer, key: ModuleBuffer, value: ModuleBuffer) -> bool;
    filter_state_text = "http_get_filter_state_bytes"(filter: EnvoyPointer, key: ModuleBuffer, result: *mut EnvoyBuffer) -> bool;
    filter_state = "http_get_filter_state_typed"(filter: EnvoyPointer, key: ModuleBuffer, result: *mut EnvoyBuffer) -> bool;
    attribute_text = "http_filter_get_attribute_string"(filter: EnvoyPointer, attribute: Attribute, result: *mut EnvoyBuffer) -> bool;
    attribute_number = "http_filter_get_attribute_int"(filter: EnvoyPointer, attribute: Attribute, result: *mut u64) -> bool;
    timings = "http_get_timing_info"(filter: EnvoyPointer, result: *mut [i64; TIMINGS]);

    call = "http_filter_http_callout"(
        filter: EnvoyPointer,
        id: *mut u64,
        cluster: ModuleBuffer,
        headers: *mut ModuleHeader,
        headers_size: usize,
        body: ModuleBuffer,
        timeout_milliseconds: u64
    ) -> u32;
    call_of_config = "http_filter_config_http_callout"(
        config: EnvoyPointer,
        id: *mut u64,
        cluster: ModuleBuffer,
        headers: *mut ModuleHeader,
        headers_size: usize,
        body: ModuleBuffer,
        timeout_milliseconds: u64
    ) -> u32;

    scheduler_new = "http_filter_scheduler_new"(filter: EnvoyPointer) -> EnvoyPointer;
    scheduler_commit = "http_filter_scheduler_commit"(scheduler: EnvoyPointer, event: u64);
    scheduler_delete = "http_filter_scheduler_delete"(scheduler: EnvoyPointer);
    config_scheduler_new = "http_filter_config_scheduler_new"(config: EnvoyPointer) -> EnvoyPointer;
    config_scheduler_commit = "http_filter_config_scheduler_commit"(scheduler: EnvoyPointer, event: u64);
    config_scheduler_delete = "http_filter_config_scheduler_delete"(scheduler: EnvoyPointer);

    define_counter = "http_filter_config_define_counter"(
        config: EnvoyPointer,
        name: ModuleBuffer,
        labels: *mut ModuleBuffer,
        labels_size: usize,
        id: *mut usize
    ) -> u32;
    define_histogram = "http_filter_config_define_histogram"(
        config: EnvoyPointer,
        name: ModuleBuffer,
        labels: *mut ModuleBuffer,
        labels_size: usize,
        id: *mut usize
    ) -> u32;
    increment_counter = "http_filter_config_increment_counter"(
        config: EnvoyPointer,
        id: usize,
        labels: *mut ModuleBuffer,
        labels_size: usize,
        value: u64
    ) -> u32;
    record_histogram = "http_filter_config_record_histogram_value"(
        config: EnvoyPointer,
        id: usize,
        labels: *mut ModuleBuffer,
        labels_size: usize,
        value: u64
    ) -> u32;

    active_span = "http_get_active_span"(filter: EnvoyPointer) -> EnvoyPointer;
    span_spawn_child = "http_span_spawn_child"(filter: EnvoyPointer, span: EnvoyPointer, operation: ModuleBuffer) -> EnvoyPointer;
    span_set_tag = "http_span_set_tag"(span: EnvoyPointer, key: ModuleBuffer, value: ModuleBuffer);
    child_span_finish = "http_child_span_finish"(span: EnvoyPointer);
}
