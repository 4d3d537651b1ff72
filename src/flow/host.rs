//! The interface of a transaction to the outside: Envoy in the filter, a script in tests and tools.

use crate::flow::cache::CacheEvent;
use crate::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use crate::flow::google::AuthorizedSend;
use crate::flow::headers::{HeaderChange, Headers};
use crate::flow::trace::Event;
use crate::flow::worker::Worker;
use crate::plan::PolicyId;
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The operations that a transaction needs of one stream.
///
/// The stream is paused while a transaction runs. [`Host::resume`] resumes a direction and [`Host::reply`] ends the
/// stream, each at most once per direction.
pub trait Host {
    /// The operations that outlive the stream.
    type Background: Background;

    /// Whether the transaction passes its events to [`Host::record`].
    const IS_TRACED: bool = false;

    /// Records an event of the transaction.
    fn record(&self, _event: Event) {}

    /// A handle for the operations that outlive the stream.
    fn background(&self) -> Self::Background;

    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Fills a buffer with random bytes.
    fn random(&self, buffer: &mut [u8]);

    /// The memory in bytes left for bodies and values on this worker.
    fn memory_left(&self) -> usize;

    /// All headers of a direction with Envoy's pseudo-headers (`:path`, `:status`); empty when Envoy no longer has
    /// them.
    fn headers(&self, direction: Direction) -> Headers;

    /// Changes a header of a paused direction.
    fn change_header(&self, direction: Direction, change: &HeaderChange);

    /// Waits for the end of a direction's body. `None` without a body.
    fn body(&self, direction: Direction) -> impl Future<Output = Option<Bytes>>;

    /// Replaces the body of a paused direction that has a body.
    fn replace_body(&self, direction: Direction, body: &[u8]);

    /// Resumes a direction.
    fn resume(&self, direction: Direction);

    /// Waits for response headers. `false` when they are not the upstream's but those of a local reply.
    fn response(&self) -> impl Future<Output = bool>;

    /// Waits until the client has its response.
    fn ended(&self) -> impl Future<Output = ()>;

    /// Sends a local reply to the client.
    fn reply(&self, reply: &Reply);

    /// Makes a call for a policy and waits for its response.
    fn call(&self, policy: PolicyId, call: &Call) -> impl Future<Output = Result<CallReply, CallFailure>>;

    /// Counts the outcome of a callout policy.
    fn count(&self, policy: PolicyId, outcome: Outcome);

    /// Counts events of a cache policy.
    fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32);

    /// The bytes of an Envoy attribute. `path` contains its segments.
    fn attribute(&self, path: &[&str]) -> Option<Bytes>;

    /// The value of `wasm.<name>` in filter state.
    fn filter_state(&self, name: &str) -> Option<Bytes>;

    /// Sets the value of `wasm.<name>` in filter state.
    fn publish(&self, name: &str, value: &[u8]);
}

/// The operations of a worker that outlive a stream.
pub trait Background: Clone + 'static {
    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Makes a call and waits for its response.
    fn call(&self, call: &Call) -> impl Future<Output = Result<CallReply, CallFailure>>;

    /// Makes a call for a policy and waits for its response.
    fn call_of(&self, _policy: PolicyId, call: &Call) -> impl Future<Output = Result<CallReply, CallFailure>> {
        self.call(call)
    }

    /// Counts the outcome of a call of a policy.
    fn count(&self, _policy: PolicyId, _outcome: Outcome) {}

    /// Makes a call for a policy without waiting for its response.
    ///
    /// # Errors
    /// The call could not be dispatched.
    fn send(&self, policy: PolicyId, call: &Call) -> Result<(), CallFailure>;

    /// Starts a task and runs it to its end.
    fn detach(&self, task: Task);

    /// Sends a call as soon as its token is available.
    fn send_authorized(&self, worker: &Worker, send: AuthorizedSend) {
        self.detach(Box::pin(send.run(worker, self.clone())));
    }

    /// The value that any worker shared under a key.
    fn shared(&self, key: &str) -> Option<Bytes>;

    /// Shares a value with all workers.
    fn share(&self, key: &str, value: &[u8]);

    /// The value that any worker shared under a key, and its version for [`Background::share_if`].
    fn shared_with_version(&self, key: &str) -> (Option<Bytes>, Option<u32>);

    /// Shares a value with all workers, unless another worker changed the key since it had a version. Returns whether
    /// the value is shared.
    fn share_if(&self, key: &str, value: &[u8], version: Option<u32>) -> bool;

    /// A random number.
    fn random_number(&self) -> u64;

    /// Waits until a time since the Unix epoch, or a little longer.
    fn sleep(&self, until: Duration) -> impl Future<Output = ()>;

    /// Logs a warning for the operator.
    fn warn(&self, text: &str);
}

/// A task of [`Background::detach`].
pub type Task = Pin<Box<dyn Future<Output = ()>>>;
