//! The recording of a transaction's events for a trace.

use crate::flow::call::Direction;
use crate::flow::host::Host;
use crate::flow::message::{Message, StartLine};
use crate::flow::trace::{EvaluatedCondition, Event, StepStatus, TracedFault};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::Step;
use crate::policy::Policy;
use crate::policy::condition::Condition;
use crate::policy::endpoint::{FaultRule, Flow, RouteRule};
use std::collections::BTreeMap;

/// A flow, route rule or fault rule, which a condition chooses.
pub(super) trait Choice {
    fn condition(&self) -> Option<&Condition>;
    fn title(&self) -> String;
}

impl<S> Choice for Flow<S> {
    fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    fn title(&self) -> String {
        format!("flow {}", self.name)
    }
}

impl<S> Choice for FaultRule<S> {
    fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    fn title(&self) -> String {
        format!("fault rule {}", self.name)
    }
}

impl Choice for RouteRule {
    fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    fn title(&self) -> String {
        format!("route rule {}", self.name)
    }
}

/// The text of every variable by name. A message is represented by its parts.
pub(super) type Snapshot = BTreeMap<String, String>;

impl<H: Host> Transaction<'_, H> {
    pub(super) fn record_choice(&mut self, choice: &impl Choice, is_taken: bool) {
        let condition = self.evaluated(choice.condition());
        self.host.record(Event::Choice { what: choice.title(), condition, is_taken });
    }

    pub(super) fn record_step(&mut self, step: &Step, policy: &Policy, entry: StepStatus) {
        let condition = self.evaluated(step.condition.as_ref());
        let (name, kind) = (policy.attributes().name.to_string(), policy.kind().to_owned());
        let is_unsupported = entry == StepStatus::Runs && policy.unsupported().is_some();
        let entry = if is_unsupported { StepStatus::Unsupported } else { entry };
        self.host.record(Event::Step { policy: name, kind, condition, entry });
    }

    /// Records the start of a flow of the current endpoint.
    pub(super) fn record_flow(&mut self, name: &str, direction: Direction) {
        let target = self.target_endpoint.map(|target| target.endpoint.name.clone());
        self.host.record(Event::Flow { target, name: name.to_owned(), direction });
    }

    /// Records the end of a step. `before` are the values at its start.
    pub(super) fn record_end(
        &mut self,
        policy: &Policy,
        before: &Snapshot,
        fault: Option<TracedFault>,
        continues: bool,
    ) {
        let after = self.snapshot();
        let changed = after.iter().filter(|(name, value)| match before.get(*name) {
            Some(value_before) => value_before != *value,
            // Empty parts of a new message are left out.
            None => !(value.is_empty() && EMPTY_PARTS.iter().any(|part| name.ends_with(part))),
        });
        let removed = before.keys().filter(|name| !after.contains_key(*name));
        let mut written: Vec<(String, Option<String>)> =
            changed.map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        written.extend(removed.map(|name| (name.clone(), None)));
        let policy = policy.attributes().name.to_string();
        self.host.record(Event::Ended { policy, fault, continues, written });
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        // The request is fetched at its first read, but no step has set it.
        self.message_named("request");
        let mut snapshot = Snapshot::new();
        for (name, value) in self.variables.iter() {
            match value {
                Value::Message(id) => {
                    if let Some(message) = self.message(*id) {
                        describe(name, message, &mut snapshot);
                    }
                }
                value => drop(snapshot.insert(name.to_string(), self.render(value).to_string())),
            }
        }
        snapshot
    }

    fn evaluated(&mut self, condition: Option<&Condition>) -> Option<EvaluatedCondition> {
        let condition = condition?;
        let mut values: Vec<(String, Option<String>)> = Vec::new();
        for variable in condition.variables() {
            let name = variable.name().to_string();
            if !values.iter().any(|(known, _)| *known == name) {
                let value = self.text(variable).map(|value| value.to_string());
                values.push((name, value));
            }
        }
        Some(EvaluatedCondition { text: condition.to_string(), values })
    }
}

/// The parts that every message has, empty or not.
const EMPTY_PARTS: [&str; 4] = [".path", ".querystring", ".reason.phrase", ".content"];

fn describe(name: &str, message: &Message, snapshot: &mut Snapshot) {
    let mut add = |part: &str, value: String| drop(snapshot.insert(format!("{name}.{part}"), value));
    match &message.start {
        StartLine::Request(line) => {
            add("verb", line.verb().to_string());
            add("path", line.path.to_string());
            add("querystring", line.query.as_text().to_string());
        }
        StartLine::Response(line) => {
            add("status.code", line.status.to_string());
            add("reason.phrase", line.reason.to_string());
        }
    }
    for header in message.headers.names() {
        let value = message.headers.joined(&header).unwrap_or_default();
        add(&format!("header.{}", header.to_ascii_lowercase()), value.to_string());
    }
    add("content", message.content().to_string());
}
