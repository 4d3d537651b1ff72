//! The proxy-wasm filter: feeds Envoy's events to a transaction and turns its state into Pause, resume or a reply.
//! The only code that knows proxy-wasm.

mod abi;
mod background;
mod call;
mod contexts;
mod event;
mod host;
mod metrics;
mod plugin;
mod state;
mod stream;
mod table;
