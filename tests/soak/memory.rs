//! The memory of Envoy over the number of requests.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::report::Check;

/// Maximum growth for 100,000 requests, as a part of the memory.
const MAX_GROWTH: f64 = 0.01;

/// Growth that pages of the allocator explain: less is no leak in a short soak.
const NOISE: f64 = 4.0 * 1024.0 * 1024.0;

/// The samples of a process.
pub struct Samples {
    after_warm_up: Vec<(f64, f64)>,
    first: f64,
    last: f64,
}

/// Resident memory of a process in bytes. `None` where the system has no `/proc`.
fn resident(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? * 1024.0)
}

/// Samples the memory every second until the end.
pub async fn sample(process: u32, ledger: Arc<Ledger>, warm_up: Duration, end: Instant) -> Samples {
    let start = Instant::now();
    let mut samples = Samples { after_warm_up: Vec::new(), first: 0.0, last: 0.0 };
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Some(memory) = resident(process) else { continue };
        if samples.first == 0.0 {
            samples.first = memory;
        }
        samples.last = memory;
        if start.elapsed() >= warm_up {
            #[allow(clippy::cast_precision_loss, reason = "fewer than 2^52 requests")]
            samples.after_warm_up.push((ledger.requests() as f64, memory));
        }
    }
    samples
}

impl Samples {
    /// Checks the growth. Returns the facts for the report.
    pub fn check(&self, ledger: &Ledger) -> Vec<(String, String)> {
        let mebibytes = |bytes: f64| format!("{:.1} MiB", bytes / 1024.0 / 1024.0);
        let mut facts = vec![
            ("memory of Envoy after one second".to_owned(), mebibytes(self.first)),
            ("memory of Envoy at the end".to_owned(), mebibytes(self.last)),
        ];
        let Some((slope, mean, span)) = line(&self.after_warm_up) else { return facts };
        let (part, grown) = (slope * 100_000.0 / mean, slope * span);
        facts.push(("growth for 100,000 requests after warm-up".to_owned(), format!("{:.2} %", part * 100.0)));
        facts.push(("growth after warm-up".to_owned(), mebibytes(grown)));
        ledger.findings.checked(Check::Memory, u64::try_from(self.after_warm_up.len()).unwrap());
        if part > MAX_GROWTH && grown > NOISE {
            ledger.findings.add(Check::Memory, format!("memory grows by {:.2} % for 100,000 requests", part * 100.0));
        }
        facts
    }
}

/// The line through the samples: slope, mean memory, requests from the first to the last sample.
fn line(samples: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
    let (first, last) = (samples.first()?, samples.last()?);
    #[allow(clippy::cast_precision_loss, reason = "one sample for each second")]
    let count = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (requests, memory) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let covariance: f64 = samples.iter().map(|(x, y)| (x - requests) * (y - memory)).sum();
    let variance: f64 = samples.iter().map(|(x, _)| (x - requests).powi(2)).sum();
    (variance > 0.0).then(|| (covariance / variance, memory, last.0 - first.0))
}
