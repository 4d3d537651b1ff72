//! Configurations of Envoy: the plugins, clusters and addresses that the tool checks or replaces.

mod read;
mod services;

pub(crate) use read::{ReadFile, is_configuration, read};

use super::embedded::{self, Embedded};
use super::native;
use super::tree::Node;
use envoy_callout::diagnostic::Position;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// A configuration of Envoy.
#[derive(Clone, Debug)]
pub(crate) struct EnvoyFile(Value);

/// A plugin with filter configurations.
#[derive(Debug)]
pub(crate) struct Plugin {
    /// The file of its WebAssembly module.
    pub(crate) module: Option<String>,
    /// The position of the name of that file.
    pub(crate) module_position: Option<Position>,
    /// The position of `vm_config`.
    pub(crate) position: Option<Position>,
    /// Whether the filter can stop the iteration at headers, which it needs for bodies: `allow_on_headers_stop_iteration`.
    pub(crate) stops_iteration: bool,
    /// The filter configurations in it.
    pub(crate) configurations: Vec<Embedded>,
}

/// An address that Envoy listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// The IP address.
    pub(crate) address: String,
    /// The port.
    pub(crate) port: u16,
    /// Whether clients use TLS.
    pub(crate) has_tls: bool,
}

impl EnvoyFile {
    /// The value of a file, if it is a configuration of Envoy.
    pub(crate) fn of(value: &Value) -> Option<EnvoyFile> {
        let is_envoy = ["static_resources", "dynamic_resources"].iter().any(|key| value.get(key).is_some());
        is_envoy.then(|| EnvoyFile(value.clone()))
    }

    /// The value.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// The text for Envoy.
    pub(crate) fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// The plugins with filter configurations, of WebAssembly and of the native module. `tree` is the tree of the file.
    pub(crate) fn plugins(&self, tree: Option<&Rc<Node>>) -> Vec<Plugin> {
        let mut plugins = Vec::new();
        embedded::walk(&self.0, tree, &mut |object, node| {
            let Some((key, configuration)) = embedded::of_plugin(object) else { return };
            let configurations = embedded::located(configuration, node.and_then(|node| node.get(key)));
            if configurations.is_empty() {
                return;
            }
            let machine = object.get("vm_config");
            let module = machine.and_then(|machine| machine.pointer("/code/local/filename"));
            let machine_node = node.and_then(|node| node.entry("vm_config"));
            let file = ["code", "local", "filename"];
            let file = machine_node.and_then(|entry| file.iter().try_fold(&entry.value, |node, key| node.get(key)));
            plugins.push(Plugin {
                module: module.and_then(Value::as_str).map(str::to_owned),
                module_position: file.map(|node| node.start()),
                position: machine_node.map(|entry| entry.position),
                // The native module reads bodies without the flag.
                stops_iteration: machine.is_none()
                    || object.get("allow_on_headers_stop_iteration") == Some(&Value::Bool(true)),
                configurations,
            });
        });
        plugins
    }

    /// The names of the clusters. `None` when Envoy also gets clusters from a server.
    pub(crate) fn clusters(&self) -> Option<Vec<&str>> {
        let dynamic = self.0.get("dynamic_resources");
        if dynamic
            .is_some_and(|dynamic| ["cds_config", "cds_resources_locator"].iter().any(|key| dynamic.get(key).is_some()))
        {
            return None;
        }
        let clusters = self.0.pointer("/static_resources/clusters").and_then(Value::as_array);
        Some(clusters.into_iter().flatten().filter_map(|cluster| cluster.get("name")?.as_str()).collect())
    }

    /// The hosts of a cluster whose addresses come from DNS.
    pub(crate) fn dns_hosts(&self, cluster: &str) -> Vec<String> {
        let clusters = self.0.pointer("/static_resources/clusters").and_then(Value::as_array);
        let found =
            clusters.into_iter().flatten().find(|found| found.get("name").and_then(Value::as_str) == Some(cluster));
        let mut hosts = Vec::new();
        if let Some(endpoints) = found.and_then(|cluster| cluster.get("load_assignment")) {
            walk(endpoints, &mut |object| {
                let host = object.get("socket_address").and_then(|socket| socket.get("address")?.as_str());
                hosts.extend(host.filter(|host| host.parse::<std::net::IpAddr>().is_err()).map(str::to_owned));
            });
        }
        hosts
    }

    /// The addresses of the listeners with a fixed port.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        let listeners = self.0.pointer("/static_resources/listeners").and_then(Value::as_array);
        let of = |listener: &Value| {
            let (address, port) = socket(listener.get("address")?)?;
            let chains = listener.get("filter_chains").and_then(Value::as_array);
            let has_tls = chains.into_iter().flatten().any(|chain| chain.get("transport_socket").is_some());
            Some(Listener { address, port, has_tls })
        };
        listeners.into_iter().flatten().filter_map(of).collect()
    }

    /// The address of the administration interface.
    pub(crate) fn admin(&self) -> Option<Listener> {
        let (address, port) = socket(self.0.pointer("/admin/address")?)?;
        Some(Listener { address, port, has_tls: false })
    }

    /// Sets the port of the first listener.
    pub(crate) fn set_port(&mut self, port: u16) {
        if let Some(found) = self.0.pointer_mut("/static_resources/listeners/0/address/socket_address/port_value") {
            *found = json!(port);
        }
    }

    /// Sets the port of the administration interface.
    pub(crate) fn set_admin_port(&mut self, port: u16) {
        if let Some(found) = self.0.pointer_mut("/admin/address/socket_address/port_value") {
            *found = json!(port);
        }
    }

    /// Sets the module of the plugins with filter configurations.
    pub(crate) fn set_module(&mut self, module: &str) {
        walk_mut(&mut self.0, &mut |object| {
            if object.get("configuration").is_some_and(|configuration| !embedded::inside(configuration).is_empty())
                && let Some(code) = object.get_mut("vm_config").and_then(|machine| machine.get_mut("code"))
            {
                *code = json!({"local": {"filename": module}});
            }
        });
    }

    /// Replaces the WebAssembly module by the native one in every filter with a filter configuration.
    pub(crate) fn make_native(&mut self) {
        walk_mut(&mut self.0, &mut |object| {
            let Some(plugin) = object.get("typed_config").and_then(|typed| typed.get("config")) else { return };
            let Some(configuration) = plugin.get("configuration") else { return };
            if embedded::inside(configuration).is_empty() || plugin.get("vm_config").is_none() {
                return;
            }
            let name = plugin.get("name").and_then(Value::as_str).unwrap_or_default();
            let mut filter = native::filter(name, configuration);
            if let Some(filter) = filter.as_object_mut() {
                filter.insert("@type".to_owned(), json!(format!("type.googleapis.com/{}", native::TYPE)));
            }
            object.insert("typed_config".to_owned(), filter);
        });
        if let Some(object) = self.0.as_object_mut() {
            object.entry("layered_runtime").or_insert_with(native::runtime);
        }
    }

    /// Whether a filter with a filter configuration is the native module.
    pub(crate) fn is_native(&self) -> bool {
        let mut is_native = false;
        walk(&self.0, &mut |object| {
            is_native |= object.contains_key("dynamic_module_config") && !embedded::inside(&json!(object)).is_empty();
        });
        is_native
    }

    /// Changes every filter configuration.
    pub(crate) fn change_configurations(&mut self, change: &mut impl FnMut(&mut Value)) {
        embedded::change(&mut self.0, change);
    }

    /// Adds an access log to the connection managers with filter configurations. `log` makes it from them.
    pub(crate) fn add_access_log(&mut self, log: &impl Fn(&[Value]) -> Value) {
        walk_mut(&mut self.0, &mut |object| {
            let configurations = object.get("http_filters").map(embedded::inside).unwrap_or_default();
            if configurations.is_empty() {
                return;
            }
            let logs = object.entry("access_log").or_insert_with(|| json!([]));
            if logs.is_null() {
                *logs = json!([]);
            }
            if let Some(logs) = logs.as_array_mut() {
                logs.push(log(&configurations));
            }
        });
    }
}

/// The address and the port of a socket address.
fn socket(address: &Value) -> Option<(String, u16)> {
    let socket = address.get("socket_address")?;
    let port = socket.get("port_value")?.as_u64().and_then(|port| u16::try_from(port).ok())?;
    Some((socket.get("address")?.as_str()?.to_owned(), port))
}

fn walk(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| walk(value, visit));
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

fn walk_mut(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values_mut().for_each(|value| walk_mut(value, visit));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| walk_mut(value, visit)),
        _ => {}
    }
}
