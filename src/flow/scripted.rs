//! A scripted host for tests, benchmarks and the offline tool. Its calls never wait.

mod google;

use crate::flow::cache::CacheEvent;
use crate::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use crate::flow::headers::{HeaderChange, Headers};
use crate::flow::host::{Background, Host, Task};
use crate::flow::trace::{Event, ReplySource};
use crate::flow::{Worker, run};
use crate::plan::{Plan, PolicyId};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The script of a transaction, and the record of its effects.
#[derive(Debug, Default)]
pub struct Scripted {
    /// The time since the Unix epoch, which does not change.
    pub now: Duration,
    /// The client's request with pseudo-headers.
    pub request: Headers,
    /// The client's body.
    pub request_body: Option<Bytes>,
    /// The upstream's response with pseudo-headers. Without it, the stream ends after the request.
    pub response: Option<Headers>,
    /// The upstream's body.
    pub response_body: Option<Bytes>,
    /// The responses to calls, in order. A call after the last one fails as unreachable.
    pub replies: Rc<RefCell<Replies>>,
    /// The responses to the calls of single policies. They take precedence over `replies`.
    pub policy_replies: Rc<RefCell<BTreeMap<PolicyId, Replies>>>,
    /// Whether the metadata server and IAM Credentials are mocked, so that every token request succeeds.
    pub mocks_google: bool,
    /// Whether random bytes are random. Otherwise they are constant.
    pub is_random: bool,
    /// The memory in bytes left for bodies and values; unlimited when absent.
    pub memory_left: Option<usize>,
    /// Envoy attributes by their dotted path.
    pub attributes: BTreeMap<String, Bytes>,
    /// Filter state by name without `wasm.`: the values of other filters and those that the transaction publishes.
    pub filter_state: RefCell<BTreeMap<String, Bytes>>,
    /// The data that workers share.
    pub shared: Rc<RefCell<BTreeMap<String, Bytes>>>,
    /// The state that consecutive transactions share.
    pub worker: Worker,
    /// The effects of the transaction.
    pub done: Rc<RefCell<Effects>>,
}

/// The remaining responses to calls.
pub type Replies = VecDeque<CallResult>;

/// The outcome of a call.
pub type CallResult = Result<CallReply, CallFailure>;

/// The effects of a transaction on the outside.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The calls made, in order.
    pub calls: Vec<Call>,
    /// The header changes of both directions, in order.
    pub changes: Vec<(Direction, HeaderChange)>,
    /// The bodies that replaced others, in order.
    pub bodies: Vec<(Direction, Bytes)>,
    /// The resumed directions, in order.
    pub resumed: Vec<Direction>,
    /// The local reply to the client.
    pub reply: Option<Reply>,
    /// The outcomes of the callout policies, in order.
    pub outcomes: Vec<(PolicyId, Outcome)>,
    /// The warnings for the operator, in order.
    pub warnings: Vec<String>,
    /// All events in order, with decisions and steps.
    pub events: Vec<Event>,
}

impl Effects {
    fn called(&mut self, call: &Call, reply: Option<Result<CallReply, CallFailure>>, source: ReplySource) {
        self.calls.push(call.clone());
        self.events.push(Event::Call { call: call.clone(), reply, source });
    }
}

impl Scripted {
    /// A host whose client sends a request such as `GET /v1/near?zip=1`, with headers.
    pub fn client(verb: &str, path: &str, headers: &[(&str, &str)]) -> Scripted {
        let pseudo = [(":method", verb), (":path", path), (":authority", "client.test"), (":scheme", "http")];
        Scripted { request: lines(pseudo.iter().chain(headers)), ..Scripted::default() }
    }

    /// Adds the response to the next call.
    #[must_use]
    pub fn with_reply(self, status: u16, headers: &[(&str, &str)], body: &str) -> Scripted {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let reply = CallReply { status, headers: lines(headers.iter()), body };
        self.replies.borrow_mut().push_back(Ok(reply));
        self
    }

    /// Adds the failure of the next call.
    #[must_use]
    pub fn with_failure(self, failure: CallFailure) -> Scripted {
        self.replies.borrow_mut().push_back(Err(failure));
        self
    }

    /// Sets the body of the client's request.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Scripted {
        self.request_body = Some(Bytes::copy_from_slice(body.as_bytes()));
        self
    }

    /// Sets the upstream's response.
    #[must_use]
    pub fn with_response(mut self, status: &str, headers: &[(&str, &str)], body: &str) -> Scripted {
        self.response = Some(lines([(":status", status)].iter().chain(headers)));
        self.response_body = Some(Bytes::copy_from_slice(body.as_bytes()));
        self
    }

    /// Runs a plan to its end and returns its effects.
    pub fn run(&self, plan: &Plan) -> Effects {
        let mut running = pin!(run(plan, &self.worker, self));
        // The only future that can be pending is a missing upstream response.
        let _: Poll<()> = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.done.borrow().clone()
    }

    /// The text of a name in filter state.
    pub fn published(&self, name: &str) -> Option<String> {
        self.filter_state.borrow().get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The upstream's request: its headers with pseudo-headers, and its body. `None` when the upstream gets no request.
    pub fn upstream_request(&self) -> Option<(Headers, Option<Bytes>)> {
        self.resumed_message(Direction::Request)
    }

    /// The client's response: its headers with `:status`, and its body. `None` when the upstream sends no response.
    pub fn client_response(&self) -> Option<(Headers, Option<Bytes>)> {
        if let Some(reply) = &self.done.borrow().reply {
            let status = (Bytes::from_static(b":status"), Bytes::from(reply.status.to_string()));
            let lines = reply.headers.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone()));
            return Some((Headers::new(std::iter::once(status).chain(lines).collect()), Some(reply.body.clone())));
        }
        self.response.as_ref()?;
        self.resumed_message(Direction::Response)
    }

    /// A message with the changes of the transaction. `None` when its direction was not resumed.
    fn resumed_message(&self, direction: Direction) -> Option<(Headers, Option<Bytes>)> {
        let done = self.done.borrow();
        // Without a response flow, the response passes and is not resumed.
        let has_passed = direction == Direction::Response || done.resumed.contains(&direction);
        let (headers, body) = self.message(direction);
        let mut headers = headers.filter(|_| has_passed)?.clone();
        for (_, change) in done.changes.iter().filter(|(changed, _)| *changed == direction) {
            match change {
                HeaderChange::Remove(name) => headers.remove(name),
                HeaderChange::Set(name, values) => headers.set_lines(name, values.clone()),
            }
        }
        let replaced = done.bodies.iter().rev().find(|(changed, _)| *changed == direction);
        Some((headers, replaced.map(|(_, body)| body).or(body).cloned()))
    }

    fn message(&self, direction: Direction) -> (Option<&Headers>, Option<&Bytes>) {
        match direction {
            Direction::Request => (Some(&self.request), self.request_body.as_ref()),
            Direction::Response => (self.response.as_ref(), self.response_body.as_ref()),
        }
    }
}

fn lines<'h>(lines: impl Iterator<Item = &'h (&'h str, &'h str)>) -> Headers {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Headers::new(lines.map(|(name, value)| (bytes(name), bytes(value))).collect())
}

/// The part of a scripted host that outlives the transaction.
#[derive(Clone, Debug)]
pub struct Script {
    now: Duration,
    replies: Rc<RefCell<Replies>>,
    policy_replies: Rc<RefCell<BTreeMap<PolicyId, Replies>>>,
    mocks_google: bool,
    is_random: bool,
    shared: Rc<RefCell<BTreeMap<String, Bytes>>>,
    done: Rc<RefCell<Effects>>,
}

impl Script {
    fn record(&self, call: &Call, reply: CallResult, source: ReplySource) -> CallResult {
        self.done.borrow_mut().called(call, Some(reply.clone()), source);
        reply
    }
}

#[cfg(test)]
impl Script {
    /// The size of the shared values whose keys start with a prefix.
    pub(super) fn shared_bytes(&self, prefix: &str) -> usize {
        let shared = self.shared.borrow();
        shared.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, value)| value.len()).sum()
    }
}

impl Background for Script {
    fn now(&self) -> Duration {
        self.now
    }

    async fn call(&self, call: &Call) -> Result<CallReply, CallFailure> {
        if let Some(reply) = google::response(call, self.now).filter(|_| self.mocks_google) {
            return self.record(call, Ok(reply), ReplySource::Mock);
        }
        match self.replies.borrow_mut().pop_front() {
            Some(reply) => self.record(call, reply, ReplySource::Given),
            None => self.record(call, Err(CallFailure::Unreachable), ReplySource::None),
        }
    }

    async fn call_of(&self, policy: PolicyId, call: &Call) -> CallResult {
        let of_policy = self.policy_replies.borrow_mut().get_mut(&policy).and_then(VecDeque::pop_front);
        match of_policy {
            Some(reply) => self.record(call, reply, ReplySource::Given),
            None => self.call(call).await,
        }
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.done.borrow_mut().outcomes.push((policy, outcome));
    }

    fn send(&self, _policy: PolicyId, call: &Call) -> Result<(), CallFailure> {
        self.done.borrow_mut().called(call, None, ReplySource::None);
        Ok(())
    }

    fn detach(&self, mut task: Task) {
        // Scripted calls never wait.
        let _: Poll<()> = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    fn shared(&self, key: &str) -> Option<Bytes> {
        self.shared.borrow().get(key).cloned()
    }

    fn share(&self, key: &str, value: &[u8]) {
        self.shared.borrow_mut().insert(key.to_owned(), Bytes::copy_from_slice(value));
    }

    fn shared_with_version(&self, key: &str) -> (Option<Bytes>, Option<u32>) {
        (self.shared(key), None)
    }

    fn share_if(&self, key: &str, value: &[u8], _version: Option<u32>) -> bool {
        self.share(key, value);
        true
    }

    fn random_number(&self) -> u64 {
        if self.is_random { RandomState::new().build_hasher().finish() } else { 7 }
    }

    async fn sleep(&self, _until: Duration) {}

    fn warn(&self, text: &str) {
        self.done.borrow_mut().warnings.push(text.to_owned());
    }
}

impl Host for Scripted {
    type Background = Script;

    const IS_TRACED: bool = true;

    fn record(&self, event: Event) {
        self.done.borrow_mut().events.push(event);
    }

    fn background(&self) -> Script {
        Script {
            now: self.now,
            replies: Rc::clone(&self.replies),
            policy_replies: Rc::clone(&self.policy_replies),
            mocks_google: self.mocks_google,
            is_random: self.is_random,
            shared: Rc::clone(&self.shared),
            done: Rc::clone(&self.done),
        }
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(7);
        if self.is_random {
            for chunk in buffer.chunks_mut(8) {
                // The standard library keys each hasher at random.
                let random = RandomState::new().build_hasher().finish().to_le_bytes();
                chunk.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
            }
        }
    }

    fn memory_left(&self) -> usize {
        self.memory_left.unwrap_or(usize::MAX)
    }

    fn headers(&self, direction: Direction) -> Headers {
        self.message(direction).0.cloned().unwrap_or_default()
    }

    fn change_header(&self, direction: Direction, change: &HeaderChange) {
        self.done.borrow_mut().changes.push((direction, change.clone()));
    }

    async fn body(&self, direction: Direction) -> Option<Bytes> {
        self.message(direction).1.cloned()
    }

    fn replace_body(&self, direction: Direction, body: &[u8]) {
        self.done.borrow_mut().bodies.push((direction, Bytes::copy_from_slice(body)));
    }

    fn resume(&self, direction: Direction) {
        let mut done = self.done.borrow_mut();
        done.resumed.push(direction);
        done.events.push(Event::Resumed(direction));
    }

    async fn response(&self) -> bool {
        if self.response.is_none() {
            std::future::pending::<()>().await;
        }
        true
    }

    async fn ended(&self) {}

    fn reply(&self, reply: &Reply) {
        let mut done = self.done.borrow_mut();
        done.reply = Some(reply.clone());
        done.events.push(Event::Replied);
    }

    async fn call(&self, policy: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        self.background().call_of(policy, call).await
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.done.borrow_mut().outcomes.push((policy, outcome));
    }

    fn count_cache(&self, _: PolicyId, event: CacheEvent, count: u32) {
        self.done.borrow_mut().events.extend((0..count).map(|_| Event::Cache(event)));
    }

    fn attribute(&self, path: &[&str]) -> Option<Bytes> {
        self.attributes.get(&path.join(".")).cloned()
    }

    fn filter_state(&self, name: &str) -> Option<Bytes> {
        self.filter_state.borrow().get(name).cloned()
    }

    fn publish(&self, name: &str, value: &[u8]) {
        self.filter_state.borrow_mut().insert(name.to_owned(), Bytes::copy_from_slice(value));
    }
}
