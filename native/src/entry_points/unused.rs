//! The functions that Envoy requires and that have no work here.

use super::ModulePointer;
use crate::abi::{EnvoyBuffer, EnvoyHeader, EnvoyPointer};
use std::ptr::null;

/// Per-route configurations are rejected: a filter configuration has one set of policies.
#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_per_route_config_new")]
extern "C" fn per_route_config_new(_name: EnvoyBuffer, _config: EnvoyBuffer) -> ModulePointer {
    null()
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_per_route_config_destroy")]
extern "C" fn per_route_config_destroy(_config: ModulePointer) {}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_stream_headers")]
extern "C" fn stream_headers(
    _: EnvoyPointer,
    _: ModulePointer,
    _stream: u64,
    _headers: *const EnvoyHeader,
    _size: usize,
    _end: bool,
) {
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_stream_data")]
extern "C" fn stream_data(
    _: EnvoyPointer,
    _: ModulePointer,
    _stream: u64,
    _chunks: *const EnvoyBuffer,
    _size: usize,
    _end: bool,
) {
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_stream_trailers")]
extern "C" fn stream_trailers(
    _: EnvoyPointer,
    _: ModulePointer,
    _stream: u64,
    _trailers: *const EnvoyHeader,
    _size: usize,
) {
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_stream_complete")]
extern "C" fn stream_complete(_: EnvoyPointer, _: ModulePointer, _stream: u64) {}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_stream_reset")]
extern "C" fn stream_reset(_: EnvoyPointer, _: ModulePointer, _stream: u64, _reason: u32) {}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark")]
extern "C" fn above_high_watermark(_: EnvoyPointer, _: ModulePointer) {}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark")]
extern "C" fn below_low_watermark(_: EnvoyPointer, _: ModulePointer) {}

/// Local replies go on to the client.
#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_local_reply")]
extern "C" fn local_reply(
    _: EnvoyPointer,
    _: ModulePointer,
    _status: u32,
    _details: EnvoyBuffer,
    _reset_imminent: bool,
) -> u32 {
    const CONTINUE: u32 = 0;
    CONTINUE
}
