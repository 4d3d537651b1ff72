//! Waiting until a time. The ticks of the plugin wake those whose time has come.

use crate::filter::background::{now, set_tick_period};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

/// The time in milliseconds between the ticks while someone waits.
const PERIOD_MS: u64 = 50;

#[derive(Default)]
struct Timers {
    last: u64,
    /// The wakers by plugin, time and number.
    waiting: BTreeMap<(u32, Duration, u64), Waker>,
}

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

fn with_timers<T>(act: impl FnOnce(&mut Timers) -> T) -> Option<T> {
    TIMERS.with(|timers| timers.try_borrow_mut().ok().map(|mut timers| act(&mut timers)))
}

/// A registered waker. Dropping it removes the waker.
struct Registration((u32, Duration, u64));

impl Drop for Registration {
    fn drop(&mut self) {
        with_timers(|timers| timers.waiting.remove(&self.0));
    }
}

/// Waits until a time since the Unix epoch.
pub(super) async fn sleep(plugin: u32, until: Duration) {
    let mut registration = None;
    poll_fn(|context| {
        if now() >= until {
            return Poll::Ready(());
        }
        registration = with_timers(|timers| {
            timers.last = timers.last.wrapping_add(1);
            let id = (plugin, until, timers.last);
            timers.waiting.insert(id, context.waker().clone());
            Registration(id)
        });
        set_tick_period(PERIOD_MS);
        Poll::Pending
    })
    .await;
    drop(registration);
}

/// Wakes those of a plugin whose time has come.
pub(super) fn wake_due(plugin: u32) {
    let due = with_timers(|timers| {
        let range = (plugin, Duration::ZERO, 0)..=(plugin, now(), u64::MAX);
        let due: Vec<Waker> = timers.waiting.range(range).map(|(_, waker)| waker.clone()).collect();
        due
    });
    due.into_iter().flatten().for_each(Waker::wake);
}

/// Lets the ticks of a plugin continue while someone waits.
pub(super) fn keep_ticking(plugin: u32) {
    let range = (plugin, Duration::ZERO, 0)..=(plugin, Duration::MAX, u64::MAX);
    if with_timers(|timers| timers.waiting.range(range).next().is_some()) == Some(true) {
        set_tick_period(PERIOD_MS);
    }
}
