//! The reason of failed calls that Envoy does not log: a host without an address in DNS.

use crate::envoy_file::EnvoyFile;
use std::collections::BTreeMap;
use std::net::ToSocketAddrs as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The text before the name of a cluster in the filter's warning.
const BEFORE: &str = "call to cluster ";

/// The text after the name, and the part of the reason that can have its cause in DNS.
const AFTER: (&str, &str) = (" failed: ", "no healthy host");

/// Maximum time of a lookup.
const LIMIT: Duration = Duration::from_secs(5);

/// The hosts of the clusters, and the results of lookups.
pub(super) struct Dns {
    file: EnvoyFile,
    resolved: BTreeMap<String, bool>,
}

impl Dns {
    /// Lookups for the clusters of a configuration.
    pub(super) fn of(file: EnvoyFile) -> Dns {
        Dns { file, resolved: BTreeMap::new() }
    }

    /// Names the cause in a warning about a cluster without healthy hosts whose names DNS does not know.
    pub(super) fn explained(&mut self, text: String) -> String {
        let Some((start, cluster, reason)) = split(&text) else { return text };
        let hosts = self.file.dns_hosts(cluster);
        let unknown: Vec<&str> = hosts.iter().filter(|host| !self.resolves(host)).map(String::as_str).collect();
        if unknown.is_empty() || unknown.len() < hosts.len() {
            return text;
        }
        // The count of further failures stays.
        let count = reason.find(" (").and_then(|at| reason.get(at..)).unwrap_or_default();
        format!("{start}DNS has no address for {}{count}", unknown.join(", "))
    }

    fn resolves(&mut self, host: &str) -> bool {
        // A host that failed before is looked up again: DNS can be back.
        if self.resolved.get(host) == Some(&true) {
            return true;
        }
        let (sender, found) = mpsc::channel();
        let name = host.to_owned();
        thread::spawn(move || {
            sender.send((name.as_str(), 0).to_socket_addrs().is_ok_and(|mut all| all.next().is_some()))
        });
        let resolves = found.recv_timeout(LIMIT).unwrap_or(false);
        self.resolved.insert(host.to_owned(), resolves);
        resolves
    }
}

/// The text up to the reason, the cluster and the reason.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let name = text.find(BEFORE)?.saturating_add(BEFORE.len());
    let rest = text.get(name..)?;
    let end = rest.find(AFTER.0)?;
    let at = name.saturating_add(end).saturating_add(AFTER.0.len());
    let reason = text.get(at..).filter(|reason| reason.contains(AFTER.1))?;
    Some((text.get(..at)?, rest.get(..end)?, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_host_without_an_address_is_the_reason() {
        let cluster = |name: &str, host: &str| {
            let address = json!({"socket_address": {"address": host, "port_value": 80}});
            json!({"name": name, "load_assignment": {"endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}})
        };
        let clusters =
            json!([cluster("gone", "gone.invalid"), cluster("here", "localhost"), cluster("fixed", "127.0.0.1")]);
        let mut dns = Dns::of(EnvoyFile::of(&json!({"static_resources": {"clusters": clusters}})).unwrap());
        let reason = "the cluster has no healthy host, or its circuit breaker is open";
        let cases = [
            (
                "gone",
                format!("{reason} (2 more since the last line)"),
                "DNS has no address for gone.invalid (2 more since the last line)",
            ),
            ("gone", "no cluster has this name".to_owned(), "no cluster has this name"),
            ("here", reason.to_owned(), reason),
            ("fixed", reason.to_owned(), reason),
            ("other", reason.to_owned(), reason),
        ];
        for (name, reason, expected) in cases {
            let text = dns.explained(format!("warning: call to cluster {name} failed: {reason}"));
            assert_eq!(text, format!("warning: call to cluster {name} failed: {expected}"));
        }
        assert_eq!(dns.explained("other".to_owned()), "other");
    }
}
