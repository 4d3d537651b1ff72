//! What a rehearsal sees of a transaction: each decision with the values it saw, each step with what it wrote.
//!
//! Only a host that asks for it pays for it: see [`Host::IS_TRACED`](crate::flow::host::Host::IS_TRACED).

use crate::flow::call::{Call, CallFailure, CallReply, Direction};
use crate::flow::fault::Fault;

/// Something that a transaction did, in the order in which it does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A flow with steps begins.
    Flow {
        /// The target endpoint that it belongs to; absent for a flow of the proxy.
        target: Option<String>,
        /// `PreFlow`
        name: String,
        /// Which of its two lists of steps runs.
        direction: Direction,
    },
    /// One of several was looked at: a conditional flow, a route rule, a fault rule.
    Choice {
        /// `route rule default`
        what: String,
        /// What it depends on; nothing, when absent.
        condition: Option<Asked>,
        /// Whether it was taken.
        is_taken: bool,
    },
    /// A step was reached.
    Step {
        /// The policy's name.
        policy: String,
        /// The policy type.
        kind: String,
        /// What it depends on; nothing, when absent.
        condition: Option<Asked>,
        /// Whether it runs.
        entry: StepStatus,
    },
    /// A step that ran has ended.
    Ended {
        /// The policy's name.
        policy: String,
        /// How it failed, if it did.
        fault: Option<TracedFault>,
        /// Whether the flow goes on after it.
        goes_on: bool,
        /// The variables that it changed, by name; without a value, it made them unresolved.
        written: Vec<(String, Option<String>)>,
    },
    /// A call was made.
    Call {
        /// What was sent.
        call: Call,
        /// The answer; absent when nobody waits for it.
        reply: Option<Result<CallReply, CallFailure>>,
        /// Where the answer comes from.
        source: ReplySource,
    },
    /// One of the client's messages goes on as it is now.
    Resumed(Direction),
    /// The client is answered here.
    Replied,
    /// The error flow begins.
    ErrorFlow(TracedFault),
}

/// Where the answer to a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplySource {
    /// It was given to the host.
    Given,
    /// The host made it, in the place of a service that always answers so.
    Mock,
    /// The host has none.
    Nowhere,
}

/// Whether a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// It does.
    Runs,
    /// Its condition does not hold.
    ConditionFalse,
    /// Its policy has `enabled="false"`.
    Disabled,
    /// Its policy is of a type that does not run here, and is passed over.
    Unsupported,
}

/// A condition with the values that it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The condition, in its canonical form.
    pub text: String,
    /// Each variable once, with its value where it resolves.
    pub values: Vec<(String, Option<String>)>,
}

/// A fault in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedFault {
    /// The error code.
    pub code: String,
    /// The fault string.
    pub reason: String,
}

impl From<&Fault> for TracedFault {
    fn from(fault: &Fault) -> TracedFault {
        TracedFault { code: fault.code.to_string(), reason: fault.reason.clone() }
    }
}
