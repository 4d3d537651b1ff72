//! Warnings about calls that Envoy rejects, at most one per second and cluster.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The time between two warnings of one cluster.
const PERIOD: Duration = Duration::from_secs(1);

/// Maximum number of entries, because a request can choose the cluster's name. Further clusters share one entry.
const MAX_CLUSTERS: usize = 256;

struct FailedDispatches {
    logged: Instant,
    /// Failures since then that were not logged.
    skipped: u64,
}

thread_local! {
    static CLUSTERS: RefCell<BTreeMap<String, FailedDispatches>> = const { RefCell::new(BTreeMap::new()) };
}

/// Logs that a call was not dispatched: the first at once, later ones as one line per second and cluster with a count.
pub fn warn(cluster: &str, reason: &str) {
    let skipped =
        CLUSTERS.with(|clusters| clusters.try_borrow_mut().ok().and_then(|mut map| record(&mut map, cluster)));
    match skipped {
        Some(0) => log::warn!("callout: call to cluster {cluster} failed: {reason}"),
        Some(count) => {
            log::warn!("callout: call to cluster {cluster} failed: {reason} ({count} more since the last line)")
        }
        None => {}
    }
}

/// Records a failure. Returns the number of failures that were not logged when a line is due.
fn record(clusters: &mut BTreeMap<String, FailedDispatches>, cluster: &str) -> Option<u64> {
    let now = Instant::now();
    let name = if clusters.contains_key(cluster) || clusters.len() < MAX_CLUSTERS { cluster } else { "" };
    let Some(entry) = clusters.get_mut(name) else {
        clusters.insert(name.to_owned(), FailedDispatches { logged: now, skipped: 0 });
        return Some(0);
    };
    if now.saturating_duration_since(entry.logged) < PERIOD {
        entry.skipped = entry.skipped.saturating_add(1);
        return None;
    }
    entry.logged = now;
    Some(std::mem::take(&mut entry.skipped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_has_one_line_per_period() {
        let mut clusters = BTreeMap::new();
        assert_eq!(record(&mut clusters, "a"), Some(0));
        assert_eq!(record(&mut clusters, "a"), None);
        assert_eq!(record(&mut clusters, "b"), Some(0));
        clusters.get_mut("a").unwrap().logged -= PERIOD;
        assert_eq!(record(&mut clusters, "a"), Some(1));
        for number in 0..2 * MAX_CLUSTERS {
            record(&mut clusters, &number.to_string());
        }
        assert_eq!(clusters.len(), MAX_CLUSTERS + 1);
    }
}
