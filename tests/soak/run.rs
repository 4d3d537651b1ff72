//! One soak: starts everything, waits for the end, and checks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::clients::{self, Client};
use super::configuration::{DISCONNECTING, Ports, STEADY, UPDATED, bootstrap, plan};
use super::lab::envoy::Envoy;
use super::lab::{Host, RunDirectory, envoy_log, minor_version};
use super::ledger::Ledger;
use super::random::Random;
use super::report::{Check, Report};
use super::services::Server;
use super::updates::{self, Revisions, Updates};
use super::{Arguments, disconnecting, kills, memory, metrics, odd};

const HTTP1: usize = 12;
const HTTP2: usize = 2;
const ODD: usize = 4;
const DISCONNECTERS: usize = 4;
const KILLING: usize = 4;
const UPDATING: usize = 4;

/// Runs a soak.
pub async fn run(arguments: &Arguments) -> Report {
    let ledger = Ledger::new();
    let (server, killed) = (Server::start(0, &ledger), Server::start(0, &ledger));
    let mut directory = RunDirectory::create();
    let file = directory.path().join("listeners.json");
    // An update must have the address of the listener that it replaces, so no other process may take the port. Envoy
    // can listen on it, because its listeners share their ports.
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.set_reuseport(true).unwrap();
    reserved.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    updates::write(&file, 0, port, &plan(UPDATED, 0));
    let ports = Ports { calls: server.port(), killed: killed.port() };
    let bootstrap = serde_json::to_vec_pretty(&bootstrap(ports, &file)).unwrap();
    // Replaced listeners keep their memory until their connections are drained.
    let envoy = Envoy::start_with("bootstrap.json", &bootstrap, 3, &directory, &["--drain-time-s", "5"]).await;
    let addresses = envoy.addresses().clone();

    let start = Instant::now();
    let end = start + arguments.duration;
    let warm_up = (arguments.duration / 4).min(Duration::from_secs(120));
    let mut tasks = JoinSet::new();
    let mut number = 0;
    let mut client = |listener: &str| {
        number += 1;
        let random = Random::new(arguments.seed, number);
        Client { address: addresses.listeners[listener], ledger: Arc::clone(&ledger), random, end }
    };
    (0..HTTP1).for_each(|_| drop(tasks.spawn(clients::http1(client(STEADY)))));
    (0..HTTP2).for_each(|_| drop(tasks.spawn(clients::http2(client(STEADY)))));
    (0..ODD).for_each(|_| drop(tasks.spawn(odd::run(client(STEADY)))));
    (0..KILLING).for_each(|_| drop(tasks.spawn(clients::killing(client(STEADY)))));
    (0..DISCONNECTERS).for_each(|_| drop(tasks.spawn(disconnecting::run(client(DISCONNECTING)))));
    let revisions = Arc::new(Revisions::default());
    (0..UPDATING).for_each(|_| drop(tasks.spawn(updates::clients(client(UPDATED), Arc::clone(&revisions)))));
    let random = Random::new(arguments.seed, 0);
    let kills = tokio::spawn(kills::run(killed, Arc::clone(&ledger), random, end));
    let updates = Updates { file, port, admin: addresses.admin, ledger: Arc::clone(&ledger), revisions };
    let updates = tokio::spawn(updates::run(updates, end));
    let samples = tokio::spawn(memory::sample(addresses.process, Arc::clone(&ledger), warm_up, end));
    let comparison = tokio::spawn(Arc::clone(&ledger).compare_continuously());

    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            ledger.findings.add(Check::Response, format!("a client failed: {error}"));
        }
    }
    let (killed, kills) = kills.await.unwrap();
    let (good, rejected) = updates.await.unwrap();
    let samples = samples.await.unwrap();
    let elapsed = start.elapsed();
    comparison.abort();
    ledger.compare_all().await;
    metrics::check(addresses.admin, &ledger).await;
    let vms = metrics::check_vms(addresses.admin, &ledger).await;
    drop((killed, server, envoy, reserved));
    if let Err(lines) = envoy_log::no_vm_failed(directory.path()) {
        // Envoy's line for a rejected configuration, which the broken updates cause.
        let failures = lines.lines().filter(|line| !line.ends_with("Failed to configure base Wasm plugin"));
        failures.for_each(|line| ledger.findings.add(Check::Vm, line.to_owned()));
    }

    let seconds = elapsed.as_secs();
    let requests = ledger.requests();
    let mut facts = vec![
        ("Envoy".to_owned(), format!("1.{}, 2 workers", minor_version())),
        ("module".to_owned(), if Host::current().is_native() { "native" } else { "WebAssembly" }.to_owned()),
        ("duration".to_owned(), format!("{seconds} s, seed {}", arguments.seed)),
        ("requests".to_owned(), format!("{requests}, {} for each second", requests / seconds.max(1))),
        ("calls that the services received".to_owned(), ledger.received_calls().to_string()),
        ("kills of a server".to_owned(), kills.to_string()),
        ("updates taken, rejected".to_owned(), format!("{good}, {rejected}")),
        vms,
    ];
    facts.extend(samples.check(&ledger));
    let report = Report::new(&ledger.findings, facts);
    if report.has_deviations() {
        eprintln!("Envoy's configuration and log: {}", directory.keep().display());
    }
    report
}
