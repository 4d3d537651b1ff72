use super::*;
use Event::{
    Ended, RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers, Woken,
};

const GET: Event = RequestHeaders { end: true };
const POST: Event = RequestHeaders { end: false };
const PART: Event = RequestBody { size: 3, end: false };
const BODY: Event = RequestBody { size: 7, end: true };
const EMPTY_RESPONSE: Event = ResponseHeaders { end: true };
const RESPONSE: Event = ResponseHeaders { end: false };
const RESPONSE_PART: Event = ResponseBody { size: 2, end: false };
const RESPONSE_BODY: Event = ResponseBody { size: 5, end: true };

/// The action of the transaction during a poll.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Wait,
    OpenRequest,
    OpenResponse,
    OpenBoth,
    Reply,
    /// Opens the request and ends.
    FinishRequest,
}

/// A stream with a scripted transaction.
#[derive(Default)]
struct Owner {
    state: StreamState,
    is_running: bool,
}

impl Owner {
    fn on(&mut self, event: Event, act: Act) -> (TransactionStep, Actions) {
        let pending = self.state.begin(event);
        match pending.transaction {
            TransactionStep::Start => self.is_running = true,
            TransactionStep::Drop => self.is_running = false,
            TransactionStep::Poll | TransactionStep::Finish | TransactionStep::Skip => {}
        }
        if self.is_running && pending.transaction != TransactionStep::Skip {
            match act {
                Act::Wait => {}
                Act::OpenRequest => self.state.resume(Direction::Request),
                Act::OpenResponse => self.state.resume(Direction::Response),
                Act::OpenBoth => {
                    self.state.resume(Direction::Request);
                    self.state.resume(Direction::Response);
                }
                Act::Reply => self.state.set_replied(),
                Act::FinishRequest => {
                    self.state.resume(Direction::Request);
                    self.is_running = false;
                }
            }
        }
        if pending.transaction == TransactionStep::Finish {
            self.is_running = false;
        }
        (pending.transaction, self.state.end(pending, self.is_running))
    }
}

/// The outcome of the second event, as `callback_result` and the resumed directions, such as `pause`,
/// `continue+request`.
fn second(first: (Event, Act), event: (Event, Act)) -> String {
    let mut owner = Owner::default();
    owner.on(first.0, first.1);
    text(owner.on(event.0, event.1).1)
}

fn text(outcome: Actions) -> String {
    let mut text = match outcome.callback_result {
        CallbackResult::Continue => "continue".to_owned(),
        CallbackResult::Pause => "pause".to_owned(),
    };
    if outcome.resume_request {
        text.push_str("+request");
    }
    if outcome.resume_response {
        text.push_str("+response");
    }
    text
}

#[test]
fn pairs_of_events() {
    use Act::{FinishRequest, OpenBoth, OpenRequest, OpenResponse, Reply, Wait};
    let table = [
        // While the transaction waits, every request callback pauses.
        ((POST, Wait), (PART, Wait), "pause"),
        ((POST, Wait), (BODY, Wait), "pause"),
        ((POST, Wait), (RequestTrailers, Wait), "pause"),
        ((GET, Wait), (Woken, Wait), "continue"),
        // The return value alone resumes the direction of the event.
        ((POST, Wait), (PART, OpenRequest), "continue"),
        ((POST, Wait), (BODY, OpenRequest), "continue"),
        ((POST, Wait), (RequestTrailers, OpenRequest), "continue"),
        ((POST, Wait), (BODY, FinishRequest), "continue"),
        // Another event resumes it by one host call.
        ((GET, Wait), (Woken, OpenRequest), "continue+request"),
        ((GET, Wait), (Woken, FinishRequest), "continue+request"),
        ((GET, Wait), (Woken, OpenBoth), "continue+request+response"),
        ((GET, OpenRequest), (Woken, Wait), "continue"),
        ((GET, OpenRequest), (Woken, OpenRequest), "continue"),
        ((GET, FinishRequest), (Woken, Wait), "continue"),
        // An open request stays open.
        ((POST, OpenRequest), (PART, Wait), "continue"),
        ((POST, OpenRequest), (BODY, Wait), "continue"),
        ((POST, OpenRequest), (RequestTrailers, Wait), "continue"),
        // The response waits for its flow.
        ((GET, OpenRequest), (EMPTY_RESPONSE, Wait), "pause"),
        ((GET, OpenRequest), (RESPONSE, Wait), "pause"),
        ((GET, OpenRequest), (EMPTY_RESPONSE, OpenResponse), "continue"),
        ((GET, OpenRequest), (RESPONSE, OpenResponse), "continue"),
        ((GET, FinishRequest), (RESPONSE, Wait), "continue"),
        ((GET, FinishRequest), (EMPTY_RESPONSE, Wait), "continue"),
        ((GET, OpenBoth), (RESPONSE, Wait), "continue"),
        // A response while the request is paused is a reply of Envoy: the transaction is dropped.
        ((POST, Wait), (RESPONSE, Wait), "continue"),
        ((POST, Wait), (EMPTY_RESPONSE, Wait), "continue"),
        // A local reply pauses the callback that made it; nothing is resumed.
        ((POST, Wait), (PART, Reply), "pause"),
        ((POST, Wait), (BODY, Reply), "pause"),
        ((POST, Wait), (RequestTrailers, Reply), "pause"),
        ((GET, Wait), (Woken, Reply), "pause"),
        ((GET, OpenRequest), (RESPONSE, Reply), "pause"),
        ((GET, OpenRequest), (Woken, Reply), "pause"),
        // The reply passes. Further data of the client does not.
        ((POST, Reply), (PART, Wait), "pause"),
        ((POST, Reply), (BODY, Wait), "pause"),
        ((POST, Reply), (RequestTrailers, Wait), "pause"),
        ((POST, Reply), (RESPONSE, Wait), "continue"),
        ((POST, Reply), (RESPONSE_PART, Wait), "continue"),
        ((POST, Reply), (RESPONSE_BODY, Wait), "continue"),
        ((POST, Reply), (ResponseTrailers, Wait), "continue"),
        ((POST, Reply), (Woken, OpenRequest), "continue"),
        // The end of the stream resumes nothing.
        ((GET, Wait), (Ended, Wait), "continue"),
        ((GET, Wait), (Ended, OpenBoth), "continue"),
        ((GET, Reply), (Ended, Wait), "continue"),
        ((GET, OpenRequest), (Ended, Wait), "continue"),
    ];
    for (first, event, outcome) in table {
        assert_eq!(second(first, event), outcome, "{first:?} {event:?}");
    }
}

#[test]
fn the_transaction_follows_the_stream() {
    let table: [(&[(Event, Act)], TransactionStep); 7] = [
        (&[(GET, Act::Wait)], TransactionStep::Start),
        (&[(POST, Act::Wait), (BODY, Act::Wait)], TransactionStep::Poll),
        (&[(GET, Act::Wait), (Woken, Act::Wait)], TransactionStep::Poll),
        (&[(POST, Act::Wait), (RESPONSE, Act::Wait)], TransactionStep::Drop),
        (&[(GET, Act::OpenRequest), (RESPONSE, Act::Wait)], TransactionStep::Poll),
        (&[(GET, Act::Reply), (RESPONSE, Act::Wait)], TransactionStep::Skip),
        (&[(GET, Act::Reply), (Ended, Act::Wait)], TransactionStep::Finish),
    ];
    for (events, step) in table {
        let mut owner = Owner::default();
        let last = events.iter().map(|(event, act)| owner.on(*event, *act).0).last();
        assert_eq!(last, Some(step), "{events:?}");
    }
}

#[test]
fn a_response_body_is_paused_until_its_flow_ends() {
    let mut owner = Owner::default();
    owner.on(GET, Act::OpenRequest);
    for event in [RESPONSE, RESPONSE_PART, RESPONSE_BODY] {
        assert_eq!(text(owner.on(event, Act::Wait).1), "pause", "{event:?}");
    }
    assert_eq!(text(owner.on(Woken, Act::OpenResponse).1), "continue+response");
    assert_eq!(text(owner.on(Woken, Act::OpenResponse).1), "continue");
}

#[test]
fn progress_reports_the_size_of_the_buffered_body() {
    let table: [(&[Event], Direction, Progress); 9] = [
        (&[], Direction::Request, Progress::Nothing),
        (&[GET], Direction::Request, Progress::Complete(None)),
        (&[POST], Direction::Request, Progress::Partial),
        (&[POST, PART], Direction::Request, Progress::Partial),
        (&[POST, PART, BODY], Direction::Request, Progress::Complete(Some(7))),
        (&[POST, PART, RequestTrailers], Direction::Request, Progress::Complete(Some(3))),
        (&[GET], Direction::Response, Progress::Nothing),
        (&[GET, RESPONSE, RESPONSE_BODY], Direction::Response, Progress::Complete(Some(5))),
        (&[GET, RESPONSE, RESPONSE_PART, ResponseTrailers], Direction::Response, Progress::Complete(Some(2))),
    ];
    for (events, direction, progress) in table {
        let mut owner = Owner::default();
        for event in events {
            owner.on(*event, Act::OpenRequest);
        }
        assert_eq!(owner.state.progress(direction), progress, "{events:?}");
    }
}

#[test]
fn the_end_is_recorded() {
    let mut owner = Owner::default();
    owner.on(GET, Act::Wait);
    assert!(!owner.state.is_ended());
    owner.on(Ended, Act::Wait);
    assert!(owner.state.is_ended());
}
