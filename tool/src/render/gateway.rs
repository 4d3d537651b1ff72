//! Resources for Envoy Gateway.

use super::deployment::{Authority, Deployment, Endpoint, Route};
use super::envoy::clusters;
use super::kubernetes::{Options, resource};
use super::naming::{Names, dns_label};
use super::object::With as _;
use super::path::{BasePath, Rewrite};
use super::upstream::{Server, TlsSettings, Upstream};
use crate::routing::NOT_FOUND_BODY;
use envoy_callout::policy::endpoint::TARGET_HEADER;
use serde_json::{Value, json};

const ENVOY_GATEWAY: &str = "gateway.envoyproxy.io/v1alpha1";
const GROUP: &str = "gateway.envoyproxy.io";
const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";
const NOT_FOUND: &str = "callout-not-found";
const EXTENSIONS: &str = "callout";

/// The resources, filters first.
pub(super) fn resources(deployment: &Deployment, options: Options<'_>) -> Vec<Value> {
    let mut resources = vec![extensions(deployment, options)];
    let mut names = Names::without(&[NOT_FOUND]);
    for endpoint in &deployment.endpoints {
        resources.extend(routes(endpoint, deployment, &mut names, options));
    }
    let not_found = json!({"directResponse": {
        "statusCode": 404,
        "contentType": "application/json",
        "body": {"type": "Inline", "inline": NOT_FOUND_BODY},
    }});
    resources.push(resource(ENVOY_GATEWAY, "HTTPRouteFilter", NOT_FOUND, options.namespace, not_found));
    let is_target = |index: usize| {
        deployment.endpoints.iter().flat_map(|endpoint| &endpoint.routes).any(|route| route.upstream == Some(index))
    };
    let targets = deployment.upstreams.iter().enumerate().filter(|(index, _)| is_target(*index));
    resources.extend(targets.map(|(_, upstream)| backend(upstream, deployment, options)));
    resources.push(patches(deployment, &is_target, options));
    resources
}

fn target_ref(options: Options<'_>) -> Value {
    json!({"group": GATEWAY_GROUP, "kind": "Gateway", "name": options.gateway})
}

/// The policy applies to the whole gateway, because the filters run before the choice of the route.
fn extensions(deployment: &Deployment, options: Options<'_>) -> Value {
    let filters = deployment.endpoints.iter().map(|endpoint| {
        let name = format!("callout-{}", endpoint.label);
        json!({
            "name": name,
            "rootID": name,
            "failOpen": false,
            "code": code(options.module),
            "config": endpoint.configuration,
        })
    });
    let spec = json!({"targetRefs": [target_ref(options)], "wasm": filters.collect::<Vec<_>>()});
    resource(ENVOY_GATEWAY, "EnvoyExtensionPolicy", EXTENSIONS, options.namespace, spec)
}

fn code(module: &str) -> Value {
    match module.strip_prefix("oci://") {
        Some(image) => json!({"type": "Image", "image": {"url": image}}),
        None => json!({"type": "HTTP", "http": {"url": module}}),
    }
}

/// The routes of an endpoint with their filters.
fn routes(endpoint: &Endpoint, deployment: &Deployment, names: &mut Names, options: Options<'_>) -> Vec<Value> {
    let mut resources = Vec::new();
    let mut rules = Vec::new();
    for route in &endpoint.routes {
        let Some(upstream) = route.upstream.and_then(|index| deployment.upstreams.get(index)) else { continue };
        let base_path = route.replaced(&endpoint.base_path);
        let mut filters = Vec::new();
        let rewrite_name = format!("callout-{}-{}", endpoint.label, dns_label(&route.target));
        if let Some(rewrite) = regex_rewrite(&base_path, route) {
            let rewrite_name = names.take(rewrite_name, '-');
            resources.push(resource(ENVOY_GATEWAY, "HTTPRouteFilter", &rewrite_name, options.namespace, rewrite));
            filters.push(extension(&rewrite_name));
        }
        filters.extend(url_rewrite(&base_path, route, upstream));
        filters.push(json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [TARGET_HEADER]}}));
        let by_target = json!([{"name": TARGET_HEADER, "value": route.target}]);
        let matched = path_match(&base_path).with("headers", by_target);
        rules.push(json!({
            "matches": [matched],
            "filters": filters,
            "backendRefs": [{"group": GROUP, "kind": "Backend", "name": upstream.label}],
            "timeouts": {"request": timeout(route.timeout_ms)},
        }));
    }
    rules.push(json!({"matches": [path_match(&endpoint.base_path)], "filters": [extension(NOT_FOUND)]}));
    let spec = json!({"parentRefs": [{"name": options.gateway}], "rules": rules});
    let name = format!("callout-{}", endpoint.label);
    resources.insert(0, resource("gateway.networking.k8s.io/v1", "HTTPRoute", &name, options.namespace, spec));
    resources
}

/// A duration of the Gateway API: no fractions, at most five digits.
fn timeout(millis: u64) -> String {
    match (millis / 1000, millis % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}s{rest}ms"),
    }
}

fn extension(name: &str) -> Value {
    json!({"type": "ExtensionRef", "extensionRef": {"group": GROUP, "kind": "HTTPRouteFilter", "name": name}})
}

fn path_match(base_path: &BasePath) -> Value {
    match base_path.literal() {
        Some(prefix) if prefix.is_empty() => json!({"path": {"type": "PathPrefix", "value": "/"}}),
        Some(prefix) => json!({"path": {"type": "PathPrefix", "value": prefix}}),
        None => json!({"path": {"type": "RegularExpression", "value": base_path.regex_of_all_below()}}),
    }
}

/// The rewrite of a path whose match is not a prefix.
fn regex_rewrite(base_path: &BasePath, route: &Route) -> Option<Value> {
    // The Gateway API can replace a prefix by the root without a double slash.
    if base_path.literal().is_some() {
        return None;
    }
    let Rewrite::Regex(pattern, substitution) = base_path.rewrite(&route.path) else { return None };
    let path = json!({
        "type": "ReplaceRegexMatch",
        "replaceRegexMatch": {"pattern": pattern, "substitution": substitution},
    });
    Some(json!({"urlRewrite": {"path": path}}))
}

fn url_rewrite(base_path: &BasePath, route: &Route, upstream: &Upstream) -> Option<Value> {
    let host = match &route.authority {
        Authority::Server => upstream.only_server().filter(|server| !server.is_address()).map(|server| &server.host),
        Authority::Request => None,
        Authority::Fixed(authority) => Some(authority),
    };
    let host = host.map(|host| json!(host));
    let has_prefix = base_path.literal().is_some_and(|prefix| !prefix.is_empty() || !route.path.is_empty());
    let prefix = if route.path.is_empty() { "/" } else { &route.path };
    let path = has_prefix.then(|| json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": prefix}));
    let has_rewrite = host.is_some() || path.is_some();
    let rewrite = json!({}).with("hostname", host).with("path", path);
    has_rewrite.then(|| json!({"type": "URLRewrite", "urlRewrite": rewrite}))
}

fn backend(upstream: &Upstream, deployment: &Deployment, options: Options<'_>) -> Value {
    let endpoints = upstream.servers.iter().filter(|server| !server.is_fallback).map(|server| match server {
        server if Server::is_address(server) => json!({"ip": {"address": server.address(), "port": server.port}}),
        server => json!({"fqdn": {"hostname": server.host, "port": server.port}}),
    });
    let tls = upstream.tls.as_ref().map(|tls| tls_settings(tls, upstream, deployment));
    let spec = json!({"endpoints": endpoints.collect::<Vec<_>>()}).with("tls", tls);
    resource(ENVOY_GATEWAY, "Backend", &upstream.label, options.namespace, spec)
}

/// Trust stores are `ConfigMap`s and key stores are `Secret`s with the names of the stores.
fn tls_settings(tls: &TlsSettings, upstream: &Upstream, deployment: &Deployment) -> Value {
    let is_system = |trusted_ca: &&String| **trusted_ca == deployment.trusted_ca;
    let trusted_ca = tls.trusted_ca.as_ref();
    let own = trusted_ca.filter(|trusted_ca| !is_system(trusted_ca));
    let own = own.map(|file| json!([{"group": "", "kind": "ConfigMap", "name": store_of(file)}]));
    let client = tls.client.as_ref().map(|(file, _)| json!({"kind": "Secret", "name": store_of(file)}));
    let sni = upstream.only_server().filter(|server| !server.is_address()).map(|server| json!(server.host));
    json!({})
        .with("wellKnownCACertificates", trusted_ca.filter(is_system).map(|_| json!("System")))
        .with("caCertificateRefs", own)
        .with("insecureSkipVerify", trusted_ca.is_none().then(|| json!(true)))
        .with("clientCertificateRef", client)
        .with("sni", sni)
}

/// The store of a file of certificates: the name of its folder.
fn store_of(file: &str) -> String {
    dns_label(file.rsplit('/').nth(1).unwrap_or(file))
}

/// Patches for the clusters of callouts and for settings of filters, which have no resource.
fn patches(deployment: &Deployment, is_target: &impl Fn(usize) -> bool, options: Options<'_>) -> Value {
    let Options { namespace, gateway, .. } = options;
    let listener = format!("{namespace}/{gateway}/http");
    let targets: Vec<&str> = deployment
        .upstreams
        .iter()
        .enumerate()
        .filter(|(index, _)| is_target(*index))
        .map(|(_, upstream)| upstream.name.as_str())
        .collect();
    let of_callouts = clusters(deployment).into_iter().filter_map(|cluster| {
        let name = cluster.get("name")?.as_str()?.to_owned();
        (!targets.contains(&name.as_str())).then(|| {
            json!({
                "type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
                "name": name,
                "operation": {"op": "add", "path": "", "value": cluster},
            })
        })
    });
    let mut patches: Vec<Value> = of_callouts.collect();
    let mut patch_listener = |json_path: String, path: &str, value: Value| {
        patches.push(json!({
            "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
            "name": listener,
            "operation": {"op": "add", "jsonPath": json_path, "path": path, "value": value},
        }));
    };
    for (index, endpoint) in deployment.endpoints.iter().enumerate() {
        let filter = format!("envoy.filters.http.wasm/envoyextensionpolicy/{namespace}/{EXTENSIONS}/wasm/{index}");
        let config = || format!("..http_filters[?(@.name=='{filter}')].typed_config.config");
        patch_listener(config(), "failure_policy", json!("FAIL_RELOAD"));
        if endpoint.needs_body {
            patch_listener(config(), "allow_on_headers_stop_iteration", json!(true));
        }
    }
    let manager = "..filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config".to_owned();
    patch_listener(manager, "stream_idle_timeout", json!(format!("{}s", deployment.idle_secs)));
    let spec = json!({
        "targetRef": {"group": GATEWAY_GROUP, "kind": "Gateway", "name": gateway},
        "type": "JSONPatch",
        "jsonPatches": patches,
    });
    resource(ENVOY_GATEWAY, "EnvoyPatchPolicy", EXTENSIONS, namespace, spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_no_fractions() {
        assert_eq!(timeout(120_000), "120s");
        assert_eq!(timeout(1_500), "1s500ms");
    }
}
