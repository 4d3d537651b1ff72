//! Envoy's admin interface.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::client::exchange;
use super::envoy::Addresses;
use super::message::Message;
use super::{ClientResponse, Host, Request};

const STAT_LIMIT: Duration = Duration::from_secs(5);

/// Reads Envoy's statistics. They count for the whole run, so cases read names that no other case touches.
#[derive(Clone)]
pub struct Admin {
    addresses: Arc<OnceLock<Addresses>>,
}

impl Admin {
    pub(super) fn new(addresses: &Arc<OnceLock<Addresses>>) -> Admin {
        Admin { addresses: Arc::clone(addresses) }
    }

    pub async fn get(&self, path: &str) -> ClientResponse {
        let admin = self.addresses.get().expect("Envoy runs only during the test").admin;
        exchange(admin, Request::get(path)).await.unwrap()
    }

    /// The counters and gauges whose names start with `prefix`.
    pub async fn stats(&self, prefix: &str) -> BTreeMap<String, u64> {
        let host = Host::current();
        let prefix = host.stat(prefix);
        let lines = self.lines(&prefix).await;
        lines.filter_map(|(name, value)| Some((host.written_stat(&name), value.parse().ok()?))).collect()
    }

    /// One counter or gauge; `None` when Envoy has no such statistic.
    pub async fn stat(&self, name: &str) -> Option<u64> {
        self.stats(name).await.remove(name)
    }

    /// Waits until a counter or gauge has this value.
    pub async fn wait_for_stat(&self, name: &str, value: u64) {
        let reached = async {
            while self.stat(name).await != Some(value) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(STAT_LIMIT, reached).await.is_err() {
            panic!("{name} is {:?} instead of {value}", self.stat(name).await);
        }
    }

    /// The number of values in a histogram.
    pub async fn histogram_count(&self, name: &str) -> Option<u64> {
        let name = Host::current().stat(name);
        let stats = self.get(&format!("/stats?filter=^{}$&histogram_buckets=cumulative", pattern(&name))).await;
        // "name: B0.5(0,0) B1(0,2) … B3.6e+06(0,7)": the last cumulative bucket of the total, its second number.
        let line = stats.text().lines().find(|line| line.starts_with(&format!("{name}: ")))?;
        line.rsplit_once(',')?.1.trim_end_matches(')').parse().ok()
    }

    /// Waits until a histogram took that many values. Envoy merges those of its workers from time to time.
    pub async fn wait_for_histogram(&self, name: &str, count: u64) {
        let reached = async {
            while self.histogram_count(name).await != Some(count) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(STAT_LIMIT * 2, reached).await.is_err() {
            panic!("{name} has {:?} values instead of {count}", self.histogram_count(name).await);
        }
    }

    /// Envoy's resident memory in bytes: now, and at its highest since the last [`Admin::reset_peak`]. `None` where the
    /// system has no `/proc`.
    pub fn memory(&self) -> Option<(usize, usize)> {
        let status = fs::read_to_string(self.process_file("status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
        };
        Some((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Resets the peak of the resident memory to its current value.
    pub fn reset_peak(&self) {
        let _ = fs::write(self.process_file("clear_refs"), "5");
    }

    fn process_file(&self, name: &str) -> String {
        let process = self.addresses.get().expect("Envoy runs only during the test").process;
        format!("/proc/{process}/{name}")
    }

    async fn lines(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        let stats = self.get(&format!("/stats?filter=^{}", pattern(prefix))).await;
        let lines = stats.text().lines().filter_map(|line| line.split_once(": "));
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>().into_iter()
    }
}

/// A stat name as a regular expression in a query: every other character than letters and digits matches any character.
fn pattern(name: &str) -> String {
    name.chars().map(|char| if char.is_ascii_alphanumeric() || "_-".contains(char) { char } else { '.' }).collect()
}
