//! Measurement in short rounds. Every round runs every variant.

use std::time::Duration;

use crate::cpu;
use crate::envoy::Envoy;
use crate::load::Clients;
use crate::statistics::percentile;
use crate::variants::Variant;

/// The length of the benchmark.
pub struct Settings {
    /// `$BENCH_STARTS`: the number of starts of Envoy.
    pub starts: usize,
    /// `$BENCH_ROUNDS`: the number of rounds per start.
    pub rounds: usize,
    /// `$BENCH_REQUESTS`: the number of requests per variant and round.
    pub requests: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            starts: number("BENCH_STARTS", 5),
            rounds: number("BENCH_ROUNDS", 5),
            requests: number("BENCH_REQUESTS", 4000),
        }
    }
}

fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Err(_) => default,
        Ok(text) => {
            let number = text.parse().ok().filter(|number| *number > 0);
            number.unwrap_or_else(|| panic!("${variable} must be a positive integer, got {text:?}"))
        }
    }
}

/// The measurements of a variant.
pub struct Results {
    pub name: &'static str,
    pub does: &'static str,
    /// The number of requests of a round.
    pub requests: usize,
    /// The number of concurrent requests.
    pub connections: usize,
    pub rounds: Vec<Round>,
}

impl Results {
    /// Empty results of every variant.
    pub fn none(variants: &[Variant], settings: &Settings) -> Vec<Results> {
        let of = |variant: &Variant| Results {
            name: variant.name,
            does: variant.does,
            requests: variant.load.requests(settings),
            connections: variant.load.connections(),
            rounds: Vec::new(),
        };
        variants.iter().map(of).collect()
    }
}

/// One round of a variant; times in microseconds.
pub struct Round {
    /// The index of the start of Envoy.
    pub start: usize,
    pub cpu_per_request: f64,
    pub p50: f64,
    pub p99: f64,
}

/// Warms up and checks every variant, and then adds the measurements to the results.
pub async fn run(variants: &[Variant], settings: &Settings, envoy: &Envoy, start: usize, results: &mut [Results]) {
    let mut clients = Vec::new();
    for variant in variants {
        let (address, connections) = (envoy.listener(variant), variant.load.connections());
        let mut variant_clients = Clients::connect(address, connections, variant.upstream_sees).await;
        variant_clients.send(variant.load.warm_up(settings)).await;
        clients.push(variant_clients);
    }
    for round in 0..settings.rounds {
        // The order rotates, so that every variant runs first once and after every other variant.
        for turn in 0..variants.len() {
            let index = (round + turn) % variants.len();
            let before = cpu::time(envoy.id());
            let latencies = clients[index].send(variants[index].load.requests(settings)).await;
            // Envoy deletes the stream after its response, and then sleeps.
            tokio::time::sleep(Duration::from_millis(5)).await;
            let spent = cpu::time(envoy.id()).saturating_sub(before);
            results[index].rounds.push(Round::new(start, spent, &latencies));
        }
        eprintln!("start {} of {}, round {} of {}", start + 1, settings.starts, round + 1, settings.rounds);
    }
}

impl Round {
    fn new(start: usize, spent: Duration, latencies: &[Duration]) -> Round {
        let micros = |duration: &Duration| duration.as_secs_f64() * 1e6;
        let cpu_per_request = micros(&spent) / latencies.len() as f64;
        let mut latencies: Vec<f64> = latencies.iter().map(micros).collect();
        Round { start, cpu_per_request, p50: percentile(&mut latencies, 0.50), p99: percentile(&mut latencies, 0.99) }
    }
}
