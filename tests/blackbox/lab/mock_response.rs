//! The response of a backend.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::Gate;
use super::body::{BodyPlan, SentBody};

/// A response of a backend, built step by step.
#[derive(Clone, Debug)]
pub struct MockResponse {
    status: u16,
    headers: HeaderMap,
    body: BodyPlan,
    delay: Duration,
    gate: Option<Gate>,
}

impl MockResponse {
    /// A response without body.
    pub fn status(status: u16) -> MockResponse {
        MockResponse { status, headers: HeaderMap::new(), body: BodyPlan::default(), delay: Duration::ZERO, gate: None }
    }

    /// A response with a body of this content type.
    pub fn of(status: u16, content_type: &str, body: impl Into<Bytes>) -> MockResponse {
        MockResponse { body: BodyPlan::in_one_piece(body), ..MockResponse::status(status) }
            .header("content-type", content_type)
    }

    pub fn text(status: u16, body: impl Into<Bytes>) -> MockResponse {
        MockResponse::of(status, "text/plain", body)
    }

    pub fn json(status: u16, body: impl Into<Bytes>) -> MockResponse {
        MockResponse::of(status, "application/json", body)
    }

    pub fn xml(status: u16, body: impl Into<Bytes>) -> MockResponse {
        MockResponse::of(status, "text/xml", body)
    }

    /// Adds a header. The value may be any bytes that HTTP can carry, UTF-8 or not.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> MockResponse {
        self.headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// Adds a trailer. An HTTP/1 client sees it only if it sent `te: trailers`.
    pub fn trailer(mut self, name: &str, value: &str) -> MockResponse {
        self.headers.append("trailer", name.parse().unwrap());
        self.body.trailers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        self
    }

    /// Streams the body in these pieces, without a length.
    pub fn pieces<B: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = B>, pause: Duration) -> MockResponse {
        self.body.pieces = pieces.into_iter().map(Into::into).collect();
        self.body.pause = pause;
        self
    }

    /// Streams `length` bytes of `x`, without a length.
    pub fn streamed(self, length: usize) -> MockResponse {
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        let whole = std::iter::repeat_n(piece.clone(), length / piece.len());
        self.pieces(whole.chain([piece.slice(..length % piece.len())]), Duration::ZERO)
    }

    /// Breaks the stream off after the body: HTTP/1 closes the connection, HTTP/2 resets the stream.
    pub fn cut(mut self) -> MockResponse {
        self.body.cut = true;
        self
    }

    /// Waits before the head is sent.
    pub fn after(mut self, delay: Duration) -> MockResponse {
        self.delay = delay;
        self
    }

    /// Waits for the gate before the head is sent.
    pub fn held_by(mut self, gate: &Gate) -> MockResponse {
        self.gate = Some(gate.clone());
        self
    }

    pub(super) async fn into_response(self) -> hyper::Response<SentBody> {
        tokio::time::sleep(self.delay).await;
        if let Some(gate) = &self.gate {
            gate.passed().await;
        }
        let mut response = hyper::Response::new(self.body.into_body());
        *response.status_mut() = self.status.try_into().unwrap();
        *response.headers_mut() = self.headers;
        response
    }
}
