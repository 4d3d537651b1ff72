//! Envoy as the host of a transaction.

use crate::abi::Attribute;
use crate::allocator;
use crate::background::{self, NativeBackground};
use crate::call::Pending;
use crate::plugin::Plugin;
use crate::span::Span;
use crate::stream::Stream;
use bytes::Bytes;
use envoy_callout::envoy::replies;
use envoy_callout::envoy::response::Limits;
use envoy_callout::flow::cache::CacheEvent;
use envoy_callout::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use envoy_callout::flow::headers::{HeaderChange, Headers};
use envoy_callout::flow::host::Host;
use envoy_callout::plan::PolicyId;
use envoy_callout::stream::{Progress, StreamState};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// What a transaction asks of its stream. The stream does it after the poll, because Envoy then calls other entry points
/// or destroys the filter.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// The local reply to the client.
    pub(crate) reply: RefCell<Option<Reply>>,
    /// Whether Envoy must choose the route again, because a header of the request changed.
    pub(crate) clears_route: Cell<bool>,
}

/// The host of one stream's transaction.
pub(crate) struct NativeHost {
    plugin: Rc<Plugin>,
    state: Rc<StreamState>,
    requests: Rc<Requests>,
    stream: Stream,
    /// The spans of calls that have ended, until the outcome of their policy is known.
    spans: RefCell<Vec<(PolicyId, Span)>>,
}

impl NativeHost {
    pub(crate) fn new(
        plugin: Rc<Plugin>,
        state: Rc<StreamState>,
        requests: Rc<Requests>,
        stream: Stream,
    ) -> NativeHost {
        NativeHost { plugin, state, requests, stream, spans: RefCell::default() }
    }

    /// Keeps the span of a call until the outcome of its policy is known. The span of an earlier call of the policy, such
    /// as one to another server, ends.
    fn keep_span(&self, policy: PolicyId, span: Option<Span>) {
        drop(self.take_span(policy));
        if let (Some(span), Ok(mut spans)) = (span, self.spans.try_borrow_mut()) {
            spans.push((policy, span));
        }
    }

    fn take_span(&self, policy: PolicyId) -> Option<Span> {
        let mut spans = self.spans.try_borrow_mut().ok()?;
        let index = spans.iter().position(|(other, _)| *other == policy)?;
        Some(spans.swap_remove(index).1)
    }

    /// Sets the lines of a header. Envoy's interface cannot set an empty line, so the header has none
    /// (docs/envoy-dynamic-modules.md 3).
    fn set_lines(&self, direction: Direction, name: &[u8], values: &[Bytes]) -> bool {
        let mut values = values.iter().filter(|value| !value.is_empty());
        let first = values.next().map_or(&[][..], |first| first);
        let is_set = self.stream.set_header(direction, name, first);
        values.fold(is_set, |is_set, value| self.stream.add_header(direction, name, value) && is_set)
    }
}

impl Host for NativeHost {
    type Background = NativeBackground;

    fn background(&self) -> NativeBackground {
        NativeBackground::new(Rc::clone(&self.plugin))
    }

    fn now(&self) -> Duration {
        background::now()
    }

    fn random(&self, buffer: &mut [u8]) {
        // The buffer keeps its content when the system has no random bytes.
        let _ = getrandom::fill(buffer);
    }

    fn memory_left(&self) -> usize {
        allocator::left_of(self.plugin.plan.body_memory_bytes)
    }

    fn headers(&self, direction: Direction) -> Headers {
        self.stream.headers(direction)
    }

    fn change_header(&self, direction: Direction, change: &HeaderChange) {
        let is_changed = match change {
            HeaderChange::Remove(name) => self.stream.set_header(direction, name.as_bytes(), b""),
            HeaderChange::Set(name, values) => self.set_lines(direction, name.as_bytes(), values),
        };
        if !is_changed {
            log::warn!("callout: a header was not changed");
        }
        if direction == Direction::Request {
            self.requests.clears_route.set(true);
        }
    }

    async fn body(&self, direction: Direction) -> Option<Bytes> {
        let size = self.state.wait_for(direction, |progress| match progress {
            Progress::Nothing | Progress::Partial => None,
            Progress::Complete(size) => Some(size),
        });
        let size = size.await?;
        if size > self.memory_left() {
            log::warn!("callout: no memory for a body of {size} bytes");
            self.reply(&replies::no_memory());
            // The reply ends the stream. The flow cannot run without the body.
            return std::future::pending().await;
        }
        Some(self.stream.body(direction))
    }

    fn replace_body(&self, direction: Direction, body: &[u8]) {
        if !self.stream.replace_body(direction, body) {
            log::warn!("callout: a body was not replaced");
        }
    }

    fn resume(&self, direction: Direction) {
        self.state.resume(direction);
    }

    async fn response(&self) -> bool {
        let has_headers = |progress| (progress != Progress::Nothing).then_some(());
        self.state.wait_for(Direction::Response, has_headers).await;
        let details = self.stream.attribute_text(Attribute::ResponseCodeDetails).unwrap_or_default();
        replies::is_of_upstream(&details)
    }

    async fn ended(&self) {
        self.state.end_of_stream().await;
    }

    fn reply(&self, reply: &Reply) {
        self.state.set_replied();
        log::debug!("callout: reply {} ({})", reply.status, reply.details);
        if let Ok(mut waiting) = self.requests.reply.try_borrow_mut() {
            *waiting = Some(reply.clone());
        }
    }

    async fn call(&self, policy: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        let span = Span::start(self.stream, &self.plugin.plan, policy, call);
        let pending = match Pending::dispatch(self.stream, call) {
            Ok(pending) => pending,
            Err(failure) => {
                self.keep_span(policy, span.map(|span| span.failed(&failure)));
                return Err(failure);
            }
        };
        let metrics = &self.plugin.metrics;
        metrics.count_request(policy);
        let limits = || Limits { max_bytes: call.max_response_bytes, memory_left: self.memory_left() };
        let (response, elapsed) = pending.response(call, limits).await;
        metrics.record_duration(policy, elapsed);
        if let Some(span) = span {
            let span = match &response {
                Ok(reply) => span.responded(reply.status),
                Err(failure) => span.failed(failure),
            };
            self.keep_span(policy, Some(span));
        }
        response
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.plugin.metrics.count_outcome(policy, outcome);
        if let Some(span) = self.take_span(policy) {
            span.end(outcome);
        }
    }

    fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32) {
        self.plugin.metrics.count_cache(policy, event, count);
    }

    fn attribute(&self, path: &[&str]) -> Option<Bytes> {
        let text = |attribute| self.stream.attribute_text(attribute);
        let number = |attribute| {
            let value = self.stream.attribute_number(attribute)?;
            Some(Bytes::copy_from_slice(&value.to_le_bytes()))
        };
        match path {
            ["request", "id"] => text(Attribute::RequestId),
            ["request", "protocol"] => text(Attribute::RequestProtocol),
            ["request", "time"] => {
                let nanoseconds = u64::try_from(self.stream.start_time().as_nanos()).ok()?;
                Some(Bytes::copy_from_slice(&nanoseconds.to_le_bytes()))
            }
            ["source", "address"] => text(Attribute::SourceAddress),
            ["source", "port"] => number(Attribute::SourcePort),
            ["connection", "tls_version"] => text(Attribute::ConnectionTlsVersion),
            ["connection", "subject_peer_certificate"] => text(Attribute::ConnectionSubjectPeerCertificate),
            ["upstream", "address"] => text(Attribute::UpstreamAddress),
            ["upstream", "port"] => number(Attribute::UpstreamPort),
            // The interface has no access to the node (docs/envoy-dynamic-modules.md 5).
            _ => None,
        }
    }

    fn filter_state(&self, name: &str) -> Option<Bytes> {
        self.stream.filter_state(format!("wasm.{name}").as_bytes())
    }

    fn publish(&self, name: &str, value: &[u8]) {
        if !self.stream.set_filter_state(format!("wasm.{name}").as_bytes(), value) {
            log::warn!("callout: filter state was not set");
        }
    }
}
