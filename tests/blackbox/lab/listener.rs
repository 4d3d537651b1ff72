//! Listeners as Envoy configuration.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::bootstrap::any_port;
use super::cluster::duration;
use super::{Authority, Backend, Host, Identity, access_log, filter};

/// Shorter than the limit of a case, so that a hanging request ends with 504.
const STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The time that Envoy waits for the client to close first. With Envoy's default of one second, every case that reads
/// to the end would take that long.
const DELAYED_CLOSE_TIMEOUT: Duration = Duration::from_millis(50);

/// A listener with its HTTP filter chain, built step by step.
#[derive(Clone)]
pub struct Listener {
    configuration: Option<Value>,
    stop_iteration: bool,
    plugin_name: Option<&'static str>,
    before: Vec<Value>,
    after: Vec<Value>,
    routes: Option<Value>,
    logged_state: Vec<String>,
    connection_manager: Map<String, Value>,
    options: Map<String, Value>,
    transport_socket: Option<Value>,
    pub(super) upstream: Option<Backend>,
}

impl Listener {
    /// A listener with our filter under this configuration, as JSON text.
    pub fn new(configuration: Value) -> Listener {
        Listener::with_text(&configuration.to_string())
    }

    /// Like `new`, for a configuration that is not necessarily JSON.
    pub fn with_text(configuration: &str) -> Listener {
        Listener { configuration: Some(filter::string_value(configuration)), ..Listener::plain() }
    }

    /// Like `new`, with the configuration as `google.protobuf.Struct`.
    pub fn with_struct(configuration: Value) -> Listener {
        Listener { configuration: Some(filter::struct_value(&configuration)), ..Listener::plain() }
    }

    /// A listener without our filter.
    pub fn plain() -> Listener {
        let defaults = [("stream_idle_timeout", STREAM_IDLE_TIMEOUT), ("delayed_close_timeout", DELAYED_CLOSE_TIMEOUT)];
        Listener {
            configuration: None,
            stop_iteration: false,
            plugin_name: None,
            before: Vec::new(),
            after: Vec::new(),
            routes: None,
            logged_state: Vec::new(),
            connection_manager: defaults
                .map(|(field, timeout)| (field.to_owned(), json!(duration(timeout))))
                .into_iter()
                .collect(),
            options: Map::new(),
            transport_socket: None,
            upstream: None,
        }
    }

    /// Sets `allow_on_headers_stop_iteration`, which a configuration that reads or writes bodies needs.
    pub fn allow_on_headers_stop_iteration(mut self) -> Listener {
        self.stop_iteration = true;
        self
    }

    /// Names our filter differently from the listener.
    pub fn plugin_name(mut self, name: &'static str) -> Listener {
        self.plugin_name = Some(name);
        self
    }

    /// Puts an HTTP filter before ours, behind those put there earlier.
    pub fn before(mut self, filter: Value) -> Listener {
        self.before.push(filter);
        self
    }

    /// Puts an HTTP filter between ours and the router.
    pub fn after(mut self, filter: Value) -> Listener {
        self.after.push(filter);
        self
    }

    /// Routes everything to this backend instead of an echo of its own.
    pub fn upstream(mut self, backend: &Backend) -> Listener {
        self.upstream = Some(backend.clone());
        self
    }

    /// Replaces the routes of the only virtual host.
    pub fn routes(mut self, routes: Value) -> Listener {
        self.routes = Some(routes);
        self
    }

    /// Speaks TLS as `identity`, only with clients of `clients`.
    pub fn tls(mut self, identity: &Identity, clients: &Authority) -> Listener {
        let inline = |pem: String| json!({"inline_string": pem});
        self.transport_socket = Some(json!({"name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": true,
            "common_tls_context": {
                "tls_certificates": [
                    {"certificate_chain": inline(identity.pem()), "private_key": inline(identity.key_pem())},
                ],
                "validation_context": {"trusted_ca": inline(clients.pem())},
            },
        }}));
        self
    }

    /// Adds variables to `filter_state` of the filter's configuration, which is JSON text.
    pub fn publish(mut self, variables: &[&str]) -> Listener {
        let text = self.configuration.as_mut().and_then(|any| any.get_mut("value")).unwrap();
        let mut configuration: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        let published = &mut configuration["filter_state"];
        if published.is_null() {
            *published = json!([]);
        }
        published.as_array_mut().unwrap().extend(variables.iter().map(|name| json!(name)));
        *text = json!(configuration.to_string());
        self
    }

    /// Lets the access log print these flow variables, published as filter state `wasm.<variable>`.
    pub fn log_state(mut self, variables: &[&str]) -> Listener {
        self.logged_state.extend(variables.iter().map(ToString::to_string));
        self
    }

    pub fn stream_idle_timeout(self, timeout: Duration) -> Listener {
        self.connection_manager("stream_idle_timeout", json!(duration(timeout)))
    }

    pub fn per_connection_buffer_limit_bytes(self, limit: u32) -> Listener {
        self.option("per_connection_buffer_limit_bytes", json!(limit))
    }

    /// Any field of `HttpConnectionManager`.
    pub fn connection_manager(mut self, field: &str, value: Value) -> Listener {
        self.connection_manager.insert(field.to_owned(), value);
        self
    }

    /// Any field of `envoy.config.listener.v3.Listener`.
    pub fn option(mut self, field: &str, value: Value) -> Listener {
        self.options.insert(field.to_owned(), value);
        self
    }

    pub(super) fn logged_state(&self) -> &[String] {
        &self.logged_state
    }

    pub(super) fn to_json(&self, name: &str, upstream: &str, access_log: &Path) -> Value {
        let routes =
            self.routes.clone().unwrap_or_else(|| json!([{"match": {"prefix": "/"}, "route": {"cluster": upstream}}]));
        let mut manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "access_log": [access_log::to_json(access_log, &self.logged_state)],
            "route_config": {"name": name, "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
            "http_filters": self.http_filters(name),
        });
        for (field, value) in &self.connection_manager {
            manager[field] = value.clone();
        }
        let mut listener = json!({
            "name": name,
            "address": any_port(),
            "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
        });
        if let Some(transport_socket) = &self.transport_socket {
            listener["filter_chains"][0]["transport_socket"] = transport_socket.clone();
        }
        for (field, value) in &self.options {
            listener[field] = value.clone();
        }
        listener
    }

    fn http_filters(&self, name: &str) -> Vec<Value> {
        let ours = self
            .configuration
            .as_ref()
            .map(|any| ours(self.plugin_name.unwrap_or(name), "callout", self.stop_iteration, any));
        self.before.iter().cloned().chain(ours).chain(self.after.iter().cloned()).chain([filter::router()]).collect()
    }
}

/// Our filter on the host under test. Plugins with the same `vm_id` share one VM per worker.
pub fn ours(name: &str, vm_id: &str, stop_iteration: bool, configuration: &Value) -> Value {
    match Host::current() {
        Host::Wasm => filter::wasm(name, vm_id, stop_iteration, configuration),
        Host::Native => filter::native(name, configuration),
    }
}
