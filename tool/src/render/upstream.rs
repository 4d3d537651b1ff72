//! Clusters: the targets of proxies and of callouts.

use crate::connection::{Connection, HealthMonitor, SslInfo};
use crate::environment::{TargetServer, Tls};
use envoy_callout::policy::connection::{Algorithm, LoadBalancer};
use envoy_callout::policy::origin::{Origin, Scheme};
use std::net::IpAddr;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upstream {
    /// The name in Envoy.
    pub(super) name: String,
    /// The name as letters, digits and dashes. The deployment sets name and label.
    pub(super) label: String,
    /// The servers.
    pub(super) servers: Vec<Server>,
    /// The TLS settings; no TLS when absent.
    pub(super) tls: Option<TlsSettings>,
    /// Connect timeout in milliseconds.
    pub(super) connect_timeout_ms: u64,
    /// Whether Envoy chooses the server with the fewest requests.
    pub(super) least_connections: bool,
    /// The health checks.
    pub(super) health: Option<HealthMonitor>,
    /// The outlier detection.
    pub(super) ejection: Option<Ejection>,
    /// Whether the cluster has a list of servers instead of one host.
    pub(super) is_pool: bool,
}

/// A server of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// Host name or IP address.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
    /// Load-balancing weight.
    pub(super) weight: Option<u32>,
    /// Whether the server is used only when no other server is available.
    pub(super) is_fallback: bool,
}

/// The outlier detection of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ejection {
    /// Number of consecutive failures.
    pub(super) failures: u32,
    /// Whether responses with a status of 5xx are failures.
    pub(super) by_status: bool,
    /// Ejection time in seconds.
    pub(super) seconds: u64,
}

/// TLS to a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsSettings {
    /// The file of trusted authorities. Every certificate is accepted when absent.
    pub(super) trusted_ca: Option<String>,
    /// The files of the client's certificate and its key.
    pub(super) client: Option<(String, String)>,
    /// The expected name of certificates; the host when absent.
    pub(super) common_name: Option<String>,
    /// The oldest and the newest version of TLS as names of Envoy.
    pub(super) versions: Option<(&'static str, &'static str)>,
}

/// Apigee's default of `connect.timeout.millis` in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 3000;

impl Upstream {
    /// The cluster of one host.
    pub(super) fn of_origin(name: String, origin: &Origin, connection: &Connection, files: &Tls) -> Upstream {
        let server = Server::only(origin.host.to_string(), origin.port);
        let has_tls = origin.scheme == Scheme::Https;
        Upstream::of_servers(name, vec![server], has_tls, connection, files)
    }

    /// The cluster of one host with the default settings of a connection.
    pub(super) fn of_host(name: String, scheme: Scheme, host: String, port: u16, files: &Tls) -> Upstream {
        let has_tls = scheme == Scheme::Https;
        Upstream::of_servers(name, vec![Server::only(host, port)], has_tls, &Connection::default(), files)
    }

    /// The cluster of one target server. The filter chooses the server.
    pub(super) fn of_target_server(
        name: String,
        server: &TargetServer,
        connection: &Connection,
        files: &Tls,
    ) -> Upstream {
        let only = Server::only(server.host.clone(), server.port);
        // The filter counts failures. Envoy runs the health checks.
        Upstream {
            health: connection.health.clone(),
            ..Upstream::of_servers(name, vec![only], server.tls, connection, files)
        }
    }

    /// The cluster of several servers. Envoy chooses the server.
    pub(super) fn of_pool(
        name: String,
        servers: Vec<Server>,
        has_tls: bool,
        balancer: &LoadBalancer,
        connection: &Connection,
        files: &Tls,
    ) -> Upstream {
        let ejection = (balancer.max_failures > 0).then(|| Ejection {
            failures: balancer.max_failures,
            by_status: balancer.unhealthy_statuses.iter().any(|status| *status >= 500),
            seconds: balancer.disabled_for.as_secs().max(1),
        });
        Upstream {
            least_connections: balancer.algorithm == Algorithm::LeastConnections,
            // Without MaxFailures, no server is ejected.
            health: connection.health.clone().filter(|_| ejection.is_some()),
            ejection,
            is_pool: true,
            ..Upstream::of_servers(name, servers, has_tls, connection, files)
        }
    }

    fn of_servers(name: String, servers: Vec<Server>, has_tls: bool, connection: &Connection, files: &Tls) -> Upstream {
        Upstream {
            name,
            label: String::new(),
            servers,
            tls: has_tls.then(|| TlsSettings::new(connection.ssl_info.as_ref(), files)),
            connect_timeout_ms: connection.connect_timeout_ms.unwrap_or(CONNECT_TIMEOUT_MS),
            least_connections: false,
            health: None,
            ejection: None,
            is_pool: false,
        }
    }

    /// The server of a cluster that has one.
    pub(super) fn only_server(&self) -> Option<&Server> {
        self.servers.first().filter(|_| !self.is_pool)
    }

    /// `host`, or `host:port` when the port is not the default of the scheme.
    pub(super) fn authority_of(&self, server: &Server) -> String {
        let default = if self.tls.is_some() { Scheme::Https } else { Scheme::Http }.default_port();
        if server.port == default { server.host.clone() } else { format!("{}:{}", server.host, server.port) }
    }
}

impl Server {
    /// The one server of a cluster.
    fn only(host: String, port: u16) -> Server {
        Server { host, port, weight: None, is_fallback: false }
    }

    /// The host without the brackets of an IPv6 address.
    pub(super) fn address(&self) -> &str {
        let inside = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inside.unwrap_or(&self.host)
    }

    /// Whether the host is an IP address.
    pub(super) fn is_address(&self) -> bool {
        self.address().parse::<IpAddr>().is_ok()
    }
}

impl TlsSettings {
    /// The settings of `SSLInfo` with the files of its stores.
    pub(super) fn new(ssl_info: Option<&SslInfo>, files: &Tls) -> TlsSettings {
        let Some(ssl_info) = ssl_info else {
            return TlsSettings { trusted_ca: Some(files.trusted_ca.clone()), ..TlsSettings::default() };
        };
        let stores = files.stores.trim_end_matches('/');
        let trusted_ca = match &ssl_info.trust_store {
            Some(store) => format!("{stores}/{store}/ca.crt"),
            None => files.trusted_ca.clone(),
        };
        let file = |store: &str, alias: &str, kind: &str| format!("{stores}/{store}/{alias}.{kind}");
        TlsSettings {
            trusted_ca: Some(trusted_ca).filter(|_| !ssl_info.ignores_errors),
            client: ssl_info
                .client
                .as_ref()
                .map(|(store, alias)| (file(store, alias, "crt"), file(store, alias, "key"))),
            common_name: ssl_info.common_name.clone(),
            versions: versions(&ssl_info.protocols),
        }
    }

    /// The required files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let client = self.client.iter().flat_map(|(certificate, key)| [certificate.as_str(), key.as_str()]);
        client.chain(self.trusted_ca.as_deref())
    }
}

/// The oldest and the newest of the listed TLS versions. The list contains Java's names.
fn versions(protocols: &[String]) -> Option<(&'static str, &'static str)> {
    let known = [("TLSv1", "TLSv1_0"), ("TLSv1.1", "TLSv1_1"), ("TLSv1.2", "TLSv1_2"), ("TLSv1.3", "TLSv1_3")];
    let listed = || known.iter().filter(|(java, _)| protocols.iter().any(|protocol| protocol == java));
    Some((listed().next()?.1, listed().next_back()?.1))
}
