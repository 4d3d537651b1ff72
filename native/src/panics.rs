//! Panics do not unwind into Envoy: every entry point catches them.

use crate::logger;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Lets the panics of this module appear in Envoy's log.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no text");
        match panic.location() {
            Some(place) => log::error!("callout: panicked at {place}: {text}"),
            None => log::error!("callout: panicked: {text}"),
        }
    }));
}

/// Runs the code of an entry point. Counts a panic and returns `None`.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    // After a panic, the stream of the entry point is not used again, and the tables of the thread are consistent:
    // their functions do not panic.
    let result = catch_unwind(AssertUnwindSafe(code));
    result
        .map_err(|payload| {
            // The drop of a payload can panic too.
            std::mem::forget(payload);
            if let Some(config) = logger::current() {
                config.count_panic();
            }
        })
        .ok()
}

/// The name of a filter that panics where a request header says so. Only tests configure it.
pub(crate) const TEST_FILTER: &str = "callout_panic_test";

/// The request header that names the entry point.
pub(crate) const TEST_HEADER: &str = "x-panic";

/// Panics.
#[cold]
#[allow(clippy::panic, reason = "tests need a panic")]
pub(crate) fn forced() {
    panic!("forced by the test");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_caught() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(forced), None);
    }
}
