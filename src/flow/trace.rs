//! The events of a transaction: each decision with the values of its variables, each step with the variables it
//! changed.
//!
//! They are recorded when [`Host::IS_TRACED`](crate::flow::host::Host::IS_TRACED) is true.

use crate::flow::cache::CacheEvent;
use crate::flow::call::{Call, CallFailure, CallReply, Direction};
use crate::flow::fault::Fault;

/// An event of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A flow with steps begins.
    Flow {
        /// The target endpoint that it belongs to; absent for a flow of the proxy.
        target: Option<String>,
        /// `PreFlow`
        name: String,
        /// The list of steps that runs.
        direction: Direction,
    },
    /// The condition of a conditional flow, a route rule or a fault rule was evaluated.
    Choice {
        /// `route rule default`
        what: String,
        /// The condition, if it has one.
        condition: Option<EvaluatedCondition>,
        /// Whether the condition is true.
        is_taken: bool,
    },
    /// A group of steps was reached whose calls start together.
    Group {
        /// The names of their policies.
        policies: Vec<String>,
    },
    /// A step was reached.
    Step {
        /// The policy's name.
        policy: String,
        /// The policy type.
        kind: String,
        /// The condition, if it has one.
        condition: Option<EvaluatedCondition>,
        /// Whether it runs.
        entry: StepStatus,
    },
    /// A step that ran has ended.
    Ended {
        /// The policy's name.
        policy: String,
        /// The fault, if it failed.
        fault: Option<TracedFault>,
        /// Whether the flow continues after it.
        continues: bool,
        /// The changed variables by name. Those without a value no longer resolve.
        written: Vec<(String, Option<String>)>,
    },
    /// A call was made.
    Call {
        /// The request.
        call: Call,
        /// The response or failure; `None` when the policy does not wait for it.
        reply: Option<Result<CallReply, CallFailure>>,
        /// The source of the response.
        source: ReplySource,
    },
    /// A policy looked for an entry of a cache, or stored one.
    Cache(CacheEvent),
    /// A direction was resumed with the current message.
    Resumed(Direction),
    /// The client got a local reply.
    Replied,
    /// The error flow begins.
    ErrorFlow(TracedFault),
}

/// The source of the response to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplySource {
    /// The user of the host supplied it.
    Given,
    /// The host's mock of the service made it.
    Mock,
    /// There is no response.
    None,
}

/// Whether a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// It runs.
    Runs,
    /// Its condition is false.
    ConditionFalse,
    /// Its policy has `enabled="false"`.
    Disabled,
    /// The filter does not support the policy type and skips the step.
    Unsupported,
}

/// A condition with the values of its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluatedCondition {
    /// The condition, in its canonical form.
    pub text: String,
    /// Each variable once, with its value where it resolves.
    pub values: Vec<(String, Option<String>)>,
}

/// The code and reason of a fault.
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
