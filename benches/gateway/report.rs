//! The printed table and `gateway.json`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::envoy;
use crate::rounds::{Results, Round, Settings};
use crate::statistics::median;
use crate::variants::{BASELINE, LIMITS, Measure};

/// Prints the results as a Markdown table and writes all measurements.
pub fn write(results: &[Results], settings: &Settings, directory: &Path) {
    let rows: Vec<Row<'_>> = results.iter().map(|of_variant| Row::new(of_variant, results)).collect();
    let limits: Vec<Value> = LIMITS
        .iter()
        .filter_map(|limit| {
            let (variant, of) = (find(results, limit.variant)?, find(results, limit.of)?);
            let is = ratio(variant, of, limit.measure);
            let by_start: Vec<f64> = (0..settings.starts)
                .map(|start| median(&mut ratios(variant, of, limit.measure, Some(start))))
                .collect();
            Some(json!({
                "variant": limit.variant,
                "of": limit.of,
                "measure": limit.measure.name(),
                "at_most": limit.at_most,
                "is": is,
                "by_start": by_start,
                "kept": is <= limit.at_most,
            }))
        })
        .collect();
    let envoy = envoy::version();
    let machine = machine();

    println!(
        "\n| variant | CPU µs per request (least–most) | × {BASELINE} | p50 µs | p99 µs | requests of a round, \
         connections | what it does |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in &rows {
        row.print();
    }
    println!(
        "\nEnvoy {envoy}, one worker; {} × {}; {} starts, {} rounds each; medians over all rounds",
        machine["processors"],
        machine["processor"].as_str().unwrap_or_default(),
        settings.starts,
        settings.rounds,
    );
    for limit in &limits {
        let (variant, of) = (limit["variant"].as_str().unwrap_or_default(), limit["of"].as_str().unwrap_or_default());
        let verdict = if limit["kept"] == true { "kept" } else { "NOT KEPT" };
        let by_start = limit["by_start"].as_array().into_iter().flatten().filter_map(Value::as_f64);
        let by_start: Vec<String> = by_start.map(|ratio| format!("{ratio:.2}")).collect();
        println!(
            "{}: {variant} at most {} × {of}: {:.3}, {verdict}; by start {}",
            limit["measure"].as_str().unwrap_or_default(),
            limit["at_most"],
            limit["is"].as_f64().unwrap_or(0.0),
            by_start.join(" "),
        );
    }

    let report = json!({
        "envoy": envoy,
        "machine": machine,
        "starts": settings.starts,
        "rounds_per_start": settings.rounds,
        "variants": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
        "limits": limits,
    });
    let path = directory.join("gateway.json");
    fs::write(&path, serde_json::to_vec_pretty(&report).unwrap()).unwrap();
    println!("{}", path.display());
}

/// A row of the table.
struct Row<'a> {
    results: &'a Results,
    cpu: f64,
    least: f64,
    most: f64,
    ratio: Option<f64>,
    p50: f64,
    p99: f64,
}

impl Row<'_> {
    fn new<'a>(results: &'a Results, all: &[Results]) -> Row<'a> {
        let values = |value: fn(&Round) -> f64| results.rounds.iter().map(value).collect::<Vec<f64>>();
        let mut cpu = values(|round| round.cpu_per_request);
        Row {
            cpu: median(&mut cpu),
            least: cpu.iter().copied().fold(f64::INFINITY, f64::min),
            most: cpu.iter().copied().fold(0.0, f64::max),
            ratio: find(all, BASELINE).map(|baseline| ratio(results, baseline, Measure::Cpu)),
            p50: median(&mut values(|round| round.p50)),
            p99: median(&mut values(|round| round.p99)),
            results,
        }
    }

    fn print(&self) {
        let ratio = self.ratio.map_or("".to_owned(), |ratio| format!("{ratio:.2}"));
        println!(
            "| {} | {:.1} ({:.1}–{:.1}) | {ratio} | {:.0} | {:.0} | {}, {} | {} |",
            self.results.name,
            self.cpu,
            self.least,
            self.most,
            self.p50,
            self.p99,
            self.results.requests,
            self.results.connections,
            self.results.does,
        );
    }

    fn to_json(&self) -> Value {
        let rounds: Vec<f64> = self.results.rounds.iter().map(|round| round.cpu_per_request).collect();
        json!({
            "name": self.results.name,
            "does": self.results.does,
            "requests_per_round": self.results.requests,
            "connections": self.results.connections,
            "cpu_us_per_request": {"median": self.cpu, "min": self.least, "max": self.most, "rounds": rounds},
            "ratio_to_baseline": self.ratio,
            "latency_us": {"p50": self.p50, "p99": self.p99},
        })
    }
}

fn find<'a>(results: &'a [Results], name: &str) -> Option<&'a Results> {
    results.iter().find(|results| results.name == name)
}

/// The ratio of two variants: the median over all rounds.
fn ratio(results: &Results, baseline: &Results, measure: Measure) -> f64 {
    median(&mut ratios(results, baseline, measure, None))
}

/// The ratios of all rounds, or of those after one start.
fn ratios(results: &Results, baseline: &Results, measure: Measure, start: Option<usize>) -> Vec<f64> {
    let pairs = results.rounds.iter().zip(&baseline.rounds);
    let pairs = pairs.filter(|(round, _)| start.is_none_or(|start| round.start == start));
    pairs.map(|(round, base)| measure.of(round) / measure.of(base)).collect()
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Measure::Cpu => "CPU",
            Measure::Latency => "latency",
        }
    }

    fn of(self, round: &Round) -> f64 {
        match self {
            Measure::Cpu => round.cpu_per_request,
            Measure::Latency => round.p50,
        }
    }
}

/// The processor, the number of processors, and the kernel.
fn machine() -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "processor": model.map_or("unknown", |(_, model)| model),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    })
}
