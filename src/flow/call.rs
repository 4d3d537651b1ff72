//! What goes between a transaction and the outside: calls, their answers, and the reply to the client.

use crate::flow::headers::Headers;
use bytes::Bytes;
use bytestring::ByteString;
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
    /// Pseudo-headers and headers in sending order, none of them hop-by-hop.
    pub headers: Vec<(ByteString, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
    /// The largest body of an answer, in bytes.
    pub max_response_bytes: usize,
}

/// The whole answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReply {
    /// The status code.
    pub status: u16,
    /// The headers, without pseudo-headers and without what Envoy adds.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// Why a call has no answer (docs/envoy-host-facts.md 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The time was over.
    Timeout,
    /// No cluster, no healthy host, or no connection.
    Unreachable,
    /// The connection ended before the answer was whole.
    Reset,
    /// What came was no HTTP.
    Protocol,
    /// The answer's body is larger than this many bytes.
    TooLarge(usize),
    /// The answer's body is larger than the memory that is left for bodies.
    NoMemory,
}

/// How a callout policy ended, for the metrics of docs/guide/metrics.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer in the success set.
    Ok,
    /// An answer outside it.
    ErrorStatus,
    /// No answer in time.
    Timeout,
    /// Host not reachable.
    Unreachable,
    /// A host that a request chose and the configuration does not allow; told as not reachable.
    Refused,
    /// Any other failure, before or after sending.
    Fault,
}

/// An answer to the client made here.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status code, from 200 to 999.
    pub status: u16,
    /// The headers, fit to be sent.
    pub headers: Vec<(ByteString, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// What Envoy's `%RESPONSE_CODE_DETAILS%` prints.
    pub details: String,
}
