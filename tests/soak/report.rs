//! What was checked, what deviates, and the table of both.

use std::fmt;
use std::sync::Mutex;

/// The checks of a soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A message contains the id of its own request.
    MixedUp,
    /// Every call arrives.
    Lost,
    /// No call arrives twice.
    Duplicate,
    /// The response or the fault is that of the injected failure.
    Response,
    /// A failure of a policy with `continueOnError` is not shown.
    ErrorShown,
    /// A request of a client that sends unusual messages.
    Odd,
    /// The fault after a server was killed is a documented one.
    Killed,
    /// No update loses a request, and only good updates have an effect.
    Update,
    /// The metrics are those of the injected outcomes.
    Metric,
    /// No VM fails, and the native module does not panic.
    Vm,
    /// The memory does not grow.
    Memory,
}

const CHECKS: [(Check, &str); 11] = [
    (Check::MixedUp, "ids that come back from another request"),
    (Check::Lost, "lost calls"),
    (Check::Duplicate, "duplicate calls"),
    (Check::Response, "wrong responses and faults"),
    (Check::ErrorShown, "errors shown despite continueOnError"),
    (Check::Odd, "wrong responses to unusual clients"),
    (Check::Killed, "wrong responses while servers are killed"),
    (Check::Update, "requests lost by updates, wrong updates"),
    (Check::Metric, "wrong metrics"),
    (Check::Vm, "failed VMs, or panics"),
    (Check::Memory, "memory growth beyond 1 % per 100,000 requests"),
];

/// Maximum number of deviations that the report contains in full.
const SHOWN: usize = 20;

#[derive(Default)]
struct State {
    checked: [u64; CHECKS.len()],
    deviating: [u64; CHECKS.len()],
    texts: Vec<String>,
}

/// Deviations while the soak runs.
#[derive(Default)]
pub struct Findings(Mutex<State>);

impl Findings {
    /// Adds a deviation.
    pub fn add(&self, check: Check, text: String) {
        let mut state = self.0.lock().unwrap();
        state.deviating[check as usize] += 1;
        if state.texts.len() < SHOWN {
            eprintln!("deviation: {text}");
            state.texts.push(text);
        }
    }

    /// Counts what was checked.
    pub fn checked(&self, check: Check, count: u64) {
        self.0.lock().unwrap().checked[check as usize] += count;
    }
}

/// The result of a soak.
pub struct Report {
    /// Facts about the run: name and value.
    pub facts: Vec<(String, String)>,
    checked: [u64; CHECKS.len()],
    deviating: [u64; CHECKS.len()],
    texts: Vec<String>,
}

impl Report {
    pub fn new(findings: &Findings, facts: Vec<(String, String)>) -> Report {
        let state = findings.0.lock().unwrap();
        Report { facts, checked: state.checked, deviating: state.deviating, texts: state.texts.clone() }
    }

    pub fn has_deviations(&self) -> bool {
        self.deviating.iter().any(|count| *count > 0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| soak | |\n|---|---|")?;
        for (name, value) in &self.facts {
            writeln!(f, "| {name} | {value} |")?;
        }
        writeln!(f, "\n| check | checked | deviations |\n|---|---|---|")?;
        for (check, name) in CHECKS {
            let index = check as usize;
            writeln!(f, "| {name} | {} | {} |", self.checked[index], self.deviating[index])?;
        }
        let all: u64 = self.deviating.iter().sum();
        writeln!(f, "\n{all} deviations")?;
        self.texts.iter().try_for_each(|text| writeln!(f, "  {text}"))
    }
}
