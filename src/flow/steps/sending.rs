//! The call that sends a message to a destination.

use crate::flow::call::Call;
use crate::flow::headers::{has_prefix, header_value, is_hop_by_hop};
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId, RequestLine};
use crate::flow::transaction::Transaction;
use crate::plan::Server;
use crate::policy::connection::Retained;
use bytes::Bytes;
use bytestring::ByteString;
use std::time::Duration;

/// Headers that are derived from the URL and the body.
const DROPPED: [&str; 2] = ["host", "content-length"];

/// Headers that are sent even without `request.retain.headers` (docs/apigee-semantics.md 2.6). `[inferred]`
const ALWAYS_RETAINED: [&str; 1] = ["content-type"];

/// The client's headers that link a callout to the client's trace (docs/guide/configuration.md, `trace_headers`).
const TRACE: [&str; 4] = ["traceparent", "tracestate", "b3", "x-request-id"];

/// The number of headers that most calls have.
const EXPECTED_HEADERS: usize = 8;

/// A message and its destination.
pub(super) struct CallRequest<'m> {
    pub(super) message: MessageId,
    pub(super) server: Server,
    /// The path and query, with a leading `/`.
    pub(super) path_and_query: ByteString,
    /// The headers of the message that are sent.
    pub(super) retained: &'m Retained,
    /// The header that is reserved for a token. It replaces the message's header with the same name.
    pub(super) token_header: Option<ByteString>,
    /// The time until the end of the response.
    pub(super) timeout: Duration,
}

/// The message's verb is CONNECT. It would open a tunnel, whose response has no end, and the path cannot name its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VerbIsConnect;

impl VerbIsConnect {
    /// The reason in the fault string of the calling policy.
    pub(super) const REASON: &str = "Verb CONNECT is not supported";
}

impl<H: Host> Transaction<'_, H> {
    /// The call that sends a message. GET replaces an invalid verb.
    ///
    /// # Errors
    /// The verb is CONNECT in upper or lower case. A template or an earlier policy can set it, so loading
    /// cannot check it.
    pub(super) fn call_of(&mut self, outgoing: CallRequest<'_>) -> Result<Call, VerbIsConnect> {
        let CallRequest { message, server, path_and_query, retained, token_header, timeout } = outgoing;
        if self.plan.trace_headers {
            // No step may have read the request before.
            let _: Option<&Message> = self.client_request();
        }
        let message = self.message(message);
        let verb = message.and_then(Message::as_request).and_then(RequestLine::sendable_verb);
        let verb = verb.unwrap_or_else(|| ByteString::from_static("GET"));
        if verb.eq_ignore_ascii_case("CONNECT") {
            return Err(VerbIsConnect);
        }
        let pseudo = [
            (ByteString::from_static(":method"), verb.into_bytes()),
            (ByteString::from_static(":scheme"), Bytes::from_static(server.scheme.as_str().as_bytes())),
            (ByteString::from_static(":authority"), self.authority(&server)),
            (ByteString::from_static(":path"), path_and_query.into_bytes()),
        ];
        let mut headers: Vec<(ByteString, Bytes)> = Vec::with_capacity(EXPECTED_HEADERS);
        headers.extend(pseudo);
        for line in message.iter().flat_map(|message| message.headers.lines()) {
            let name = line.to_name();
            let is_kept = retained.keeps(&name, true) || contains(&ALWAYS_RETAINED, &name);
            let is_replaced = token_header.as_ref().is_some_and(|header| header.eq_ignore_ascii_case(&name));
            if is_kept && !is_dropped(&name) && !is_replaced {
                headers.push((name, line.to_value()));
            }
        }
        headers.extend(token_header.map(|header| (header, Bytes::new())));
        if self.plan.trace_headers {
            self.add_trace_headers(message, &mut headers);
        }
        Ok(Call {
            cluster: server.cluster,
            headers,
            body: message.map(|message| message.body.clone()).unwrap_or_default(),
            timeout,
            max_response_bytes: self.plan.max_response_bytes,
        })
    }

    /// The value of `target.header.host`, or else the URL's authority (docs/apigee-semantics.md 2.5). `[inferred]`
    fn authority(&self, server: &Server) -> Bytes {
        let host = self.variables.get("target.header.host").map(|host| self.render(host));
        let host = host.filter(|host| !host.is_empty());
        host.map_or_else(|| server.authority.clone().into_bytes(), header_value)
    }

    /// Copies the client's trace headers, except those that the message has itself.
    fn add_trace_headers(&self, message: Option<&Message>, headers: &mut Vec<(ByteString, Bytes)>) {
        let Some(client) = &self.request else { return };
        let is_trace = |name: &[u8]| {
            has_prefix(name, b"x-b3-") || TRACE.iter().any(|trace| name.eq_ignore_ascii_case(trace.as_bytes()))
        };
        let lines = client.before.headers.lines().filter(|line| is_trace(line.name())).collect();
        let lines = match message {
            Some(message) => message.headers.missing(lines),
            None => lines,
        };
        headers.extend(lines.into_iter().map(|line| (line.to_name(), line.to_value())));
    }
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_dropped(name: &str) -> bool {
    let is_known = contains(&DROPPED, name) || is_hop_by_hop(name) || name.starts_with(':');
    is_known || has_prefix(name.as_bytes(), b"proxy-") || has_prefix(name.as_bytes(), b"x-envoy-")
}
