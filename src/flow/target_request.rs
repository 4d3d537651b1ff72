//! The request to the target as variables show it: `target.*`, and `request.uri` and `request.url` after the request was
//! sent (docs/apigee-semantics.md 8.3 and 8.4).

use crate::flow::client;
use crate::flow::host::Host;
use crate::flow::message::MessageId;
use crate::flow::target_copy::TargetCopy;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::TargetAddress;
use crate::policy::variable::MessagePart;
use bytestring::ByteString;
use std::time::Duration;

/// The times of the exchange with the target since the Unix epoch. They are set only when the plan reads them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetTimes {
    /// The request was released to Envoy.
    pub(super) sent: Option<Duration>,
    /// The headers of the response arrived.
    pub(super) received_start: Option<Duration>,
    /// The body of the response arrived, if the plan reads it.
    pub(super) received_end: Option<Duration>,
}

/// The request that the target got.
#[derive(Clone, Debug)]
pub(super) struct SentRequest {
    /// The path and the query.
    pub(super) uri: ByteString,
    /// The URL without its port. `None` for a load balancer.
    pub(super) url: Option<ByteString>,
}

impl<H: Host> Transaction<'_, H> {
    /// The address of the chosen target. `None` when it has no URL, or one whose variables are not expanded yet.
    pub(super) fn target_address(&self) -> Option<&TargetAddress> {
        if let Some(upstream) = &self.upstream_url {
            return Some(&upstream.address);
        }
        let of_flow = || self.target_endpoint.map(|target| target.endpoint.name.as_str());
        let name = self.target.as_deref().or_else(of_flow)?;
        self.plan.routing.as_ref()?.addresses.get(name)
    }

    /// The time for [`TargetTimes`].
    pub(super) fn target_time(&self) -> Option<Duration> {
        self.plan.needs.target_times.then(|| self.host.now())
    }

    /// The request that the target got. `None` without a ProxyEndpoint, which has no target.
    pub(super) fn sent_request(&self) -> Option<SentRequest> {
        self.plan.routing.as_ref()?;
        let received = self.request.as_ref()?;
        let now = self.message_at("request")?;
        let (base_path, copy) = (&self.plan.base_path, TargetCopy::from_variables(&self.variables));
        let (path, query) = client::path_and_query(received, now, copy, base_path)?;
        let suffix = base_path.suffix(path).unwrap_or_default();
        let address = self.target_address();
        let mut uri = String::new();
        address.unwrap_or(&TargetAddress::of_path("")).add_path_and_query(&mut uri, suffix, query);
        if !uri.starts_with('/') {
            uri.insert(0, '/');
        }
        let server = address.and_then(|address| address.server.as_ref());
        let url = server.map(|(scheme, host)| format!("{}://{host}{uri}", scheme.as_str()).into());
        Some(SentRequest { uri: uri.into(), url })
    }

    /// A part of the request that the target got, if it was sent and the message is the request.
    pub(super) fn sent_part(&self, id: MessageId, part: &MessagePart) -> Option<Value> {
        let sent = self.sent_request.as_ref()?;
        let value = match part {
            MessagePart::Uri => &sent.uri,
            MessagePart::Url => sent.url.as_ref()?,
            _ => return None,
        };
        self.is_request(id).then(|| Value::String(value.clone()))
    }

    /// Whether a message is the value of the variable `request`.
    pub(super) fn is_request(&self, id: MessageId) -> bool {
        self.variables.get("request") == Some(&Value::Message(id))
    }
}
