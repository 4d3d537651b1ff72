//! Clusters of a deployment, each with names of its own.

use super::super::naming::dns_label;
use super::super::upstream::{Server, Upstream};
use super::Deployment;

/// What makes two clusters of callouts one: the name that they want, whether they have TLS, and the servers.
pub(super) type Wanted = (String, bool, Vec<Server>);

impl Deployment {
    /// Adds a cluster and tells its place. Another of its name stays what it is: the later one gets a number.
    pub(super) fn add_cluster(&mut self, upstream: Upstream) -> usize {
        let name = self.cluster_names.take(upstream.name, '_');
        let label = self.cluster_labels.take(dns_label(&name), '-');
        self.upstreams.push(Upstream { name, label, ..upstream });
        self.upstreams.len().saturating_sub(1)
    }

    /// The place of a cluster that callouts share, and whether it has been there before.
    pub(super) fn share_cluster(&mut self, upstream: Upstream) -> (usize, bool) {
        let wanted: Wanted = (upstream.name.clone(), upstream.tls.is_some(), upstream.servers.clone());
        match self.shared.iter().find(|(known, _)| *known == wanted) {
            Some((_, place)) => (*place, true),
            None => {
                let place = self.add_cluster(upstream);
                self.shared.push((wanted, place));
                (place, false)
            }
        }
    }
}
