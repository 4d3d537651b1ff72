//! The operations that outlive a stream.

use crate::allocator::Parcel;
use crate::courier::{self, Errand};
use crate::plugin::Plugin;
use crate::tasks;
use crate::timers;
use bytes::Bytes;
use envoy_callout::flow::call::{Call, CallFailure, CallReply, Outcome};
use envoy_callout::flow::host::{Background, Task};
use envoy_callout::flow::{AuthorizedSend, Worker};
use envoy_callout::plan::PolicyId;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Maximum number of shared values, because a request can choose the name of a token.
const MAX_SHARED: usize = 4096;

/// The data that all workers share.
static SHARED: Mutex<BTreeMap<String, Shared>> = Mutex::new(BTreeMap::new());

/// A shared value.
struct Shared {
    value: Parcel<Vec<u8>>,
    /// The number of the change, from 1.
    version: u32,
}

/// The background of one plugin's streams.
#[derive(Clone, Debug)]
pub(crate) struct NativeBackground {
    plugin: Rc<Plugin>,
}

impl NativeBackground {
    pub(crate) fn new(plugin: Rc<Plugin>) -> NativeBackground {
        NativeBackground { plugin }
    }

    /// The state of the plugin.
    pub(crate) fn worker(&self) -> &Worker {
        &self.plugin.worker
    }
}

/// The time since the Unix epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl Background for NativeBackground {
    fn now(&self) -> Duration {
        now()
    }

    async fn call(&self, call: &Call) -> Result<CallReply, CallFailure> {
        let number = tasks::next_number();
        let make = || Errand::Call { call: call.separate(), mailbox: tasks::mailbox(), number };
        courier::send(&self.plugin.config, make);
        tasks::result(number).await
    }

    async fn call_of(&self, policy: PolicyId, call: &Call) -> Result<CallReply, CallFailure> {
        let started = Instant::now();
        self.plugin.metrics.count_request(policy);
        let result = self.call(call).await;
        self.plugin.metrics.record_duration(policy, started.elapsed());
        result
    }

    fn count(&self, policy: PolicyId, outcome: Outcome) {
        self.plugin.metrics.count_outcome(policy, outcome);
    }

    /// The main thread dispatches the call, so a failure to do so appears only in the log.
    fn send(&self, policy: PolicyId, call: &Call) -> Result<(), CallFailure> {
        courier::send(&self.plugin.config, || Errand::Send { policy, call: call.separate() });
        Ok(())
    }

    fn detach(&self, task: Task) {
        tasks::detach(&self.plugin.config, task);
    }

    fn send_authorized(&self, _: &Worker, send: AuthorizedSend) {
        courier::send(&self.plugin.config, || Errand::SendAuthorized(send.separate()));
    }

    fn shared(&self, key: &str) -> Option<Bytes> {
        self.shared_with_version(key).0
    }

    fn share(&self, key: &str, value: &[u8]) {
        self.share_if(key, value, None);
    }

    fn shared_with_version(&self, key: &str) -> (Option<Bytes>, Option<u32>) {
        let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = shared.get(key) else { return (None, None) };
        (entry.value.content().map(|value| Bytes::copy_from_slice(value)), Some(entry.version))
    }

    fn share_if(&self, key: &str, value: &[u8], version: Option<u32>) -> bool {
        let value = Parcel::pack(|| value.to_vec());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        // The caches have a fixed number of keys.
        let has_room = shared.len() < MAX_SHARED || key.starts_with("callout.cache.");
        match shared.get_mut(key) {
            Some(entry) if version.is_none_or(|version| version == entry.version) => {
                *entry = Shared { value, version: entry.version.wrapping_add(1) };
                true
            }
            Some(_) => false,
            None if has_room => {
                shared.insert(key.to_owned(), Shared { value, version: 1 });
                true
            }
            None => false,
        }
    }

    fn random_number(&self) -> u64 {
        // Without random bytes, the number is 0.
        getrandom::u64().unwrap_or_default()
    }

    async fn sleep(&self, until: Duration) {
        timers::sleep(until.saturating_sub(now())).await;
    }

    fn warn(&self, text: &str) {
        log::warn!("callout: {text}");
    }
}
