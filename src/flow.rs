//! One transaction: what happens when. Pure; it talks to the outside through [`host::Host`] alone.

mod balancing;
mod builtins;
mod client;
mod conditions;
mod distinct;
mod error_flow;
pub mod exchange;
mod expand;
pub mod fault;
mod functions;
mod google;
pub mod headers;
pub mod host;
mod left_out;
mod memory;
pub mod message;
mod numbered;
pub mod parameters;
mod private;
mod publishing;
pub mod rehearsal;
mod rehearsing;
mod run;
pub mod scripted;
mod steps;
pub mod store;
mod subject;
pub mod transaction;
mod url;
pub mod value;
mod variables;
mod worker;

#[cfg(test)]
mod tests;

pub use run::run;
pub use worker::Worker;
