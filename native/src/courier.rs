//! Calls that do not end with a stream.
//!
//! Envoy cancels the calls of a stream at its end, and lets a configuration make calls only on the main thread. A worker
//! therefore gives such a call to the main thread as an [`Errand`], and gets the result in its [`Mailbox`].

use crate::allocator::Parcel;
use crate::background::NativeBackground;
use crate::call::{Delivery, not_dispatched};
use crate::config::Config;
use crate::mailbox::Mailbox;
use crate::{panics, tasks, thread};
use envoy_callout::envoy::response::Limits;
use envoy_callout::flow::AuthorizedSend;
use envoy_callout::flow::call::Call;
use envoy_callout::flow::host::Background;
use envoy_callout::plan::PolicyId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Work for the main thread.
#[derive(Debug)]
pub(crate) enum Errand {
    /// A call whose result goes to a mailbox under a number.
    Call {
        /// The call.
        call: Call,
        /// The mailbox of the waiting thread.
        mailbox: Arc<Mailbox>,
        /// The number under which it waits.
        number: u64,
    },
    /// A call without a receiver.
    Send {
        /// The policy that makes it.
        policy: PolicyId,
        /// The call.
        call: Call,
    },
    /// A call without a receiver, which needs a token first.
    SendAuthorized(AuthorizedSend),
}

/// A dispatched call whose result goes to a mailbox.
struct Expected {
    config: Arc<Config>,
    mailbox: Arc<Mailbox>,
    number: u64,
    started: Instant,
    timeout: Duration,
    max_bytes: usize,
}

thread_local! {
    /// The dispatched calls by the index of the configuration and Envoy's id.
    static EXPECTED: RefCell<BTreeMap<(usize, u64), Expected>> = const { RefCell::new(BTreeMap::new()) };
}

/// Does an errand, or gives it to the main thread. `make` returns data that shares no memory with other data.
pub(crate) fn send(config: &Arc<Config>, make: impl FnOnce() -> Errand) {
    if thread::is_main() {
        perform(config, make());
    } else {
        config.post(Parcel::pack(make));
    }
}

/// Does all errands of a configuration, on the main thread.
pub(crate) fn perform_all(config: &Arc<Config>) {
    while let Some(errand) = config.next_errand() {
        // A panic must not keep the other errands waiting.
        panics::caught(|| perform(config, errand));
    }
}

fn perform(config: &Arc<Config>, errand: Errand) {
    match errand {
        Errand::Call { call, mailbox, number } => match config.call(&call) {
            Ok(id) => {
                let (timeout, max_bytes) = (call.timeout, call.max_response_bytes);
                let config_of_call = Arc::clone(config);
                let expected =
                    Expected { config: config_of_call, mailbox, number, started: Instant::now(), timeout, max_bytes };
                EXPECTED.with(|calls| {
                    calls.try_borrow_mut().map(|mut calls| calls.insert((config.index, id), expected)).ok()
                });
            }
            Err(reason) => mailbox.deliver(number, || Err(not_dispatched(&call, reason))),
        },
        Errand::Send { policy, call } => match config.call(&call) {
            Ok(_) => {
                if let Some(plugin) = thread::plugin(config) {
                    plugin.metrics.count_request(policy);
                }
            }
            Err(reason) => drop(not_dispatched(&call, reason)),
        },
        Errand::SendAuthorized(send) => {
            if let Some(plugin) = thread::plugin(config) {
                let background = NativeBackground::new(plugin);
                background.detach(Box::pin(send.run(background.worker(), background.clone())));
            }
        }
    }
}

/// Delivers the result of a call of a configuration.
pub(crate) fn deliver(config: &Config, id: u64, delivery: &Delivery) {
    let expected = EXPECTED.with(|calls| calls.try_borrow_mut().ok()?.remove(&(config.index, id)));
    let Some(Expected { mailbox, number, started, timeout, max_bytes, .. }) = expected else { return };
    // The memory counts for the thread that gets the response.
    let limits = || Limits { max_bytes, memory_left: usize::MAX };
    mailbox.deliver(number, || delivery.read(started.elapsed(), timeout, limits));
}

/// Runs what an entry point made ready: delivered results, then tasks and streams.
pub(crate) fn run_ready() {
    loop {
        tasks::receive();
        tasks::run_ready();
        // A task of the main thread can deliver to its own mailbox.
        if !tasks::mailbox().has_mail() {
            return;
        }
    }
}

/// Drops the calls of configurations that ended.
pub(crate) fn drop_ended() {
    let ended = EXPECTED.with(|calls| {
        let Ok(mut calls) = calls.try_borrow_mut() else { return BTreeMap::new() };
        let (ended, kept) = std::mem::take(&mut *calls).into_iter().partition(|(_, call)| call.config.is_ended());
        *calls = kept;
        ended
    });
    drop(ended);
}
