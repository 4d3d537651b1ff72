//! Query and pattern languages, and the documents that they search: parsed once, evaluated often. They do not depend on
//! policies.

pub mod java_regex;
pub mod json_path;
pub mod json_text;
pub mod xml;
pub mod xpath;
