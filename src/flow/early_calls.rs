//! Calls that start before their step runs, so that independent callouts take as long as the slowest one.
//!
//! The steps of a group still run in order, and each one builds its request, stores its response and faults exactly as
//! without early calls. Only its call does not start when the step runs: a copy of the transaction has built the same
//! request before, and its response may already be here.

use crate::flow::boxed::boxed;
use crate::flow::call::{Call, CallFailure, CallReply};
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::trace::Event;
use crate::flow::transaction::Transaction;
use crate::plan::{PolicyId, Step};
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

/// The result of a call.
type CallResult = Result<CallReply, CallFailure>;

/// The early calls of the group that runs.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlyCalls<'a>(Rc<RefCell<Vec<EarlyCall<'a>>>>);

struct EarlyCall<'a> {
    policy: PolicyId,
    call: Call,
    state: State<'a>,
}

enum State<'a> {
    Waiting(Pin<Box<dyn Future<Output = CallResult> + 'a>>),
    Done(CallResult),
    /// A step has the result.
    Taken,
}

impl fmt::Debug for EarlyCall<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EarlyCall").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<'a> EarlyCalls<'a> {
    /// Adds a call. The next [`EarlyCalls::poll`] starts it.
    fn add<H: Host>(&self, host: &'a H, policy: PolicyId, call: Call) {
        let sent = call.clone();
        let response = boxed(async move { host.call(policy, &sent).await });
        if let Ok(mut calls) = self.0.try_borrow_mut() {
            calls.push(EarlyCall { policy, call, state: State::Waiting(response) });
        }
    }

    /// Polls every call. A response can be read only while the callback runs that delivers it, so this must happen
    /// whatever the running step waits for.
    fn poll(&self, context: &mut Context<'_>) {
        let Ok(mut calls) = self.0.try_borrow_mut() else { return };
        for early in calls.iter_mut() {
            if let State::Waiting(response) = &mut early.state
                && let Poll::Ready(result) = response.as_mut().poll(context)
            {
                early.state = State::Done(result);
            }
        }
    }

    /// The index of the call that a step can use: it is the same call of the same policy, and no step has it.
    fn find(&self, policy: PolicyId, call: &Call) -> Option<usize> {
        let calls = self.0.try_borrow().ok()?;
        calls
            .iter()
            .position(|early| early.policy == policy && !matches!(early.state, State::Taken) && early.call == *call)
    }

    /// Takes the result of a call, if it is there.
    fn take(&self, index: usize) -> Option<CallResult> {
        let mut calls = self.0.try_borrow_mut().ok()?;
        let state = &mut calls.get_mut(index)?.state;
        match std::mem::replace(state, State::Taken) {
            State::Done(result) => Some(result),
            waiting => {
                *state = waiting;
                None
            }
        }
    }
}

impl<'a, H: Host> Transaction<'a, H> {
    /// Runs the steps of a group in order. Their calls start together.
    ///
    /// # Errors
    /// The fault of the first step that fails and does not continue on errors. Responses to later calls are dropped.
    pub(super) async fn run_group(&mut self, group: &[Step]) -> Result<(), Fault> {
        if H::IS_TRACED {
            // The result is the same, and a trace shows every call below its step.
            self.record_group(group);
            return self.run_each(group).await;
        }
        let early_calls = EarlyCalls::default();
        boxed(self.start_early(group, &early_calls)).await;
        self.early_calls = Some(early_calls.clone());
        let result = {
            let mut steps = pin!(self.run_each(group));
            poll_fn(|context| {
                early_calls.poll(context);
                steps.as_mut().poll(context)
            })
            .await
        };
        self.early_calls = None;
        result
    }

    /// Starts the calls of the steps whose condition is true. Stops at the first step that cannot be predicted, or whose
    /// call may have side effects.
    async fn start_early(&self, group: &[Step], early_calls: &EarlyCalls<'a>) {
        let (host, plan) = (self.host, self.plan);
        let mut ahead = self.ahead();
        for step in group {
            let Some(policy) = plan.policy(step) else { return };
            if !policy.attributes().enabled || !ahead.is_true(step.condition.as_ref()) {
                continue;
            }
            let call = {
                let mut call = boxed(ahead.predicted_call(step.policy, policy));
                // A token may have to be fetched first, and the calls before this one go on meanwhile.
                poll_fn(|context| {
                    early_calls.poll(context);
                    call.as_mut().poll(context)
                })
                .await
            };
            match call.filter(|call| call.is_safe() && !ahead.is_out_of_memory.get()) {
                Some(call) => early_calls.add(host, step.policy, call),
                None => return,
            }
        }
    }

    /// Makes a call for a policy and waits for its response. Uses the early call, if there is one.
    ///
    /// # Errors
    /// There is no response.
    pub(super) async fn call(&mut self, policy: PolicyId, call: &Call) -> CallResult {
        let early = self.early_calls.as_ref().and_then(|calls| Some((calls.clone(), calls.find(policy, call)?)));
        match early {
            // `run_group` polls the calls before it polls the step.
            Some((calls, index)) => poll_fn(|_| calls.take(index).map_or(Poll::Pending, Poll::Ready)).await,
            None => self.host.call(policy, call).await,
        }
    }

    fn record_group(&self, group: &[Step]) {
        let policies = group.iter().filter_map(|step| self.plan.policy(step));
        let policies = policies.map(|policy| policy.attributes().name.to_string()).collect();
        self.host.record(Event::Group { policies });
    }
}
