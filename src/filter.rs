//! The proxy-wasm filter: [`RootContext`](proxy_wasm::traits::RootContext) and
//! [`HttpContext`](proxy_wasm::traits::HttpContext) pass Envoy's events to a stream, whose transaction runs the flow.
//! No other code depends on proxy-wasm.

mod active;
mod background;
mod call;
mod envoy_host;
mod hostcalls;
mod http;
mod plugin;
mod root;
mod stats;
mod stream;
mod streams;
mod table;
mod timers;

use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    // Each stream sets the level that Envoy has at that time.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(root::CalloutRoot::new(context)));
}}
