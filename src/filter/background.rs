//! What outlives a stream: detached tasks, the streams and tasks that are to go on, and data of all workers.

use crate::filter::abi::{self, LogLevel};
use crate::filter::call::{Pending, dispatch};
use crate::filter::plugin::Plugin;
use crate::flow::exchange::{Call, CallFailure, CallReply};
use crate::flow::host::{Background, Task};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

/// What goes on when something that it waits for has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A stream, by its context.
    Stream(u32),
    /// A detached task, by its number.
    Task(u32),
}

struct Bell(Waiting);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        READY.with(|ready| ready.try_borrow_mut().map(|mut ready| ready.push_back(self.0)).ok());
    }
}

/// Rings for a stream or a task: it is taken up by [`take_ready`].
pub(super) fn waker(waiting: Waiting) -> Waker {
    Waker::from(Arc::new(Bell(waiting)))
}

#[derive(Default)]
struct Tasks {
    last: u32,
    /// A task is taken out while it runs, so that it may detach others.
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

/// The next stream or task that is to go on.
pub(super) fn take_ready() -> Option<Waiting> {
    READY.with(|ready| ready.try_borrow_mut().ok()?.pop_front())
}

/// Lets a task go as far as it can.
pub(super) fn poll_task(number: u32) {
    let taken = with_tasks(|tasks| tasks.by_number.get_mut(&number)?.task.take()).flatten();
    let Some(mut task) = taken else { return };
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
        Pending::dispatch(call)?.answer(call).await.0
    }

    fn send(&self, policy: usize, call: &Call) -> Result<(), CallFailure> {
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
        number.into_iter().for_each(poll_task);
    }

    fn shared(&self, key: &str) -> Option<Bytes> {
        abi::shared_data(key).ok()
    }

    fn share(&self, key: &str, value: &[u8]) {
        if let Err(error) = abi::set_shared_data(key, value) {
            self.warn(&format!("a value was not shared with the other workers: {error:?}"));
        }
    }

    fn warn(&self, text: &str) {
        abi::log(LogLevel::Warn, &format!("callout: {text}"));
    }
}
