//! Work that outlives a stream: detached tasks, the queue of ready streams and tasks, and data shared by all workers.

use crate::filter::active::{self, ActiveContext};
use crate::filter::call::{Pending, dispatch};
use crate::filter::hostcalls as own_hostcalls;
use crate::filter::plugin::Plugin;
use crate::filter::streams;
use crate::filter::timers;
use crate::flow::call::{Call, CallFailure, CallReply, Outcome};
use crate::flow::host::{Background, Task};
use crate::plan::PolicyId;
use bytes::Bytes;
use proxy_wasm::hostcalls;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

/// A stream or a task that waits for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A stream, by its context id.
    Stream(u32),
    /// A detached task, by its number.
    Task(u32),
}

struct TaskWaker(Waiting);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        push_ready(self.0);
    }
}

/// A waker that adds a stream or a task to the queue of [`run_ready`].
pub(super) fn waker(waiting: Waiting) -> Waker {
    Waker::from(Arc::new(TaskWaker(waiting)))
}

fn push_ready(waiting: Waiting) {
    READY.with(|ready| ready.try_borrow_mut().map(|mut ready| ready.push_back(waiting)).ok());
}

fn take_ready() -> Option<Waiting> {
    READY.with(|ready| ready.try_borrow_mut().ok()?.pop_front())
}

/// The time in milliseconds until a root context runs the tasks that a stream's callback must not run.
const HANDOVER_MS: u64 = 1;

/// Runs the ready streams and tasks. Every callback ends with this.
///
/// A stream's callback runs only that stream. Everything else waits for the next tick of the plugin, because the SDK
/// drops the response to a call when the stream that was active at its dispatch has ended.
pub(super) fn run_ready() {
    let mut postponed = VecDeque::new();
    while let Some(ready) = take_ready() {
        match (active::current(), ready) {
            (ActiveContext::Stream(current), Waiting::Stream(context)) if current == context => {
                streams::wake(context, true)
            }
            (ActiveContext::Stream(_), _) => postponed.push_back(ready),
            (ActiveContext::Root(_), Waiting::Stream(context)) => streams::wake(context, false),
            (ActiveContext::Root(_), Waiting::Task(number)) => poll_task(number),
        }
    }
    if !postponed.is_empty() {
        postponed.into_iter().for_each(push_ready);
        set_tick_period(HANDOVER_MS);
    }
}

/// Sets the tick period of the current context's plugin in milliseconds; 0 stops the ticks.
pub(super) fn set_tick_period(milliseconds: u64) {
    // Envoy accepts every period, so the SDK's function does not panic here.
    let _ = hostcalls::set_tick_period(Duration::from_millis(milliseconds));
}

#[derive(Default)]
struct Tasks {
    last: u32,
    /// The tasks. A running task is not in the map, so that it can detach others.
    by_number: BTreeMap<u32, Detached>,
}

struct Detached {
    plugin: u32,
    task: Option<Task>,
}

thread_local! {
    static READY: RefCell<VecDeque<Waiting>> = const { RefCell::new(VecDeque::new()) };
    static TASKS: RefCell<Tasks> = RefCell::default();
}

fn with_tasks<T>(act: impl FnOnce(&mut Tasks) -> T) -> Option<T> {
    TASKS.with(|tasks| tasks.try_borrow_mut().ok().map(|mut tasks| act(&mut tasks)))
}

/// Polls a task, in a root context.
fn poll_task(number: u32) {
    let taken = with_tasks(|tasks| {
        let detached = tasks.by_number.get_mut(&number)?;
        Some((detached.plugin, detached.task.take()?))
    });
    let Some((plugin, mut task)) = taken.flatten() else { return };
    // The callback can belong to another plugin of this VM, and a stream can be the effective context.
    if hostcalls::set_effective_context(plugin).is_err() {
        log::debug!("callout: the plugin of a task has ended");
    }
    let is_done = task.as_mut().poll(&mut Context::from_waker(&waker(Waiting::Task(number)))) == Poll::Ready(());
    with_tasks(|tasks| match tasks.by_number.get_mut(&number) {
        Some(detached) if !is_done => detached.task = Some(task),
        _ => drop(tasks.by_number.remove(&number)),
    });
}

/// Drops the tasks of a plugin that ended.
pub(super) fn end(plugin: u32) {
    with_tasks(|tasks| {
        let ended = tasks.by_number.iter().filter(|(_, detached)| detached.plugin == plugin);
        let ended: Vec<u32> = ended.map(|(number, _)| *number).collect();
        ended.into_iter().filter_map(|number| tasks.by_number.remove(&number)).collect::<Vec<_>>()
    });
}

/// The background of one plugin's streams.
#[derive(Clone)]
pub(super) struct EnvoyBackground {
    plugin: Rc<Plugin>,
}

impl EnvoyBackground {
    pub(super) fn new(plugin: Rc<Plugin>) -> EnvoyBackground {
        EnvoyBackground { plugin }
    }
}

/// The time since the Unix epoch.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl Background for EnvoyBackground {
    fn now(&self) -> Duration {
        now()
    }

    async fn call(&self, call: &Call) -> Result<CallReply, CallFailure> {
        Pending::dispatch(call)?.response(call, self.plugin.plan.body_memory_bytes).await.0
    }

    async fn call_of(&self, policy: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        let pending = Pending::dispatch(call)?;
        let metrics = &self.plugin.metrics;
        metrics.count_request(policy);
        let (response, elapsed) = pending.response(call, self.plugin.plan.body_memory_bytes).await;
        metrics.record_duration(policy, elapsed);
        response
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.plugin.metrics.count_outcome(policy, outcome);
    }

    fn send(&self, policy: PolicyId, call: &Call) -> Result<(), CallFailure> {
        dispatch(call)?;
        self.plugin.metrics.count_request(policy);
        Ok(())
    }

    fn detach(&self, task: Task) {
        let number = with_tasks(|tasks| {
            tasks.last = tasks.last.wrapping_add(1);
            tasks.by_number.insert(tasks.last, Detached { plugin: self.plugin.root, task: Some(task) });
            tasks.last
        });
        number.map(Waiting::Task).into_iter().for_each(push_ready);
    }

    fn shared(&self, key: &str) -> Option<Bytes> {
        hostcalls::get_shared_data(key).ok()?.0.map(Bytes::from)
    }

    fn share(&self, key: &str, value: &[u8]) {
        if let Err(error) = hostcalls::set_shared_data(key, Some(value), None) {
            self.warn(&format!("a value was not shared with the other workers: {error:?}"));
        }
    }

    fn shared_with_version(&self, key: &str) -> (Option<Bytes>, Option<u32>) {
        match hostcalls::get_shared_data(key) {
            Ok((value, version)) => (value.map(Bytes::from), version),
            Err(_) => (None, None),
        }
    }

    fn share_if(&self, key: &str, value: &[u8], version: Option<u32>) -> bool {
        hostcalls::set_shared_data(key, Some(value), version).is_ok()
    }

    fn random_number(&self) -> u64 {
        let mut bytes = [0; 8];
        own_hostcalls::random(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    async fn sleep(&self, until: Duration) {
        timers::sleep(self.plugin.root, until).await;
    }

    fn warn(&self, text: &str) {
        log::warn!("callout: {text}");
    }
}
