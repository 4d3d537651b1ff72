//! The metrics of callout policies in Envoy's stats (docs/guide/metrics.md).

pub mod batcher;
mod cache;

use crate::flow::cache::CacheEvent;
use crate::flow::call::Outcome;
use crate::plan::{Plan, PolicyId};
use crate::policy::attributes::Attributes;
use cache::CacheMetrics;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::Duration;

/// Envoy's stats as a host sees them. A failure of a metric must not stop a request, so no function reports one.
pub trait Stats {
    /// The id of a metric.
    type Id: Copy;

    /// Defines a counter.
    fn counter(&self, name: &str) -> Option<Self::Id>;

    /// Defines a histogram.
    fn histogram(&self, name: &str) -> Option<Self::Id>;

    /// Increases a counter.
    fn add(&self, counter: Self::Id, change: u64);

    /// Records a value in a histogram.
    fn record(&self, histogram: Self::Id, value: u64);

    /// Whether a change is reported now. Otherwise it waits for [`Metrics::flush`].
    fn is_now(&self) -> bool {
        true
    }
}

/// The metrics of every policy, indexed by [`PolicyId`].
pub struct Metrics<S: Stats> {
    policies: Vec<Option<PolicyMetrics<S::Id>>>,
    caches: Vec<Option<CacheMetrics<S::Id>>>,
    stats: S,
}

impl<S: Stats> fmt::Debug for Metrics<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// One policy's metrics.
struct PolicyMetrics<I> {
    requests: Count<I>,
    ok: Count<I>,
    error_status: Count<I>,
    timeout: Count<I>,
    unreachable: Count<I>,
    fault: Count<I>,
    host_not_allowed: Count<I>,
    duration_ms: I,
    /// The durations in milliseconds that are not yet reported to Envoy.
    durations: RefCell<Vec<u64>>,
}

/// A counter.
struct Count<I> {
    id: I,
    /// The change that is not yet reported to Envoy.
    waiting: Cell<u64>,
}

impl<S: Stats> Metrics<S> {
    /// Defines the metrics of every callout policy.
    pub fn define(plan: &Plan, stats: S) -> Metrics<S> {
        let policies = plan.policies.iter().map(|policy| {
            let Attributes { kind, name, .. } = policy.attributes();
            if kind.has_metrics { PolicyMetrics::define(name, &stats) } else { None }
        });
        let caches = plan.policies.iter().map(|policy| match policy.cache_use() {
            Some(_) => CacheMetrics::define(&policy.attributes().name, &stats),
            None => None,
        });
        Metrics { policies: policies.collect(), caches: caches.collect(), stats }
    }

    /// Envoy's stats.
    pub fn stats(&self) -> &S {
        &self.stats
    }

    fn of(&self, policy: PolicyId) -> Option<&PolicyMetrics<S::Id>> {
        self.policies.get(policy.0)?.as_ref()
    }

    /// Counts a call that was dispatched.
    pub fn count_request(&self, policy: PolicyId) {
        self.add(self.of(policy).map(|metrics| &metrics.requests), 1);
    }

    /// Records the time between the dispatch of a call and its response or failure.
    pub fn record_duration(&self, policy: PolicyId, duration: Duration) {
        let Some(metrics) = self.of(policy) else { return };
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if self.stats.is_now() {
            self.stats.record(metrics.duration_ms, millis);
        } else if let Ok(mut durations) = metrics.durations.try_borrow_mut() {
            durations.push(millis);
        }
    }

    /// Counts the outcome of a policy.
    pub fn count_outcome(&self, policy: PolicyId, outcome: Outcome) {
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
    pub fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32) {
        let metrics = self.caches.get(policy.0).and_then(Option::as_ref);
        self.add(metrics.map(|metrics| metrics.of(event)), count.into());
    }

    fn add(&self, count: Option<&Count<S::Id>>, change: u64) {
        let Some(count) = count else { return };
        if self.stats.is_now() {
            self.stats.add(count.id, change);
        } else {
            count.waiting.set(count.waiting.get().saturating_add(change));
        }
    }

    /// Reports the waiting changes to Envoy.
    pub fn flush(&self) {
        for metrics in self.policies.iter().flatten() {
            metrics.flush(&self.stats);
        }
        self.caches.iter().flatten().for_each(|metrics| metrics.flush(&self.stats));
    }
}

impl<I: Copy> PolicyMetrics<I> {
    fn define(policy: &str, stats: &impl Stats<Id = I>) -> Option<PolicyMetrics<I>> {
        let policy = metric_name(policy);
        let name = |what| format!("callout.{what}.policy.{policy}");
        let count = |what| Some(Count { id: stats.counter(&name(what))?, waiting: Cell::new(0) });
        Some(PolicyMetrics {
            requests: count("requests")?,
            ok: count("outcome.ok")?,
            error_status: count("outcome.error_status")?,
            timeout: count("outcome.timeout")?,
            unreachable: count("outcome.unreachable")?,
            fault: count("outcome.fault")?,
            host_not_allowed: count("host_not_allowed")?,
            duration_ms: stats.histogram(&name("duration_ms"))?,
            durations: RefCell::default(),
        })
    }

    fn flush(&self, stats: &impl Stats<Id = I>) {
        for count in [
            &self.requests,
            &self.ok,
            &self.error_status,
            &self.timeout,
            &self.unreachable,
            &self.fault,
            &self.host_not_allowed,
        ] {
            count.flush(stats);
        }
        for millis in self.durations.take() {
            stats.record(self.duration_ms, millis);
        }
    }
}

impl<I: Copy> Count<I> {
    fn flush(&self, stats: &impl Stats<Id = I>) {
        match self.waiting.take() {
            0 => {}
            change => stats.add(self.id, change),
        }
    }
}

/// A policy's name in a metric. `_` replaces other characters, because a dot ends the name in `stats_tags`.
fn metric_name(policy: &str) -> String {
    let is_kept = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    policy.chars().map(|character| if is_kept(character) { character } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use std::rc::Rc;

    /// Stats that record the changes by the index of the metric, and report them now while `left` is not zero.
    #[derive(Clone, Default)]
    struct Recorder {
        names: Rc<RefCell<Vec<String>>>,
        changes: Rc<RefCell<Vec<(usize, u64)>>>,
        left: Rc<Cell<u32>>,
    }

    impl Stats for Recorder {
        type Id = usize;

        fn counter(&self, name: &str) -> Option<usize> {
            self.histogram(name)
        }

        fn histogram(&self, name: &str) -> Option<usize> {
            self.names.borrow_mut().push(name.to_owned());
            Some(self.names.borrow().len() - 1)
        }

        fn add(&self, counter: usize, change: u64) {
            self.changes.borrow_mut().push((counter, change));
        }

        fn record(&self, histogram: usize, value: u64) {
            self.add(histogram, value);
        }

        fn is_now(&self) -> bool {
            let left = self.left.get();
            self.left.set(left.saturating_sub(1));
            left > 0
        }
    }

    fn recorded(stats: &Recorder) -> Vec<(String, u64)> {
        let changes = stats.changes.take();
        changes.into_iter().map(|(id, change)| (stats.names.borrow()[id].clone(), change)).collect()
    }

    #[test]
    fn changes_are_reported_now_or_together() {
        let policy = "<ServiceCallout name='SC-1.a'><Response>r</Response>
            <HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>";
        let configuration = serde_json::json!({"policies": [policy], "clusters": {"http://a.test": "a"}});
        let plan = config::load(configuration.to_string().as_bytes()).unwrap().plan;
        let stats = Recorder::default();
        stats.left.set(1);
        let (metrics, policy) = (Metrics::define(&plan, stats.clone()), PolicyId(0));
        let name = |what: &str| format!("callout.{what}.policy.SC-1_a");

        metrics.count_request(policy);
        assert_eq!(recorded(&stats), [(name("requests"), 1)]);
        metrics.count_request(policy);
        metrics.count_request(policy);
        metrics.record_duration(policy, Duration::from_millis(7));
        metrics.count_outcome(policy, Outcome::HostNotAllowed);
        metrics.count_request(PolicyId(1));
        assert_eq!(recorded(&stats), []);
        metrics.flush();
        let expected = [("requests", 2), ("outcome.unreachable", 1), ("host_not_allowed", 1), ("duration_ms", 7)];
        assert_eq!(recorded(&stats), expected.map(|(what, change)| (name(what), change)));
        metrics.flush();
        assert_eq!(recorded(&stats), []);
    }
}
