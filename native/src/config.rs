//! A filter configuration of Envoy, which all threads share. Each thread compiles a plan of its own from its bytes.
#![allow(unsafe_code)]

use crate::abi::{self, EnvoyPointer, ModuleBuffer};
use crate::allocator::Parcel;
use crate::courier::Errand;
use crate::schedule::Scheduler;
use crate::stream::{NotDispatched, dispatch};
use envoy_callout::flow::call::Call;
use std::collections::{BTreeMap, VecDeque};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The number of configurations that ended. A thread compares it to find out that it has plans to drop.
static ENDED: AtomicU64 = AtomicU64::new(0);

/// The index of the next configuration.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A filter configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// The position in the tables of all threads.
    pub(crate) index: usize,
    /// The `filter_name` in Envoy's configuration.
    pub(crate) name: String,
    /// The configuration of the filter.
    pub(crate) bytes: Vec<u8>,
    envoy: EnvoyPointer,
    panics: Option<usize>,
    /// The ids of the metrics by name. Envoy accepts definitions only while it loads the configuration.
    metrics: Mutex<BTreeMap<String, usize>>,
    is_ended: AtomicBool,
    inbox: Mutex<Inbox>,
}

/// The work for the main thread.
#[derive(Debug, Default)]
struct Inbox {
    errands: VecDeque<Parcel<Errand>>,
    /// Starts the entry point on the main thread; `None` when Envoy has destroyed the configuration.
    scheduler: Option<Scheduler>,
}

// SAFETY: the functions of Envoy that take the pointer are called on the main thread or, for metrics, are atomic.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

impl Config {
    /// # Safety
    /// The pointer is Envoy's new filter configuration.
    pub(crate) unsafe fn new(envoy: EnvoyPointer, name: String, bytes: Vec<u8>) -> Config {
        let mut config = Config {
            index: NEXT.fetch_add(1, Ordering::Relaxed) as usize,
            name,
            bytes,
            envoy,
            panics: None,
            metrics: Mutex::default(),
            is_ended: AtomicBool::new(false),
            inbox: Mutex::default(),
        };
        config.panics = config.counter("callout.panics");
        // SAFETY: Envoy has the configuration.
        let scheduler = unsafe { Scheduler::of_config(abi::config_scheduler_new(envoy)) };
        config.with_inbox(|inbox| inbox.scheduler = Some(scheduler));
        config
    }

    fn with_inbox<T>(&self, act: impl FnOnce(&mut Inbox) -> T) -> T {
        act(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether Envoy has destroyed the configuration.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// Records that Envoy destroys the configuration.
    pub(crate) fn end(&self) {
        self.is_ended.store(true, Ordering::Release);
        self.with_inbox(|inbox| {
            inbox.scheduler = None;
            inbox.errands.clear();
        });
        ENDED.fetch_add(1, Ordering::Release);
    }

    /// The number of configurations that ended.
    pub(crate) fn ended_count() -> u64 {
        ENDED.load(Ordering::Acquire)
    }

    /// Gives work to the main thread. Without effect when Envoy has destroyed the configuration.
    pub(crate) fn post(&self, errand: Parcel<Errand>) {
        self.with_inbox(|inbox| {
            let Some(scheduler) = &inbox.scheduler else { return };
            if inbox.errands.is_empty() {
                scheduler.schedule();
            }
            inbox.errands.push_back(errand);
        });
    }

    /// The next work for the main thread.
    pub(crate) fn next_errand(&self) -> Option<Errand> {
        self.with_inbox(|inbox| inbox.errands.pop_front())?.unpack()
    }

    /// Dispatches a call that does not end with a stream, on the main thread. Returns its id.
    pub(crate) fn call(&self, call: &Call) -> Result<u64, NotDispatched> {
        // SAFETY: Envoy has the configuration.
        dispatch(call, |id, cluster, headers, size, body, timeout| unsafe {
            abi::call_of_config(self.envoy, id, cluster, headers, size, body, timeout)
        })
    }

    /// The id of a metric. The first use of the name defines it.
    pub(crate) fn metric(&self, name: &str, define: impl FnOnce(&Config, &str) -> Option<usize>) -> Option<usize> {
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = metrics.get(name) {
            return Some(*id);
        }
        let id = define(self, name)?;
        metrics.insert(name.to_owned(), id);
        Some(id)
    }

    /// Defines a counter.
    pub(crate) fn counter(&self, name: &str) -> Option<usize> {
        let mut id = 0;
        // SAFETY: Envoy has the configuration, and the counter has no labels.
        let status =
            unsafe { abi::define_counter(self.envoy, ModuleBuffer::new(name.as_bytes()), null_mut(), 0, &raw mut id) };
        (status == abi::METRIC_DEFINED).then_some(id)
    }

    /// Defines a histogram.
    pub(crate) fn histogram(&self, name: &str) -> Option<usize> {
        let mut id = 0;
        // SAFETY: Envoy has the configuration, and the histogram has no labels.
        let status = unsafe {
            abi::define_histogram(self.envoy, ModuleBuffer::new(name.as_bytes()), null_mut(), 0, &raw mut id)
        };
        (status == abi::METRIC_DEFINED).then_some(id)
    }

    /// Increases a counter.
    pub(crate) fn increment(&self, counter: usize, change: u64) {
        if !self.is_ended() {
            // SAFETY: Envoy has the configuration, and the counter has no labels. A failure must not stop the request.
            let _ = unsafe { abi::increment_counter(self.envoy, counter, null_mut(), 0, change) };
        }
    }

    /// Records a value in a histogram.
    pub(crate) fn record(&self, histogram: usize, value: u64) {
        if !self.is_ended() {
            // SAFETY: as for a counter.
            let _ = unsafe { abi::record_histogram(self.envoy, histogram, null_mut(), 0, value) };
        }
    }

    /// Counts a panic.
    pub(crate) fn count_panic(&self) {
        if let Some(counter) = self.panics {
            self.increment(counter, 1);
        }
    }
}
