//! Resources for Istio's ingress gateway.

use super::deployment::{Deployment, Endpoint, Route};
use super::envoy::{duration, typed, wasm_of};
use super::kubernetes::{Options, resource};
use super::naming::{Names, dns_label, service_host};
use super::object::With as _;
use super::path::{BasePath, Rewrite};
use super::upstream::{Server, TlsSettings, Upstream};
use crate::routing::NOT_FOUND_BODY;
use envoy_callout::policy::endpoint::TARGET_HEADER;
use serde_json::{Value, json};

const NETWORKING: &str = "networking.istio.io/v1beta1";

/// The pods of the gateway.
fn gateway_pods() -> Value {
    json!({"istio": "ingressgateway"})
}

/// The resources, filters first.
pub(super) fn resources(deployment: &Deployment, options: Options<'_>) -> Vec<Value> {
    let filters = deployment.endpoints.iter().map(|endpoint| filter(endpoint, options));
    let routes = [virtual_service(deployment, options), idle_timeout(deployment, options)];
    filters.chain(routes).chain(services(deployment, options)).collect()
}

fn filter(endpoint: &Endpoint, options: Options<'_>) -> Value {
    let name = format!("callout-{}", endpoint.label);
    if endpoint.needs_body {
        return filter_with_bodies(endpoint, &name, options);
    }
    let spec = json!({
        "selector": {"matchLabels": gateway_pods()},
        "url": options.module,
        "failStrategy": "FAIL_RELOAD",
        "pluginName": name,
        "pluginConfig": endpoint.configuration,
    });
    resource("extensions.istio.io/v1alpha1", "WasmPlugin", &name, options.namespace, spec)
}

/// A `WasmPlugin` has no `allow_on_headers_stop_iteration`.
fn filter_with_bodies(endpoint: &Endpoint, name: &str, options: Options<'_>) -> Value {
    let kind = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    let code = json!({"remote": {"http_uri": {"uri": options.module}}});
    let discovery = json!({
        "name": name,
        "config_discovery": {"config_source": {"ads": {}, "initial_fetch_timeout": "0s"}, "type_urls": [kind]},
    });
    let configuration = json!({"type_url": kind, "value": wasm_of(endpoint, code)});
    let spec = json!({
        "workloadSelector": {"labels": gateway_pods()},
        "configPatches": [
            {
                "applyTo": "HTTP_FILTER",
                "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": {
                    "name": MANAGER, "subFilter": {"name": "envoy.filters.http.router"}}}}},
                "patch": {"operation": "INSERT_BEFORE", "value": discovery},
            },
            {
                "applyTo": "EXTENSION_CONFIG",
                "match": {"context": "GATEWAY"},
                "patch": {"operation": "ADD",
                          "value": {"name": name, "typed_config": typed("udpa.type.v1.TypedStruct", configuration)}},
            },
        ],
    });
    resource("networking.istio.io/v1alpha3", "EnvoyFilter", name, options.namespace, spec)
}

const MANAGER: &str = "envoy.filters.network.http_connection_manager";

fn idle_timeout(deployment: &Deployment, options: Options<'_>) -> Value {
    let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let configuration = json!({"stream_idle_timeout": format!("{}s", deployment.idle_secs)});
    let spec = json!({
        "workloadSelector": {"labels": gateway_pods()},
        "configPatches": [{
            "applyTo": "NETWORK_FILTER",
            "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": {"name": MANAGER}}}},
            "patch": {"operation": "MERGE", "value": {"typed_config": typed(manager, configuration)}},
        }],
    });
    resource("networking.istio.io/v1alpha3", "EnvoyFilter", "callout-idle-timeout", options.namespace, spec)
}

/// One resource for all routes, because the order of routes in several resources is undefined.
fn virtual_service(deployment: &Deployment, options: Options<'_>) -> Value {
    let routes = deployment.endpoints.iter().flat_map(|endpoint| {
        let routes = endpoint.routes.iter().filter_map(|route| to_target(endpoint, route, deployment));
        routes.chain([not_found(endpoint)]).collect::<Vec<_>>()
    });
    let spec = json!({"hosts": ["*"], "gateways": [options.gateway], "http": routes.collect::<Vec<_>>()});
    resource(NETWORKING, "VirtualService", "callout-proxies", options.namespace, spec)
}

fn uri(base_path: &BasePath) -> Value {
    match base_path.literal().as_deref() {
        Some("") => json!({"prefix": "/"}),
        // A prefix can end inside a segment.
        _ => json!({"regex": base_path.regex_of_all_below()}),
    }
}

fn to_target(endpoint: &Endpoint, route: &Route, deployment: &Deployment) -> Option<Value> {
    let upstream = deployment.upstreams.get(route.upstream?)?;
    let base_path = route.replaced(&endpoint.base_path);
    let regex = |pattern: String, text: String| Some(json!({"match": pattern, "rewrite": text}));
    let path = match base_path.rewrite(&route.path) {
        Rewrite::Keep => None,
        Rewrite::Prefix(prefix) => match base_path.regex().as_str() {
            "" => regex("^/".to_owned(), prefix),
            pattern => regex(format!("^{pattern}"), prefix),
        },
        Rewrite::Regex(pattern, text) => regex(pattern, text),
    };
    let authority = route.authority.fixed(upstream).map(|authority| json!(authority));
    let has_rewrite = path.is_some() || authority.is_some();
    let rewrite = json!({}).with("uriRegexRewrite", path).with("authority", authority);
    let retries = match &route.retry {
        None => json!({"attempts": 0}),
        Some(retry) => {
            let statuses = retry.statuses.iter().map(|status| format!(",{status}"));
            let conditions = format!("connect-failure,refused-stream,reset{}", statuses.collect::<String>());
            json!({"attempts": retry.count, "retryOn": conditions})
        }
    };
    let destination = json!({"host": service_host(upstream), "port": {"number": port(upstream)}});
    let routed = json!({
        "name": format!("{}.{}", endpoint.name, route.target),
        "match": [{"uri": uri(&base_path), "headers": {TARGET_HEADER: {"exact": route.target}}}],
    });
    let routed = routed
        .with("rewrite", has_rewrite.then_some(rewrite))
        .with("headers", json!({"request": {"remove": [TARGET_HEADER]}}))
        .with("route", json!([{"destination": destination}]))
        .with("timeout", json!(duration(route.timeout_ms)))
        .with("retries", retries);
    Some(routed)
}

fn not_found(endpoint: &Endpoint) -> Value {
    json!({
        "name": endpoint.name,
        "match": [{"uri": uri(&endpoint.base_path)}],
        "directResponse": {"status": 404, "body": {"string": NOT_FOUND_BODY}},
        "headers": {"response": {"set": {"content-type": "application/json"}}},
    })
}

/// `ServiceEntry` and `DestinationRule` of every host.
fn services(deployment: &Deployment, options: Options<'_>) -> Vec<Value> {
    let mut hosts: Vec<String> = Vec::new();
    for upstream in &deployment.upstreams {
        let host = service_host(upstream);
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let mut resources = Vec::new();
    let mut names = Names::default();
    for host in hosts {
        let mut of_host: Vec<&Upstream> = Vec::new();
        for upstream in deployment.upstreams.iter().filter(|upstream| service_host(upstream) == host) {
            if !of_host.iter().any(|other| port(other) == port(upstream)) {
                of_host.push(upstream);
            }
        }
        let name = names.take(format!("callout-{}", dns_label(&host)), '-');
        // Istio has the services of the Kubernetes cluster.
        if !host.ends_with(".svc.cluster.local") {
            let spec = service_entry(&host, &of_host);
            resources.push(resource(NETWORKING, "ServiceEntry", &name, options.namespace, spec));
        }
        let policies: Vec<Value> = of_host.iter().map(|upstream| port_policy(upstream, deployment)).collect();
        let spec = json!({"host": host, "trafficPolicy": {"portLevelSettings": policies}});
        resources.push(resource(NETWORKING, "DestinationRule", &name, options.namespace, spec));
    }
    resources
}

fn port(upstream: &Upstream) -> u16 {
    upstream.servers.first().map_or(80, |server| server.port)
}

fn port_name(upstream: &Upstream) -> String {
    let kind = if upstream.tls.is_some() { "https" } else { "http" };
    format!("{kind}-{}", port(upstream))
}

fn service_entry(host: &str, upstreams: &[&Upstream]) -> Value {
    let ports = upstreams.iter().map(|upstream| {
        let protocol = if upstream.tls.is_some() { "HTTPS" } else { "HTTP" };
        json!({"number": port(upstream), "name": port_name(upstream), "protocol": protocol})
    });
    let is_static = upstreams.iter().flat_map(|upstream| &upstream.servers).all(Server::is_address);
    let is_only_server = |upstream: &&&Upstream| upstream.only_server().is_some_and(|server| server.host == host);
    let listed = upstreams.first().filter(|upstream| !is_only_server(upstream));
    let endpoints = listed.map(|upstream| {
        let servers = upstream.servers.iter().filter(|server| !server.is_fallback).map(|server| {
            json!({"address": server.address(), "ports": {port_name(upstream): server.port}})
                .with("weight", server.weight.map(|weight| json!(weight)))
        });
        servers.collect()
    });
    json!({
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "resolution": if is_static { "STATIC" } else { "DNS" },
        "ports": ports.collect::<Vec<_>>(),
    })
    .with("endpoints", endpoints)
}

fn port_policy(upstream: &Upstream, deployment: &Deployment) -> Value {
    let ejection = upstream.ejection.as_ref().map(|ejection| {
        json!({
            "splitExternalLocalOriginErrors": true,
            "consecutiveLocalOriginFailures": ejection.failures,
            "consecutive5xxErrors": if ejection.by_status { ejection.failures } else { 0 },
            "baseEjectionTime": format!("{}s", ejection.seconds),
            "maxEjectionPercent": 100,
        })
    });
    json!({
        "port": {"number": port(upstream)},
        "connectionPool": {"tcp": {"connectTimeout": duration(upstream.connect_timeout_ms)}},
    })
    .with("loadBalancer", upstream.least_connections.then(|| json!({"simple": "LEAST_REQUEST"})))
    .with("outlierDetection", ejection)
    .with("tls", upstream.tls.as_ref().map(|tls| tls_settings(tls, upstream, deployment)))
}

fn tls_settings(tls: &TlsSettings, upstream: &Upstream, deployment: &Deployment) -> Value {
    let (certificate, key) = tls.client.as_ref().map(|(certificate, key)| (json!(certificate), json!(key))).unzip();
    // The authorities of the system are the default.
    let own_ca = tls.trusted_ca.as_ref().filter(|trusted_ca| **trusted_ca != deployment.trusted_ca);
    let sni = upstream.servers.first().filter(|server| !server.is_address()).map(|server| json!(server.host));
    let names: Vec<&str> = match &tls.common_name {
        Some(name) => vec![name],
        None => upstream.servers.iter().map(Server::address).collect(),
    };
    json!({"mode": if tls.client.is_some() { "MUTUAL" } else { "SIMPLE" }})
        .with("clientCertificate", certificate)
        .with("privateKey", key)
        .with("caCertificates", own_ca.map(|trusted_ca| json!(trusted_ca)))
        .with("insecureSkipVerify", tls.trusted_ca.is_none().then(|| json!(true)))
        .with("sni", sni)
        .with("subjectAltNames", json!(names))
}
