//! One transaction: the order of its flows, steps and calls. Its only connection to the outside is [`host::Host`].

mod balancing;
mod boxed;
mod builtins;
pub mod cache;
pub mod call;
mod certificate;
mod client;
mod conditions;
mod distinct;
mod early_calls;
mod error_flow;
mod expand;
pub mod fault;
mod functions;
mod google;
pub mod headers;
pub mod host;
mod indexed;
mod jwt;
mod key_values;
mod memory;
pub mod message;
pub mod parameters;
mod private;
mod publishing;
mod recorder;
mod run;
pub mod scripted;
mod shared_fetch;
mod steps;
pub mod store;
mod target_copy;
mod target_request;
pub mod trace;
pub mod transaction;
mod url;
pub mod value;
mod variable_target;
mod variables;
mod worker;

#[cfg(test)]
mod tests;

pub use google::AuthorizedSend;
pub use run::run;
pub use worker::Worker;
