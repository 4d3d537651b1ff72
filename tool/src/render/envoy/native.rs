//! What the native module needs in a configuration of Envoy.

use super::filter::typed;
use crate::native;
use envoy_callout::plan::METADATA_HOST;
use serde_json::{Value, json};

/// Adds the runtime, and removes the header `x-forwarded-for` from the calls to Google's metadata server: Envoy adds it to the
/// calls of dynamic modules, and the server rejects it.
pub(super) fn adapt(bootstrap: &mut Value) {
    if let Some(object) = bootstrap.as_object_mut() {
        object.insert("layered_runtime".to_owned(), native::runtime());
    }
    let clusters = bootstrap.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
    for cluster in clusters.into_iter().flatten() {
        if host(cluster) == Some(METADATA_HOST)
            && let Some(object) = cluster.as_object_mut()
        {
            object.insert("typed_extension_protocol_options".to_owned(), without_forwarded());
        }
    }
}

/// The host of a cluster's first server.
fn host(cluster: &Value) -> Option<&str> {
    let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint";
    cluster.pointer(&format!("{endpoint}/address/socket_address/address"))?.as_str()
}

/// Protocol options with a filter that removes `x-forwarded-for`.
fn without_forwarded() -> Value {
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let mutation = typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        json!({"mutations": {"request_mutations": [{"remove": "x-forwarded-for"}]}}),
    );
    let codec = typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec", json!({}));
    let filters = json!([
        {"name": "envoy.filters.http.header_mutation", "typed_config": mutation},
        {"name": "envoy.filters.http.upstream_codec", "typed_config": codec},
    ]);
    let configuration = json!({"explicit_http_config": {"http_protocol_options": {}}, "http_filters": filters});
    json!({options: typed(options, configuration)})
}
