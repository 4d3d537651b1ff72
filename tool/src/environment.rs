//! Environment files (YAML): target servers, property sets and an identity.

mod placeholders;
mod read;

#[cfg(test)]
pub(crate) use read::{CACHE, GOOGLE, KEY_VALUE_MAP, KEYS, LOCAL_PROXY, SERVER, TLS};

use super::configuration::Configuration;
use super::finding::Finding;
use super::input::InputError;
use super::source::Source;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// An environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `organization.name`.
    pub(crate) organization: Option<String>,
    /// `environment.name`.
    pub(crate) environment: Option<String>,
    /// The servers of load balancers, by name.
    pub(crate) target_servers: BTreeMap<String, TargetServer>,
    /// The proxies that `LocalTargetConnection` reaches.
    pub(crate) local_proxies: Vec<LocalProxy>,
    /// Property sets by name.
    ///
    /// Values are texts without conversion: flows read `1.10`, `007` and `yes`, with or without quotes.
    pub(crate) property_sets: BTreeMap<String, BTreeMap<String, String>>,
    /// The key value maps by name.
    pub(crate) key_value_maps: BTreeMap<String, KeyValueMap>,
    /// The settings of caches.
    pub(crate) cache: Cache,
    /// Other constants by variable.
    pub(crate) properties: BTreeMap<String, String>,
    /// The identity of Google tokens.
    pub(crate) google: Option<Google>,
    /// The allowed hosts of callouts whose host comes from a variable.
    pub(crate) allowed_hosts: Option<Vec<String>>,
    /// Whether the calls of independent callouts start together.
    pub(crate) has_parallel_callouts: bool,
    /// The files of certificates.
    pub(crate) tls: Tls,
    /// The warnings of the file: placeholders of the template.
    pub(crate) warnings: Vec<Finding>,
}

/// A target server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetServer {
    /// Host name or IP address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Whether connections use TLS.
    pub(crate) tls: bool,
    /// Whether the server is in use.
    pub(crate) enabled: bool,
}

/// A key value map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyValueMap {
    /// Whether only private variables get its values.
    pub(crate) encrypted: bool,
    /// The values of each key.
    pub(crate) entries: BTreeMap<String, Vec<String>>,
}

/// The settings of caches. Absent ones have the defaults of the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cache {
    /// Maximum memory of the entries of a worker in bytes.
    pub(crate) max_bytes: Option<u64>,
    /// Whether one call serves all requests that wait for an entry.
    pub(crate) coalesce: Option<bool>,
}

/// A proxy endpoint of the same environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalProxy {
    /// Name of the proxy.
    pub(crate) api_proxy: Option<String>,
    /// Name of the endpoint.
    pub(crate) proxy_endpoint: Option<String>,
    /// Base path.
    pub(crate) base_path: String,
    /// Host; the rendered listener when absent.
    pub(crate) host: Option<String>,
    /// Port.
    pub(crate) port: Option<u16>,
    /// The `Host` header of requests; that of the client when absent.
    pub(crate) authority: Option<String>,
}

/// The identity of Google tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Google {
    /// The service account; the identity of the workload when absent.
    pub(crate) service_account: Option<String>,
    /// The default project.
    pub(crate) project: Option<String>,
}

/// The files of certificates on the machine of Envoy.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    /// The file of trusted authorities for connections without a TrustStore.
    pub(crate) trusted_ca: String,
    /// The folder of key stores and trust stores: `KEYSTORE/ALIAS.crt`, `KEYSTORE/ALIAS.key`, `TRUSTSTORE/ca.crt`.
    pub(crate) stores: String,
}

impl Default for Tls {
    fn default() -> Tls {
        Tls { trusted_ca: "/etc/ssl/certs/ca-certificates.crt".to_owned(), stores: "/etc/envoy/tls".to_owned() }
    }
}

/// The clusters of the entries of an environment.
pub(crate) trait Clusters {
    /// The cluster of a target server.
    fn server_cluster(&self, name: &str) -> String;
    /// The cluster of the local proxy at an index.
    fn local_proxy_cluster(&self, index: usize) -> String;
    /// The cluster of Google's metadata server.
    fn metadata_cluster(&self) -> String;
    /// The cluster of `iamcredentials.googleapis.com`.
    fn iam_cluster(&self) -> String;
}

/// One cluster for all entries, for checks.
#[derive(Debug)]
pub(crate) struct AnyCluster;

impl Clusters for AnyCluster {
    fn server_cluster(&self, _: &str) -> String {
        "any".to_owned()
    }

    fn local_proxy_cluster(&self, _: usize) -> String {
        "any".to_owned()
    }

    fn metadata_cluster(&self) -> String {
        "any".to_owned()
    }

    fn iam_cluster(&self) -> String {
        "any".to_owned()
    }
}

impl Environment {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read. The inner error contains the problems of its content with their positions.
    pub(crate) fn read(path: &Path) -> Result<Result<Environment, Vec<Finding>>, InputError> {
        let unreadable = |error| InputError::Unreadable { path: path.to_owned(), error };
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let (source, problem) = Source::new(path.display().to_string(), &bytes);
        let source = Rc::new(source);
        if let Some(problem) = problem {
            return Ok(Err(vec![Finding::not_text(&source, &problem)]));
        }
        Ok(Environment::of(&source))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Every problem of its content.
    pub(crate) fn of(source: &Rc<Source>) -> Result<Environment, Vec<Finding>> {
        read::read(source)
    }

    /// Adds the entries of this environment to a configuration. The properties of the bundle have precedence.
    pub(crate) fn apply(&self, configuration: &mut Configuration<'_>, clusters: &impl Clusters) {
        configuration.add_to("properties", self.constants());
        let named = [("organization", &self.organization), ("environment", &self.environment)];
        let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))));
        configuration.add_to("proxy", named.collect());
        if !self.target_servers.is_empty() {
            let servers = self.target_servers.iter().map(|(name, server)| {
                let TargetServer { host, port, tls, enabled } = server;
                let cluster = clusters.server_cluster(name);
                (name, json!({"host": host, "port": port, "tls": tls, "enabled": enabled, "cluster": cluster}))
            });
            configuration.set("target_servers", json!(servers.collect::<BTreeMap<_, _>>()));
        }
        if !self.local_proxies.is_empty() {
            let proxies = self.local_proxies.iter().enumerate();
            let proxies = proxies.map(|(index, proxy)| proxy.entry(&clusters.local_proxy_cluster(index)));
            configuration.set("local_proxies", proxies.collect());
        }
        if !self.key_value_maps.is_empty() {
            let maps = self.key_value_maps.iter().map(|(name, KeyValueMap { encrypted, entries })| {
                (name, json!({"encrypted": encrypted, "entries": entries}))
            });
            configuration.set("key_value_maps", json!(maps.collect::<BTreeMap<_, _>>()));
        }
        let Cache { max_bytes, coalesce } = &self.cache;
        let settings = [("max_bytes", json!(max_bytes)), ("coalesce", json!(coalesce))];
        let settings = settings.into_iter().filter(|(_, value)| !value.is_null());
        configuration.add_to("cache", settings.map(|(key, value)| (key.to_owned(), value)).collect());
        if let Some(google) = &self.google {
            configuration.set("google", google.entry(clusters));
        }
        if let Some(hosts) = &self.allowed_hosts {
            configuration.set("allowed_hosts", json!(hosts));
        }
        if self.has_parallel_callouts {
            configuration.set("parallel_callouts", json!(true));
        }
    }

    /// The value of a constant by the name of its variable.
    pub(crate) fn constant(&self, name: &str) -> Option<&str> {
        let of_set = || {
            let (set, key) = name.strip_prefix("propertyset.")?.split_once('.')?;
            self.property_sets.get(set)?.get(key)
        };
        let value = match name {
            "organization.name" => self.organization.as_ref(),
            "environment.name" => self.environment.as_ref(),
            _ => None,
        };
        value.or_else(of_set).or_else(|| self.properties.get(name)).map(String::as_str)
    }

    fn constants(&self) -> Map<String, Value> {
        let of_sets = self.property_sets.iter().flat_map(|(set, values)| {
            values.iter().map(move |(key, value)| (format!("propertyset.{set}.{key}"), json!(value)))
        });
        let others = self.properties.iter().map(|(variable, value)| (variable.clone(), json!(value)));
        of_sets.chain(others).collect()
    }
}

impl LocalProxy {
    /// The name of its cluster, its host and its port. `index` is its position, `listener` the port of the listener.
    pub(crate) fn address(&self, index: usize, listener: u16) -> (String, String, u16) {
        match &self.host {
            Some(host) => (format!("local_proxy_{index}"), host.clone(), self.port.unwrap_or(80)),
            None => ("this_listener".to_owned(), "127.0.0.1".to_owned(), listener),
        }
    }

    fn entry(&self, cluster: &str) -> Value {
        let texts = [
            ("api_proxy", self.api_proxy.as_deref()),
            ("proxy_endpoint", self.proxy_endpoint.as_deref()),
            ("base_path", Some(self.base_path.as_str())),
            ("cluster", Some(cluster)),
            ("authority", self.authority.as_deref()),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text?)))).collect::<Map<_, _>>().into()
    }
}

impl Google {
    fn entry(&self, clusters: &impl Clusters) -> Value {
        let mut entry = json!({"metadata_cluster": clusters.metadata_cluster()});
        if let Some(object) = entry.as_object_mut() {
            if let Some(account) = &self.service_account {
                object.insert("service_account".to_owned(), json!(account));
                object.insert("iam_cluster".to_owned(), json!(clusters.iam_cluster()));
            }
            if let Some(project) = &self.project {
                object.insert("project".to_owned(), json!(project));
            }
        }
        entry
    }
}
