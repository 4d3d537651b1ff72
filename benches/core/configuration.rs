//! The measured filter configurations.

use serde_json::json;

/// A ServiceCallout with a number of headers, each a template with two variables.
pub(crate) fn callout(templates: usize) -> Vec<u8> {
    let header =
        |number| format!(r#"<Header name="x-{number}">user={{request.header.x-user}}; path={{request.path}}</Header>"#);
    let headers: String = (0..templates).map(header).collect();
    let policy = format!(
        r#"<ServiceCallout name="SC-Geo">
            <Request variable="question"><Set><Headers>{headers}</Headers><Verb>GET</Verb></Set></Request>
            <Response>calloutResponse</Response>
            <Timeout>5000</Timeout>
            <HTTPTargetConnection><URL>http://geo.test/geo</URL></HTTPTargetConnection>
        </ServiceCallout>"#
    );
    json!({"policies": [policy], "clusters": {"http://geo.test": "geo"}}).to_string().into_bytes()
}
