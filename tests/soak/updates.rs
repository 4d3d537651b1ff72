//! Updates of a listener from a file: most are good, some have a configuration that the filter rejects.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::clients::Client;
use super::configuration::{UPDATED, listener, listeners_file, plan};
use super::expectation::{ANY, judge};
use super::lab::client::exchange;
use super::ledger::Ledger;
use super::metrics::stats;
use super::report::Check;
use super::request::Ask;

/// Maximum time until an update has an effect.
const EFFECT: Duration = Duration::from_secs(20);

/// The time between two updates.
const PAUSE: Duration = Duration::from_secs(3);

/// The revision of the last good update that Envoy has taken. The one before it is still valid for requests that
/// started earlier.
#[derive(Default)]
pub struct Revisions {
    written: AtomicU64,
    taken: AtomicU64,
}

/// Writes the file, so that Envoy never reads half of it.
pub fn write(file: &Path, version: u64, port: u16, configuration: &serde_json::Value) {
    let part = file.with_extension("part");
    std::fs::write(&part, listeners_file(version, &listener(UPDATED, port, configuration))).unwrap();
    std::fs::rename(part, file).unwrap();
}

/// What the updates need.
pub struct Updates {
    pub file: PathBuf,
    pub port: u16,
    pub admin: SocketAddr,
    pub ledger: Arc<Ledger>,
    pub revisions: Arc<Revisions>,
}

/// Updates the listener until the end. Returns the number of good and of rejected updates.
pub async fn run(updates: Updates, end: Instant) -> (u64, u64) {
    let Updates { file, port, admin, ledger, revisions } = updates;
    let (mut good, mut rejected, mut version) = (0, 0, 0);
    while Instant::now() + PAUSE < end {
        tokio::time::sleep(PAUSE).await;
        version += 1;
        let is_good = version % 3 != 0;
        let mut configuration = plan(UPDATED, revisions.written.load(Ordering::SeqCst) + 1);
        if is_good {
            revisions.written.fetch_add(1, Ordering::SeqCst);
        } else {
            configuration["policies"] = json!(["<ServiceCallout name='SC-Broken'/>"]);
        }
        write(&file, version, port, &configuration);
        let counter = if is_good { "update_success" } else { "update_rejected" };
        // The first file was the first success.
        let count = if is_good { good + 2 } else { rejected + 1 };
        ledger.findings.checked(Check::Update, 1);
        if !reached(admin, &format!("listener_manager.lds.{counter}"), count).await {
            ledger.findings.add(Check::Update, format!("update {version}: {counter} does not become {count}"));
            return (good, rejected);
        }
        if is_good {
            good += 1;
            if !reached(admin, "listener_manager.total_listeners_warming", 0).await {
                ledger.findings.add(Check::Update, format!("update {version} does not become active"));
            }
            revisions.taken.fetch_add(1, Ordering::SeqCst);
        } else {
            rejected += 1;
        }
    }
    (good, rejected)
}

async fn reached(admin: SocketAddr, name: &str, value: u64) -> bool {
    let start = Instant::now();
    while start.elapsed() < EFFECT {
        if stats(admin, &name.replace('.', "%5C.")).await.get(name) == Some(&value) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Sends requests to the listener, each on its own connection.
pub async fn clients(mut client: Client, revisions: Arc<Revisions>) {
    while client.continues() {
        let ask = Ask::random(UPDATED, &client.ledger, &mut client.random);
        let request = if client.random.one_in(3) { ask.to_request().h2() } else { ask.to_request() };
        let first = revisions.taken.load(Ordering::SeqCst);
        let result = exchange(client.address, request).await;
        let last = revisions.written.load(Ordering::SeqCst);
        match result {
            // Workers take an update one after the other: the one before is valid too.
            Ok(response) => {
                let valid: Vec<u64> = (first.saturating_sub(1)..=last).collect();
                judge(&ask, &response, &valid, Check::Update, &client.ledger);
            }
            Err(error) => {
                client.ledger.finish(&ask.id, ANY);
                client.ledger.findings.add(Check::Update, format!("no response to {ask}: {error}"));
            }
        }
    }
}
