//! A configuration as one thread sees it: its plan, its metrics and its state.

use crate::allocator;
use crate::config::Config;
use envoy_callout::envoy::metrics::{Metrics, Stats};
use envoy_callout::flow::Worker;
use envoy_callout::plan::Plan;
use std::rc::Rc;
use std::sync::Arc;

/// The data that all streams of a configuration share on a thread.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) config: Arc<Config>,
    pub(crate) plan: Plan,
    pub(crate) worker: Worker,
    pub(crate) metrics: Metrics<EnvoyStats>,
    /// The memory of the plan in bytes.
    configured: isize,
}

impl Plugin {
    /// A plugin with the plan that `load` makes from the bytes of the configuration. `None` without a plan.
    pub(crate) fn new(config: &Arc<Config>, load: impl FnOnce(&[u8]) -> Option<Plan>) -> Option<Rc<Plugin>> {
        let load = || {
            let plan = load(&config.bytes)?;
            let metrics = Metrics::define(&plan, EnvoyStats { config: Arc::clone(config) });
            Some((plan, metrics))
        };
        let (loaded, configured) = allocator::configured(load);
        let Some((plan, metrics)) = loaded else {
            allocator::end_configured(configured);
            return None;
        };
        Some(Rc::new(Plugin { config: Arc::clone(config), plan, worker: Worker::default(), metrics, configured }))
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        allocator::end_configured(self.configured);
    }
}

/// Envoy's stats. A change costs little, so none waits.
#[derive(Debug)]
pub(crate) struct EnvoyStats {
    config: Arc<Config>,
}

impl Stats for EnvoyStats {
    type Id = usize;

    fn counter(&self, name: &str) -> Option<usize> {
        self.config.metric(name, Config::counter)
    }

    fn histogram(&self, name: &str) -> Option<usize> {
        self.config.metric(name, Config::histogram)
    }

    fn add(&self, counter: usize, change: u64) {
        self.config.increment(counter, change);
    }

    fn record(&self, histogram: usize, value: u64) {
        self.config.record(histogram, value);
    }
}
