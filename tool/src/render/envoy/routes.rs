//! Routes. The filter writes the chosen target into a header of the request.

use super::super::deployment::{Authority, Deployment, Endpoint, Retry, Route};
use super::super::object::With as _;
use super::super::path::{BasePath, Rewrite};
use super::cluster::duration;
use super::filter::{name_of, named, typed};
use crate::routing::NOT_FOUND_BODY;
use envoy_callout::plan::CLUSTER_HEADER;
use envoy_callout::policy::endpoint::TARGET_HEADER;
use serde_json::{Map, Value, json};

/// The routes of all endpoints.
pub(super) fn configuration(deployment: &Deployment) -> Value {
    let routes = deployment.endpoints.iter().flat_map(|endpoint| of_endpoint(endpoint, deployment));
    let fallback = not_found(json!({"prefix": "/"}), None);
    json!({
        "virtual_hosts": [{
            "name": "proxies",
            "domains": ["*"],
            "routes": routes.chain([fallback]).collect::<Vec<_>>(),
        }],
    })
}

fn of_endpoint(endpoint: &Endpoint, deployment: &Deployment) -> Vec<Value> {
    let disabled = disabled(endpoint, deployment);
    let routes = endpoint.routes.iter().map(|route| to_target(endpoint, route, deployment));
    let routes = routes.map(|route| route.with("typed_per_filter_config", disabled.clone()));
    // Envoy selects the filters before a filter has chosen a target.
    let fallback = disabled.as_ref().map(|_| not_found(path_match(&endpoint.base_path), disabled.clone()));
    routes.chain(fallback).collect()
}

/// Disables the filters of other endpoints whose base path contains this one, so that only one filter runs.
fn disabled(endpoint: &Endpoint, deployment: &Deployment) -> Option<Value> {
    let others = deployment
        .endpoints
        .iter()
        .filter(|other| other.name != endpoint.name && other.base_path.covers(&endpoint.base_path));
    let disabled: Map<String, Value> = others
        .map(|other| (name_of(other), typed("envoy.config.route.v3.FilterConfig", json!({"disabled": true}))))
        .collect();
    (!disabled.is_empty()).then(|| Value::Object(disabled))
}

fn not_found(matched: Value, disabled: Option<Value>) -> Value {
    json!({
        "match": matched,
        "direct_response": {"status": 404, "body": {"inline_string": NOT_FOUND_BODY}},
        "response_headers_to_add": [{"header": {"key": "content-type", "value": "application/json"},
                                     "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    })
    .with("typed_per_filter_config", disabled)
}

fn path_match(base_path: &BasePath) -> Value {
    match base_path.literal().as_deref() {
        Some("") => json!({"prefix": "/"}),
        Some(prefix) => json!({"path_separated_prefix": prefix}),
        None => json!({"safe_regex": {"regex": base_path.regex_of_all_below()}}),
    }
}

fn to_target(endpoint: &Endpoint, route: &Route, deployment: &Deployment) -> Value {
    let upstream = route.upstream.and_then(|index| deployment.upstreams.get(index));
    let by_target = json!([{"name": TARGET_HEADER, "string_match": {"exact": route.target}}]);
    let (prefix, regex) = match route.replaced(&endpoint.base_path).rewrite(&route.path) {
        Rewrite::Keep => (None, None),
        Rewrite::Prefix(prefix) => (Some(json!(prefix)), None),
        Rewrite::Regex(regex, text) => {
            let text = text.replace('\\', "\\\\");
            (None, Some(json!({"pattern": {"regex": regex}, "substitution": text})))
        }
    };
    let host = upstream.and_then(|upstream| route.authority.fixed(upstream)).map(|host| json!(host));
    let is_chosen = route.authority == Authority::Server && host.is_none();
    let (cluster, removed) = match upstream {
        Some(upstream) => (json!({"cluster": upstream.name}), json!([TARGET_HEADER])),
        None => (json!({"cluster_header": CLUSTER_HEADER}), json!([TARGET_HEADER, CLUSTER_HEADER])),
    };
    let action = cluster
        .with("prefix_rewrite", prefix)
        .with("regex_rewrite", regex)
        .with("auto_host_rewrite", is_chosen.then(|| json!(true)))
        .with("host_rewrite_literal", host)
        .with("timeout", json!(duration(route.timeout_ms)))
        .with("retry_policy", route.retry.as_ref().map(retry_policy));
    let matched = path_match(&route.replaced(&endpoint.base_path)).with("headers", by_target);
    json!({"match": matched, "route": action, "request_headers_to_remove": removed})
}

fn retry_policy(retry: &Retry) -> Value {
    let has_statuses = !retry.statuses.is_empty();
    let another_host = named(
        "envoy.retry_host_predicates.previous_hosts",
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        json!({}),
    );
    let conditions = if has_statuses { ",retriable-status-codes" } else { "" };
    json!({
        "retry_on": format!("connect-failure,refused-stream,reset{conditions}"),
        "num_retries": retry.count,
        "retry_host_predicate": [another_host],
    })
    .with("retriable_status_codes", has_statuses.then(|| json!(retry.statuses)))
}
