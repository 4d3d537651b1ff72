//! Apigee's callout policies, as unchanged XML, inside Envoy.
//!
//! Data moves one way: configuration bytes -> [`config`] -> [`policy`] -> [`plan`], and per request a transaction that
//! [`flow`] runs against a host: Envoy in the filter, a script in tests and tools.

#[cfg(any(target_arch = "wasm32", test))]
mod allocator;
pub mod config;
pub mod diagnostic;
pub mod envoy;
#[cfg(target_arch = "wasm32")]
mod filter;
pub mod flow;
pub mod language;
pub mod plan;
pub mod policy;
pub mod stream;
pub mod suggestion;
