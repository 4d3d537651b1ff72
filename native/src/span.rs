//! The span of a callout: a child of the request's span, when Envoy traces the request.
#![allow(unsafe_code)]

use crate::abi::{self, EnvoyPointer, ModuleBuffer};
use crate::stream::Stream;
use envoy_callout::flow::call::{Call, CallFailure, Outcome};
use envoy_callout::plan::{Plan, PolicyId};

/// A span of Envoy. Its drop finishes it.
#[derive(Debug)]
pub(crate) struct Span(EnvoyPointer);

impl Span {
    /// Starts the span of a call. `None` when Envoy does not trace the request.
    pub(crate) fn start(stream: Stream, plan: &Plan, policy: PolicyId, call: &Call) -> Option<Span> {
        let name = plan.name_of(policy).unwrap_or_default();
        let span = Span(stream.spawn_child_span(name)?);
        span.tag("callout.policy", name);
        span.tag("http.url", &url(call));
        span.tag("upstream_cluster", &call.cluster);
        Some(span)
    }

    /// Records the status of the response.
    pub(crate) fn responded(self, status: u16) -> Span {
        self.tag("http.status_code", &status.to_string());
        self
    }

    /// Records that the call has no response.
    pub(crate) fn failed(self, failure: &CallFailure) -> Span {
        self.tag("error", "true");
        self.tag("callout.fault", &failure.to_string());
        self
    }

    /// Records the outcome of the policy, and finishes the span.
    pub(crate) fn end(self, outcome: Outcome) {
        match outcome {
            Outcome::Ok | Outcome::Timeout | Outcome::Unreachable | Outcome::HostNotAllowed => {}
            Outcome::ErrorStatus => {
                self.tag("error", "true");
                self.tag("callout.fault", "the status is not a success");
            }
            Outcome::Fault => self.tag("error", "true"),
        }
    }

    fn tag(&self, key: &str, value: &str) {
        // SAFETY: this value owns the span, and Envoy copies both texts.
        unsafe {
            abi::span_set_tag(self.0, ModuleBuffer::new(key.as_bytes()), ModuleBuffer::new(value.as_bytes()));
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        // SAFETY: this value owns the span.
        unsafe { abi::child_span_finish(self.0) };
    }
}

/// The URL of a call without its query, which may contain keys.
fn url(call: &Call) -> String {
    let value = |name: &str| {
        let header = call.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| String::from_utf8_lossy(value)).unwrap_or_default()
    };
    let path = value(":path");
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{}://{}{path}", value(":scheme"), value(":authority"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use bytestring::ByteString;
    use std::time::Duration;

    #[test]
    fn urls_have_no_query() {
        for (path, expected) in [("/a/b", "http://s.test/a/b"), ("/a?key=1", "http://s.test/a"), ("", "http://s.test")]
        {
            let headers = [(":scheme", "http"), (":authority", "s.test"), (":path", path)];
            let header = |(name, value): (&'static str, &str)| {
                (ByteString::from_static(name), Bytes::copy_from_slice(value.as_bytes()))
            };
            let call = Call {
                cluster: "c".into(),
                headers: headers.map(header).into(),
                body: Bytes::new(),
                timeout: Duration::ZERO,
                max_response_bytes: 0,
            };
            assert_eq!(url(&call), expected);
        }
    }
}
