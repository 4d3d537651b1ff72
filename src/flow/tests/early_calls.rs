//! The calls of independent callouts start together, and the result is that of running the steps in order.

use super::*;
use crate::flow::cache::CacheEvent;
use crate::flow::call::{CallFailure, CallReply, Outcome};
use crate::flow::headers::Headers;
use crate::flow::host::Host;
use crate::flow::run;
use crate::flow::scripted::Script;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A host whose calls wait until the test answers them.
struct Waiting {
    inner: Scripted,
    /// The paths of the calls in the order in which they started.
    started: RefCell<Vec<String>>,
    replies: RefCell<BTreeMap<String, Result<CallReply, CallFailure>>>,
}

impl Waiting {
    fn new() -> Waiting {
        let inner = Scripted::client("GET", "/start?id=7", &[("x-id", "7")]);
        Waiting { inner, started: RefCell::default(), replies: RefCell::default() }
    }

    fn started(&self) -> Vec<String> {
        self.started.borrow().clone()
    }

    fn answer(&self, path: &str, status: u16, body: &str) {
        let reply = CallReply { status, headers: Headers::default(), body: Bytes::copy_from_slice(body.as_bytes()) };
        self.replies.borrow_mut().insert(path.to_owned(), Ok(reply));
    }

    fn fail(&self, path: &str, failure: CallFailure) {
        self.replies.borrow_mut().insert(path.to_owned(), Err(failure));
    }
}

impl Host for Waiting {
    type Background = Script;

    fn background(&self) -> Script {
        self.inner.background()
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn random(&self, buffer: &mut [u8]) {
        self.inner.random(buffer);
    }

    fn memory_left(&self) -> usize {
        self.inner.memory_left()
    }

    fn headers(&self, direction: Direction) -> Headers {
        Host::headers(&self.inner, direction)
    }

    fn change_header(&self, direction: Direction, change: &HeaderChange) {
        self.inner.change_header(direction, change);
    }

    async fn body(&self, direction: Direction) -> Option<Bytes> {
        self.inner.body(direction).await
    }

    fn replace_body(&self, direction: Direction, body: &[u8]) {
        self.inner.replace_body(direction, body);
    }

    fn resume(&self, direction: Direction) {
        self.inner.resume(direction);
    }

    async fn response(&self) -> bool {
        self.inner.response().await
    }

    async fn ended(&self) {}

    fn reply(&self, reply: &Reply) {
        self.inner.reply(reply);
    }

    async fn call(&self, _: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        let path = call.header(":path").unwrap().to_owned();
        self.started.borrow_mut().push(path.clone());
        poll_fn(|_| self.replies.borrow_mut().remove(&path).map_or(Poll::Pending, Poll::Ready)).await
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.inner.count(policy, outcome);
    }

    fn count_cache(&self, policy: PolicyId, event: CacheEvent, count: u32) {
        self.inner.count_cache(policy, event, count);
    }

    fn attribute(&self, path: &[&str]) -> Option<Bytes> {
        self.inner.attribute(path)
    }

    fn filter_state(&self, name: &str) -> Option<Bytes> {
        self.inner.filter_state(name)
    }

    fn publish(&self, name: &str, value: &[u8]) {
        self.inner.publish(name, value);
    }
}

/// A callout to `/NAME` that stores its response in `NAME`.
fn named(name: &str, attributes: &str, request: &str) -> String {
    format!(
        "<ServiceCallout name='{name}' {attributes}><Request variable='{name}q'>{request}</Request>
         <Response>{name}</Response><HTTPTargetConnection><URL>http://{name}.test/{name}</URL></HTTPTargetConnection>
         </ServiceCallout>"
    )
}

/// The variables that show what ran.
const RESULT: &str = "<AssignMessage name='Result'><AssignTo>request</AssignTo><Set><Headers>
    <Header name='result'>{a.content} {b.content} {c.content} {servicecallout.requesturi} {fault.name}</Header>
    </Headers></Set><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>";

fn parallel(steps: &[&str]) -> Plan {
    plan(&json!({"policies": steps, "parallel_callouts": true}))
}

/// Polls a transaction once for each step of a script, and returns its effects.
fn run_script(plan: &Plan, host: &Waiting, script: &[&dyn Fn(&Waiting)]) -> Effects {
    let mut transaction: Pin<Box<dyn Future<Output = ()>>> = Box::pin(run(plan, &host.inner.worker, host));
    let mut context = Context::from_waker(Waker::noop());
    let mut is_ready = transaction.as_mut().poll(&mut context).is_ready();
    for event in script {
        assert!(!is_ready, "the transaction ended early");
        event(host);
        is_ready = transaction.as_mut().poll(&mut context).is_ready();
    }
    assert!(is_ready, "the transaction waits");
    drop(transaction);
    host.inner.done.take()
}

#[test]
fn independent_calls_start_together_and_their_results_are_stored_in_order() {
    let (a, b, c) = (named("a", "", ""), named("b", "", ""), named("c", "", ""));
    let plan = parallel(&[&a, &b, &c, RESULT]);
    let host = Waiting::new();
    let all = ["/a", "/b", "/c"];
    let effects = run_script(
        &plan,
        &host,
        &[
            &|host| {
                assert_eq!(host.started(), all);
                host.answer("/c", 200, "third");
            },
            &|host| host.answer("/a", 200, "first"),
            &|host| host.answer("/b", 200, "second"),
        ],
    );
    assert_eq!(host.started(), all);
    assert_eq!(effects.changes(Direction::Request), ["result: first second third /c "]);
    assert_eq!(effects.outcomes, [0, 1, 2].map(|policy| (PolicyId(policy), Outcome::Ok)));
}

#[test]
fn the_first_fault_in_the_order_of_steps_wins() {
    let (a, b) = (named("a", "", ""), named("b", "", ""));
    let plan = parallel(&[&a, &b, RESULT]);
    let host = Waiting::new();
    // The second call fails first.
    let effects = run_script(
        &plan,
        &host,
        &[&|host| host.fail("/b", CallFailure::Reset), &|host| host.fail("/a", CallFailure::Timeout)],
    );
    let (status, body) = effects.reply_status_and_body();
    assert_eq!(status, 500);
    assert!(body.contains("Execution of ServiceCallout a failed. Reason: timeout occurred in a"), "{body}");
    assert_eq!(effects.outcomes, [(PolicyId(0), Outcome::Timeout)]);
}

#[test]
fn a_fault_does_not_wait_for_later_calls_and_drops_their_responses() {
    let (a, b) = (named("a", "", ""), named("b", "", ""));
    let plan = parallel(&[&a, &b]);
    let host = Waiting::new();
    let effects = run_script(&plan, &host, &[&|host| host.answer("/a", 503, "")]);
    assert_eq!(effects.reply_status_and_body().0, 500);
    assert_eq!(host.inner.published("b.content"), None);
    assert_eq!(host.inner.published("servicecallout.b.failed"), None);
}

#[test]
fn a_failed_callout_that_continues_leaves_the_variables_of_running_in_order() {
    let (a, b) = (named("a", "continueOnError='true'", ""), named("b", "", ""));
    let plan = parallel(&[&a, &b, RESULT]);
    let host = Waiting::new();
    let effects =
        run_script(&plan, &host, &[&|host| host.answer("/b", 200, "second"), &|host| host.answer("/a", 500, "broken")]);
    assert_eq!(effects.changes(Direction::Request), ["result: broken second  /b ExecutionFailed"]);
}

#[test]
fn a_step_whose_condition_is_false_makes_no_call() {
    let (a, b, c) = (named("a", "", ""), named("b", "", ""), named("c", "", ""));
    let steps = json!(["a", {"step": "b", "condition": "request.queryparam.id = 8"}, "c", "Result"]);
    let plan = plan(&json!({"policies": [a, b, c, RESULT], "request": steps, "parallel_callouts": true}));
    let host = Waiting::new();
    let effects =
        run_script(&plan, &host, &[&|host| host.answer("/c", 200, "third"), &|host| host.answer("/a", 200, "first")]);
    assert_eq!(host.started(), ["/a", "/c"]);
    assert_eq!(effects.changes(Direction::Request), ["result: first  third /c "]);
}

#[test]
fn a_call_with_side_effects_waits_for_all_steps_before_it_and_later_ones_wait_for_it() {
    let verb = "<Set><Verb>{request.header.x-verb}</Verb></Set>";
    let (a, b, c) = (named("a", "", ""), named("b", "", verb), named("c", "", ""));
    let plan = parallel(&[&a, &b, &c, RESULT]);
    let mut host = Waiting::new();
    host.inner = Scripted::client("GET", "/", &[("x-verb", "POST")]);
    let effects = run_script(
        &plan,
        &host,
        &[
            &|host| {
                assert_eq!(host.started(), ["/a"]);
                host.answer("/a", 200, "first");
            },
            &|host| {
                assert_eq!(host.started(), ["/a", "/b"]);
                host.answer("/b", 200, "second");
            },
            &|host| host.answer("/c", 200, "third"),
        ],
    );
    assert_eq!(effects.changes(Direction::Request), ["result: first second third /c "]);
}

#[test]
fn a_call_with_side_effects_does_not_start_when_an_earlier_step_fails() {
    let verb = "<Set><Verb>{request.header.x-verb}</Verb></Set>";
    let plan = parallel(&[&named("a", "", ""), &named("b", "", verb)]);
    let mut host = Waiting::new();
    host.inner = Scripted::client("GET", "/", &[("x-verb", "POST")]);
    run_script(&plan, &host, &[&|host| host.answer("/a", 500, "")]);
    assert_eq!(host.started(), ["/a"]);
}

#[test]
fn a_call_that_differs_when_its_step_runs_is_made_again() {
    // A callout reads this variable, and no element of the policy names it.
    let first = named("a", "", "").replace("<Response>a<", "<Response>target.header.host<");
    let plan = parallel(&[&first, &named("b", "", ""), RESULT]);
    let host = Waiting::new();
    let effects = run_script(
        &plan,
        &host,
        &[&|host| host.answer("/b", 200, "early"), &|host| host.answer("/a", 200, "other.test"), &|host| {
            host.answer("/b", 200, "second")
        }],
    );
    assert_eq!(host.started(), ["/a", "/b", "/b"]);
    assert_eq!(effects.changes(Direction::Request), ["result:  second  /b "]);
}

#[test]
fn callouts_that_share_the_default_request_message_start_together() {
    let callout = |name: &str, header: &str| {
        format!(
            "<ServiceCallout name='{name}'><Request><Set><Headers><Header name='{header}'>1</Header></Headers></Set></Request>
             <Response>{name}</Response><HTTPTargetConnection><URL>http://a.test/{name}</URL></HTTPTargetConnection>
             </ServiceCallout>"
        )
    };
    let plan = parallel(&[&callout("a", "x-a"), &callout("b", "x-b"), RESULT]);
    let host = Waiting::new();
    run_script(
        &plan,
        &host,
        &[&|host| {
            assert_eq!(host.started(), ["/a", "/b"]);
            host.answer("/b", 200, "second");
            host.answer("/a", 200, "first");
        }],
    );
    assert_eq!(host.started(), ["/a", "/b"]);
}

#[test]
fn a_client_that_leaves_drops_every_call() {
    let plan = parallel(&[&named("a", "", ""), &named("b", "", "")]);
    let host = Waiting::new();
    {
        let mut transaction = pin!(run(&plan, &host.inner.worker, &host));
        assert!(transaction.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(host.started(), ["/a", "/b"]);
}

#[test]
fn a_trace_shows_the_group_and_each_call_below_its_step() {
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "1").with_reply(200, &[], "2");
    let effects = host.run(&parallel(&[&named("a", "", ""), &named("b", "", "")]));
    let group = effects.events.iter().filter_map(|event| match event {
        crate::flow::trace::Event::Group { policies } => Some(policies.join(" ")),
        _ => None,
    });
    assert_eq!(group.collect::<Vec<_>>(), ["a b"]);
    assert_eq!(
        effects.calls.iter().map(Call::line).collect::<Vec<_>>(),
        ["GET http://a.test/a", "GET http://b.test/b"]
    );
}
