//! The outside of a transaction: Envoy in the filter, a script in tests and tools.

use crate::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use crate::flow::headers::{HeaderChange, Headers};
use crate::flow::trace::Event;
use crate::plan::PolicyId;
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Everything that a transaction asks of its surroundings.
///
/// The stream waits while a transaction runs: it moves on only by [`Host::resume`] or ends by [`Host::reply`], each
/// at most once per direction.
pub trait Host {
    /// What outlives the stream.
    type Background: Background;

    /// Whether [`Host::record`] is to be told of everything.
    const IS_TRACED: bool = false;

    /// Takes note of what the transaction did.
    fn record(&self, _event: Event) {}

    /// A handle on what outlives the stream.
    fn background(&self) -> Self::Background;

    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Fills a buffer with random bytes.
    fn random(&self, buffer: &mut [u8]);

    /// The memory in bytes that bodies and values may still take on this worker.
    fn memory_left(&self) -> usize;

    /// All headers of a direction with Envoy's pseudo-headers (`:path`, `:status`); empty when they are gone.
    fn headers(&self, direction: Direction) -> Headers;

    /// Changes a header of a direction that still waits.
    fn change_header(&self, direction: Direction, change: &HeaderChange);

    /// Waits for the end of a direction's body. `None` when it has none.
    fn body(&self, direction: Direction) -> impl Future<Output = Option<Bytes>>;

    /// Replaces the body of a direction that has one and still waits.
    fn replace_body(&self, direction: Direction, body: &[u8]);

    /// Lets a direction go on.
    fn resume(&self, direction: Direction);

    /// Waits for the upstream's response headers. `false` when the response is none of the upstream's: a reply of
    /// Envoy or of this filter.
    fn response(&self) -> impl Future<Output = bool>;

    /// Waits until the client has its response.
    fn ended(&self) -> impl Future<Output = ()>;

    /// Answers the client in place of what waits.
    fn reply(&self, reply: &Reply);

    /// Makes a call for a policy and waits for its response.
    fn call(&self, policy: PolicyId, call: &Call) -> impl Future<Output = Result<CallReply, CallFailure>>;

    /// Counts how a callout policy ended.
    fn count(&self, policy: PolicyId, outcome: Outcome);

    /// The bytes of an Envoy attribute, its path in segments.
    fn attribute(&self, path: &[&str]) -> Option<Bytes>;

    /// The value that filter state holds under `wasm.<name>`.
    fn filter_state(&self, name: &str) -> Option<Bytes>;

    /// Stores a value in filter state under `wasm.<name>`.
    fn publish(&self, name: &str, value: &[u8]);
}

/// What a worker does on behalf of many streams, whatever becomes of them.
pub trait Background: Clone + 'static {
    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Makes a call and waits for its answer.
    fn call(&self, call: &Call) -> impl Future<Output = Result<CallReply, CallFailure>>;

    /// Makes a call for a policy without waiting for its response.
    ///
    /// # Errors
    /// When it could not even be handed over.
    fn send(&self, policy: PolicyId, call: &Call) -> Result<(), CallFailure>;

    /// Runs a task to its end, beginning now.
    fn detach(&self, task: Task);

    /// What any worker shared under a key.
    fn shared(&self, key: &str) -> Option<Bytes>;

    /// Shares a value with all workers.
    fn share(&self, key: &str, value: &[u8]);

    /// Tells the operator of something odd.
    fn warn(&self, text: &str);
}

/// What [`Background::detach`] runs.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;
