//! The operations that outlive a stream.

use crate::allocator::Parcel;
use crate::courier::{self, Errand};
use crate::plugin::Plugin;
use crate::tasks;
use bytes::Bytes;
use envoy_callout::flow::call::{Call, CallFailure, CallReply};
use envoy_callout::flow::host::{Background, Task};
use envoy_callout::flow::{AuthorizedSend, Worker};
use envoy_callout::plan::PolicyId;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Maximum number of shared values, because a request can choose the name of a token.
const MAX_SHARED: usize = 4096;

/// The data that all workers share.
static SHARED: Mutex<BTreeMap<String, Parcel<Vec<u8>>>> = Mutex::new(BTreeMap::new());

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
        let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.get(key)?.content().map(|value| Bytes::copy_from_slice(value))
    }

    fn share(&self, key: &str, value: &[u8]) {
        let value = Parcel::pack(|| value.to_vec());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.len() < MAX_SHARED || shared.contains_key(key) {
            shared.insert(key.to_owned(), value);
        }
    }

    fn warn(&self, text: &str) {
        log::warn!("callout: {text}");
    }
}
