//! The metrics of a cache policy.

use super::{Count, Stats, metric_name};
use crate::flow::cache::CacheEvent;
use std::cell::Cell;

/// One policy's metrics.
pub(super) struct CacheMetrics<I> {
    hit: Count<I>,
    miss: Count<I>,
    wait: Count<I>,
    eviction: Count<I>,
}

impl<I: Copy> CacheMetrics<I> {
    pub(super) fn define(policy: &str, stats: &impl Stats<Id = I>) -> Option<CacheMetrics<I>> {
        let policy = metric_name(policy);
        let name = |what| format!("callout.cache.{what}.policy.{policy}");
        let count = |what| Some(Count { id: stats.counter(&name(what))?, waiting: Cell::new(0) });
        Some(CacheMetrics {
            hit: count("hit")?,
            miss: count("miss")?,
            wait: count("wait")?,
            eviction: count("eviction")?,
        })
    }

    pub(super) fn of(&self, event: CacheEvent) -> &Count<I> {
        match event {
            CacheEvent::Hit => &self.hit,
            CacheEvent::Miss => &self.miss,
            CacheEvent::Wait => &self.wait,
            CacheEvent::Eviction => &self.eviction,
        }
    }

    pub(super) fn flush(&self, stats: &impl Stats<Id = I>) {
        for count in [&self.hit, &self.miss, &self.wait, &self.eviction] {
            count.flush(stats);
        }
    }
}
