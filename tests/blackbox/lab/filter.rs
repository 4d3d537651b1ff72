//! HTTP filters as Envoy configuration.

use std::path::PathBuf;

use serde_json::{Value, json};

/// The built module: `$CALLOUT_WASM`, or the output of `make build`.
pub fn module() -> PathBuf {
    let built = || concat!(env!("CARGO_MANIFEST_DIR"), "/target/wasm32-wasip1/release/envoy_callout.wasm").into();
    let path = std::env::var_os("CALLOUT_WASM").map_or_else(built, PathBuf::from);
    assert!(path.is_file(), "no module at {}: `make test` builds it and gets Envoy", path.display());
    path.canonicalize().unwrap()
}

/// Our filter as a `PluginConfig` with this `configuration` (a protobuf `Any`). Plugins with the same `vm_id` share one
/// VM per worker.
pub fn wasm(name: &str, vm_id: &str, stop_iteration: bool, configuration: &Value) -> Value {
    json!({
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": name,
                "root_id": name,
                "failure_policy": "FAIL_RELOAD",
                "allow_on_headers_stop_iteration": stop_iteration,
                "vm_config": {
                    "vm_id": vm_id,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module()}},
                },
                "configuration": configuration,
            },
        },
    })
}

/// Our filter as a dynamic module with this `filter_config` (a protobuf `Any`).
pub fn native(name: &str, configuration: &Value) -> Value {
    json!({
        "name": "envoy.filters.http.dynamic_modules",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"name": "envoy_callout", "do_not_close": true},
            "filter_name": name,
            "filter_config": configuration,
        },
    })
}

/// A plugin configuration as `google.protobuf.StringValue`, which reaches the module as its text.
pub fn string_value(text: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": text})
}

/// A plugin configuration as `google.protobuf.Struct`, which reaches the module as serialized protobuf.
pub fn struct_value(configuration: &Value) -> Value {
    json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": configuration})
}

/// A Lua filter.
pub fn lua(source: &str) -> Value {
    json!({
        "name": "envoy.filters.http.lua",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": source},
        },
    })
}

/// A filter that writes the formatted text into filter state, as an Envoy string object.
pub fn set_filter_state(key: &str, format: &str) -> Value {
    json!({
        "name": "envoy.filters.http.set_filter_state",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
            "on_request_headers": [{
                "object_key": key,
                "factory_key": "envoy.string",
                "format_string": {"text_format_source": {"inline_string": format}},
            }],
        },
    })
}

/// The filter that ends every chain.
pub fn router() -> Value {
    json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    })
}
