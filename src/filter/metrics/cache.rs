//! The metrics of a cache policy.

use super::{Count, metric_name};
use crate::flow::cache::CacheEvent;
use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use std::cell::Cell;

/// One policy's metrics.
pub(super) struct CacheMetrics {
    hit: Count,
    miss: Count,
    wait: Count,
    eviction: Count,
}

impl CacheMetrics {
    pub(super) fn define(policy: &str) -> Option<CacheMetrics> {
        let policy = metric_name(policy);
        let count = |what| {
            let name = format!("callout.cache.{what}.policy.{policy}");
            let id = hostcalls::define_metric(MetricType::Counter, &name).ok()?;
            Some(Count { id, waiting: Cell::new(0) })
        };
        Some(CacheMetrics {
            hit: count("hit")?,
            miss: count("miss")?,
            wait: count("wait")?,
            eviction: count("eviction")?,
        })
    }

    pub(super) fn of(&self, event: CacheEvent) -> &Count {
        match event {
            CacheEvent::Hit => &self.hit,
            CacheEvent::Miss => &self.miss,
            CacheEvent::Wait => &self.wait,
            CacheEvent::Eviction => &self.eviction,
        }
    }

    pub(super) fn flush(&self) {
        for count in [&self.hit, &self.miss, &self.wait, &self.eviction] {
            count.flush();
        }
    }
}
