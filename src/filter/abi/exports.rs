//! The functions that Envoy calls; proxy-wasm ABI 0.2.1. Each hands its event to [`contexts`] and does nothing else.

use super::allocator;
use crate::filter::contexts;
use crate::filter::event::{Action, Event};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

unsafe extern "C" {
    // Made by the linker. Calling it here keeps the linker from wrapping every export in a call of it.
    fn __wasm_call_ctors();
}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: the host calls `_initialize` once, before anything else.
    unsafe { __wasm_call_ctors() }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Bodies are taken in only while large blocks hold less than this, in bytes: half of the memory that a VM has. What is
/// made of them needs the rest, and a VM without memory dies with every request that it holds.
const MOST_IN_USE: usize = 512 << 20;

/// Smaller data, such as headers, is always taken in.
const SMALL: usize = 64 << 10;

/// Memory for data that the host hands over; `abi::take` frees it. Without memory for it the host call fails.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    if size > SMALL && allocator::large_in_use().saturating_add(size) > MOST_IN_USE {
        return null_mut();
    }
    let block: Box<[MaybeUninit<u8>]> = Box::new_uninit_slice(size);
    Box::into_raw(block).cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    contexts::create(context, parent);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_root: u32, _size: usize) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, _size: usize) -> u32 {
    contexts::configure(root).into()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _count: usize, end_of_stream: u32) -> Action {
    contexts::on_event(context, Event::RequestHeaders { end: end_of_stream != 0 })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: usize, end_of_stream: u32) -> Action {
    contexts::on_event(context, Event::RequestBody { size, end: end_of_stream != 0 })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, _count: usize) -> Action {
    contexts::on_event(context, Event::RequestTrailers)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, _count: usize, end_of_stream: u32) -> Action {
    contexts::on_event(context, Event::ResponseHeaders { end: end_of_stream != 0 })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(context: u32, size: usize, end_of_stream: u32) -> Action {
    contexts::on_event(context, Event::ResponseBody { size, end: end_of_stream != 0 })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(context: u32, _count: usize) -> Action {
    contexts::on_event(context, Event::ResponseTrailers)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(root: u32, token: u32, headers: usize, body: usize, _trailers: usize) {
    contexts::on_call_response(root, token, headers, body);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(root: u32) {
    contexts::on_tick(root);
}

/// The end of a stream or of a plugin. Envoy deletes the context right after, which needs no callback of its own.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(context: u32) -> u32 {
    contexts::end(context);
    1
}
