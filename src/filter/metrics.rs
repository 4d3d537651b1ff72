//! The metrics of callout policies in Envoy's stats (docs/guide/metrics.md).

mod batcher;
mod cache;

use crate::flow::cache::CacheEvent;
use crate::flow::call::Outcome;
use crate::plan::{Plan, PolicyId};
use crate::policy::attributes::Attributes;
use batcher::MetricBatcher;
use cache::CacheMetrics;
use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The metrics of every policy, indexed by [`PolicyId`].
pub(super) struct Metrics {
    policies: Vec<Option<PolicyMetrics>>,
    caches: Vec<Option<CacheMetrics>>,
    batcher: MetricBatcher,
}

/// One policy's metrics.
struct PolicyMetrics {
    requests: Count,
    ok: Count,
    error_status: Count,
    timeout: Count,
    unreachable: Count,
    fault: Count,
    host_not_allowed: Count,
    duration_ms: u32,
    /// The durations in milliseconds that are not yet reported to Envoy.
    durations: RefCell<Vec<u64>>,
}

/// A counter.
struct Count {
    id: u32,
    /// The change that is not yet reported to Envoy.
    waiting: Cell<i64>,
}

impl Metrics {
    /// Defines the metrics of every callout policy.
    pub(super) fn define(plan: &Plan) -> Metrics {
        let policies = plan.policies.iter().map(|policy| {
            let Attributes { kind, name, .. } = policy.attributes();
            if kind.has_metrics { PolicyMetrics::define(name) } else { None }
        });
        let caches = plan.policies.iter().map(|policy| {
            if policy.cache_use().is_some() { CacheMetrics::define(&policy.attributes().name) } else { None }
        });
        Metrics { policies: policies.collect(), caches: caches.collect(), batcher: MetricBatcher::default() }
    }

    fn of(&self, policy: PolicyId) -> Option<&PolicyMetrics> {
        self.policies.get(policy.0)?.as_ref()
    }

    /// Counts a call that was dispatched.
    pub(super) fn count_request(&self, policy: PolicyId) {
        self.add(self.of(policy).map(|metrics| &metrics.requests), 1);
    }

    /// Records the time between the dispatch of a call and its response or failure.
    pub(super) fn record_duration(&self, policy: PolicyId, duration: Duration) {
        let Some(metrics) = self.of(policy) else { return };
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if self.batcher.is_now() {
            metrics.record(millis);
        } else if let Ok(mut durations) = metrics.durations.try_borrow_mut() {
            durations.push(millis);
        }
    }

    /// Counts the outcome of a policy.
    pub(super) fn count_outcome(&self, policy: PolicyId, outcome: Outcome) {
        let policy = self.of(policy);
        if outcome == Outcome::HostNotAllowed {
            self.add(policy.map(|metrics| &metrics.host_not_allowed), 1);
        }
        let count = policy.map(|metrics| match outcome {
            Outcome::Ok => &metrics.ok,
            Outcome::ErrorStatus => &metrics.error_status,
            Outcome::Timeout => &metrics.timeout,
            Outcome::Unreachable | Outcome::HostNotAllowed => &metrics.unreachable,
            Outcome::Fault => &metrics.fault,
        });
        self.add(count, 1);
    }

    /// Counts events of a cache policy.
    pub(super) fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32) {
        let metrics = self.caches.get(policy.0).and_then(Option::as_ref);
        self.add(metrics.map(|metrics| metrics.of(event)), count.into());
    }

    fn add(&self, count: Option<&Count>, change: i64) {
        let Some(count) = count else { return };
        if self.batcher.is_now() {
            count.report(change);
        } else {
            count.waiting.set(count.waiting.get().saturating_add(change));
        }
    }

    /// Reports the waiting changes to Envoy and ends the period.
    pub(super) fn end_period(&self) {
        self.flush();
        self.batcher.end_period();
    }

    /// Reports the waiting changes to Envoy.
    pub(super) fn flush(&self) {
        for metrics in self.policies.iter().flatten() {
            metrics.flush();
        }
        self.caches.iter().flatten().for_each(CacheMetrics::flush);
    }
}

impl PolicyMetrics {
    fn define(policy: &str) -> Option<PolicyMetrics> {
        let policy = metric_name(policy);
        let define = |kind, what| hostcalls::define_metric(kind, &format!("callout.{what}.policy.{policy}")).ok();
        let count = |kind, what| Some(Count { id: define(kind, what)?, waiting: Cell::new(0) });
        Some(PolicyMetrics {
            requests: count(MetricType::Counter, "requests")?,
            ok: count(MetricType::Counter, "outcome.ok")?,
            error_status: count(MetricType::Counter, "outcome.error_status")?,
            timeout: count(MetricType::Counter, "outcome.timeout")?,
            unreachable: count(MetricType::Counter, "outcome.unreachable")?,
            fault: count(MetricType::Counter, "outcome.fault")?,
            host_not_allowed: count(MetricType::Counter, "host_not_allowed")?,
            duration_ms: define(MetricType::Histogram, "duration_ms")?,
            durations: RefCell::default(),
        })
    }

    fn record(&self, millis: u64) {
        // A failure of a metric must not stop the request.
        let _ = hostcalls::record_metric(self.duration_ms, millis);
    }

    fn flush(&self) {
        for count in [
            &self.requests,
            &self.ok,
            &self.error_status,
            &self.timeout,
            &self.unreachable,
            &self.fault,
            &self.host_not_allowed,
        ] {
            count.flush();
        }
        for millis in self.durations.take() {
            self.record(millis);
        }
    }
}

impl Count {
    fn flush(&self) {
        match self.waiting.take() {
            0 => {}
            change => self.report(change),
        }
    }

    fn report(&self, change: i64) {
        // A failure of a metric must not stop the request.
        let _ = hostcalls::increment_metric(self.id, change);
    }
}

/// A policy's name in a metric. `_` replaces other characters, because a dot ends the name in `stats_tags`.
fn metric_name(policy: &str) -> String {
    let is_kept = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    policy.chars().map(|character| if is_kept(character) { character } else { '_' }).collect()
}
