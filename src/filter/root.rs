//! The SDK's context of a plugin: its configuration, its ticks, and the calls that outlive a stream.

use crate::allocator;
use crate::filter::active::{self, ActiveContext};
use crate::filter::http::CalloutStream;
use crate::filter::plugin::Plugin;
use crate::filter::{background, call, hostcalls, timers};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::rc::Rc;

/// The root context of a plugin.
pub(super) struct CalloutRoot {
    id: u32,
    plugin: Option<Rc<Plugin>>,
    /// The memory of the plugin in bytes.
    configured: usize,
}

impl CalloutRoot {
    pub(super) fn new(id: u32) -> CalloutRoot {
        CalloutRoot { id, plugin: None, configured: 0 }
    }
}

impl Context for CalloutRoot {
    fn on_http_call_response(&mut self, token: u32, header_count: usize, body_size: usize, _trailer_count: usize) {
        active::set(ActiveContext::Root(self.id));
        call::deliver(token, header_count, body_size);
        background::run_ready();
    }

    fn on_done(&mut self) -> bool {
        active::set(ActiveContext::Root(self.id));
        background::end(self.id);
        if let Some(plugin) = self.plugin.take() {
            plugin.metrics.flush();
        }
        allocator::end_configured(std::mem::take(&mut self.configured));
        true
    }
}

impl RootContext for CalloutRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        active::set(ActiveContext::Root(self.id));
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        let configure = || Plugin::configure(self.id, &bytes).map(Rc::new);
        let (plugin, configured) = allocator::configured(configure);
        self.plugin = plugin;
        self.configured = self.configured.saturating_add(configured);
        self.plugin.is_some()
    }

    fn on_tick(&mut self) {
        active::set(ActiveContext::Root(self.id));
        log::set_max_level(hostcalls::log_level());
        timers::wake_due(self.id);
        background::run_ready();
        if let Some(plugin) = &self.plugin {
            plugin.metrics.flush();
            plugin.metrics.stats().end_period();
        }
        timers::keep_ticking(self.id);
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        match &self.plugin {
            Some(plugin) => Some(Box::new(CalloutStream::new(context, Rc::clone(plugin)))),
            // Envoy creates no streams for a plugin without a configuration. The SDK panics on `None`.
            None => Some(Box::new(Unconfigured)),
        }
    }
}

/// A stream of a plugin without a configuration. Every request continues.
struct Unconfigured;

impl Context for Unconfigured {}

impl HttpContext for Unconfigured {}
