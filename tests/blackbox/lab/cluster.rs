//! Clusters as Envoy configuration.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// The options of a cluster, built step by step.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    options: Map<String, Value>,
}

impl Cluster {
    pub fn new() -> Cluster {
        Cluster::default()
    }

    /// Envoy speaks HTTP/2 to it.
    pub fn h2(self) -> Cluster {
        self.protocol(json!({"explicit_http_config": {"http2_protocol_options": {}}}))
    }

    /// Envoy speaks HTTP/1 to it and passes trailers on.
    pub fn h1_trailers(self) -> Cluster {
        self.protocol(json!({"explicit_http_config": {"http_protocol_options": {"enable_trailers": true}}}))
    }

    /// The fields of `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`.
    pub fn protocol(self, mut options: Value) -> Cluster {
        options["@type"] = json!("type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
        self.option(
            "typed_extension_protocol_options",
            json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}),
        )
    }

    /// Envoy speaks TLS to it; the fields of `UpstreamTlsContext`.
    pub fn tls(self, mut context: Value) -> Cluster {
        context["@type"] = json!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext");
        self.option("transport_socket", json!({"name": "envoy.transport_sockets.tls", "typed_config": context}))
    }

    pub fn connect_timeout(self, timeout: Duration) -> Cluster {
        self.option("connect_timeout", json!(duration(timeout)))
    }

    /// The fields of `CircuitBreakers.Thresholds`, such as `max_requests`, `max_pending_requests`.
    pub fn circuit_breakers(self, thresholds: Value) -> Cluster {
        self.option("circuit_breakers", json!({"thresholds": [thresholds]}))
    }

    /// Checks that its endpoints accept connections, and sends nothing to those that do not: the panic threshold is 0.
    pub fn health_checked(self) -> Cluster {
        self.option("common_lb_config", json!({"healthy_panic_threshold": {"value": 0}})).option(
            "health_checks",
            json!([{"timeout": "1s", "interval": "0.2s", "unhealthy_threshold": 1, "healthy_threshold": 1, "tcp_health_check": {}}]),
        )
    }

    /// Any field of `envoy.config.cluster.v3.Cluster`.
    pub fn option(mut self, field: &str, value: Value) -> Cluster {
        self.options.insert(field.to_owned(), value);
        self
    }

    pub(super) fn to_json(&self, name: &str, endpoint: Option<SocketAddr>) -> Value {
        let endpoints: Vec<Value> =
            endpoint.map(|endpoint| json!({"endpoint": {"address": address(endpoint)}})).into_iter().collect();
        let mut cluster = json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "2s",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        });
        for (field, value) in &self.options {
            cluster[field] = value.clone();
        }
        cluster
    }
}

/// A `google.protobuf.Duration` as JSON.
pub fn duration(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}

/// An `envoy.config.core.v3.Address` as JSON.
pub fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
