//! Envoy as the host of a transaction.

use crate::allocator;
use crate::envoy::replies;
use crate::filter::background::{self, EnvoyBackground};
use crate::filter::hostcalls::{self, HeaderMap, HostError};
use crate::filter::plugin::Plugin;
use crate::flow::cache::CacheEvent;
use crate::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use crate::flow::headers::{HeaderChange, Headers};
use crate::flow::host::{Background as _, Host};
use crate::plan::PolicyId;
use crate::stream::{Progress, StreamState};
use bytes::Bytes;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

/// The host of one stream's transaction.
pub(super) struct EnvoyHost {
    plugin: Rc<Plugin>,
    state: Rc<StreamState>,
}

impl EnvoyHost {
    pub(super) fn new(plugin: Rc<Plugin>, state: Rc<StreamState>) -> EnvoyHost {
        EnvoyHost { plugin, state }
    }
}

fn map(direction: Direction) -> HeaderMap {
    match direction {
        Direction::Request => HeaderMap::Request,
        Direction::Response => HeaderMap::Response,
    }
}

fn buffer(direction: Direction) -> hostcalls::Body {
    match direction {
        Direction::Request => hostcalls::Body::Request,
        Direction::Response => hostcalls::Body::Response,
    }
}

/// Logs the failure of a host call. The request continues.
fn log_failure(what: &str, result: Result<(), hostcalls::HostError>) {
    if let Err(error) = result {
        log::warn!("callout: {what}: {error:?}");
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
        hostcalls::random(buffer);
    }

    fn memory_left(&self) -> usize {
        allocator::left_of(self.plugin.plan.body_memory_bytes)
    }

    fn headers(&self, direction: Direction) -> Headers {
        hostcalls::header_map(map(direction)).unwrap_or_default()
    }

    fn change_header(&self, direction: Direction, change: &HeaderChange) {
        let map = map(direction);
        match change {
            HeaderChange::Remove(name) => {
                log_failure("a header was not removed", hostcalls::remove_header(map, name.as_bytes()))
            }
            HeaderChange::Set(name, values) => {
                let mut values = values.iter();
                if let Some(first) = values.next() {
                    log_failure("a header was not set", hostcalls::replace_header(map, name.as_bytes(), first));
                }
                for value in values {
                    log_failure("a header was not added", hostcalls::add_header(map, name.as_bytes(), value));
                }
            }
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
            return pending().await;
        }
        match hostcalls::body(buffer(direction), usize::MAX) {
            Ok(body) => Some(body),
            // Envoy has no buffer for an empty body.
            Err(HostError::NotFound | HostError::BadArgument) => Some(Bytes::new()),
            Err(error) => {
                log::warn!("callout: a body of {size} bytes cannot be read: {error:?}");
                self.reply(&replies::no_memory());
                pending().await
            }
        }
    }

    fn replace_body(&self, direction: Direction, body: &[u8]) {
        log_failure("a body was not replaced", hostcalls::replace_body(buffer(direction), usize::MAX, body));
    }

    fn resume(&self, direction: Direction) {
        self.state.resume(direction);
    }

    async fn response(&self) -> bool {
        let has_headers = |progress| (progress != Progress::Nothing).then_some(());
        self.state.wait_for(Direction::Response, has_headers).await;
        replies::is_of_upstream(&hostcalls::property(&["response", "code_details"]).unwrap_or_default())
    }

    async fn ended(&self) {
        self.state.end_of_stream().await;
    }

    fn reply(&self, reply: &Reply) {
        self.state.set_replied();
        log::debug!("callout: reply {} ({})", reply.status, reply.details);
        let sent = hostcalls::send_local_response(reply.status.into(), &reply.details, &reply.headers, &reply.body);
        log_failure("the local reply was not sent", sent);
    }

    async fn call(&self, policy: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        self.background().call_of(policy, call).await
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.plugin.metrics.count_outcome(policy, outcome);
    }

    fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32) {
        self.plugin.metrics.count_cache(policy, event, count);
    }

    fn attribute(&self, path: &[&str]) -> Option<Bytes> {
        hostcalls::property(path).ok()
    }

    fn filter_state(&self, name: &str) -> Option<Bytes> {
        // Other Wasm filters set the short name; Envoy's own filters set the full one.
        hostcalls::property(&[name]).or_else(|_| hostcalls::property(&["filter_state", &format!("wasm.{name}")])).ok()
    }

    fn publish(&self, name: &str, value: &[u8]) {
        log_failure("filter state was not set", hostcalls::set_filter_state(name, value));
    }
}
