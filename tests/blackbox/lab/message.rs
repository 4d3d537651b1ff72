//! The common parts of received requests and responses.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use serde_json::Value;

/// A message that arrived, at a backend or at the client.
pub trait Message {
    fn headers(&self) -> &HeaderMap;
    fn content(&self) -> &Content;

    /// The first header of this name.
    fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).map(|bytes| str::from_utf8(bytes).expect("header is not UTF-8, use header_bytes"))
    }

    fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.headers().get(name).map(|value| value.as_bytes())
    }

    /// Every header of this name, in order.
    fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers().get_all(name).iter().map(|value| value.to_str().expect("header is not text")).collect()
    }

    /// The distinct names of all headers, sorted.
    fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    fn trailer(&self, name: &str) -> Option<&str> {
        self.content().trailers.get(name).map(|value| value.to_str().expect("trailer is not text"))
    }

    fn body(&self) -> &Bytes {
        &self.content().body
    }

    /// The body as text.
    fn text(&self) -> &str {
        str::from_utf8(self.body()).expect("body is not UTF-8")
    }

    /// The body as JSON.
    fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap_or_else(|error| panic!("{error}: {}", self.body().escape_ascii()))
    }

    /// Whether the body came to its end, rather than being cut off.
    fn is_complete(&self) -> bool {
        self.content().complete
    }
}

/// Body and trailers as far as they came.
#[derive(Clone, Debug, Default)]
pub struct Content {
    pub body: Bytes,
    pub trailers: HeaderMap,
    pub complete: bool,
}

impl Content {
    pub async fn read(mut incoming: Incoming) -> Content {
        let mut body = BytesMut::new();
        let mut trailers = HeaderMap::new();
        let complete = loop {
            match incoming.frame().await {
                None => break true,
                Some(Err(_)) => break false,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => body.extend_from_slice(&data),
                    Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
                },
            }
        };
        Content { body: body.freeze(), trailers, complete }
    }
}
