//! Calls to other services, their responses, and the reply to the client.

use crate::flow::headers::Headers;
use bytes::Bytes;
use bytestring::ByteString;
use std::fmt;
use std::time::Duration;

/// One of the two directions of the client's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the upstream.
    Request,
    /// From the upstream to the client.
    Response,
}

/// A request to another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The cluster that serves it.
    pub cluster: ByteString,
    /// Pseudo-headers and headers in sending order, without hop-by-hop headers.
    pub headers: Vec<(ByteString, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// The time until the end of the response.
    pub timeout: Duration,
    /// Maximum size of the response body in bytes.
    pub max_response_bytes: usize,
}

impl Call {
    /// Whether the call has no side effects: its verb is GET or HEAD.
    pub fn is_safe(&self) -> bool {
        let verb = self.headers.iter().find(|(name, _)| name == ":method");
        verb.is_some_and(|(_, verb)| matches!(&**verb, b"GET" | b"HEAD"))
    }

    /// Sets a header that the call has.
    pub(in crate::flow) fn set_header(&mut self, name: &str, value: Bytes) {
        if let Some((_, current)) = self.headers.iter_mut().find(|(header, _)| header == name) {
            *current = value;
        }
    }

    /// A copy that shares no memory with this one.
    #[must_use]
    pub fn separate(&self) -> Call {
        let name = |name: &ByteString| ByteString::from(name.to_string());
        let headers = self.headers.iter().map(|(header, value)| (name(header), Bytes::copy_from_slice(value)));
        Call {
            cluster: name(&self.cluster),
            headers: headers.collect(),
            body: Bytes::copy_from_slice(&self.body),
            timeout: self.timeout,
            max_response_bytes: self.max_response_bytes,
        }
    }
}

/// The response to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReply {
    /// The status code.
    pub status: u16,
    /// The headers, without pseudo-headers and without the headers that Envoy adds.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// The reason why a call has no response (docs/envoy-host-facts.md 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The timeout expired.
    Timeout,
    /// No cluster, no healthy host, or no connection.
    Unreachable,
    /// The connection ended before the response was complete.
    Reset,
    /// The response is not HTTP.
    Protocol,
    /// The response body is larger than this number of bytes.
    TooLarge(usize),
    /// The response body is larger than the memory that is left for bodies.
    NoMemory,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallFailure::Timeout => formatter.write_str("the timeout expired"),
            CallFailure::Unreachable => formatter.write_str("the host is not reachable"),
            CallFailure::Reset => formatter.write_str("the connection was reset"),
            CallFailure::Protocol => formatter.write_str("the response is not HTTP"),
            CallFailure::TooLarge(max) => write!(formatter, "the response body is larger than {max} bytes"),
            CallFailure::NoMemory => formatter.write_str("the response body is larger than the memory for bodies"),
        }
    }
}

impl std::error::Error for CallFailure {}

/// The reset reasons of a local reply that mean: the connection was established and the response is missing. The server
/// reset the stream, or Envoy did because the response headers are too large.
const RESETS: [&str; 4] = ["connection termination", "remote reset", "remote refused stream reset", "local reset"];

impl CallFailure {
    /// The failure that a local reply of Envoy reports, by its status and text. Only a reset needs the text; the texts
    /// are the same in Envoy 1.36 and 1.40.
    pub fn of_local_reply(status: u16, text: &str) -> CallFailure {
        match status {
            504 => CallFailure::Timeout,
            502 => CallFailure::Protocol,
            _ if RESETS.iter().any(|reset| text.contains(reset)) => CallFailure::Reset,
            _ => CallFailure::Unreachable,
        }
    }
}

/// The outcome of a callout policy, for the metrics of docs/guide/metrics.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response whose status is in the success set.
    Ok,
    /// A response whose status is outside the success set.
    ErrorStatus,
    /// No response before the timeout.
    Timeout,
    /// The host is not reachable.
    Unreachable,
    /// A request chose a host that the configuration does not allow. The fault is that of an unreachable host.
    HostNotAllowed,
    /// Any other failure, before or after sending.
    Fault,
}

/// A local reply to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status code, from 200 to 999.
    pub status: u16,
    /// The headers in sending order.
    pub headers: Vec<(ByteString, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// The value of Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_replies_report_failures() {
        let before =
            |reason: &str| format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}");
        for (status, text, failure) in [
            (504, "upstream request timeout".to_owned(), CallFailure::Timeout),
            (502, before("protocol error"), CallFailure::Protocol),
            (503, before("connection termination"), CallFailure::Reset),
            // An HTTP/2 response whose headers are too large, and a stream that the server reset.
            (503, before("remote reset"), CallFailure::Reset),
            (503, before("remote refused stream reset"), CallFailure::Reset),
            (503, before("local reset"), CallFailure::Reset),
            (
                503,
                before("").replace("reset reason", "retried and the latest reset reason") + "remote reset",
                CallFailure::Reset,
            ),
            (503, before("remote connection failure"), CallFailure::Unreachable),
            (503, before("connection timeout"), CallFailure::Unreachable),
            (503, before("overflow"), CallFailure::Unreachable),
            (503, "no healthy upstream".to_owned(), CallFailure::Unreachable),
            (503, String::new(), CallFailure::Unreachable),
        ] {
            assert_eq!(CallFailure::of_local_reply(status, &text), failure, "{status} {text}");
        }
    }
}
