//! The streams of this VM by context id. An event of one stream can arrive in the callback of another context.

use crate::filter::stream::Stream;
use crate::filter::table::Table;
use crate::stream::Event;
use proxy_wasm::hostcalls;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

thread_local! {
    static STREAMS: RefCell<Table<Weak<RefCell<Stream>>>> = RefCell::default();
}

pub(super) fn insert(context: u32, stream: &Rc<RefCell<Stream>>) {
    STREAMS.with(|streams| {
        streams.try_borrow_mut().map(|mut streams| streams.insert(context, Rc::downgrade(stream))).ok()
    });
}

pub(super) fn remove(context: u32) {
    STREAMS.with(|streams| streams.try_borrow_mut().map(|mut streams| streams.remove(&context)).ok());
}

/// Polls a stream, as the effective context of host calls. Does nothing when the stream has ended.
pub(super) fn wake(context: u32, is_effective: bool) {
    let stream = STREAMS.with(|streams| streams.try_borrow().ok()?.get(&context)?.upgrade());
    let Some(stream) = stream else { return };
    if !is_effective && hostcalls::set_effective_context(context).is_err() {
        return;
    }
    if let Ok(mut stream) = stream.try_borrow_mut() {
        stream.on_event(Event::Woken);
    }
}
