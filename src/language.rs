//! The languages in which policies and messages are written: parsed once, evaluated often. They know no policy.

pub mod json_path;
pub mod json_text;
pub mod xml;
pub mod xpath;
