//! Every context of this VM: the plugins that Envoy configured and the streams that run under them.
//!
//! A VM is single-threaded and Envoy does not call into it while a host call runs, but for memory. Should it ever,
//! the maps are empty-handed for that moment and the event passes without effect: nothing here can panic.

use crate::filter::abi;
use crate::filter::background::{self, Waiting};
use crate::filter::call;
use crate::filter::event::{Action, Event};
use crate::filter::plugin::Plugin;
use crate::filter::stream::Stream;
use crate::filter::table::Table;
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Default)]
struct Contexts {
    plugins: Table<Rc<Plugin>>,
    /// A stream is taken out while it runs, so that it may start calls.
    streams: Table<Option<Box<Stream>>>,
}

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Contexts) -> T) -> Option<T> {
    CONTEXTS.with(|contexts| contexts.try_borrow_mut().ok().map(|mut contexts| act(&mut contexts)))
}

/// A context of Envoy's: a plugin's when it has no parent, else a stream of the parent's.
pub(super) fn create(context: u32, parent: u32) {
    with(|contexts| {
        if let Some(plugin) = contexts.plugins.get(&parent) {
            let stream = Stream::new(context, Rc::clone(plugin));
            contexts.streams.insert(context, Some(Box::new(stream)));
        }
    });
}

/// Loads a plugin's configuration. `false` stops Envoy at start and keeps a running one on its old configuration.
pub(super) fn configure(root: u32) -> bool {
    let bytes = abi::plugin_configuration().unwrap_or_default();
    match Plugin::configure(root, &bytes) {
        Some(plugin) => with(|contexts| contexts.plugins.insert(root, Rc::new(plugin))).is_some(),
        None => false,
    }
}

/// Gives an event to its stream.
pub(super) fn on_event(context: u32, event: Event) -> Action {
    let taken = with(|contexts| contexts.streams.get_mut(&context).and_then(Option::take)).flatten();
    let Some(mut stream) = taken else { return Action::Continue };
    let action = stream.on_event(event);
    // A stream with nothing left to do is forgotten at once: what still comes of it then costs next to nothing.
    let finished = with(|contexts| {
        if stream.is_finished() {
            contexts.streams.remove(&context);
            return Some(stream);
        }
        if let Some(place) = contexts.streams.get_mut(&context) {
            *place = Some(stream);
        }
        None
    });
    drop(finished);
    action
}

/// Gives the answer to a call to whoever waits for it, and lets everything go on that this wakes.
pub(super) fn on_call_response(plugin: u32, token: u32, header_count: usize, body_size: usize) {
    call::deliver(token, header_count, body_size);
    while let Some(ready) = background::take_ready() {
        // The host delivers answers in the plugin's context.
        let (Waiting::Stream(context) | Waiting::Task(context)) = ready;
        let context = if let Waiting::Stream(_) = ready { context } else { plugin };
        if abi::set_effective_context(context).is_err() {
            // A stream that ended waits for nothing any more.
            continue;
        }
        match ready {
            Waiting::Stream(stream) => drop(on_event(stream, Event::Woken)),
            Waiting::Task(number) => background::poll_task(number),
        }
    }
}

/// The time that a plugin asked for has passed.
pub(super) fn on_tick(root: u32) {
    let plugin = with(|contexts| contexts.plugins.get(&root).map(Rc::clone)).flatten();
    if let Some(plugin) = plugin {
        plugin.metrics.end_period();
    }
}

/// Ends a context: a stream learns of it first, and then everything that it waits for is dropped.
pub(super) fn end(context: u32) {
    // Both end outside the borrow: a stream's last steps may call out, and dropping it forgets its calls.
    if let Some(stream) = with(|contexts| contexts.streams.remove(&context)).flatten() {
        if let Some(mut stream) = stream {
            stream.on_event(Event::Ended);
        }
    } else if let Some(plugin) = with(|contexts| contexts.plugins.remove(&context)).flatten() {
        background::end(context);
        plugin.metrics.flush();
    }
}
