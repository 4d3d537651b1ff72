//! The complete configuration for Envoy.

mod cluster;
mod filter;
mod native;
mod routes;

pub(super) use cluster::{clusters, duration};
pub(super) use filter::{typed, wasm_of};

use super::deployment::Deployment;
use super::object::With as _;
use serde_json::{Value, json};

/// The module of the filter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Module<'a> {
    /// The file of the WebAssembly module.
    Wasm(&'a str),
    /// The dynamic module, which Envoy finds by its name.
    Native,
}

/// Options of the command line.
#[derive(Clone, Debug)]
pub(super) struct Options<'a> {
    /// Port of the listener.
    pub(super) port: u16,
    /// Port of the administration interface on 127.0.0.1.
    pub(super) admin_port: u16,
    /// The module.
    pub(super) module: Module<'a>,
    /// The access log.
    pub(super) access_log: Option<Value>,
}

/// Maximum size of a buffered body in bytes: Apigee's 10 MiB instead of Envoy's default of 1 MiB.
const MAX_BODY_BYTES: u32 = 10 << 20;

/// The bootstrap configuration.
pub(super) fn bootstrap(deployment: &Deployment, options: Options<'_>) -> Value {
    let filters = deployment.endpoints.iter().map(|endpoint| filter::http_filter(endpoint, options.module));
    let router =
        filter::named("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", json!({}));
    let manager = filter::named(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "proxy",
            "stream_idle_timeout": format!("{}s", deployment.idle_secs),
            "route_config": routes::configuration(deployment),
            "http_filters": filters.chain([router]).collect::<Vec<_>>(),
        })
        .with("access_log", options.access_log.map(|log| json!([log]))),
    );
    let needs_body = deployment.endpoints.iter().any(|endpoint| endpoint.needs_body);
    let listener = json!({"name": "proxy", "address": socket_address("0.0.0.0", options.port)})
        .with("per_connection_buffer_limit_bytes", needs_body.then(|| json!(MAX_BODY_BYTES)))
        .with("filter_chains", json!([{"filters": [manager]}]));
    let mut bootstrap = json!({
        "admin": {"address": socket_address("127.0.0.1", options.admin_port)},
        "stats_config": {"stats_tags": tags()},
        "static_resources": {
            "listeners": [listener],
            "clusters": clusters(deployment),
        },
    });
    if let Module::Native = options.module {
        native::adapt(&mut bootstrap);
    }
    bootstrap
}

/// The labels of the filter's metrics (docs/guide/metrics.md).
fn tags() -> Value {
    json!([
        {"tag_name": "policy", "regex": r"(?:^|\.)callout\..*(\.policy\.([^.]+))$"},
        {"tag_name": "outcome", "regex": r"(?:^|\.)callout\.outcome(\.([^.]+))\.policy\."},
    ])
}

fn socket_address(address: &str, port: u16) -> Value {
    json!({"socket_address": {"address": address, "port_value": port}})
}
