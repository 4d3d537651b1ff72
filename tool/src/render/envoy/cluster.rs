//! Clusters.

use super::super::deployment::Deployment;
use super::super::object::With as _;
use super::super::upstream::{Ejection, Server, TlsSettings, Upstream};
use super::filter::{named, typed};
use crate::connection::HealthMonitor;
use serde_json::{Value, json};

/// The clusters of a deployment.
pub(in crate::render) fn clusters(deployment: &Deployment) -> Vec<Value> {
    let fixed = deployment.upstreams.iter().map(of_upstream);
    let any = deployment.any_host.then(|| any_host(&deployment.trusted_ca));
    fixed.chain(any.into_iter().flatten()).collect()
}

/// A duration as text, such as `1.5s`.
///
/// A longer one than Envoy's timers accept, 24 days, has the same effect.
pub(in crate::render) fn duration(millis: u64) -> String {
    const MAX_MILLIS: u64 = i32::MAX.unsigned_abs() as u64;
    let millis = millis.min(MAX_MILLIS);
    match (millis / 1000, millis % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}.{rest:03}s"),
    }
}

fn of_upstream(upstream: &Upstream) -> Value {
    let is_static = upstream.servers.iter().all(Server::is_address);
    let kind = match (is_static, upstream.is_pool) {
        (true, _) => "STATIC",
        (false, true) => "STRICT_DNS",
        // The addresses of a name can change. Each new connection uses the current address.
        (false, false) => "LOGICAL_DNS",
    };
    let failures = upstream.ejection.as_ref().map_or(1, |ejection| ejection.failures);
    let health_check = upstream.health.as_ref().map(|health| json!([health_check(health, failures)]));
    // Without a healthy server, requests fail at once, as in Apigee.
    let no_panic = (upstream.health.is_some() || upstream.ejection.is_some())
        .then(|| json!({"healthy_panic_threshold": {"value": 0}}));
    let tls = upstream.tls.as_ref().map(|tls| transport_socket(tls, upstream.only_server()));
    json!({"name": upstream.name, "type": kind})
        .with("dns_lookup_family", (!is_static).then(|| json!("V4_PREFERRED")))
        .with("connect_timeout", json!(duration(upstream.connect_timeout_ms)))
        .with("lb_policy", upstream.least_connections.then(|| json!("LEAST_REQUEST")))
        .with("load_assignment", load_assignment(upstream))
        .with("transport_socket", tls)
        .with("health_checks", health_check)
        .with("outlier_detection", upstream.ejection.as_ref().map(outlier_detection))
        .with("common_lb_config", no_panic)
}

fn outlier_detection(ejection: &Ejection) -> Value {
    json!({
        "split_external_local_origin_errors": true,
        "consecutive_local_origin_failure": ejection.failures,
        "enforcing_consecutive_local_origin_failure": 100,
        "consecutive_5xx": ejection.failures,
        "enforcing_consecutive_5xx": if ejection.by_status { 100 } else { 0 },
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "base_ejection_time": format!("{}s", ejection.seconds),
        "max_ejection_time": format!("{}s", ejection.seconds),
        "max_ejection_percent": 100,
    })
}

fn load_assignment(upstream: &Upstream) -> Value {
    let endpoints_of = |is_fallback: bool| -> Vec<Value> {
        let servers = upstream.servers.iter().filter(|server| server.is_fallback == is_fallback);
        servers.map(|server| lb_endpoint(upstream, server)).collect()
    };
    let (first, fallback) = (endpoints_of(false), endpoints_of(true));
    let mut endpoints = vec![json!({"lb_endpoints": first})];
    // The fallback gets requests only when no other server is available.
    let policy = (!fallback.is_empty()).then(|| json!({"overprovisioning_factor": 10_000}));
    if !fallback.is_empty() {
        endpoints.push(json!({"priority": 1, "lb_endpoints": fallback}));
    }
    json!({"cluster_name": upstream.name, "endpoints": endpoints}).with("policy", policy)
}

fn lb_endpoint(upstream: &Upstream, server: &Server) -> Value {
    let address = json!({"socket_address": {"address": server.address(), "port_value": server.port}});
    // The host of requests. With TLS it is also the expected name of certificates.
    let hostname = if upstream.tls.is_some() { server.host.clone() } else { upstream.authority_of(server) };
    let hostname = (upstream.is_pool || upstream.health.is_some()).then(|| json!(hostname));
    let health_port = upstream.health.as_ref().and_then(|health| health.port);
    let endpoint = json!({"address": address})
        .with("hostname", hostname)
        .with("health_check_config", health_port.map(|port| json!({"port_value": port})));
    json!({"endpoint": endpoint}).with("load_balancing_weight", server.weight.map(|weight| json!(weight.max(1))))
}

/// TLS to the only server, or to the chosen server of several.
fn transport_socket(tls: &TlsSettings, only: Option<&Server>) -> Value {
    let certificate = tls.client.as_ref().map(|(certificate, key)| {
        json!([{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}])
    });
    let versions = tls.versions.map(
        |(oldest, newest)| json!({"tls_minimum_protocol_version": oldest, "tls_maximum_protocol_version": newest}),
    );
    let name = match (&tls.common_name, only) {
        (Some(name), _) => Some(("DNS", name.as_str())),
        (None, Some(server)) if server.is_address() => Some(("IP_ADDRESS", server.address())),
        (None, Some(server)) => Some(("DNS", server.host.as_str())),
        (None, None) => None,
    };
    let validation = tls.trusted_ca.as_ref().map(|trusted_ca| {
        let names = name.map(|(kind, name)| json!([{"san_type": kind, "matcher": {"exact": name}}]));
        json!({"trusted_ca": {"filename": trusted_ca}}).with("match_typed_subject_alt_names", names)
    });
    // The certificate must have the name of the chosen server.
    let by_server = (validation.is_some() && name.is_none()).then(|| json!(true));
    let common = json!({})
        .with("tls_certificates", certificate)
        .with("tls_params", versions)
        .with("validation_context", validation);
    let sni = only.filter(|server| !server.is_address()).map(|server| json!(server.host));
    let context = json!({})
        .with("auto_sni_san_validation", by_server)
        .with("sni", sni)
        .with("auto_host_sni", only.is_none().then(|| json!(true)))
        .with("common_tls_context", common);
    named("envoy.transport_sockets.tls", UPSTREAM_TLS_CONTEXT, context)
}

const UPSTREAM_TLS_CONTEXT: &str = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

fn health_check(health: &HealthMonitor, failures: u32) -> Value {
    let check = json!({
        "interval": format!("{}s", health.interval),
        "timeout": format!("{}s", health.timeout),
        // Before the first request, Envoy would check once a minute, and a check during the compilation of the
        // module fails.
        "no_traffic_interval": "1s",
        "no_traffic_healthy_interval": format!("{}s", health.interval),
        "unhealthy_threshold": failures,
        "healthy_threshold": 1,
    });
    let Some(http) = &health.http else { return check.with("tcp_health_check", json!({})) };
    let statuses = http.statuses.iter().map(|status| json!({"start": status, "end": status.saturating_add(1)}));
    let headers = http.headers.iter().map(|(key, value)| json!({"header": {"key": key, "value": value}}));
    let request = json!({"path": http.path, "expected_statuses": statuses.collect::<Vec<_>>()})
        .with("method", (http.verb != "GET").then(|| json!(http.verb)))
        .with("request_headers_to_add", (!http.headers.is_empty()).then(|| headers.collect()));
    check.with("http_health_check", request)
}

/// The clusters of hosts from variables, without and with TLS.
fn any_host(trusted_ca: &str) -> [Value; 2] {
    let cluster = |scheme: &str| {
        let name = format!("any_host_{scheme}");
        let cache = json!({"name": name, "dns_lookup_family": "V4_PREFERRED"});
        let kind = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig";
        json!({
            "name": name,
            "lb_policy": "CLUSTER_PROVIDED",
            "connect_timeout": "3s",
            "cluster_type": {
                "name": "envoy.clusters.dynamic_forward_proxy",
                "typed_config": typed(kind, json!({"dns_cache_config": cache})),
            },
        })
    };
    // This type of cluster checks the certificate against the host of the request without further settings.
    let context = json!({"common_tls_context": {"validation_context": {"trusted_ca": {"filename": trusted_ca}}}});
    let tls = named("envoy.transport_sockets.tls", UPSTREAM_TLS_CONTEXT, context);
    [cluster("http"), cluster("https").with("transport_socket", tls)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        assert_eq!(duration(3000), "3s");
        assert_eq!(duration(1050), "1.050s");
        assert_eq!(duration(99_999_999_999_999), "2147483.647s");
    }
}
