//! The configuration of Envoy: three listeners with the same plan, whose policies have different suffixes so that
//! their metrics are separate.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::behaviour::{MAX_RESPONSE_BYTES, TIMEOUT};
use super::lab::{filter, ours};

/// The listener of requests that are sent and read to their end.
pub const STEADY: &str = "steady";
/// The listener of clients that disconnect or stall.
pub const DISCONNECTING: &str = "disconnecting";
/// The listener that updates replace.
pub const UPDATED: &str = "updated";

/// The suffix of the policies of a listener.
pub fn suffix(listener: &str) -> &str {
    match listener {
        STEADY => "S",
        DISCONNECTING => "D",
        _ => "U",
    }
}

/// The name of a policy of a listener: `SC-User` becomes `SC-User-S`.
pub fn policy(name: &str, listener: &str) -> String {
    format!("{name}-{}", suffix(listener))
}

fn callout(name: &str, url: &str, response: Option<&str>, set: &str, attributes: &str) -> String {
    let response = response.map(|name| format!("<Response>{name}</Response>")).unwrap_or_default();
    let timeout = TIMEOUT.as_millis();
    format!(
        "<ServiceCallout name='{name}'{attributes}><Request variable='{name}Request'><Set>{set}</Set></Request>{response}\
         <Timeout>{timeout}</Timeout><HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></ServiceCallout>"
    )
}

fn headers(name: &str, assign_to: &str, headers: &[(&str, &str)]) -> String {
    let headers: String =
        headers.iter().map(|(name, value)| format!("<Header name='{name}'>{value}</Header>")).collect();
    format!(
        "<AssignMessage name='{name}'><AssignTo createNew='false' type='{assign_to}'>{assign_to}</AssignTo>\
         <Set><Headers>{headers}</Headers></Set></AssignMessage>"
    )
}

/// The configuration of the filter. The revision is in the header `x-revision` of responses.
pub fn plan(listener: &str, revision: u64) -> Value {
    let name = |name: &str| policy(name, listener);
    let url = |service: &str, behaviour: &str| format!("http://calls.test/{service}/{{soak.id}}?b={{{behaviour}}}");
    let optional = format!("{{optional.status.code:none}}/{{servicecallout.{}.failed:none}}", name("SC-Optional"));
    let id = "<Verb>POST</Verb><Payload contentType='text/plain'>{soak.id}</Payload>";
    let content = "<Verb>POST</Verb><Payload contentType='text/plain'>{response.content}</Payload>";
    let set = |header: &str| format!("request.header.{header} != null");
    json!({
        "policies": [
            "<AssignMessage name='AM-Prepare'><AssignVariable><Name>soak.id</Name><Ref>request.header.x-id</Ref>\
             </AssignVariable></AssignMessage>",
            callout(&name("SC-User"), &url("user", "request.header.x-user"), Some("user"), "", ""),
            "<ExtractVariables name='EV-User'><Source>user</Source><VariablePrefix>found</VariablePrefix><JSONPayload>\
             <Variable name='id'><JSONPath>$.id</JSONPath></Variable></JSONPayload></ExtractVariables>",
            callout(
                &name("SC-Optional"),
                &url("optional", "request.header.x-optional"),
                Some("optional"),
                "",
                " continueOnError='true'",
            ),
            callout(&name("SC-Killed"), "http://killed.test/killed/{soak.id}", Some("killed"), "", ""),
            callout(&name("SC-Log"), "http://calls.test/log/{soak.id}", None, id, ""),
            headers("AM-Up", "request", &[
                ("x-user-id", "{found.id}"),
                ("x-optional", &optional),
                ("x-killed", "{killed.content:none}"),
            ]),
            callout(&name("SC-Audit"), &url("audit", "request.header.x-audit"), Some("audit"), content, ""),
            headers("AM-Down", "response", &[
                ("x-audit", "{audit.content:none}"),
                ("x-revision", &revision.to_string()),
            ]),
            "<AssignMessage name='AM-Unknown'><Set><StatusCode>404</StatusCode><Payload contentType='application/json'>\
             {\"error\":\"no user\",\"id\":\"{soak.id}\"}</Payload></Set></AssignMessage>",
        ],
        "request": [
            "AM-Prepare",
            name("SC-User"),
            "EV-User",
            {"step": name("SC-Optional"), "condition": set("x-optional")},
            {"step": name("SC-Killed"), "condition": set("x-kill")},
            name("SC-Log"),
            "AM-Up",
        ],
        "response": [{"step": name("SC-Audit"), "condition": set("x-audit")}, "AM-Down"],
        "fault_rules": "<FaultRules><FaultRule name='unknown'>\
            <Condition>(fault.name = \"ExecutionFailed\") and (user.status.code = 404)</Condition>\
            <Step><Name>AM-Unknown</Name></Step></FaultRule></FaultRules>",
        "clusters": {"http://calls.test": "calls", "http://killed.test": "killed"},
        "max_response_bytes": MAX_RESPONSE_BYTES,
    })
}

/// A listener with a configuration of the filter.
pub fn listener(name: &str, port: u16, configuration: &Value) -> Value {
    let plugin = ours(name, "callout", true, &filter::string_value(&configuration.to_string()));
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "stream_idle_timeout": "30s",
        "delayed_close_timeout": "0.05s",
        "http_protocol_options": {"enable_trailers": true},
        "route_config": {"virtual_hosts": [{
            "name": name,
            "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}],
        }]},
        "http_filters": [plugin, filter::router()],
    });
    json!({
        "name": name,
        "address": address(([127, 0, 0, 1], port).into()),
        "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
        ]}],
    })
}

/// The content of the file of listeners.
pub fn listeners_file(version: u64, listener: &Value) -> String {
    let mut listener = listener.clone();
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    json!({"version_info": version.to_string(), "resources": [listener]}).to_string()
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

/// The ports of the services.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub calls: u16,
    pub killed: u16,
}

/// The bootstrap configuration. `listeners` is the file of the listener that updates replace.
pub fn bootstrap(ports: Ports, listeners: &Path) -> Value {
    let cluster = |name: &str, port: u16| {
        let endpoint = json!({"endpoint": {"address": address(([127, 0, 0, 1], port).into())}});
        // More calls wait at once than Envoy's default of 1024 when a server is restarted.
        let limits = ["max_connections", "max_pending_requests", "max_requests"];
        let limits: serde_json::Map<String, Value> =
            limits.iter().map(|limit| ((*limit).to_owned(), json!(10_000))).collect();
        json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "2s",
            "circuit_breakers": {"thresholds": [limits]},
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        })
    };
    let static_listeners = [STEADY, DISCONNECTING].map(|name| listener(name, 0, &plan(name, 0)));
    json!({
        "node": {"id": "soak", "cluster": "soak"},
        "admin": {"address": address(([127, 0, 0, 1], 0).into())},
        "dynamic_resources": {"lds_config": {
            "resource_api_version": "V3",
            "path_config_source": {"path": listeners},
        }},
        "static_resources": {
            "listeners": static_listeners,
            "clusters": [
                cluster("calls", ports.calls),
                cluster("upstream", ports.calls),
                cluster("killed", ports.killed),
            ],
        },
    })
}
