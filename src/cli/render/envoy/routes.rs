//! Routes: the target that the filter chose is in a header of the request.

use super::super::deployment::{Deployment, Endpoint, Route};
use super::super::path::{BasePath, Rewrite};
use super::filter::{name_of, typed};
use serde_json::{Map, Value, json};

/// The header in which the filter names the target endpoint.
pub(in crate::cli::render) const TARGET_HEADER: &str = "x-callout-target";

/// What Apigee answers where no proxy is.
pub(in crate::cli::render) const NOT_FOUND_BODY: &str = r#"{"fault":{"faultstring":"Unable to identify proxy","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#;

/// The routes of all endpoints.
pub(super) fn configuration(deployment: &Deployment) -> Value {
    let routes = deployment.endpoints.iter().flat_map(|endpoint| of_endpoint(endpoint, deployment));
    let nowhere = not_found(json!({"prefix": "/"}), None);
    json!({
        "virtual_hosts": [{
            "name": "proxies",
            "domains": ["*"],
            "routes": routes.chain([nowhere]).collect::<Vec<_>>(),
        }],
    })
}

fn of_endpoint(endpoint: &Endpoint, deployment: &Deployment) -> Vec<Value> {
    let disabled = disabled(endpoint, deployment);
    let routes = endpoint.routes.iter().filter_map(|route| {
        let mut routed = to_target(endpoint, route, deployment)?;
        add_disabled(&mut routed, disabled.as_ref());
        Some(routed)
    });
    let mut routes: Vec<Value> = routes.collect();
    if disabled.is_some() {
        // Which filters run is decided before the filter has chosen a target.
        routes.push(not_found(path_match(&endpoint.base_path), disabled.as_ref()));
    }
    routes
}

/// The filters of the other endpoints whose base paths hold this one's: a request is one proxy's alone.
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

fn add_disabled(route: &mut Value, disabled: Option<&Value>) {
    if let (Some(route), Some(disabled)) = (route.as_object_mut(), disabled) {
        route.insert("typed_per_filter_config".to_owned(), disabled.clone());
    }
}

fn not_found(matched: Value, disabled: Option<&Value>) -> Value {
    let mut route = json!({
        "match": matched,
        "direct_response": {"status": 404, "body": {"inline_string": NOT_FOUND_BODY}},
        "response_headers_to_add": [{"header": {"key": "content-type", "value": "application/json"},
                                     "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    });
    add_disabled(&mut route, disabled);
    route
}

fn path_match(base_path: &BasePath) -> Value {
    match base_path.literal().as_deref() {
        Some("") => json!({"prefix": "/"}),
        Some(prefix) => json!({"path_separated_prefix": prefix}),
        None => json!({"safe_regex": {"regex": base_path.regex_of_all_below()}}),
    }
}

fn to_target(endpoint: &Endpoint, route: &Route, deployment: &Deployment) -> Option<Value> {
    let upstream = deployment.upstreams.get(route.upstream)?;
    let mut matched = path_match(&endpoint.base_path);
    matched
        .as_object_mut()?
        .insert("headers".to_owned(), json!([{"name": TARGET_HEADER, "string_match": {"exact": route.target}}]));
    let mut action = Map::new();
    action.insert("cluster".to_owned(), json!(upstream.name));
    let mut add = |key: &str, value: Value| action.insert(key.to_owned(), value);
    match endpoint.base_path.rewrite(&route.path) {
        Rewrite::Keep => None,
        Rewrite::Prefix(prefix) => add("prefix_rewrite", json!(prefix)),
        Rewrite::Regex(regex, text) => {
            add("regex_rewrite", json!({"pattern": {"regex": regex}, "substitution": text.replace('\\', "\\\\")}))
        }
    };
    match upstream.only_server() {
        Some(server) => add("host_rewrite_literal", json!(upstream.authority_of(server))),
        None => add("auto_host_rewrite", json!(true)),
    };
    add("timeout", json!(super::cluster::duration(route.timeout_ms)));
    if let Some(retry) = &route.retry {
        let conditions = if retry.statuses.is_empty() { "" } else { ",retriable-status-codes" };
        let mut policy = json!({
            "retry_on": format!("connect-failure,refused-stream,reset{conditions}"),
            "num_retries": retry.count,
            "retry_host_predicate": [super::filter::named(
                "envoy.retry_host_predicates.previous_hosts",
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
                json!({}),
            )],
        });
        if let Some(policy) = policy.as_object_mut().filter(|_| !retry.statuses.is_empty()) {
            policy.insert("retriable_status_codes".to_owned(), json!(retry.statuses));
        }
        add("retry_policy", policy);
    }
    Some(json!({"match": matched, "route": action, "request_headers_to_remove": [TARGET_HEADER]}))
}
