//! Names of clusters.

use super::upstream::{Server, Upstream};
use std::collections::BTreeSet;

/// The naming scheme of clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// The names of the clusters in the same configuration.
    Own,
    /// The names that Istio derives from host and port of a `ServiceEntry`.
    Istio,
}

impl Naming {
    /// The name of a cluster in the configuration of the filter.
    pub(super) fn cluster(self, upstream: &Upstream) -> String {
        match self {
            Naming::Own => upstream.name.clone(),
            Naming::Istio => {
                let port = upstream.servers.first().map_or(80, |server| server.port);
                format!("outbound|{port}||{}", service_host(upstream))
            }
        }
    }

    /// The name of the cluster for hosts from variables.
    pub(super) fn any_host(self) -> &'static str {
        match self {
            Naming::Own => "any_host_{scheme}",
            Naming::Istio => "outbound|{port}||{host}",
        }
    }
}

/// The host of a cluster's `ServiceEntry`: the host of the only server when it is not an IP address.
pub(super) fn service_host(upstream: &Upstream) -> String {
    match upstream.only_server() {
        Some(server) if !Server::is_address(server) => server.host.clone(),
        _ => format!("{}.internal", upstream.label),
    }
}

/// A name with a dash for each character that is not a letter or digit.
pub(super) fn dns_label(name: &str) -> String {
    let label = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(label).collect::<String>().trim_matches('-').to_owned()
}

/// A set of unique names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// A set with reserved names.
    pub(super) fn without(reserved: &[&str]) -> Names {
        Names(reserved.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Adds a name. A number is appended when the set contains the name.
    pub(super) fn take(&mut self, name: String, separator: char) -> String {
        let mut free = name.clone();
        let mut number: usize = 1;
        while !self.0.insert(free.clone()) {
            number = number.saturating_add(1);
            free = format!("{name}{separator}{number}");
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_equal_names_gets_a_number() {
        let mut names = Names::without(&["x"]);
        let taken: Vec<String> =
            ["a", "b", "a", "a-2", "a", "x"].into_iter().map(|name| names.take(name.to_owned(), '-')).collect();
        assert_eq!(taken, ["a", "b", "a-2", "a-2-2", "a-3", "x-2"]);
    }
}
