//! The metrics of callout policies in Envoy's stats (contract 3.3).

use crate::filter::abi::{self, MetricKind};
use crate::flow::host::Outcome;
use crate::plan::Plan;
use crate::policy::Policy;
use std::time::Duration;

/// Every policy's metrics, by the policy's place in the plan.
pub(super) struct Metrics(Vec<Option<PolicyMetrics>>);

/// The ids of one policy's metrics.
struct PolicyMetrics {
    requests: u32,
    ok: u32,
    error_status: u32,
    timeout: u32,
    unreachable: u32,
    fault: u32,
    refused_host: u32,
    duration_ms: u32,
    inflight: u32,
}

impl Metrics {
    /// Defines the metrics of every policy that calls out.
    pub(super) fn define(plan: &Plan) -> Metrics {
        let metrics = plan.policies.iter().map(|policy| match policy {
            Policy::ServiceCallout(_) | Policy::IntegrationCallout(_) => {
                PolicyMetrics::define(&policy.attributes().name)
            }
            _ => None,
        });
        Metrics(metrics.collect())
    }

    fn of(&self, policy: usize) -> Option<&PolicyMetrics> {
        self.0.get(policy)?.as_ref()
    }

    /// A call was handed to Envoy.
    pub(super) fn count_request(&self, policy: usize) {
        self.add(policy, |metrics| metrics.requests, 1);
    }

    /// A call whose answer is waited for began; it ends when the guard is dropped.
    pub(super) fn inflight(&self, policy: usize) -> InFlight<'_> {
        self.add(policy, |metrics| metrics.inflight, 1);
        InFlight { metrics: self, policy }
    }

    /// A call was answered, or its failure told, after that time.
    pub(super) fn record_duration(&self, policy: usize, duration: Duration) {
        if let Some(metrics) = self.of(policy) {
            let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            // A metric that cannot be recorded must not stop the request.
            let _ = abi::record_metric(metrics.duration_ms, millis);
        }
    }

    /// A policy ended so.
    pub(super) fn count_outcome(&self, policy: usize, outcome: Outcome) {
        if outcome == Outcome::Refused {
            self.add(policy, |metrics| metrics.refused_host, 1);
        }
        let id = |metrics: &PolicyMetrics| match outcome {
            Outcome::Ok => metrics.ok,
            Outcome::ErrorStatus => metrics.error_status,
            Outcome::Timeout => metrics.timeout,
            Outcome::Unreachable | Outcome::Refused => metrics.unreachable,
            Outcome::Fault => metrics.fault,
        };
        self.add(policy, id, 1);
    }

    fn add(&self, policy: usize, id: impl FnOnce(&PolicyMetrics) -> u32, offset: i64) {
        if let Some(metrics) = self.of(policy) {
            // A metric that cannot be counted must not stop the request.
            let _ = abi::increment_metric(id(metrics), offset);
        }
    }
}

/// A call under way.
pub(super) struct InFlight<'m> {
    metrics: &'m Metrics,
    policy: usize,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.metrics.add(self.policy, |metrics| metrics.inflight, -1);
    }
}

impl PolicyMetrics {
    fn define(policy: &str) -> Option<PolicyMetrics> {
        let policy = metric_name(policy);
        let define = |kind, what| abi::define_metric(kind, &format!("callout.{what}.policy.{policy}")).ok();
        Some(PolicyMetrics {
            requests: define(MetricKind::Counter, "requests")?,
            ok: define(MetricKind::Counter, "outcome.ok")?,
            error_status: define(MetricKind::Counter, "outcome.error_status")?,
            timeout: define(MetricKind::Counter, "outcome.timeout")?,
            unreachable: define(MetricKind::Counter, "outcome.unreachable")?,
            fault: define(MetricKind::Counter, "outcome.fault")?,
            refused_host: define(MetricKind::Counter, "refused_host")?,
            duration_ms: define(MetricKind::Histogram, "duration_ms")?,
            inflight: define(MetricKind::Gauge, "inflight")?,
        })
    }
}

/// A dot would end the name in `stats_tags`, so everything unusual becomes `_`.
fn metric_name(policy: &str) -> String {
    let is_usual = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    policy.chars().map(|character| if is_usual(character) { character } else { '_' }).collect()
}
