//! Filters.

use super::super::deployment::Endpoint;
use serde_json::{Map, Value, json};

/// An extension: its name and its configuration, which says its type.
pub(in crate::cli::render) fn named(name: &str, kind: &str, configuration: Value) -> Value {
    json!({"name": name, "typed_config": typed(kind, configuration)})
}

/// A configuration with its type.
pub(in crate::cli::render) fn typed(kind: &str, configuration: Value) -> Value {
    let mut object = Map::new();
    object.insert("@type".to_owned(), json!(format!("type.googleapis.com/{kind}")));
    if let Value::Object(fields) = configuration {
        object.extend(fields);
    }
    Value::Object(object)
}

/// The name of an endpoint's filter.
pub(in crate::cli::render) fn name_of(endpoint: &Endpoint) -> String {
    format!("callout.{}", endpoint.name)
}

/// The filter of an endpoint.
pub(super) fn http_filter(endpoint: &Endpoint, module: &str) -> Value {
    let code = json!({"local": {"filename": module}});
    let configuration = wasm_of(endpoint, code);
    json!({"name": name_of(endpoint), "typed_config": typed("envoy.extensions.filters.http.wasm.v3.Wasm", configuration)})
}

/// The configuration of an endpoint's filter; `code` says where the module is.
pub(in crate::cli::render) fn wasm_of(endpoint: &Endpoint, code: Value) -> Value {
    let name = name_of(endpoint);
    let mut config = json!({"name": name, "root_id": name, "failure_policy": "FAIL_RELOAD"});
    if let Some(config) = config.as_object_mut() {
        // Only where a policy reads or writes bodies: they are limited in size then.
        if endpoint.needs_body {
            config.insert("allow_on_headers_stop_iteration".to_owned(), json!(true));
        }
        let machine = json!({
            // All endpoints share one virtual machine per worker.
            "vm_id": "callout",
            "runtime": "envoy.wasm.runtime.v8",
            "code": code,
        });
        config.insert("vm_config".to_owned(), machine);
        let configuration = json!({"value": endpoint.configuration});
        config.insert("configuration".to_owned(), typed("google.protobuf.Struct", configuration));
    }
    json!({"config": config})
}
