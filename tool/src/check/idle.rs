//! The idle timeout of a connection manager, which has to be above the timeouts of its callouts.

use crate::embedded::{self, Embedded, Parsed};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::Source;
use envoy_callout::config;
use envoy_callout::policy::{Callee, Policy, integration_callout};
use serde_json::Value;
use std::rc::Rc;
use std::time::Duration;

/// Envoy's default of `stream_idle_timeout`.
const DEFAULT: Duration = Duration::from_secs(300);

/// Warns of the connection managers that end a request before its longest callout times out.
pub(super) fn check(file: &Parsed, source: &Rc<Source>, findings: &mut Findings) {
    embedded::walk(&file.value, file.tree.as_ref(), &mut |object, node| {
        let Some(filters) = object.get("http_filters") else { return };
        let Some(idle) = object.get("stream_idle_timeout").map_or(Some(DEFAULT), duration) else { return };
        let configurations = embedded::located(filters, None);
        let waits = configurations.iter().flat_map(waits).max_by_key(|(_, timeout)| *timeout);
        let Some((name, timeout)) = waits.filter(|(_, timeout)| *timeout >= idle && !idle.is_zero()) else { return };
        let text = format!(
            "stream_idle_timeout ({}{} s) is not above the Timeout of {name} ({} s): Envoy ends the request while the callout \
             waits",
            if object.contains_key("stream_idle_timeout") { "" } else { "default " },
            idle.as_secs_f64(),
            timeout.as_secs_f64(),
        );
        let key = node.and_then(|node| node.entry("stream_idle_timeout").or_else(|| node.entry("http_filters")));
        let finding = Finding::new(Severity::Warning, Code::IdleTimeout, text);
        findings.add(finding.in_source(source, key.map(|entry| entry.position)));
    });
}

/// The policies of a configuration whose calls a request waits for, with their timeouts.
fn waits(configuration: &Embedded) -> Vec<(String, Duration)> {
    let Ok(loaded) = config::load(configuration.value.to_string().as_bytes()) else { return Vec::new() };
    let wait = |policy: &Policy| {
        let timeout = match policy.callee()? {
            Callee::Service(callout) => callout.response.as_ref().map(|_| callout.timeout)?,
            Callee::Integration(_) => integration_callout::TIMEOUT,
            Callee::Jwks(..) | Callee::SharedFlow(_) => return None,
        };
        Some((policy.attributes().name.to_string(), timeout))
    };
    loaded.plan.policies.iter().filter_map(wait).collect()
}

/// A duration in the JSON form of Protocol Buffers: `1.5s`.
fn duration(value: &Value) -> Option<Duration> {
    let seconds = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
