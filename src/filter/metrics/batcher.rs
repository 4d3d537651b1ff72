//! The rate at which metrics are reported to Envoy.
//!
//! A host call costs more than the change that it reports. The first changes of a period are reported at once, so at a
//! low rate the metrics are always exact. Further changes wait for the end of the period.

use crate::filter::background::set_tick_period;
use std::cell::Cell;

/// Maximum time in milliseconds that a change waits.
const PERIOD_MS: u64 = 50;

/// The number of changes of a period that are reported at once: those of about twenty calls.
const MAX_IMMEDIATE: u32 = 100;

/// The number of changes that can still be reported at once in this period; `None` when no period runs.
#[derive(Default)]
pub(super) struct MetricBatcher(Cell<Option<u32>>);

impl MetricBatcher {
    /// Whether a change is reported now. Otherwise it is reported at the next tick.
    pub(super) fn is_now(&self) -> bool {
        let left = self.0.get().unwrap_or_else(|| {
            set_tick_period(PERIOD_MS);
            MAX_IMMEDIATE
        });
        self.0.set(Some(left.saturating_sub(1)));
        left > 0
    }

    /// Whether no period runs.
    pub(super) fn is_idle(&self) -> bool {
        self.0.get().is_none()
    }

    /// Ends a period. The ticks stop after a period without changes.
    pub(super) fn end_period(&self) {
        let is_idle = self.0.get().is_none_or(|left| left == MAX_IMMEDIATE);
        set_tick_period(if is_idle { 0 } else { PERIOD_MS });
        self.0.set(if is_idle { None } else { Some(MAX_IMMEDIATE) });
    }
}
