//! The tasks of one thread that outlive their stream, and the streams that wait for them.

use crate::config::Config;
use crate::logger;
use crate::mailbox::Mailbox;
use crate::panics;
use envoy_callout::flow::call::{CallFailure, CallReply};
use envoy_callout::flow::host::Task;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A stream or a task that waits for an event. It waits on the thread that wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// A stream, by its id.
    Stream(u64),
    /// A task, by its number.
    Task(u64),
}

struct ReadyWaker(Waiting);

impl Wake for ReadyWaker {
    fn wake(self: Arc<Self>) {
        push_ready(self.0);
    }
}

/// A waker that adds a stream or a task to the queue of [`run_ready`].
pub(crate) fn waker(waiting: Waiting) -> Waker {
    Waker::from(Arc::new(ReadyWaker(waiting)))
}

#[derive(Default)]
struct Tasks {
    by_number: BTreeMap<u64, Option<Detached>>,
    /// The calls of tasks whose result is missing, with the waker of the task.
    calls: BTreeMap<u64, Waker>,
    /// The results of calls that no task has taken.
    results: BTreeMap<u64, Result<CallReply, CallFailure>>,
}

struct Detached {
    config: Arc<Config>,
    task: Task,
}

thread_local! {
    static LAST: Cell<u64> = const { Cell::new(0) };
    static READY: RefCell<VecDeque<Waiting>> = const { RefCell::new(VecDeque::new()) };
    static TASKS: RefCell<Tasks> = RefCell::default();
    static MAILBOX: Arc<Mailbox> = Arc::default();
}

/// A number for a stream, a task or a call of this thread.
pub(crate) fn next_number() -> u64 {
    let next = LAST.get().wrapping_add(1);
    LAST.set(next);
    next
}

fn push_ready(waiting: Waiting) {
    // The table does not exist any more when the thread ends.
    let _ = READY.try_with(|ready| ready.try_borrow_mut().map(|mut ready| ready.push_back(waiting)).ok());
}

fn with_tasks<T>(act: impl FnOnce(&mut Tasks) -> T) -> Option<T> {
    // The tasks that the end of the thread drops remove their calls.
    TASKS.try_with(|tasks| tasks.try_borrow_mut().ok().map(|mut tasks| act(&mut tasks))).ok().flatten()
}

/// Whether this thread has tasks or calls, for which a stream may wait.
pub(crate) fn exist() -> bool {
    with_tasks(|tasks| !tasks.by_number.is_empty() || !tasks.calls.is_empty()).unwrap_or(false)
}

/// The mailbox of this thread.
pub(crate) fn mailbox() -> Arc<Mailbox> {
    MAILBOX.with(Arc::clone)
}

/// Starts a task.
pub(crate) fn detach(config: &Arc<Config>, task: Task) {
    let number = next_number();
    let detached = Detached { config: Arc::clone(config), task };
    with_tasks(|tasks| tasks.by_number.insert(number, Some(detached)));
    push_ready(Waiting::Task(number));
}

/// Waits for the result of a call with this number.
pub(crate) async fn result(number: u64) -> Result<CallReply, CallFailure> {
    let _call = ExpectedCall(number);
    poll_fn(|context| {
        let taken = with_tasks(|tasks| {
            let result = tasks.results.remove(&number);
            if result.is_none() {
                tasks.calls.insert(number, context.waker().clone());
            }
            result
        });
        taken.flatten().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Removes a call when its task is dropped.
struct ExpectedCall(u64);

impl Drop for ExpectedCall {
    fn drop(&mut self) {
        with_tasks(|tasks| (tasks.calls.remove(&self.0), tasks.results.remove(&self.0)));
    }
}

/// Takes the results out of the mailbox and wakes their tasks.
pub(crate) fn receive() {
    MAILBOX.with(|mailbox| {
        while mailbox.has_mail() {
            let Some((number, result)) = mailbox.next() else { return };
            let waker = with_tasks(|tasks| {
                let waker = tasks.calls.remove(&number);
                if waker.is_some() {
                    tasks.results.insert(number, result);
                }
                waker
            });
            waker.flatten().into_iter().for_each(Waker::wake);
        }
    });
}

/// Polls the ready tasks, and starts entry points of the ready streams.
pub(crate) fn run_ready() {
    while let Some(ready) = READY.with(|ready| ready.try_borrow_mut().ok()?.pop_front()) {
        match ready {
            Waiting::Stream(id) => MAILBOX.with(|mailbox| mailbox.wake(id)),
            Waiting::Task(number) => poll(number),
        }
    }
}

/// Drops the tasks of configurations that ended.
pub(crate) fn drop_ended() {
    let ended = with_tasks(|tasks| {
        let is_ended = |task: &Option<Detached>| task.as_ref().is_some_and(|detached| detached.config.is_ended());
        let (ended, kept) = std::mem::take(&mut tasks.by_number).into_iter().partition(|(_, task)| is_ended(task));
        tasks.by_number = kept;
        let ended: BTreeMap<u64, Option<Detached>> = ended;
        ended
    });
    drop(ended);
}

fn poll(number: u64) {
    let taken = with_tasks(|tasks| tasks.by_number.get_mut(&number)?.take());
    let Some(mut detached) = taken.flatten() else { return };
    logger::enter(&detached.config);
    let waker = waker(Waiting::Task(number));
    // A task that panics has ended. The stream whose entry point polls it continues.
    let polled = panics::caught(|| detached.task.as_mut().poll(&mut Context::from_waker(&waker)));
    let is_done = polled.is_none_or(|polled| polled.is_ready());
    with_tasks(|tasks| match tasks.by_number.get_mut(&number) {
        Some(entry) if !is_done => *entry = Some(detached),
        _ => drop(tasks.by_number.remove(&number)),
    });
}
