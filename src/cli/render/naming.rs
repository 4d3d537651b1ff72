//! What clusters are called, which is not the same everywhere.

use super::upstream::{Server, Upstream};

/// Who names the clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Their own names, in a configuration that holds them.
    Own,
    /// Istio, after host and port of a `ServiceEntry`.
    Istio,
}

impl Naming {
    /// The name under which the filter calls a cluster.
    pub(super) fn cluster(self, upstream: &Upstream) -> String {
        match self {
            Naming::Own => upstream.name.clone(),
            Naming::Istio => {
                let port = upstream.servers.first().map_or(80, |server| server.port);
                format!("outbound|{port}||{}", service_host(upstream))
            }
        }
    }

    /// The cluster of every host that is not known beforehand.
    pub(super) fn any_host(self) -> &'static str {
        match self {
            Naming::Own => "any_host_{scheme}",
            Naming::Istio => "outbound|{port}||{host}",
        }
    }
}

/// The host of a cluster's `ServiceEntry`: its own when it has one that is a name.
pub(super) fn service_host(upstream: &Upstream) -> String {
    match upstream.only_server() {
        Some(server) if !Server::is_address(server) => server.host.clone(),
        _ => format!("{}.internal", dns_label(&upstream.name)),
    }
}

/// A name in which only letters, digits and dashes are left.
pub(super) fn dns_label(name: &str) -> String {
    let label = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(label).collect::<String>().trim_matches('-').to_owned()
}
