//! The names of a message's parts.

use super::{Message, StartLine};

impl Message {
    /// The names of the existing parts, as in variables after the message's name: `verb`, `header.x-a`.
    pub fn part_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        match &self.start {
            StartLine::Request(line) => {
                names.extend(["verb", "path", "uri", "querystring"].map(str::to_owned));
                names.extend(line.query.names().iter().map(|name| format!("queryparam.{name}")));
            }
            StartLine::Response(_) => names.extend(["status.code", "reason.phrase"].map(str::to_owned)),
        }
        names.extend(self.headers.names().iter().map(|name| format!("header.{}", name.to_ascii_lowercase())));
        if !self.body.is_empty() {
            names.push("content".to_owned());
        }
        names
    }
}
