//! The functions that Envoy calls. None of them unwinds.
#![allow(unsafe_code)]

mod unused;

use crate::abi::{self, EnvoyBuffer, EnvoyHeader, EnvoyPointer, body_status, headers_status, trailers_status};
use crate::call::Delivery;
use crate::config::Config;
use crate::filter::Filter;
use crate::plugin::Plugin;
use crate::stream::Stream;
use crate::{courier, logger, panics, thread};
use envoy_callout::envoy::configuration;
use envoy_callout::flow::call::Direction;
use envoy_callout::stream::{CallbackResult, Event};
use std::ffi::{c_char, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null;
use std::rc::Rc;
use std::sync::Arc;

/// A pointer to a [`Config`] or a [`Filter`] of this module.
type ModulePointer = *const c_void;

/// The configuration of a pointer. Envoy still owns one reference.
///
/// # Safety
/// The pointer is a result of [`config_new`] that [`config_destroy`] did not get yet.
unsafe fn config_of(pointer: ModulePointer) -> ManuallyDrop<Arc<Config>> {
    // SAFETY: the caller's promise.
    ManuallyDrop::new(unsafe { Arc::from_raw(pointer.cast()) })
}

/// The filter of a pointer. The reference keeps it alive when Envoy destroys it in the same entry point.
///
/// # Safety
/// The pointer is a result of [`filter_new`] that [`filter_destroy`] did not get yet.
unsafe fn filter_of(pointer: ModulePointer) -> Rc<Filter> {
    // SAFETY: the caller's promise.
    let filter = ManuallyDrop::new(unsafe { Rc::<Filter>::from_raw(pointer.cast()) });
    Rc::clone(&filter)
}

#[unsafe(export_name = "envoy_dynamic_module_on_program_init")]
extern "C" fn program_init() -> *const c_char {
    let _ = panics::caught(|| {
        thread::set_main();
        logger::install();
        panics::install_hook();
    });
    abi::VERSION.as_ptr()
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_config_new")]
unsafe extern "C" fn config_new(envoy: EnvoyPointer, name: EnvoyBuffer, bytes: EnvoyBuffer) -> ModulePointer {
    let loaded = panics::caught(|| {
        thread::set_main();
        thread::drop_ended();
        logger::update_level();
        // SAFETY: Envoy has the configuration and both texts.
        let config =
            unsafe { Config::new(envoy, String::from_utf8_lossy(name.bytes()).into_owned(), bytes.bytes().to_vec()) };
        let config = Arc::new(config);
        logger::enter(&config);
        let Some(plugin) = Plugin::new(&config, configuration::load) else {
            config.end();
            return null();
        };
        thread::insert(&plugin);
        Arc::into_raw(config).cast()
    });
    loaded.unwrap_or(null())
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_config_destroy")]
unsafe extern "C" fn config_destroy(config: ModulePointer) {
    if config.is_null() {
        return;
    }
    let _ = panics::caught(|| {
        // SAFETY: Envoy gives its reference back.
        let config = unsafe { Arc::<Config>::from_raw(config.cast()) };
        config.end();
        thread::drop_ended();
    });
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_new")]
unsafe extern "C" fn filter_new(config: ModulePointer, envoy: EnvoyPointer) -> ModulePointer {
    let created = panics::caught(|| {
        // SAFETY: Envoy has the configuration.
        let config = unsafe { config_of(config) };
        logger::enter(&config);
        logger::update_level();
        let plugin = thread::plugin(&config)?;
        courier::run_ready();
        // SAFETY: the filter drops its use of Envoy's filter when that is destroyed.
        let stream = unsafe { Stream::new(envoy) };
        Some(Rc::into_raw(Rc::new(Filter::new(stream, plugin))).cast())
    });
    created.flatten().unwrap_or(null())
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_destroy")]
unsafe extern "C" fn filter_destroy(filter: ModulePointer) {
    let _ = panics::caught(|| {
        // SAFETY: Envoy gives its reference back.
        let filter = unsafe { Rc::<Filter>::from_raw(filter.cast()) };
        filter.destroy();
    });
}

/// The return value of an entry point for headers.
fn headers_result(filter: &Filter, direction: Direction, end: bool, result: CallbackResult) -> u32 {
    match result {
        CallbackResult::Continue => headers_status::CONTINUE,
        CallbackResult::Pause if end || filter.needs_body(direction) => headers_status::STOP,
        CallbackResult::Pause => headers_status::STOP_ALL_AND_WATERMARK,
    }
}

/// The return value of an entry point for bodies.
fn body_result(result: CallbackResult) -> u32 {
    match result {
        CallbackResult::Continue => body_status::CONTINUE,
        CallbackResult::Pause => body_status::STOP_AND_BUFFER,
    }
}

/// The return value of an entry point for trailers.
fn trailers_result(result: CallbackResult) -> u32 {
    match result {
        CallbackResult::Continue => trailers_status::CONTINUE,
        CallbackResult::Pause => trailers_status::STOP,
    }
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_request_headers")]
unsafe extern "C" fn request_headers(_: EnvoyPointer, filter: ModulePointer, end: bool) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("request headers", headers_status::STOP, |filter| {
        headers_result(filter, Direction::Request, end, filter.on_event(Event::RequestHeaders { end }))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_request_body")]
unsafe extern "C" fn request_body(_: EnvoyPointer, filter: ModulePointer, end: bool) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("request body", body_status::STOP_AND_BUFFER, |filter| {
        let size = filter.body_size(Direction::Request);
        body_result(filter.on_event(Event::RequestBody { size, end }))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_request_trailers")]
unsafe extern "C" fn request_trailers(_: EnvoyPointer, filter: ModulePointer) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("request trailers", trailers_status::STOP, |filter| {
        trailers_result(filter.on_event(Event::RequestTrailers))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_response_headers")]
unsafe extern "C" fn response_headers(_: EnvoyPointer, filter: ModulePointer, end: bool) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("response headers", headers_status::STOP, |filter| {
        headers_result(filter, Direction::Response, end, filter.on_event(Event::ResponseHeaders { end }))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_response_body")]
unsafe extern "C" fn response_body(_: EnvoyPointer, filter: ModulePointer, end: bool) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("response body", body_status::STOP_AND_BUFFER, |filter| {
        let size = filter.body_size(Direction::Response);
        body_result(filter.on_event(Event::ResponseBody { size, end }))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_response_trailers")]
unsafe extern "C" fn response_trailers(_: EnvoyPointer, filter: ModulePointer) -> u32 {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("response trailers", trailers_status::STOP, |filter| {
        trailers_result(filter.on_event(Event::ResponseTrailers))
    })
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_stream_complete")]
unsafe extern "C" fn stream_complete(_: EnvoyPointer, filter: ModulePointer) {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.complete();
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_http_callout_done")]
unsafe extern "C" fn callout_done(
    _: EnvoyPointer,
    filter: ModulePointer,
    id: u64,
    result: u32,
    headers: *const EnvoyHeader,
    headers_size: usize,
    chunks: *const EnvoyBuffer,
    chunks_size: usize,
) {
    // SAFETY: Envoy has the filter and the arrays.
    let (filter, delivery) =
        unsafe { (filter_of(filter), Delivery::new(id, result, (headers, headers_size), (chunks, chunks_size))) };
    filter.enter("callout done", (), |filter| filter.on_call_done(delivery));
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_scheduled")]
unsafe extern "C" fn scheduled(_: EnvoyPointer, filter: ModulePointer, _event: u64) {
    // SAFETY: Envoy has the filter.
    unsafe { filter_of(filter) }.enter("scheduled", (), |filter| {
        courier::run_ready();
        filter.on_event(Event::Woken);
    });
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_config_scheduled")]
unsafe extern "C" fn config_scheduled(_: EnvoyPointer, config: ModulePointer, _event: u64) {
    let _ = panics::caught(|| {
        // SAFETY: Envoy has the configuration.
        let config = unsafe { config_of(config) };
        logger::enter(&config);
        courier::perform_all(&config);
        courier::run_ready();
    });
}

#[unsafe(export_name = "envoy_dynamic_module_on_http_filter_config_http_callout_done")]
unsafe extern "C" fn config_callout_done(
    _: EnvoyPointer,
    config: ModulePointer,
    id: u64,
    result: u32,
    headers: *const EnvoyHeader,
    headers_size: usize,
    chunks: *const EnvoyBuffer,
    chunks_size: usize,
) {
    let _ = panics::caught(|| {
        // SAFETY: Envoy has the configuration and the arrays.
        let (config, delivery) =
            unsafe { (config_of(config), Delivery::new(id, result, (headers, headers_size), (chunks, chunks_size))) };
        logger::enter(&config);
        courier::deliver(&config, id, &delivery);
        courier::run_ready();
    });
}
