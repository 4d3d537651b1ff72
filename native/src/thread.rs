//! The state of one thread of Envoy: the plugins, and the name of the one that runs.

use crate::config::Config;
use crate::plugin::Plugin;
use crate::{courier, tasks};
use envoy_callout::config;
use envoy_callout::plan::Plan;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

thread_local! {
    /// The plugins by the index of their configuration.
    static PLUGINS: RefCell<Vec<Option<Rc<Plugin>>>> = const { RefCell::new(Vec::new()) };
    /// The number of ended configurations whose plugins were dropped.
    static ENDED: Cell<u64> = const { Cell::new(0) };
    static IS_MAIN: Cell<bool> = const { Cell::new(false) };
}

/// Records that this is Envoy's main thread.
pub(crate) fn set_main() {
    IS_MAIN.set(true);
}

/// Whether this is Envoy's main thread.
pub(crate) fn is_main() -> bool {
    IS_MAIN.get()
}

/// Adds a plugin to those of this thread.
pub(crate) fn insert(plugin: &Rc<Plugin>) {
    PLUGINS.with(|plugins| {
        let Ok(mut plugins) = plugins.try_borrow_mut() else { return };
        let index = plugin.config.index;
        if plugins.len() <= index {
            plugins.resize(index.saturating_add(1), None);
        }
        if let Some(entry) = plugins.get_mut(index) {
            *entry = Some(Rc::clone(plugin));
        }
    });
}

/// The plugin of a configuration on this thread. The first use compiles the plan. `None` when that fails.
pub(crate) fn plugin(config: &Arc<Config>) -> Option<Rc<Plugin>> {
    drop_ended();
    let known = PLUGINS.with(|plugins| plugins.try_borrow().ok()?.get(config.index)?.clone());
    known.or_else(|| {
        let plugin = Plugin::new(config, compile)?;
        insert(&plugin);
        Some(plugin)
    })
}

/// Compiles a configuration whose problems are already in the log.
fn compile(bytes: &[u8]) -> Option<Plan> {
    config::load(bytes).ok().map(|loaded| loaded.plan)
}

/// Drops the plugins and tasks of configurations that ended.
pub(crate) fn drop_ended() {
    let ended = Config::ended_count();
    if ENDED.replace(ended) == ended {
        return;
    }
    let dropped: Vec<_> = PLUGINS.with(|plugins| {
        let Ok(mut plugins) = plugins.try_borrow_mut() else { return Vec::new() };
        let is_ended = |plugin: &&mut Option<Rc<Plugin>>| plugin.as_ref().is_some_and(|p| p.config.is_ended());
        plugins.iter_mut().filter(is_ended).filter_map(Option::take).collect()
    });
    drop(dropped);
    tasks::drop_ended();
    courier::drop_ended();
}
