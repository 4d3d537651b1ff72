//! Envoy's stats through proxy-wasm. A host call costs more than the change that it reports, so changes are batched.

use crate::envoy::metrics::Stats;
use crate::envoy::metrics::batcher::MetricBatcher;
use crate::filter::background::set_tick_period;
use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

/// The stats of a plugin.
#[derive(Default)]
pub(super) struct EnvoyStats {
    batcher: MetricBatcher,
}

impl EnvoyStats {
    /// Whether no period of the batcher runs, so that no tick will come.
    pub(super) fn is_idle(&self) -> bool {
        self.batcher.is_idle()
    }

    /// Ends a period of batched changes.
    pub(super) fn end_period(&self) {
        self.batcher.end_period(set_tick_period);
    }
}

impl Stats for EnvoyStats {
    type Id = u32;

    fn counter(&self, name: &str) -> Option<u32> {
        hostcalls::define_metric(MetricType::Counter, name).ok()
    }

    fn histogram(&self, name: &str) -> Option<u32> {
        hostcalls::define_metric(MetricType::Histogram, name).ok()
    }

    fn add(&self, counter: u32, change: u64) {
        let _ = hostcalls::increment_metric(counter, i64::try_from(change).unwrap_or(i64::MAX));
    }

    fn record(&self, histogram: u32, value: u64) {
        let _ = hostcalls::record_metric(histogram, value);
    }

    fn is_now(&self) -> bool {
        self.batcher.is_now(set_tick_period)
    }
}
