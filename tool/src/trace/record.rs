//! A rehearsal as a reader gets it: without secrets, steps inside of steps. `--json` prints it as it is.

use serde::Serialize;
use std::collections::BTreeMap;

/// The whole of it.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    pub(super) bundle: Option<String>,
    pub(super) proxy_endpoint: Option<String>,
    pub(super) request: Message,
    pub(super) events: Vec<Entry>,
    /// The fault that was answered.
    pub(super) fault: Option<Fault>,
    /// What the upstream is sent; absent when it is never asked.
    pub(super) upstream_request: Option<Message>,
    /// What it answers.
    pub(super) upstream_response: Option<Message>,
    /// What the client gets.
    pub(super) response: Option<Message>,
    /// Whether the filter made that, rather than the upstream.
    pub(super) is_made_here: bool,
    /// Filter state, without `wasm.`.
    pub(super) published: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
    pub(super) unused_replies: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Entry {
    Flow {
        target_endpoint: Option<String>,
        name: String,
        direction: &'static str,
    },
    Choice {
        what: String,
        condition: Option<Condition>,
        taken: bool,
    },
    Step(Step),
    Call(Call),
    ErrorFlow(Fault),
    /// The upstream is asked.
    Upstream,
    /// The request goes on, and Envoy has no route for it.
    NoRoute,
    /// The client is answered.
    Response,
}

/// The fault that the client is answered with: the one that began the error flow, unless a step of a fault rule replaced
/// it by its own.
pub(super) fn answered_fault(entries: &[Entry]) -> Option<&Fault> {
    let mut answered = None;
    for entry in entries {
        match entry {
            Entry::ErrorFlow(fault) => answered = Some(fault),
            Entry::Step(Step { outcome: Outcome::Fault, fault, .. }) if answered.is_some() => answered = fault.as_ref(),
            // Steps after it are those of PostClientFlow.
            Entry::Response => return answered,
            _ => {}
        }
    }
    answered
}

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// Its number in the order in which steps were reached.
    pub(super) number: usize,
    pub(super) policy: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) condition: Option<Condition>,
    pub(super) outcome: Outcome,
    /// Its calls, and the steps of its shared flow.
    pub(super) events: Vec<Entry>,
    /// The variables that it changed; null for one that does not resolve any more.
    pub(super) written: BTreeMap<String, Option<String>>,
    pub(super) fault: Option<Fault>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Ran,
    /// It failed, and the flow ends there.
    Fault,
    /// It failed, and the flow goes on.
    FaultContinued,
    ConditionFalse,
    Disabled,
    Unsupported,
}

/// A condition and what it saw.
#[derive(Debug, Serialize)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: BTreeMap<String, Option<String>>,
}

/// A fault.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fault {
    pub(super) code: String,
    pub(super) reason: String,
}

/// A call.
#[derive(Debug, Serialize)]
pub(super) struct Call {
    pub(super) request: Message,
    /// The cluster; absent for a bundle, which names none.
    pub(super) cluster: Option<String>,
    pub(super) timeout_ms: u64,
    pub(super) reply: Option<Message>,
    pub(super) failure: Option<Failure>,
    pub(super) source: Source,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Timeout,
    Unreachable,
    Reset,
    Protocol,
    TooLarge,
}

/// Where the reply comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Given,
    Mock,
    /// None was given.
    Missing,
    /// Nobody waits for one.
    NotAwaited,
}

/// A request or a response.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    #[serde(flatten)]
    pub(super) start: Start,
    /// Names and values in order.
    pub(super) headers: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// What stands above the headers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Start {
    Request { method: String, url: String },
    Response { status: u16 },
}

/// A body: text, or bytes that are none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Text { body: String },
    Bytes { body_base64: String },
}
