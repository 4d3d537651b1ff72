//! The metrics of the filter against the outcomes that the soak injected, and the state of the VMs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::behaviour::Outcome;
use super::configuration::{STEADY, UPDATED, policy};
use super::lab::client::exchange;
use super::lab::{Host, Message, Request};
use super::ledger::Ledger;
use super::report::Check;

const POLICIES: [&str; 5] = ["SC-User", "SC-Optional", "SC-Killed", "SC-Log", "SC-Audit"];

/// Envoy's counters and gauges.
pub async fn stats(admin: SocketAddr, filter: &str) -> BTreeMap<String, u64> {
    let Ok(response) = exchange(admin, Request::get(&format!("/stats?filter={filter}"))).await else {
        return BTreeMap::new();
    };
    let line = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    response.text().lines().filter_map(line).collect()
}

/// Compares the metrics, after the workers have sent their last changes.
pub async fn check(admin: SocketAddr, ledger: &Ledger) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let host = Host::current();
    let found = stats(admin, &format!("^{}", host.stat("wasmcustom.callout."))).await;
    let (sent, outcomes) = (ledger.sent(), ledger.outcomes());
    let compare = |what: &str, policy: &str, expected: Option<&u64>| {
        let name = host.stat(&format!("wasmcustom.callout.{what}.policy.{policy}"));
        let (found, expected) = (found.get(&name).copied().unwrap_or(0), expected.copied().unwrap_or(0));
        ledger.findings.checked(Check::Metric, 1);
        if found != expected {
            ledger.findings.add(Check::Metric, format!("{name} is {found} instead of {expected}"));
        }
    };
    for listener in [STEADY, UPDATED] {
        for policy in POLICIES.map(|name| policy(name, listener)) {
            compare("requests", &policy, sent.get(&policy));
            for outcome in Outcome::ALL {
                compare(outcome.metric(), &policy, outcomes.get(&(policy.clone(), outcome)));
            }
        }
    }
}

/// Counts the VMs and those that Envoy had to replace, or the panics of the native module. Returns the fact for the
/// report.
pub async fn check_vms(admin: SocketAddr, ledger: &Ledger) -> (String, String) {
    ledger.findings.checked(Check::Vm, 1);
    if Host::current().is_native() {
        let found = stats(admin, "callout.panics").await;
        let panics: u64 = found.values().sum();
        if panics > 0 {
            ledger.findings.add(Check::Vm, format!("the module counted {panics} panics"));
        }
        if found.is_empty() {
            ledger.findings.add(Check::Vm, "the metric callout.panics does not exist".to_owned());
        }
        return ("panics".to_owned(), panics.to_string());
    }
    let found = stats(admin, "wasm").await;
    let sum = |text: &str| found.iter().filter(|(name, _)| name.contains(text)).map(|(_, value)| value).sum::<u64>();
    let reloads = sum("vm_reload") + sum("crash");
    if reloads > 0 {
        ledger.findings.add(Check::Vm, format!("Envoy replaced VMs: {reloads}"));
    }
    ("VMs created, active".to_owned(), format!("{}, {}", sum("runtime.v8.created"), sum("runtime.v8.active")))
}
