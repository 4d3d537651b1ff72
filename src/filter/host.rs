//! Envoy as the outside of a transaction.

use crate::filter::abi::{self, HeaderMap, HostError, LogLevel};
use crate::filter::background::{self, EnvoyBackground};
use crate::filter::call::Pending;
use crate::filter::plugin::Plugin;
use crate::filter::state::{Gate, Progress, State};
use crate::flow::exchange::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use crate::flow::fault::{Fault, FaultFormat};
use crate::flow::headers::{HeaderChange, Headers};
use crate::flow::host::Host;
use bytes::Bytes;
use bytestring::ByteString;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// How a response that came from the upstream, or from the route in its place, ends in
/// `%RESPONSE_CODE_DETAILS%`.
const UPSTREAM_DETAILS: [&[u8]; 2] = [b"via_upstream", b"direct_response"];

/// The host of one stream's transaction.
pub(super) struct EnvoyHost {
    plugin: Rc<Plugin>,
    state: Rc<State>,
}

impl EnvoyHost {
    pub(super) fn new(plugin: Rc<Plugin>, state: Rc<State>) -> EnvoyHost {
        EnvoyHost { plugin, state }
    }

    async fn progress<T>(&self, direction: Direction, ready: impl Fn(Progress) -> Option<T>) -> T {
        let side = self.state.side(direction);
        poll_fn(|_| ready(side.progress.get()).map_or(Poll::Pending, Poll::Ready)).await
    }
}

fn map(direction: Direction) -> HeaderMap {
    match direction {
        Direction::Request => HeaderMap::Request,
        Direction::Response => HeaderMap::Response,
    }
}

fn buffer(direction: Direction) -> abi::Body {
    match direction {
        Direction::Request => abi::Body::Request,
        Direction::Response => abi::Body::Response,
    }
}

/// Tells of a host call that should not have failed. The request goes on: a warning is all that can be done.
fn note(what: &str, result: Result<(), abi::HostError>) {
    if let Err(error) = result {
        abi::log(LogLevel::Warn, &format!("callout: {what}: {error:?}"));
    }
}

/// What a client gets for whose body the worker has no memory left.
#[cold]
fn no_memory() -> Reply {
    let fault = Fault::of_flow("messaging.runtime.ServiceUnavailable", "The Service is temporarily unavailable", 503);
    let (body, content_type) = fault.body(FaultFormat::Json);
    Reply {
        status: fault.status,
        headers: vec![(ByteString::from_static("content-type"), Bytes::from_static(content_type.as_bytes()))],
        body: Bytes::from(body),
        details: "callout_no_memory".to_owned(),
    }
}

impl Host for EnvoyHost {
    type Background = EnvoyBackground;

    fn background(&self) -> EnvoyBackground {
        EnvoyBackground::new(Rc::clone(&self.plugin))
    }

    fn now(&self) -> Duration {
        background::now()
    }

    fn random(&self, buffer: &mut [u8]) {
        abi::random(buffer);
    }

    fn headers(&self, direction: Direction) -> Headers {
        abi::header_map(map(direction)).unwrap_or_default()
    }

    fn change_header(&self, direction: Direction, change: &HeaderChange) {
        let map = map(direction);
        match change {
            HeaderChange::Remove(name) => note("a header was not removed", abi::remove_header(map, name.as_bytes())),
            HeaderChange::Set(name, values) => {
                let mut values = values.iter();
                if let Some(first) = values.next() {
                    note("a header was not set", abi::replace_header(map, name.as_bytes(), first));
                }
                for value in values {
                    note("a header was not added", abi::add_header(map, name.as_bytes(), value));
                }
            }
        }
    }

    async fn body(&self, direction: Direction) -> Option<Bytes> {
        let size = self.progress(direction, |progress| match progress {
            Progress::Nothing | Progress::Partly => None,
            Progress::Whole(size) => Some(size),
        });
        let size = size.await?;
        match abi::body(buffer(direction), size) {
            Ok(body) => Some(body),
            // There was none after all.
            Err(HostError::NotFound | HostError::BadArgument) => Some(Bytes::new()),
            Err(error) => {
                abi::log(LogLevel::Warn, &format!("callout: no memory for a body of {size} bytes: {error:?}"));
                self.reply(&no_memory());
                // Nothing of the flow can run without it; the stream ends with its client's answer.
                pending().await
            }
        }
    }

    fn replace_body(&self, direction: Direction, body: &[u8]) {
        note("a body was not replaced", abi::replace_body(buffer(direction), usize::MAX, body));
    }

    fn resume(&self, direction: Direction) {
        self.state.side(direction).gate.set(Gate::Open);
    }

    async fn response(&self) -> bool {
        let came = |progress| (progress != Progress::Nothing).then_some(());
        self.progress(Direction::Response, came).await;
        let details = abi::property(&["response", "code_details"]).unwrap_or_default();
        UPSTREAM_DETAILS.iter().any(|upstream| details.starts_with(upstream))
    }

    async fn ended(&self) {
        poll_fn(|_| if self.state.is_ended.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn reply(&self, reply: &Reply) {
        self.state.is_replied.set(true);
        let sent = abi::send_local_response(reply.status.into(), &reply.details, &reply.headers, &reply.body);
        note("the client was not answered", sent);
    }

    async fn call(&self, policy: usize, call: &Call) -> Result<CallReply, CallFailure> {
        let pending = Pending::dispatch(call)?;
        let metrics = &self.plugin.metrics;
        metrics.count_request(policy);
        let inflight = metrics.inflight(policy);
        let (answer, elapsed) = pending.answer(call).await;
        metrics.record_duration(policy, elapsed);
        drop(inflight);
        answer
    }

    fn count(&self, policy: usize, outcome: Outcome) {
        self.plugin.metrics.count_outcome(policy, outcome);
    }

    fn attribute(&self, path: &[&str]) -> Option<Bytes> {
        abi::property(path).ok()
    }

    fn filter_state(&self, name: &str) -> Option<Bytes> {
        // What other Wasm filters set, else what Envoy's own filters set.
        abi::property(&[name]).or_else(|_| abi::property(&["filter_state", &format!("wasm.{name}")])).ok()
    }

    fn publish(&self, name: &str, value: &[u8]) {
        note("filter state was not set", abi::set_filter_state(name, value));
    }
}
