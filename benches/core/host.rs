//! A host with immediate responses, so that only the core is measured.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use envoy_callout::flow::cache::CacheEvent;
use envoy_callout::flow::call::{Call, CallFailure, CallReply, Direction, Outcome, Reply};
use envoy_callout::flow::headers::{HeaderChange, Headers};
use envoy_callout::flow::host::{Background, Host, Task};
use envoy_callout::plan::PolicyId;

/// A client request and the response to its callout.
pub(crate) struct BenchHost {
    request: Headers,
    reply: CallReply,
    /// The number of callouts with a successful response.
    pub(crate) succeeded: Cell<usize>,
    /// The number of values written to filter state.
    pub(crate) published: Cell<usize>,
}

impl BenchHost {
    pub(crate) fn new() -> BenchHost {
        let request = headers(&[
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "site.test"),
            (":path", "/near?radius=5"),
            ("x-user", "user-07"),
            ("user-agent", "bench/1.0"),
            ("accept", "application/json"),
            ("authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA"),
            ("x-forwarded-proto", "http"),
            ("x-request-id", "5f0c4b0e-9d1f-4c1c-8a56-2a5c0f7f4d11"),
        ]);
        let reply = CallReply {
            status: 200,
            headers: headers(&[("content-type", "application/json"), ("date", "Fri, 02 Jan 2026 10:00:00 GMT")]),
            body: Bytes::from_static(br#"{"user":"user-07","country":"CH","city":"Bern","zone":"Europe/Zurich"}"#),
        };
        BenchHost { request, reply, succeeded: Cell::new(0), published: Cell::new(0) }
    }
}

fn headers(lines: &[(&'static str, &'static str)]) -> Headers {
    Headers::new(lines.iter().map(|(name, value)| (Bytes::from_static(name.as_bytes()), (*value).into())).collect())
}

/// No measured value outlives its transaction.
#[derive(Clone)]
pub(crate) struct NoBackground;

impl Background for NoBackground {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn call(&self, _: &Call) -> impl Future<Output = Result<CallReply, CallFailure>> {
        std::future::ready(Err(CallFailure::Unreachable))
    }

    fn send(&self, _: PolicyId, _: &Call) -> Result<(), CallFailure> {
        Ok(())
    }

    fn detach(&self, _: Task) {}

    fn shared(&self, _: &str) -> Option<Bytes> {
        None
    }

    fn share(&self, _: &str, _: &[u8]) {}

    fn shared_with_version(&self, _: &str) -> (Option<Bytes>, Option<u32>) {
        (None, None)
    }

    fn share_if(&self, _: &str, _: &[u8], _: Option<u32>) -> bool {
        true
    }

    fn random_number(&self) -> u64 {
        7
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    fn warn(&self, _: &str) {}
}

impl Host for BenchHost {
    type Background = NoBackground;

    fn background(&self) -> NoBackground {
        NoBackground
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1_767_348_000)
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }

    fn memory_left(&self) -> usize {
        usize::MAX
    }

    fn headers(&self, _: Direction) -> Headers {
        self.request.clone()
    }

    fn change_header(&self, _: Direction, _: &HeaderChange) {}

    fn body(&self, _: Direction) -> impl Future<Output = Option<Bytes>> {
        std::future::ready(None)
    }

    fn replace_body(&self, _: Direction, _: &[u8]) {}

    fn resume(&self, _: Direction) {}

    fn response(&self) -> impl Future<Output = bool> {
        std::future::ready(true)
    }

    fn ended(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    fn reply(&self, reply: &Reply) {
        panic!("the transaction failed: {reply:?}");
    }

    fn call(&self, _: PolicyId, _: &Call) -> impl Future<Output = Result<CallReply, CallFailure>> {
        std::future::ready(Ok(self.reply.clone()))
    }

    fn count(&self, _: PolicyId, outcome: Outcome) {
        assert_eq!(outcome, Outcome::Ok);
        self.succeeded.update(|count| count + 1);
    }

    fn count_cache(&self, _: PolicyId, _: CacheEvent, _: u32) {}

    fn attribute(&self, _: &[&str]) -> Option<Bytes> {
        None
    }

    fn filter_state(&self, _: &str) -> Option<Bytes> {
        None
    }

    fn publish(&self, _: &str, _: &[u8]) {
        self.published.update(|count| count + 1);
    }
}
