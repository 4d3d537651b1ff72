//! The filter as a dynamic module of Envoy: a second host of the same core, without WebAssembly
//! (docs/envoy-dynamic-modules.md).
//!
//! [`entry_points`] are the functions that Envoy calls, [`abi`] the functions of Envoy. [`filter`] runs the transaction of
//! a stream. Everything that outlives a stream goes through [`courier`].

mod abi;
mod allocator;
mod background;
mod call;
mod config;
mod courier;
mod entry_points;
mod filter;
mod host;
mod logger;
mod mailbox;
mod panics;
mod plugin;
mod schedule;
mod span;
mod stream;
mod tasks;
mod thread;
mod timers;
