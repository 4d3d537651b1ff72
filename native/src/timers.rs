//! Waiting for a time. One thread of the process waits for all, and delivers to the mailboxes of the workers.

use crate::allocator::uncounted;
use crate::mailbox::Mailbox;
use crate::tasks;
use envoy_callout::flow::call::CallFailure;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The mailboxes by time and order of registration, each with the number that its worker waits for.
#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    by_time: BTreeMap<(Instant, u64), (Arc<Mailbox>, u64)>,
}

static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();
/// Whether the thread that waits could be started.
static IS_RUNNING: OnceLock<bool> = OnceLock::new();

/// Waits for a duration, or a little longer.
pub(crate) async fn sleep(duration: Duration) {
    // Without the thread, the wait ends at once.
    let start = || std::thread::Builder::new().name("callout-timers".into()).spawn(run).is_ok();
    let is_running = *IS_RUNNING.get_or_init(start);
    let Some(time) = Instant::now().checked_add(duration).filter(|_| is_running) else { return };
    let (number, mailbox) = (tasks::next_number(), tasks::mailbox());
    uncounted(|| {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiting.get_or_insert_default();
        waiting.last = waiting.last.wrapping_add(1);
        waiting.by_time.insert((time, waiting.last), (mailbox, number));
    });
    CHANGED.notify_one();
    let _: Result<_, CallFailure> = tasks::result(number).await;
}

/// Delivers to each mailbox when its time has come.
fn run() {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        let next = waiting.as_ref().and_then(|waiting| waiting.by_time.first_key_value()).map(|((time, _), _)| *time);
        match next {
            Some(time) if time <= now => {
                let due = waiting.as_mut().and_then(|waiting| waiting.by_time.pop_first());
                if let Some((_, (mailbox, number))) = due {
                    // The failure means nothing: the number is that of a wait.
                    mailbox.deliver(number, || Err(CallFailure::Timeout));
                }
            }
            Some(time) => {
                let wait = CHANGED.wait_timeout(waiting, time.saturating_duration_since(now));
                waiting = wait.map_or_else(|error| error.into_inner().0, |(waiting, _)| waiting);
            }
            None => waiting = CHANGED.wait(waiting).unwrap_or_else(PoisonError::into_inner),
        }
    }
}
