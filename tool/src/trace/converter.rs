//! Converts the events of the scripted host to the entries of the report.

use super::record::{Body, Call, Condition, Entry, Failure, Fault, Message, Outcome, Source, Start, Step};
use super::secrets::Secrets;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use envoy_callout::flow::cache::CacheEvent;
use envoy_callout::flow::call;
use envoy_callout::flow::call::{CallFailure, Direction};
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::trace::{EvaluatedCondition, Event, ReplySource, StepStatus, TracedFault};
use std::collections::BTreeMap;

/// The cluster of all calls of a bundle.
const ANY: &str = "any";

/// Converts events. Numbers the steps and masks secrets.
#[derive(Debug)]
pub(super) struct Converter<'s> {
    secrets: &'s Secrets,
    has_route: bool,
    steps: usize,
}

type Written = BTreeMap<String, Option<String>>;

impl<'s> Converter<'s> {
    /// `has_route` is whether the request has a route to an upstream.
    pub(super) fn new(secrets: &'s Secrets, has_route: bool) -> Converter<'s> {
        Converter { secrets, has_route, steps: 0 }
    }

    /// The entries of all events.
    pub(super) fn entries(&mut self, events: &[Event]) -> Vec<Entry> {
        self.level(&mut events.iter()).0
    }

    /// The entries up to the end of the current step, and the event of the end.
    fn level<'e>(&mut self, events: &mut impl Iterator<Item = &'e Event>) -> (Vec<Entry>, Option<&'e Event>) {
        let mut entries = Vec::new();
        while let Some(event) = events.next() {
            entries.push(match event {
                Event::Ended { .. } => return (entries, Some(event)),
                Event::Flow { target, name, direction } => Entry::Flow {
                    target_endpoint: target.clone(),
                    name: name.clone(),
                    direction: match direction {
                        Direction::Request => "request",
                        Direction::Response => "response",
                    },
                },
                Event::Group { policies } => Entry::Group { policies: policies.clone() },
                Event::Choice { what, condition, is_taken } => Entry::Choice {
                    what: what.clone(),
                    condition: condition.as_ref().map(|condition| self.condition(condition)),
                    taken: *is_taken,
                },
                Event::Step { policy, kind, condition, entry } => {
                    self.steps = self.steps.saturating_add(1);
                    let mut step = Step {
                        number: self.steps,
                        policy: policy.clone(),
                        kind: kind.clone(),
                        condition: condition.as_ref().map(|condition| self.condition(condition)),
                        outcome: match entry {
                            StepStatus::Runs => Outcome::Ran,
                            StepStatus::ConditionFalse => Outcome::ConditionFalse,
                            StepStatus::Disabled => Outcome::Disabled,
                            StepStatus::Unsupported => Outcome::Unsupported,
                        },
                        events: Vec::new(),
                        written: Written::new(),
                        fault: None,
                    };
                    if matches!(entry, StepStatus::Runs | StepStatus::Unsupported) {
                        let (inside, end) = self.level(events);
                        step.events = inside;
                        self.end(&mut step, end);
                    }
                    Entry::Step(step)
                }
                Event::Call { call, reply, source } => Entry::Call(self.call(call, reply.as_ref(), *source)),
                Event::Cache(event) => Entry::Cache {
                    result: match event {
                        CacheEvent::Hit => "hit",
                        CacheEvent::Miss => "miss",
                        CacheEvent::Wait => "wait",
                        CacheEvent::Eviction => "eviction",
                    },
                },
                Event::ErrorFlow(failure) => Entry::ErrorFlow(self.fault(failure)),
                Event::Resumed(Direction::Request) if self.has_route => Entry::Upstream,
                Event::Resumed(Direction::Request) => Entry::NoRoute,
                Event::Resumed(Direction::Response) | Event::Replied => Entry::Response,
            });
        }
        (entries, None)
    }

    fn end(&self, step: &mut Step, end: Option<&Event>) {
        let Some(Event::Ended { fault, continues, written, .. }) = end else { return };
        let mut inside = Written::new();
        written_by(&step.events, &mut inside);
        for (name, value) in written {
            let value = value.as_ref().map(|value| self.secrets.hide_variable(name, value));
            // The steps of a shared flow contain the variables that they wrote.
            if inside.get(name) != Some(&value) {
                step.written.insert(name.clone(), value);
            }
        }
        step.fault = fault.as_ref().map(|failure| self.fault(failure));
        if fault.is_some() {
            step.outcome = if *continues { Outcome::FaultContinued } else { Outcome::Fault };
        }
    }

    fn condition(&self, condition: &EvaluatedCondition) -> Condition {
        let value = |(name, value): &(String, Option<String>)| {
            (name.clone(), value.as_ref().map(|value| self.secrets.hide_variable(name, value)))
        };
        Condition { text: self.secrets.hide(&condition.text), values: condition.values.iter().map(value).collect() }
    }

    fn fault(&self, failure: &TracedFault) -> Fault {
        Fault { code: failure.code.clone(), reason: self.secrets.hide(&failure.reason) }
    }

    fn call(
        &self,
        sent: &call::Call,
        reply: Option<&Result<call::CallReply, CallFailure>>,
        source: ReplySource,
    ) -> Call {
        let headers = sent.headers.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone()));
        Call {
            request: self.request(&Headers::new(headers.collect()), Some(&sent.body)),
            cluster: (sent.cluster != ANY).then(|| sent.cluster.to_string()),
            timeout_ms: u64::try_from(sent.timeout.as_millis()).unwrap_or(u64::MAX),
            reply: reply.and_then(|reply| reply.as_ref().ok()).map(|reply| {
                let (headers, body) = self.rest(&reply.headers, Some(&reply.body));
                Message { start: Start::Response { status: reply.status }, headers, body }
            }),
            failure: reply.and_then(|reply| reply.as_ref().err()).map(|failure| match failure {
                CallFailure::Timeout => Failure::Timeout,
                CallFailure::Unreachable => Failure::Unreachable,
                CallFailure::Reset => Failure::Reset,
                CallFailure::Protocol => Failure::Protocol,
                CallFailure::TooLarge(_) | CallFailure::NoMemory => Failure::TooLarge,
            }),
            source: match (reply, source) {
                (None, _) => Source::NotAwaited,
                (_, ReplySource::Given) => Source::Given,
                (_, ReplySource::Mock) => Source::Mock,
                (_, ReplySource::None) => Source::Missing,
            },
        }
    }

    /// A request with headers and pseudo-headers.
    pub(super) fn request(&self, headers: &Headers, body: Option<&bytes::Bytes>) -> Message {
        let part = |name: &str| headers.joined(name).unwrap_or_default().to_string();
        let url = format!("{}://{}{}", part(":scheme"), part(":authority"), part(":path"));
        let start = Start::Request { method: part(":method"), url: self.secrets.hide(&url) };
        let (headers, body) = self.rest(headers, body);
        Message { start, headers, body }
    }

    /// A response with headers and `:status`.
    pub(super) fn response(&self, headers: &Headers, body: Option<&bytes::Bytes>) -> Message {
        let status = headers.joined(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
        let (headers, body) = self.rest(headers, body);
        Message { start: Start::Response { status }, headers, body }
    }

    fn rest(&self, headers: &Headers, body: Option<&bytes::Bytes>) -> (Vec<(String, String)>, Body) {
        let lines = headers.lines().filter(|line| !line.name().starts_with(b":")).map(|line| {
            let name = line.to_name().to_string();
            let value = self.secrets.hide_header(&name, &String::from_utf8_lossy(line.value()));
            (name, value)
        });
        let body = body.map(|body| &body[..]).unwrap_or_default();
        let body = match std::str::from_utf8(body) {
            Ok(text) => Body::Text { body: self.secrets.hide(text) },
            Err(_) => Body::Bytes { body_base64: STANDARD.encode(self.secrets.hide_bytes(body)) },
        };
        (lines.collect(), body)
    }
}

/// Collects the last values of the variables that steps wrote.
fn written_by(entries: &[Entry], written: &mut Written) {
    for entry in entries {
        if let Entry::Step(step) = entry {
            written_by(&step.events, written);
            written.extend(step.written.clone());
        }
    }
}
