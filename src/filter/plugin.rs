//! A configured plugin: its plan, its metrics and its state.

use crate::envoy::configuration;
use crate::envoy::metrics::Metrics;
use crate::filter::stats::EnvoyStats;
use crate::flow::Worker;
use crate::plan::Plan;

/// The data that all streams of a plugin share.
pub(super) struct Plugin {
    /// The id of the plugin's root context.
    pub(super) root: u32,
    pub(super) plan: Plan,
    pub(super) worker: Worker,
    pub(super) metrics: Metrics<EnvoyStats>,
}

impl Plugin {
    /// Loads a configuration and logs every problem. `None` when it has errors.
    pub(super) fn configure(root: u32, bytes: &[u8]) -> Option<Plugin> {
        let plan = configuration::load(bytes)?;
        if plan.needs.has_body() {
            log::warn!("{BODY_NEEDED}");
        }
        let metrics = Metrics::define(&plan, EnvoyStats::default());
        Some(Plugin { root, plan, worker: Worker::default(), metrics })
    }
}

/// The filter cannot read this setting, so it logs the required value (docs/envoy-host-facts.md F6.1 to F6.4).
const BODY_NEEDED: &str = "callout: the policies use the body of a message: set allow_on_headers_stop_iteration: true in \
    the plugin's configuration, else requests with a body wait until stream_idle_timeout";
