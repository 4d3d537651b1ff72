//! Measuring: short rounds, in each of which every variant has its turn.

use std::time::{Duration, Instant};

use crate::cpu;
use crate::envoy::Envoy;
use crate::load::Clients;
use crate::statistics::percentile;
use crate::variants::Variant;

/// How long the benchmark is.
pub struct Settings {
    /// `$BENCH_ROUNDS`.
    pub rounds: usize,
    /// `$BENCH_REQUESTS`: how many requests a variant gets in a round.
    pub requests: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings { rounds: number("BENCH_ROUNDS", 21), requests: number("BENCH_REQUESTS", 4000) }
    }
}

fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Err(_) => default,
        Ok(text) => {
            let number = text.parse().ok().filter(|number| *number > 0);
            number.unwrap_or_else(|| panic!("${variable} is {text:?} and not a positive number"))
        }
    }
}

/// What was measured of a variant.
pub struct Results {
    pub name: &'static str,
    pub does: &'static str,
    pub rounds: Vec<Round>,
}

/// One turn of a variant; times in microseconds.
pub struct Round {
    pub cpu_per_request: f64,
    pub p50: f64,
    pub p99: f64,
}

/// Warms every variant up, which checks it as well, and then measures all of them.
pub async fn run(variants: &[Variant], settings: &Settings, envoy: &Envoy) -> Vec<Results> {
    let mut clients = Vec::new();
    for variant in variants {
        let mut of_variant = Clients::connect(envoy.listener(variant), variant.upstream_sees).await;
        of_variant.send(settings.requests.max(1000)).await;
        eprintln!("{}: the upstream gets what it must", variant.name);
        clients.push(of_variant);
    }
    let results = |variant: &Variant| Results { name: variant.name, does: variant.does, rounds: Vec::new() };
    let mut results: Vec<Results> = variants.iter().map(results).collect();
    let started = Instant::now();
    for round in 0..settings.rounds {
        // Everyone comes first once, and has every neighbour's caches to live with.
        for turn in 0..variants.len() {
            let index = (round + turn) % variants.len();
            let measured = measure(&mut clients[index], settings.requests, envoy.id()).await;
            results[index].rounds.push(measured);
        }
        eprintln!("round {} of {}, {:.0} s", round + 1, settings.rounds, started.elapsed().as_secs_f64());
    }
    results
}

async fn measure(clients: &mut Clients, requests: usize, envoy: u32) -> Round {
    let before = cpu::time(envoy);
    let latencies = clients.send(requests).await;
    // Envoy deletes a stream after its answer, and goes to sleep.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let spent = cpu::time(envoy).saturating_sub(before);
    let mut latencies: Vec<f64> = latencies.iter().map(|latency| latency.as_secs_f64() * 1e6).collect();
    Round {
        cpu_per_request: spent.as_secs_f64() * 1e6 / requests as f64,
        p50: percentile(&mut latencies, 0.50),
        p99: percentile(&mut latencies, 0.99),
    }
}
