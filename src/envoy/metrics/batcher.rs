//! The rate at which metrics are reported to Envoy.
//!
//! A host call costs more than the change that it reports. The first changes of a period are reported at once, so at a
//! low rate the metrics are always exact. Further changes wait for the end of the period.

use std::cell::Cell;

/// Maximum time in milliseconds that a change waits.
const PERIOD_MS: u64 = 50;

/// The number of changes of a period that are reported at once: those of about twenty calls.
const MAX_IMMEDIATE: u32 = 100;

/// The number of changes that can still be reported at once in this period; `None` when no period runs.
#[derive(Debug, Default)]
pub struct MetricBatcher(Cell<Option<u32>>);

impl MetricBatcher {
    /// Whether a change is reported now. Otherwise it is reported at the next tick. `set_tick_period` takes milliseconds.
    pub fn is_now(&self, set_tick_period: impl FnOnce(u64)) -> bool {
        let left = self.0.get().unwrap_or_else(|| {
            set_tick_period(PERIOD_MS);
            MAX_IMMEDIATE
        });
        self.0.set(Some(left.saturating_sub(1)));
        left > 0
    }

    /// Whether no period runs.
    pub fn is_idle(&self) -> bool {
        self.0.get().is_none()
    }

    /// Ends a period. The ticks stop after a period without changes.
    pub fn end_period(&self, set_tick_period: impl FnOnce(u64)) {
        let is_idle = self.0.get().is_none_or(|left| left == MAX_IMMEDIATE);
        set_tick_period(if is_idle { 0 } else { PERIOD_MS });
        self.0.set(if is_idle { None } else { Some(MAX_IMMEDIATE) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_starts_with_a_change_and_ends_after_one_without() {
        let (batcher, period) = (MetricBatcher::default(), Cell::new(0));
        let set = |milliseconds| period.set(milliseconds);
        for _ in 0..MAX_IMMEDIATE {
            assert!(batcher.is_now(set));
        }
        assert!(!batcher.is_now(set));
        assert_eq!(period.get(), PERIOD_MS);
        batcher.end_period(set);
        assert_eq!(period.replace(1), PERIOD_MS);
        batcher.end_period(set);
        assert_eq!(period.get(), 0);
        assert!(batcher.is_now(set));
    }
}
