//! Envoy's schedulers: they let any thread start an entry point on the thread of a stream or on the main thread.
#![allow(unsafe_code)]

use crate::abi::{self, EnvoyPointer};

/// A scheduler of one stream or of one configuration. It outlives them: then its events have no effect.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pointer: EnvoyPointer,
    is_of_stream: bool,
}

// SAFETY: Envoy documents that a scheduler can be used on any thread.
unsafe impl Send for Scheduler {}

impl Scheduler {
    /// # Safety
    /// The pointer is a new scheduler of a stream.
    pub(crate) unsafe fn of_stream(pointer: EnvoyPointer) -> Scheduler {
        Scheduler { pointer, is_of_stream: true }
    }

    /// # Safety
    /// The pointer is a new scheduler of a configuration.
    pub(crate) unsafe fn of_config(pointer: EnvoyPointer) -> Scheduler {
        Scheduler { pointer, is_of_stream: false }
    }

    /// Schedules an event.
    pub(crate) fn schedule(&self) {
        // SAFETY: the scheduler is deleted only when it is dropped.
        unsafe {
            match self.is_of_stream {
                true => abi::scheduler_commit(self.pointer, 0),
                false => abi::config_scheduler_commit(self.pointer, 0),
            }
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // SAFETY: this value owns the scheduler.
        unsafe {
            match self.is_of_stream {
                true => abi::scheduler_delete(self.pointer),
                false => abi::config_scheduler_delete(self.pointer),
            }
        }
    }
}
