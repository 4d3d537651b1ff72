//! The state of one transaction: its messages, its variables and where in the flow it is.

use crate::flow::call::Direction;
use crate::flow::client::{self, ClientMessage};
use crate::flow::headers::{HeaderChange, header_value};
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId};
use crate::flow::private::PrivateValues;
use crate::flow::store::Store;
use crate::flow::target_copy::TargetCopy;
use crate::flow::value::Value;
use crate::flow::worker::Worker;
use crate::plan::{Plan, Target};
use bytes::Bytes;
use bytestring::ByteString;
use std::cell::Cell;
use std::collections::BTreeMap;

/// The upstream request header that tells Envoy's routes which target endpoint was chosen (docs/guide/configuration.md).
pub(super) const TARGET_HEADER: &str = "x-callout-target";

/// Which flow runs, which decides what `message` means (docs/apigee-semantics.md 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On the way to the upstream.
    Request,
    /// On the way back.
    Response,
    /// After a fault.
    Error,
}

/// One client request on its way through a plan.
#[derive(Debug)]
pub struct Transaction<'a, H> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// What is remembered between requests.
    pub(super) worker: &'a Worker,
    /// The outside.
    pub host: &'a H,
    /// Which flow runs.
    pub stage: Stage,
    /// Whether the client has its response, so that nothing waits any more.
    pub(super) is_client_served: bool,
    /// The target endpoint whose flows run and whose fault rules apply; without one, the proxy's do.
    pub(super) target_endpoint: Option<&'a Target>,
    /// The value of `current.flow.name`.
    pub(super) flow_name: ByteString,
    /// The target endpoint that the route rules chose.
    pub(super) target: Option<ByteString>,
    /// The variable that the last SetIntegrationRequest put its object into.
    pub(super) integration_request: Option<ByteString>,
    messages: Vec<Message>,
    /// Every variable set in this transaction. Messages are among them.
    pub(super) variables: Store,
    /// Whether something that the running step asked for did not fit into the memory that is left.
    pub(super) is_out_of_room: Cell<bool>,
    /// What was made unresolved by name: neither a constant nor another filter's value stands for it.
    pub(super) nulls: Vec<ByteString>,
    /// The client's messages as they came, while the flow may still change them.
    pub(super) request: Option<ClientMessage>,
    pub(super) response: Option<ClientMessage>,
    /// What filter state already holds, by the place in the plan's list of what is published.
    pub(super) published: Vec<Option<ByteString>>,
    /// The same for what only the transaction knows by name.
    pub(super) published_by_name: BTreeMap<ByteString, ByteString>,
    /// The value of `messageid`, where it had to be made.
    pub(super) message_id: Option<ByteString>,
    /// The `target.url` variables whose value this filter wrote, not a policy (docs/apigee-semantics.md 2.4).
    pub(super) own_target_urls: Store,
    /// What must not be seen in a published URL.
    pub(super) private_values: PrivateValues,
}

impl<'a, H: Host> Transaction<'a, H> {
    /// A transaction at the beginning of the request flow.
    pub fn new(plan: &'a Plan, worker: &'a Worker, host: &'a H) -> Transaction<'a, H> {
        Transaction {
            plan,
            worker,
            host,
            stage: Stage::Request,
            is_client_served: false,
            target_endpoint: None,
            flow_name: ByteString::new(),
            target: None,
            integration_request: None,
            messages: Vec::new(),
            variables: Store::default(),
            is_out_of_room: Cell::new(false),
            nulls: Vec::new(),
            request: None,
            response: None,
            published: Vec::new(),
            published_by_name: BTreeMap::new(),
            message_id: None,
            own_target_urls: Store::default(),
            private_values: PrivateValues::default(),
        }
    }

    /// A message of the transaction.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(id.0)
    }

    /// A message of the transaction, to be changed.
    pub fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.get_mut(id.0)
    }

    /// Adds a message that has no name.
    pub fn add_message(&mut self, message: Message) -> MessageId {
        let id = MessageId(self.messages.len());
        self.messages.push(message);
        id
    }

    /// Puts a message under a name, replacing whatever had the name.
    pub fn put_message(&mut self, name: ByteString, message: Message) -> MessageId {
        if name == "request" && self.request.is_none() {
            // What Envoy is told of the new one is what differs from the one that came.
            self.fetch(Direction::Request, None);
        }
        let id = self.add_message(message);
        self.variables.set(name, Value::Message(id));
        id
    }

    /// The message under a name. The client's own are fetched when they are first asked for.
    pub fn message_named(&mut self, name: &str) -> Option<MessageId> {
        let name = if name == "message" { self.ambient() } else { name };
        match self.variables.get(name) {
            Some(Value::Message(id)) => Some(*id),
            Some(_) => None,
            None if name == "request" && self.request.is_none() => Some(self.fetch(Direction::Request, None)),
            None => None,
        }
    }

    /// The name of the message that `message` means now.
    pub fn ambient(&self) -> &'static str {
        match self.stage {
            Stage::Request => "request",
            Stage::Response => "response",
            Stage::Error => "error",
        }
    }

    /// Makes one of the client's messages a variable; `body` is `None` when it has none or nobody needs it.
    pub fn fetch(&mut self, direction: Direction, body: Option<Bytes>) -> MessageId {
        let headers = self.host.headers(direction);
        let has_body = body.is_some();
        let scheme = if direction == Direction::Request { headers.first_line(":scheme") } else { None };
        let mut message = client::message(direction, headers);
        message.body = body.unwrap_or_default();
        let before = message.clone();
        let name = match direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        let id = self.add_message(message);
        self.variables.set(ByteString::from_static(name), Value::Message(id));
        let came = Some(ClientMessage { id, before, scheme, has_body });
        match direction {
            Direction::Request => self.request = came,
            Direction::Response => self.response = came,
        }
        id
    }

    /// Gives the client's request its body, `None` when it has none. What was done to its headers before stays.
    pub fn fetch_request_body(&mut self, body: Option<Bytes>) {
        let id = self.message_named("request");
        let has_body = body.is_some();
        let body = body.unwrap_or_default();
        if let Some(message) = id.and_then(|id| self.message_mut(id)) {
            message.body = body.clone();
        }
        if let Some(came) = &mut self.request {
            came.before.body = body;
            came.has_body = has_body;
        }
    }

    /// Sends what the flow changed in one of the client's messages to Envoy, and lets the message go on.
    pub fn release(&mut self, direction: Direction) {
        let target_copy = TargetCopy::of(&self.variables).filter(|_| direction == Direction::Request);
        if target_copy.is_some() {
            // Fetches it, should nothing have read it yet.
            self.message_named("request");
        }
        let (name, came) = match direction {
            Direction::Request => ("request", self.request.as_ref()),
            Direction::Response => ("response", self.response.as_ref()),
        };
        let now = match self.variables.get(name) {
            Some(Value::Message(id)) => self.messages.get(id.0),
            _ => None,
        };
        if let (Some(came), Some(now)) = (came, now) {
            if client::needs_reply(came, now) {
                return self.host.reply(&client::reply(now, "callout_response"));
            }
            match target_copy {
                None => client::apply_changes(self.host, direction, came, now),
                Some(target_copy) => {
                    let now = target_copy.without(now, &self.plan.base_path);
                    client::apply_changes(self.host, direction, came, &now);
                }
            }
        }
        if let (Direction::Request, Some(target)) = (direction, &self.target) {
            let value = vec![header_value(target.clone())];
            let change = HeaderChange::Set(ByteString::from_static(TARGET_HEADER), value);
            self.host.change_header(direction, &change);
        }
        self.host.resume(direction);
    }
}
