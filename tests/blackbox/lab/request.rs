//! A client's request and its response.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Uri, Version};

use super::body::{BodyPlan, SentBody};
use super::message::{Content, Message};

/// A request of a client, built step by step.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path_and_query: String,
    authority: String,
    pub(super) version: Version,
    headers: HeaderMap,
    body: BodyPlan,
}

impl Request {
    /// A request of any method, to the authority `site.test`.
    pub fn new(method: &str, path_and_query: &str) -> Request {
        Request {
            method: method.to_owned(),
            path_and_query: path_and_query.to_owned(),
            authority: "site.test".to_owned(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: BodyPlan::default(),
        }
    }

    pub fn get(path_and_query: &str) -> Request {
        Request::new("GET", path_and_query)
    }

    pub fn post(path_and_query: &str, content_type: &str, body: impl Into<Bytes>) -> Request {
        Request::new("POST", path_and_query).header("content-type", content_type).body(body)
    }

    pub fn authority(mut self, authority: &str) -> Request {
        self.authority = authority.to_owned();
        self
    }

    /// Adds a header. The value may be any bytes that HTTP can carry, UTF-8 or not.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// A body with its length.
    pub fn body(mut self, body: impl Into<Bytes>) -> Request {
        self.body.pieces = vec![body.into()];
        self
    }

    /// Streams the body in these pieces, without a length.
    pub fn pieces<B: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = B>, pause: Duration) -> Request {
        self.body.pieces = pieces.into_iter().map(Into::into).collect();
        self.body.pause = pause;
        self
    }

    /// Adds a trailer; the body is then streamed.
    pub fn trailer(mut self, name: &str, value: &str) -> Request {
        self.headers.append("trailer", name.parse().unwrap());
        self.body.trailers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        self
    }

    /// Breaks the request off after the body sent so far.
    pub fn cut(mut self) -> Request {
        self.body.cut = true;
        self
    }

    /// Speaks HTTP/2.
    pub fn h2(mut self) -> Request {
        self.version = Version::HTTP_2;
        self
    }

    pub fn into_hyper(self) -> hyper::Request<SentBody> {
        let mut request = hyper::Request::new(self.body.into_body());
        *request.method_mut() = self.method.parse().unwrap();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        *request.uri_mut() = if self.version == Version::HTTP_2 {
            Uri::builder().scheme("http").authority(self.authority).path_and_query(self.path_and_query).build().unwrap()
        } else {
            request.headers_mut().insert("host", self.authority.parse().unwrap());
            self.path_and_query.parse().unwrap()
        };
        request
    }
}

/// A response as the client received it.
#[derive(Clone, Debug)]
pub struct ClientResponse {
    pub status: u16,
    pub version: Version,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
}

impl Message for ClientResponse {
    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn content(&self) -> &Content {
        &self.content
    }
}
