//! The record of a trace: without secrets, with nested steps. `--json` prints it without changes.

use serde::Serialize;
use std::collections::BTreeMap;

/// A trace.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    pub(super) bundle: Option<String>,
    pub(super) proxy_endpoint: Option<String>,
    pub(super) request: Message,
    pub(super) events: Vec<Entry>,
    /// The fault in the response to the client.
    pub(super) fault: Option<Fault>,
    /// The request to the upstream; absent when it gets none.
    pub(super) upstream_request: Option<Message>,
    /// The response of the upstream.
    pub(super) upstream_response: Option<Message>,
    /// The response to the client.
    pub(super) response: Option<Message>,
    /// Whether the filter made the response to the client.
    pub(super) is_local_reply: bool,
    /// Filter state without the prefix `wasm.`.
    pub(super) published: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
    pub(super) unused_replies: Vec<String>,
}

/// An event.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Entry {
    Flow {
        target_endpoint: Option<String>,
        name: String,
        direction: &'static str,
    },
    /// The calls of the next steps start together.
    Group {
        policies: Vec<String>,
    },
    Choice {
        what: String,
        condition: Option<Condition>,
        taken: bool,
    },
    Step(Step),
    Call(Call),
    /// A policy looked for an entry of a cache, or stored one: `hit`, `miss`, `wait` or `eviction`.
    Cache {
        result: &'static str,
    },
    ErrorFlow(Fault),
    /// The upstream gets the request.
    Upstream,
    /// The filter passes the request, and Envoy has no route for it.
    NoRoute,
    /// The client gets the response.
    Response,
}

/// The fault in the response to the client: the fault that started the error flow, or the fault of a step in a fault
/// rule.
pub(super) fn final_fault(entries: &[Entry]) -> Option<&Fault> {
    let mut last = None;
    for entry in entries {
        match entry {
            Entry::ErrorFlow(fault) => last = Some(fault),
            Entry::Step(Step { outcome: Outcome::Fault, fault, .. }) if last.is_some() => last = fault.as_ref(),
            // The steps after the response belong to PostClientFlow.
            Entry::Response => return last,
            _ => {}
        }
    }
    last
}

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// The number in the order of steps.
    pub(super) number: usize,
    pub(super) policy: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) condition: Option<Condition>,
    pub(super) outcome: Outcome,
    /// The calls, and the steps of the shared flow.
    pub(super) events: Vec<Entry>,
    /// The written variables; null for a variable without a value.
    pub(super) written: BTreeMap<String, Option<String>>,
    pub(super) fault: Option<Fault>,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Ran,
    /// The step failed, and the flow ends.
    Fault,
    /// The step failed, and the flow continues.
    FaultContinued,
    ConditionFalse,
    Disabled,
    Unsupported,
}

/// A condition and the values of its variables.
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
    /// The cluster; absent for a bundle, which contains no clusters.
    pub(super) cluster: Option<String>,
    pub(super) timeout_ms: u64,
    pub(super) reply: Option<Message>,
    pub(super) failure: Option<Failure>,
    pub(super) source: Source,
}

/// The cause of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Timeout,
    Unreachable,
    Reset,
    Protocol,
    TooLarge,
}

/// The source of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Given,
    Mock,
    /// No reply was given.
    Missing,
    /// The policy does not wait for a reply.
    NotAwaited,
}

/// A request or a response.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    #[serde(flatten)]
    pub(super) start: Start,
    /// Names and values in the order of the message.
    pub(super) headers: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// The start line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Start {
    Request { method: String, url: String },
    Response { status: u16 },
}

/// A body: text or other bytes.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Text { body: String },
    Bytes { body_base64: String },
}
