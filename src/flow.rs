//! One transaction: what happens when. Pure; it talks to the outside through [`host::Host`] alone.

mod builtins;
mod client;
mod error_flow;
mod expand;
pub mod fault;
mod functions;
pub mod headers;
pub mod host;
pub mod message;
mod numbered;
pub mod parameters;
mod publishing;
mod run;
mod steps;
pub mod transaction;
pub mod value;
mod variables;

pub use run::run;
