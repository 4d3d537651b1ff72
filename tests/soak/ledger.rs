//! The record of every request: the calls that its id caused, and those that it should cause.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::behaviour::Outcome;
use super::report::{Check, Findings};

/// The services, in the order of [`Calls`]. The upstream is `s`.
pub const SERVICES: [&str; 6] = ["user", "optional", "killed", "log", "audit", "s"];

/// The number of calls to each service: minimum and maximum.
pub type Calls = [(u8, u8); 6];

/// Calls arrive a moment before their lines are read, and fire-and-forget calls after the response.
const SETTLED: Duration = Duration::from_secs(6);

#[derive(Default)]
struct Record {
    calls: [u8; 6],
    expected: Option<(Calls, Instant)>,
}

/// Requests, and what was found wrong with them.
#[derive(Default)]
pub struct Ledger {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Record>>,
    outcomes: Mutex<BTreeMap<(String, Outcome), u64>>,
    sent: Mutex<BTreeMap<String, u64>>,
    calls: AtomicU64,
    /// Everything that is wrong.
    pub findings: Findings,
}

impl Ledger {
    pub fn new() -> Arc<Ledger> {
        Arc::default()
    }

    /// The id of a new request.
    pub fn start(&self) -> String {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.open.lock().unwrap().insert(number, Record::default());
        format!("r{number}")
    }

    /// The number of requests so far.
    pub fn requests(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The number of received calls so far.
    pub fn received_calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// A service received a call.
    pub fn called(&self, service: &str, id: &str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let index = SERVICES.iter().position(|other| *other == service);
        let number = id.strip_prefix('r').and_then(|number| number.parse::<u64>().ok());
        let (Some(index), Some(number)) = (index, number) else {
            return self.findings.add(Check::MixedUp, format!("{service:?} got a call for {id:?}"));
        };
        match self.open.lock().unwrap().get_mut(&number) {
            Some(record) => record.calls[index] = record.calls[index].saturating_add(1),
            None => self.findings.add(Check::Duplicate, format!("{service} got a call for {id} after its end")),
        }
    }

    /// A message contained the id of another request.
    pub fn mixed(&self, text: &str) {
        self.findings.add(Check::MixedUp, text.to_owned());
    }

    /// A request has ended, and should have caused these calls.
    pub fn finish(&self, id: &str, expected: Calls) {
        let number: u64 = id.trim_start_matches('r').parse().unwrap();
        if let Some(record) = self.open.lock().unwrap().get_mut(&number) {
            record.expected = Some((expected, Instant::now()));
        }
    }

    /// The metrics should count a callout of this policy; without an outcome for fire and forget.
    pub fn count(&self, policy: String, outcome: Option<Outcome>) {
        *self.sent.lock().unwrap().entry(policy.clone()).or_default() += 1;
        if let Some(outcome) = outcome {
            *self.outcomes.lock().unwrap().entry((policy, outcome)).or_default() += 1;
        }
    }

    /// The callouts that the metrics should count, by policy.
    pub fn sent(&self) -> BTreeMap<String, u64> {
        self.sent.lock().unwrap().clone()
    }

    /// The outcomes that the metrics should count.
    pub fn outcomes(&self) -> BTreeMap<(String, Outcome), u64> {
        self.outcomes.lock().unwrap().clone()
    }

    /// Compares the calls of requests that ended some time ago, until the task is dropped.
    pub async fn compare_continuously(self: Arc<Self>) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.compare(SETTLED);
        }
    }

    /// Compares the calls of all requests. Every one has ended.
    pub async fn compare_all(&self) {
        tokio::time::sleep(SETTLED).await;
        self.compare(Duration::ZERO);
        for number in self.open.lock().unwrap().keys() {
            self.findings.add(Check::Response, format!("r{number} has not ended"));
        }
    }

    fn compare(&self, settled: Duration) {
        let is_settled =
            |_: &u64, record: &mut Record| record.expected.as_ref().is_some_and(|(_, end)| end.elapsed() >= settled);
        let ended: Vec<(u64, Record)> = self.open.lock().unwrap().extract_if(is_settled).collect();
        for (number, Record { calls, expected }) in ended {
            let Some((expected, _)) = expected else { continue };
            for ((service, count), (minimum, maximum)) in SERVICES.iter().zip(calls).zip(expected) {
                let text = || format!("r{number}: {count} calls to {service}, not {minimum} to {maximum}");
                if count < minimum {
                    self.findings.add(Check::Lost, text());
                } else if count > maximum {
                    self.findings.add(Check::Duplicate, text());
                }
                self.findings.checked(Check::Lost, 1);
                self.findings.checked(Check::Duplicate, 1);
            }
        }
    }
}
