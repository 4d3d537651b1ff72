//! Clusters of a deployment with unique names.

use super::super::naming::dns_label;
use super::super::upstream::{Server, Upstream};
use super::Deployment;

/// The key of a cluster that callouts share: requested name, TLS and servers.
pub(super) type SharedKey = (String, bool, Vec<Server>);

impl Deployment {
    /// Adds a cluster and returns its index. The later of two clusters with the same name gets a number.
    pub(super) fn add_cluster(&mut self, upstream: Upstream) -> usize {
        let name = self.cluster_names.take(upstream.name, '_');
        let label = self.cluster_labels.take(dns_label(&name), '-');
        self.upstreams.push(Upstream { name, label, ..upstream });
        self.upstreams.len().saturating_sub(1)
    }

    /// The index of a cluster that callouts share, and whether it existed before.
    pub(super) fn share_cluster(&mut self, upstream: Upstream) -> (usize, bool) {
        let key: SharedKey = (upstream.name.clone(), upstream.tls.is_some(), upstream.servers.clone());
        match self.shared.iter().find(|(known, _)| *known == key) {
            Some((_, index)) => (*index, true),
            None => {
                let index = self.add_cluster(upstream);
                self.shared.push((key, index));
                (index, false)
            }
        }
    }
}
