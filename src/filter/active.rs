//! The context whose callback runs now.
//!
//! The SDK delivers a call's response to the context whose callback dispatched the call, and drops the response when
//! that context has ended. A call that must outlive its stream is therefore dispatched while a root context is active.

use std::cell::Cell;

/// A context of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ActiveContext {
    /// A plugin.
    Root(u32),
    /// A stream.
    Stream(u32),
}

thread_local! {
    static ACTIVE: Cell<ActiveContext> = const { Cell::new(ActiveContext::Root(0)) };
}

/// Records that a callback of a context starts.
pub(super) fn set(context: ActiveContext) {
    ACTIVE.set(context);
}

/// The context whose callback runs.
pub(super) fn current() -> ActiveContext {
    ACTIVE.get()
}
