//! The bootstrap configuration of one Envoy.

use serde_json::{Value, json};

use super::cluster::address;

/// All resources of the cases.
#[derive(Default)]
pub struct Bootstrap {
    /// Envoy's runtime flags.
    pub runtime: Value,
    pub listeners: Vec<Value>,
    pub clusters: Vec<Value>,
}

impl Bootstrap {
    pub fn to_json(&self) -> Value {
        json!({
            "node": {"id": "blackbox", "cluster": "blackbox", "locality": {"region": "lab"}},
            "admin": {"address": any_port()},
            "layered_runtime": {"layers": [{"name": "lab", "static_layer": self.runtime}]},
            // Histograms are otherwise merged every five seconds only.
            "stats_flush_on_admin": true,
            // Every question to the admin interface searches all stats, which are a hundred for each cluster: only
            // those that cases read are kept.
            "stats_config": {"stats_tags": tags(), "stats_matcher": {"inclusion_list": {"patterns": [
                {"prefix": "wasmcustom."},
                {"prefix": "dynamicmodulescustom."},
                {"prefix": "wasm."},
                {"contains": ".upstream_rq_"},
                {"contains": ".upstream_cx_connect_fail"},
                {"contains": ".downstream_rq_"},
            ]}}},
            "static_resources": {"listeners": self.listeners, "clusters": self.clusters},
        })
    }
}

/// The tags of docs/guide/metrics.md.
fn tags() -> Value {
    json!([
        {"tag_name": "policy", "regex": r"(?:^|\.)callout\..*(\.policy\.([^.]+))$"},
        {"tag_name": "outcome", "regex": r"(?:^|\.)callout\.outcome(\.([^.]+))\.policy\."},
    ])
}

/// Envoy binds a free port and reports it, so that no other process can take the port before.
pub fn any_port() -> Value {
    address(([127, 0, 0, 1], 0).into())
}
