//! The state of one transaction: its messages, its variables and its stage.

use crate::flow::cache::Leader;
use crate::flow::call::Direction;
use crate::flow::client::{self, ClientMessage};
use crate::flow::early_calls::EarlyCalls;
use crate::flow::fault::Fault;
use crate::flow::headers::{HeaderChange, header_value};
use crate::flow::host::{Background as _, Host};
use crate::flow::message::{Message, MessageId};
use crate::flow::private::PrivateValues;
use crate::flow::store::Store;
use crate::flow::target_copy::TargetCopy;
use crate::flow::target_request::{SentRequest, TargetTimes};
use crate::flow::value::Value;
use crate::flow::variable_target::UpstreamUrl;
use crate::flow::worker::Worker;
use crate::plan::{Plan, PolicyId, SharedFlow, Target};
use crate::policy::endpoint::TARGET_HEADER;
use bytes::Bytes;
use bytestring::ByteString;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

/// The running flow. It decides the meaning of `message` (docs/apigee-semantics.md 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The request flow.
    Request,
    /// The response flow.
    Response,
    /// The error flow, after a fault.
    Error,
}

/// The number of variables that most transactions set.
const EXPECTED_VARIABLES: usize = 12;

/// A response from a cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct CachedResponse {
    /// The ResponseCache.
    pub(super) policy: PolicyId,
    /// Whether the response flow has not reached the policy yet. The steps before it do not run.
    pub(super) is_skipping: bool,
}

/// The run of a plan over one client request.
#[derive(Debug)]
pub struct Transaction<'a, H> {
    /// The plan.
    pub plan: &'a Plan,
    /// The state that is kept between requests.
    pub(super) worker: &'a Worker,
    /// The host.
    pub host: &'a H,
    /// The running flow.
    pub stage: Stage,
    /// Whether the client has its response. Policies then do not wait for calls.
    pub(super) is_client_served: bool,
    /// The target endpoint whose flows run and whose fault rules apply. `None` for those of the proxy.
    pub(super) target_endpoint: Option<&'a Target>,
    /// The shared flow that runs.
    pub(super) shared_flow: Option<&'a SharedFlow>,
    /// The value of `current.flow.name`.
    pub(super) flow_name: ByteString,
    /// The target endpoint that the route rules chose.
    pub(super) target: Option<ByteString>,
    /// The URL of that target, if it contains variables.
    pub(super) upstream_url: Option<UpstreamUrl>,
    /// The variable to which the last SetIntegrationRequest assigned its object.
    pub(super) integration_request: Option<ByteString>,
    /// The variables of request objects that a reference without a value left incomplete, each with the fault.
    pub(super) incomplete_objects: Vec<(ByteString, Fault)>,
    /// The stored response that replaces that of the target.
    pub(super) cached_response: Option<CachedResponse>,
    /// The keys of the responses that are stored later, by policy; `None` when the response is not stored.
    pub(super) response_keys: Vec<(PolicyId, Option<ByteString>)>,
    /// The entries that this transaction fetches while others wait for them.
    pub(super) fetched_entries: Vec<Leader>,
    messages: Vec<Message>,
    /// Every variable set in this transaction, with the messages.
    pub(super) variables: Store,
    /// Whether a result of the running step did not fit into the memory left.
    pub(super) is_out_of_memory: Cell<bool>,
    /// The names that a policy made unresolved. Constants and other filters' values under these names do not apply.
    pub(super) nulls: Vec<ByteString>,
    /// The client's messages as they were received.
    pub(super) request: Option<ClientMessage>,
    pub(super) response: Option<ClientMessage>,
    /// The published values, by the index in the plan's list of published variables.
    pub(super) published: Vec<Option<ByteString>>,
    /// The published values of variables that the plan names by a prefix.
    pub(super) published_by_name: BTreeMap<ByteString, ByteString>,
    /// The value of `messageid` when Envoy has no request id.
    pub(super) message_id: Option<ByteString>,
    /// The `target.url` variables whose value this filter wrote, not a policy (docs/apigee-semantics.md 2.4).
    pub(super) own_target_urls: Store,
    /// The values that are masked in published URLs.
    pub(super) private_values: PrivateValues,
    /// The early calls of the group of steps that runs.
    pub(super) early_calls: Option<EarlyCalls<'a>>,
    pub(super) target_times: TargetTimes,
    /// The request that the target got, after it was sent.
    pub(super) sent_request: Option<SentRequest>,
    /// The time since the Unix epoch at which the client had its response.
    pub(super) client_sent: Option<Duration>,
}

impl<'a, H: Host> Transaction<'a, H> {
    /// A transaction at the start of the request flow.
    pub fn new(plan: &'a Plan, worker: &'a Worker, host: &'a H) -> Transaction<'a, H> {
        Transaction {
            plan,
            worker,
            host,
            stage: Stage::Request,
            is_client_served: false,
            target_endpoint: None,
            shared_flow: None,
            flow_name: ByteString::new(),
            target: None,
            upstream_url: None,
            integration_request: None,
            incomplete_objects: Vec::new(),
            cached_response: None,
            response_keys: Vec::new(),
            fetched_entries: Vec::new(),
            messages: Vec::new(),
            variables: Store::with_capacity(EXPECTED_VARIABLES),
            is_out_of_memory: Cell::new(false),
            nulls: Vec::new(),
            request: None,
            response: None,
            published: Vec::new(),
            published_by_name: BTreeMap::new(),
            message_id: None,
            own_target_urls: Store::default(),
            private_values: PrivateValues::default(),
            early_calls: None,
            target_times: TargetTimes::default(),
            sent_request: None,
            client_sent: None,
        }
    }

    /// A copy in which steps can run without an effect on this transaction.
    pub(super) fn ahead(&self) -> Transaction<'a, H> {
        Transaction {
            plan: self.plan,
            worker: self.worker,
            host: self.host,
            stage: self.stage,
            is_client_served: self.is_client_served,
            target_endpoint: self.target_endpoint,
            shared_flow: self.shared_flow,
            flow_name: self.flow_name.clone(),
            target: self.target.clone(),
            upstream_url: self.upstream_url.clone(),
            integration_request: self.integration_request.clone(),
            incomplete_objects: self.incomplete_objects.clone(),
            messages: self.messages.clone(),
            variables: self.variables.clone(),
            is_out_of_memory: self.is_out_of_memory.clone(),
            nulls: self.nulls.clone(),
            request: self.request.clone(),
            response: self.response.clone(),
            published: self.published.clone(),
            published_by_name: self.published_by_name.clone(),
            message_id: self.message_id.clone(),
            own_target_urls: self.own_target_urls.clone(),
            private_values: self.private_values.clone(),
            early_calls: None,
            target_times: self.target_times,
            sent_request: self.sent_request.clone(),
            client_sent: self.client_sent,
            // A group contains no policy that uses a cache.
            cached_response: None,
            response_keys: Vec::new(),
            fetched_entries: Vec::new(),
        }
    }

    /// A message of the transaction.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(id.0)
    }

    /// A mutable message of the transaction.
    pub fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.get_mut(id.0)
    }

    /// Adds a message without a name.
    pub fn add_message(&mut self, message: Message) -> MessageId {
        let id = MessageId(self.messages.len());
        self.messages.push(message);
        id
    }

    /// Assigns a message to a variable.
    pub fn put_message(&mut self, name: ByteString, message: Message) -> MessageId {
        if name == "request" && self.request.is_none() {
            // The changes for Envoy are the differences from the received message.
            self.fetch(Direction::Request, None);
        }
        let id = self.add_message(message);
        self.variables.set(name, Value::Message(id));
        id
    }

    /// The message of a variable. The client's request is fetched at its first use.
    pub fn message_named(&mut self, name: &str) -> Option<MessageId> {
        let name = if name == "message" { self.ambient() } else { name };
        match self.variables.get(name) {
            Some(Value::Message(id)) => Some(*id),
            Some(_) => None,
            None if name == "request" && self.request.is_none() => Some(self.fetch(Direction::Request, None)),
            None => None,
        }
    }

    /// The current meaning of the variable `message`.
    pub fn ambient(&self) -> &'static str {
        match self.stage {
            Stage::Request => "request",
            Stage::Response => "response",
            Stage::Error => "error",
        }
    }

    /// Assigns one of the client's messages to its variable. `body` is `None` when it has none or the plan needs none.
    pub fn fetch(&mut self, direction: Direction, body: Option<Bytes>) -> MessageId {
        let headers = self.host.headers(direction);
        let has_body = body.is_some();
        let scheme = if direction == Direction::Request { headers.first_line(":scheme") } else { None };
        let mut message = client::message(direction, headers);
        message.body = body.unwrap_or_default();
        if direction == Direction::Request {
            if !self.plan.ignores_charset {
                message.read_query_by_charset();
            }
            if let Some(version) = self.client_version()
                && let Some(line) = message.as_request_mut()
            {
                line.version = version;
            }
        }
        let before = message.clone();
        let name = match direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        let id = self.add_message(message);
        self.variables.set(ByteString::from_static(name), Value::Message(id));
        let received = Some(ClientMessage { id, before, scheme, has_body });
        match direction {
            Direction::Request => self.request = received,
            Direction::Response => self.response = received,
        }
        id
    }

    /// Sets the body of the client's request; `None` when it has none. Earlier changes of its headers stay.
    pub fn fetch_request_body(&mut self, body: Option<Bytes>) {
        let id = self.message_named("request");
        let has_body = body.is_some();
        let body = body.unwrap_or_default();
        if let Some(message) = id.and_then(|id| self.message_mut(id)) {
            message.body = body.clone();
        }
        if let Some(received) = &mut self.request {
            received.before.body = body;
            received.has_body = has_body;
        }
    }

    /// Sends the changes of one of the client's messages to Envoy and resumes its direction.
    pub fn release(&mut self, direction: Direction) {
        let target_copy = TargetCopy::from_variables(&self.variables);
        if direction == Direction::Request && !target_copy.is_whole() {
            // No step may have read the request before.
            self.message_named("request");
        }
        let (name, received) = match direction {
            Direction::Request => ("request", self.request.as_ref()),
            Direction::Response => ("response", self.response.as_ref()),
        };
        let now = self.message_at(name);
        if let (Some(received), Some(now)) = (received, now) {
            if client::lacks_body(received, now) && !self.worker.has_warned_of_body.replace(true) {
                let warning = "a policy set the body of a request that arrived without a body: the upstream gets none";
                self.host.background().warn(warning);
            }
            if client::needs_reply(received, now) {
                return self.host.reply(&client::reply(now, "callout_response"));
            }
            let path = match self.upstream_url {
                None => client::changed_path(received, now, target_copy, &self.plan.base_path),
                // The URL of the target contains the path.
                Some(_) => None,
            };
            client::apply_changes(self.host, direction, received, now, path);
        }
        if let (Direction::Request, Some(target)) = (direction, &self.target) {
            self.release_to_variable_target(target_copy);
            let value = vec![header_value(target.clone())];
            let change = HeaderChange::Set(ByteString::from_static(TARGET_HEADER), value);
            self.host.change_header(direction, &change);
        }
        self.host.resume(direction);
    }

    /// The message in a variable.
    pub(super) fn message_at(&self, name: &str) -> Option<&Message> {
        match self.variables.get(name) {
            Some(Value::Message(id)) => self.messages.get(id.0),
            _ => None,
        }
    }

    /// Writes the URL of the target, if it contains variables, with the same path and query as for other targets.
    fn release_to_variable_target(&self, target_copy: TargetCopy) {
        let Some(received) = self.request.as_ref().filter(|_| self.upstream_url.is_some()) else { return };
        let now = self.message_at("request").unwrap_or(&received.before);
        if let Some((path, query)) = client::path_and_query(received, now, target_copy, &self.plan.base_path) {
            self.write_upstream_url(path, query);
        }
    }
}
