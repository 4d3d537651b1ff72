//! What both hosts in Envoy share: the WebAssembly module and the native module. It makes no host calls.

pub mod configuration;
pub mod dispatch_warnings;
pub mod driver;
pub mod metrics;
pub mod replies;
pub mod response;
