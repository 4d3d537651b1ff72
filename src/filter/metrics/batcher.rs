//! How fast metrics are told to Envoy.
//!
//! Each change is a call of the host, and a call of the host costs more than the change. Up to a number of changes in a
//! period they are told at once, so at a low rate the metrics are exact at any moment; what is beyond waits for the end
//! of the period.

use crate::filter::background::set_tick_period;
use std::cell::Cell;

/// How long a change waits at most.
const PERIOD_MS: u64 = 50;

/// How many changes of a period are told at once: those of some twenty calls.
const AT_ONCE: u32 = 100;

/// How many changes of this period can still be told at once; `None` while nothing happens and no period runs.
#[derive(Default)]
pub(super) struct MetricBatcher(Cell<Option<u32>>);

impl MetricBatcher {
    /// Whether a change is reported now. If not, it is reported at the next tick.
    pub(super) fn is_now(&self) -> bool {
        let left = self.0.get().unwrap_or_else(|| {
            set_tick_period(PERIOD_MS);
            AT_ONCE
        });
        self.0.set(Some(left.saturating_sub(1)));
        left > 0
    }

    /// Ends a period. The ticks stop when nothing happened in it.
    pub(super) fn end_period(&self) {
        let is_idle = self.0.get().is_none_or(|left| left == AT_ONCE);
        set_tick_period(if is_idle { 0 } else { PERIOD_MS });
        self.0.set(if is_idle { None } else { Some(AT_ONCE) });
    }
}
