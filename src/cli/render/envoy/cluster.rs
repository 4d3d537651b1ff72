//! Clusters.

use super::super::deployment::Deployment;
use super::super::upstream::{Server, TlsSettings, Upstream};
use super::filter::{named, typed};
use crate::cli::connection::HealthMonitor;
use serde_json::{Map, Value, json};

/// The clusters of a deployment.
pub(in crate::cli::render) fn clusters(deployment: &Deployment) -> Vec<Value> {
    let fixed = deployment.upstreams.iter().map(of_upstream);
    let any = deployment.any_host.then(|| any_host(&deployment.trusted_ca));
    fixed.chain(any.into_iter().flatten()).collect()
}

/// `1.5s`
pub(in crate::cli::render) fn duration(millis: u64) -> String {
    match (millis / 1000, millis % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}.{rest:03}s"),
    }
}

fn of_upstream(upstream: &Upstream) -> Value {
    let mut cluster = Map::new();
    let mut add = |key: &str, value: Value| {
        cluster.insert(key.to_owned(), value);
    };
    let is_static = upstream.servers.iter().all(Server::is_address);
    let kind = match (is_static, upstream.is_pool) {
        (true, _) => "STATIC",
        (false, true) => "STRICT_DNS",
        // A name may stand for many addresses that change: each connection takes the one of the moment.
        (false, false) => "LOGICAL_DNS",
    };
    add("name", json!(upstream.name));
    add("type", json!(kind));
    if !is_static {
        add("dns_lookup_family", json!("V4_PREFERRED"));
    }
    add("connect_timeout", json!(duration(upstream.connect_timeout_ms)));
    if upstream.least_connections {
        add("lb_policy", json!("LEAST_REQUEST"));
    }
    add("load_assignment", load_assignment(upstream));
    if let Some(tls) = &upstream.tls {
        add("transport_socket", transport_socket(tls, upstream.only_server()));
    }
    if let Some(health) = &upstream.health {
        let failures = upstream.ejection.as_ref().map_or(1, |ejection| ejection.failures);
        add("health_checks", json!([health_check(health, failures)]));
    }
    if let Some(ejection) = &upstream.ejection {
        let detection = json!({
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
        });
        add("outlier_detection", detection);
    }
    if upstream.health.is_some() || upstream.ejection.is_some() {
        // When every server is out, requests fail at once, as they do in Apigee.
        add("common_lb_config", json!({"healthy_panic_threshold": {"value": 0}}));
    }
    Value::Object(cluster)
}

fn load_assignment(upstream: &Upstream) -> Value {
    let endpoints_of = |is_fallback: bool| -> Vec<Value> {
        let servers = upstream.servers.iter().filter(|server| server.is_fallback == is_fallback);
        servers.map(|server| lb_endpoint(upstream, server)).collect()
    };
    let (first, fallback) = (endpoints_of(false), endpoints_of(true));
    let mut assignment = json!({"cluster_name": upstream.name, "endpoints": [{"lb_endpoints": first}]});
    if !fallback.is_empty() {
        assignment["endpoints"] = json!([{"lb_endpoints": first}, {"priority": 1, "lb_endpoints": fallback}]);
        // The fallback gets requests only when no other server is left.
        assignment["policy"] = json!({"overprovisioning_factor": 10_000});
    }
    assignment
}

fn lb_endpoint(upstream: &Upstream, server: &Server) -> Value {
    let address = json!({"socket_address": {"address": server.address(), "port_value": server.port}});
    let mut endpoint = json!({"address": address});
    if upstream.is_pool || upstream.health.is_some() {
        // The name in requests; with TLS it also is the one that certificates must have.
        let hostname = if upstream.tls.is_some() { server.host.clone() } else { upstream.authority_of(server) };
        endpoint["hostname"] = json!(hostname);
    }
    if let Some(port) = upstream.health.as_ref().and_then(|health| health.port) {
        endpoint["health_check_config"] = json!({"port_value": port});
    }
    let mut lb_endpoint = json!({"endpoint": endpoint});
    if let Some(weight) = server.weight {
        lb_endpoint["load_balancing_weight"] = json!(weight.max(1));
    }
    lb_endpoint
}

/// TLS to one server, or to whichever of several is chosen.
fn transport_socket(tls: &TlsSettings, only: Option<&Server>) -> Value {
    let mut common = Map::new();
    if let Some((certificate, key)) = &tls.client {
        let certificate = json!([{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}]);
        common.insert("tls_certificates".to_owned(), certificate);
    }
    if let Some((oldest, newest)) = tls.versions {
        let versions = json!({"tls_minimum_protocol_version": oldest, "tls_maximum_protocol_version": newest});
        common.insert("tls_params".to_owned(), versions);
    }
    let mut context = Map::new();
    if let Some(trusted_ca) = &tls.trusted_ca {
        let mut validation = json!({"trusted_ca": {"filename": trusted_ca}});
        let san = match (&tls.common_name, only) {
            (Some(name), _) => Some(("DNS", name.as_str())),
            (None, Some(server)) if server.is_address() => Some(("IP_ADDRESS", server.address())),
            (None, Some(server)) => Some(("DNS", server.host.as_str())),
            (None, None) => None,
        };
        match san {
            Some((kind, name)) => {
                validation["match_typed_subject_alt_names"] = json!([{"san_type": kind, "matcher": {"exact": name}}]);
            }
            None => {
                context.insert("auto_sni_san_validation".to_owned(), json!(true));
            }
        }
        common.insert("validation_context".to_owned(), validation);
    }
    match only {
        Some(server) if server.is_address() => {}
        Some(server) => {
            context.insert("sni".to_owned(), json!(server.host));
        }
        None => {
            context.insert("auto_host_sni".to_owned(), json!(true));
        }
    }
    context.insert("common_tls_context".to_owned(), Value::Object(common));
    named("envoy.transport_sockets.tls", UPSTREAM_TLS_CONTEXT, Value::Object(context))
}

const UPSTREAM_TLS_CONTEXT: &str = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

fn health_check(health: &HealthMonitor, failures: u32) -> Value {
    let mut check = json!({
        "interval": format!("{}s", health.interval),
        "timeout": format!("{}s", health.timeout),
        // Before the first request Envoy would check once a minute, and a check that is made while the module is
        // compiled fails.
        "no_traffic_interval": "1s",
        "no_traffic_healthy_interval": format!("{}s", health.interval),
        "unhealthy_threshold": failures,
        "healthy_threshold": 1,
    });
    match &health.http {
        None => check["tcp_health_check"] = json!({}),
        Some(http) => {
            let statuses = http.statuses.iter().map(|status| json!({"start": status, "end": status.saturating_add(1)}));
            let mut request = json!({"path": http.path, "expected_statuses": statuses.collect::<Vec<_>>()});
            if http.verb != "GET" {
                request["method"] = json!(http.verb);
            }
            if !http.headers.is_empty() {
                let headers = http.headers.iter().map(|(key, value)| json!({"header": {"key": key, "value": value}}));
                request["request_headers_to_add"] = headers.collect();
            }
            check["http_health_check"] = request;
        }
    }
    check
}

/// The clusters of hosts that a request decides, without and with TLS.
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
    let mut with_tls = cluster("https");
    // Host name and certificate are checked against the host that is called: this kind of cluster does so by itself.
    let context = json!({"common_tls_context": {"validation_context": {"trusted_ca": {"filename": trusted_ca}}}});
    with_tls["transport_socket"] = named("envoy.transport_sockets.tls", UPSTREAM_TLS_CONTEXT, context);
    [cluster("http"), with_tls]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        assert_eq!(duration(3000), "3s");
        assert_eq!(duration(1050), "1.050s");
    }
}
