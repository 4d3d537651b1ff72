//! Small languages that policies and payloads are written in. Nothing here knows policies or requests.

pub mod json_path;
pub mod json_text;
