//! The result of a call: Envoy delivers the response of an upstream and its own local replies in the same form.

use crate::flow::call::{CallFailure, CallReply};
use crate::flow::headers::{Headers, text};
use bytes::Bytes;
use std::time::Duration;

/// The header that Envoy adds to responses of an upstream but not to its own replies (docs/envoy-host-facts.md 3).
const UPSTREAM_SERVICE_TIME: &str = "x-envoy-upstream-service-time";

/// The body of a delivered response, which Envoy still has.
pub trait DeliveredBody {
    /// The size in bytes.
    fn size(&self) -> usize;

    /// Copies the first `max` bytes. `None` when there is no memory for them.
    fn read(&self, max: usize) -> Option<Bytes>;
}

/// The limits of a response.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of the body in bytes.
    pub max_bytes: usize,
    /// The memory in bytes left for bodies.
    pub memory_left: usize,
}

/// The failure of a call without a response, `elapsed` after its dispatch. Envoy's timers start at the time when its
/// event loop last woke, so they fire slightly before the timeout of this clock.
pub fn failure(elapsed: Duration, timeout: Duration) -> CallFailure {
    const TIMER_TOLERANCE: Duration = Duration::from_millis(50);
    let is_late = elapsed.saturating_add(TIMER_TOLERANCE.min(timeout / 2)) >= timeout;
    if is_late { CallFailure::Timeout } else { CallFailure::Reset }
}

/// Reads a response of an upstream.
///
/// # Errors
/// The response is a local reply of Envoy, or its body is too large.
pub fn read(
    mut headers: Headers,
    body: &impl DeliveredBody,
    limits: impl FnOnce() -> Limits,
) -> Result<CallReply, CallFailure> {
    let status = headers.first_line(":status").and_then(|status| text(status).parse().ok()).unwrap_or(0);
    if !headers.contains(UPSTREAM_SERVICE_TIME) {
        return Err(local_failure(status, body));
    }
    let limits = limits();
    let size = body.size();
    if size > limits.max_bytes {
        return Err(CallFailure::TooLarge(limits.max_bytes));
    }
    let body = match size {
        0 => Bytes::new(),
        size if size > limits.memory_left => return Err(CallFailure::NoMemory),
        size => body.read(size).ok_or(CallFailure::NoMemory)?,
    };
    headers.retain(|name| !name.starts_with(b":") && name != UPSTREAM_SERVICE_TIME.as_bytes());
    Ok(CallReply { status, headers, body })
}

/// The failure that a local reply of Envoy reports.
#[cold]
fn local_failure(status: u16, body: &impl DeliveredBody) -> CallFailure {
    /// Maximum size of the text in bytes.
    const MAX_TEXT_BYTES: usize = 512;
    let body = body.read(MAX_TEXT_BYTES).unwrap_or_default();
    CallFailure::of_local_reply(status, &text(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl DeliveredBody for &'static str {
        fn size(&self) -> usize {
            self.len()
        }

        fn read(&self, max: usize) -> Option<Bytes> {
            Some(Bytes::from_static(self.as_bytes().get(..max.min(self.len()))?))
        }
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> Headers {
        Headers::new(lines.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value))).collect())
    }

    #[test]
    fn responses_of_upstreams_lose_the_headers_of_envoy() {
        let lines = [(":status", "201"), ("x-a", "1"), ("x-envoy-upstream-service-time", "3")];
        let limits = || Limits { max_bytes: 2, memory_left: 2 };
        let reply = read(headers(&lines), &"ok", limits).unwrap();
        assert_eq!((reply.status, &*reply.body), (201, &b"ok"[..]));
        assert_eq!(reply.headers.names(), ["x-a"]);
    }

    #[test]
    fn bodies_have_two_limits() {
        let lines = [(":status", "200"), ("x-envoy-upstream-service-time", "3")];
        for (max_bytes, memory_left, failure) in
            [(3, 9, CallFailure::TooLarge(3)), (9, 3, CallFailure::NoMemory), (3, 3, CallFailure::TooLarge(3))]
        {
            let read = read(headers(&lines), &"body", || Limits { max_bytes, memory_left });
            assert_eq!(read, Err(failure), "{max_bytes} {memory_left}");
        }
    }

    #[test]
    fn local_replies_are_failures() {
        let limits = || Limits { max_bytes: 99, memory_left: 99 };
        for (status, body, failure) in [
            ("504", "upstream request timeout", CallFailure::Timeout),
            ("503", "reset reason: connection termination", CallFailure::Reset),
            ("503", "no healthy upstream", CallFailure::Unreachable),
        ] {
            assert_eq!(read(headers(&[(":status", status)]), &body, limits), Err(failure), "{status} {body}");
        }
    }

    #[test]
    fn calls_without_a_response_are_late_or_reset() {
        let millis = Duration::from_millis;
        for (elapsed, timeout, expected) in [
            (millis(1000), millis(1000), CallFailure::Timeout),
            (millis(951), millis(1000), CallFailure::Timeout),
            (millis(949), millis(1000), CallFailure::Reset),
            (millis(6), millis(10), CallFailure::Timeout),
            (millis(4), millis(10), CallFailure::Reset),
        ] {
            assert_eq!(failure(elapsed, timeout), expected, "{elapsed:?} of {timeout:?}");
        }
    }
}
