//! Common parts of the resources for Kubernetes.

use super::deployment::Deployment;
use crate::finding::{Code, Finding, Findings, Severity};
use serde_json::{Value, json};

/// Options of the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    /// URL of the module.
    pub(super) module: &'a str,
    /// Name of the `Gateway`.
    pub(super) gateway: &'a str,
    /// Namespace of the resources.
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

/// Warns of settings that these resources cannot express.
pub(super) fn report_limits(deployment: &Deployment, findings: &mut Findings) {
    let mut warn = |text: String| findings.add(Finding::new(Severity::Warning, Code::FormatLimit, text));
    for (index, endpoint) in deployment.endpoints.iter().enumerate() {
        for other in deployment.endpoints.iter().skip(index.saturating_add(1)) {
            if other.base_path.covers(&endpoint.base_path) {
                let (inner, outer) = (&endpoint.name, &other.name);
                warn(format!(
                    "the base path of {inner} is below that of {outer}, so both filters run for its requests"
                ));
            }
        }
    }
    for (endpoint, route) in
        deployment.endpoints.iter().flat_map(|endpoint| endpoint.routes.iter().map(move |r| (endpoint, r)))
    {
        if route.upstream.is_none() {
            let text = format!(
                "this format cannot express a route to a host that comes from a variable: the target {} of {}",
                route.target, endpoint.name
            );
            findings.add(Finding::new(Severity::Error, Code::FormatLimit, text));
        }
    }
    let mut warn = |text: String| findings.add(Finding::new(Severity::Warning, Code::FormatLimit, text));
    for upstream in &deployment.upstreams {
        if upstream.health.is_some() {
            warn(format!("this format cannot express the HealthMonitor of {}", upstream.name));
        }
        if upstream.servers.iter().any(|server| server.is_fallback) {
            warn(format!("this format cannot express the fallback server of {}", upstream.name));
        }
    }
}
