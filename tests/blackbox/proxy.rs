//! ProxyEndpoint documents for the cases, and policies that record that they ran.

use serde_json::{Value, json};

use crate::lab::Backend;
use crate::policy::{assign_message, header};

/// The names of the policies that note.
pub const NOTES: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// A policy that adds its name and its flow's to the header `x-trail` of the message that the flow is about.
fn note(name: &str) -> String {
    assign_message(name, &format!("<Add>{}</Add>", header("x-trail", &format!("{name}@{{current.flow.name}}"))))
}

/// Steps without conditions.
pub fn steps(names: &[&str]) -> String {
    names.iter().map(|name| format!("<Step><Name>{name}</Name></Step>")).collect()
}

/// A flow of an endpoint, `PreFlow`, `PostFlow` or a `Flow` with its attribute, with steps for both directions.
pub fn flow(element: &str, request: &[&str], response: &[&str]) -> String {
    let name = element.split(' ').next().unwrap();
    format!("<{element}><Request>{}</Request><Response>{}</Response></{name}>", steps(request), steps(response))
}

/// A route rule; an empty condition is none, and so is an empty target.
pub fn route_rule(name: &str, condition: &str, target: &str) -> String {
    let element =
        |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("<{name}>{text}</{name}>") };
    format!(
        "<RouteRule name='{name}'>{}{}</RouteRule>",
        element("Condition", condition),
        element("TargetEndpoint", target)
    )
}

/// A ProxyEndpoint below `/v1`.
pub fn proxy_endpoint(content: &str) -> String {
    proxy_endpoint_at("/v1", content)
}

pub fn proxy_endpoint_at(base_path: &str, content: &str) -> String {
    format!(
        "<ProxyEndpoint name='default'>{content}<HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection></ProxyEndpoint>"
    )
}

/// A configuration of notes and further policies around a ProxyEndpoint.
pub fn proxied(proxy_endpoint: &str, policies: &[String]) -> Value {
    let notes = NOTES.iter().map(|name| note(name));
    json!({
        "policies": notes.chain(policies.iter().cloned()).collect::<Vec<_>>(),
        "proxy_endpoint": proxy_endpoint,
    })
}

/// Routes to these backends by the name of the target endpoint; any other request gets 404 from Envoy.
pub fn routes_by_target(targets: &[(&str, &Backend)]) -> Value {
    let route = |(name, backend): &(&str, &Backend)| {
        json!({
            "match": {"prefix": "/", "headers": [{"name": "x-callout-target", "string_match": {"exact": name}}]},
            "route": {"cluster": backend.cluster()},
        })
    };
    let nothing =
        json!({"match": {"prefix": "/"}, "direct_response": {"status": 404, "body": {"inline_string": "no target"}}});
    targets.iter().map(route).chain([nothing]).collect()
}
