//! HTTP filters.

use super::super::deployment::Endpoint;
use super::super::object::With as _;
use super::Module;
use crate::native;
use serde_json::{Map, Value, json};

/// An extension: its name and its typed configuration.
pub(in crate::render) fn named(name: &str, kind: &str, configuration: Value) -> Value {
    json!({"name": name, "typed_config": typed(kind, configuration)})
}

/// A configuration with its type.
pub(in crate::render) fn typed(kind: &str, configuration: Value) -> Value {
    let mut object = Map::new();
    object.insert("@type".to_owned(), json!(format!("type.googleapis.com/{kind}")));
    if let Value::Object(fields) = configuration {
        object.extend(fields);
    }
    Value::Object(object)
}

/// The name of an endpoint's filter.
pub(in crate::render) fn name_of(endpoint: &Endpoint) -> String {
    format!("callout.{}", endpoint.name)
}

/// The filter of an endpoint.
pub(super) fn http_filter(endpoint: &Endpoint, module: Module<'_>) -> Value {
    let name = name_of(endpoint);
    let typed_config = match module {
        Module::Wasm(file) => {
            let code = json!({"local": {"filename": file}});
            typed("envoy.extensions.filters.http.wasm.v3.Wasm", wasm_of(endpoint, code))
        }
        Module::Native => typed(native::TYPE, native::filter(&name, &configuration_of(endpoint))),
    };
    json!({"name": name, "typed_config": typed_config})
}

/// The filter configuration of an endpoint.
fn configuration_of(endpoint: &Endpoint) -> Value {
    typed("google.protobuf.Struct", json!({"value": endpoint.configuration}))
}

/// The configuration of an endpoint's filter. `code` is the source of the module.
pub(in crate::render) fn wasm_of(endpoint: &Endpoint, code: Value) -> Value {
    let name = name_of(endpoint);
    let configuration = configuration_of(endpoint);
    // All endpoints share one virtual machine per worker.
    let machine = json!({"vm_id": "callout", "runtime": "envoy.wasm.runtime.v8", "code": code});
    let config = json!({"name": name, "root_id": name, "failure_policy": "FAIL_RELOAD"})
        // Only when a policy reads or writes bodies, because it limits their size.
        .with("allow_on_headers_stop_iteration", endpoint.needs_body.then(|| json!(true)))
        .with("vm_config", machine)
        .with("configuration", configuration);
    json!({"config": config})
}
