//! What resources for Kubernetes have alike.

use super::deployment::Deployment;
use crate::finding::{Finding, Findings, Severity};
use serde_json::{Value, json};

/// What the command line says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    /// Where the module is pulled from.
    pub(super) module: &'a str,
    /// The name of the `Gateway` that listens.
    pub(super) gateway: &'a str,
    /// The namespace of the resources.
    pub(super) namespace: &'a str,
}

/// A resource.
pub(super) fn resource(api_version: &str, kind: &str, name: &str, namespace: &str, spec: Value) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

/// Warns of what these resources cannot say and Envoy's own configuration can.
pub(super) fn report_limits(deployment: &Deployment, findings: &mut Findings) {
    let mut warn = |text: String| findings.add(Finding::new(Severity::Warning, text));
    for (index, endpoint) in deployment.endpoints.iter().enumerate() {
        for other in deployment.endpoints.iter().skip(index.saturating_add(1)) {
            if other.base_path.covers(&endpoint.base_path) {
                let (inner, outer) = (&endpoint.name, &other.name);
                warn(format!("the base path of {inner} is below that of {outer}: both filters run for its requests"));
            }
        }
    }
    for upstream in &deployment.upstreams {
        if upstream.health.is_some() {
            warn(format!("HealthMonitor of {} is not rendered in this format", upstream.name));
        }
        if upstream.servers.iter().any(|server| server.is_fallback) {
            warn(format!("the fallback server of {} is not rendered in this format", upstream.name));
        }
    }
}
