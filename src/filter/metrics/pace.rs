//! How fast metrics are told to Envoy.
//!
//! Each change is a call of the host, and a call of the host costs more than the change. Up to a number of changes in a
//! period they are told at once, so at a low rate the metrics are exact at any moment; what is beyond waits for the end
//! of the period.

use crate::filter::abi;
use std::cell::Cell;

/// How long a change waits at most.
const PERIOD_MS: u32 = 50;

/// How many changes of a period are told at once: those of some twenty calls.
const AT_ONCE: u32 = 100;

/// How many changes of this period can still be told at once; `None` while nothing happens and no period runs.
#[derive(Default)]
pub(super) struct Pace(Cell<Option<u32>>);

impl Pace {
    /// Whether a change is told now. If not, it is told at the next tick.
    pub(super) fn is_now(&self) -> bool {
        let left = self.0.get().unwrap_or_else(|| if set_period(PERIOD_MS) { AT_ONCE } else { u32::MAX });
        self.0.set(Some(left.saturating_sub(1)));
        left > 0
    }

    /// The end of a period. The ticks stop when nothing happened in it.
    pub(super) fn end_period(&self) {
        let was_idle = self.0.get() == Some(AT_ONCE);
        self.0.set(if was_idle && set_period(0) { None } else { Some(AT_ONCE) });
    }
}

fn set_period(milliseconds: u32) -> bool {
    abi::set_tick_period(milliseconds).is_ok()
}
