//! JSONPath in the dialect of Jayway's library, which Apigee uses (semantics section 4.3).
//!
//! A path is read by that dialect's rules and written anew as RFC 9535 has it, for the engine. What is missing is
//! refused: functions (`.length()` does not work in Apigee either), scripts other than `(@.length-1)`, and the filter
//! operators `subsetof`, `anyof`, `noneof`, `size`, `empty` and `contains`.

mod filter;
mod literal;
// What the macro in it makes does not compile with the lifetimes written out.
#[allow(elided_lifetimes_in_paths)]
mod pattern;
mod reader;

use serde_json::Value;
use std::fmt;
use std::io::{self, Write};

/// The most results that several `..` together may come to, counted at worst.
const MOST_DESCENDANTS: usize = 1_000_000;
/// Longer texts of several results are given up, in bytes: results inside each other repeat their content.
const LARGEST_RESULT: usize = 16 * 1024 * 1024;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct JsonPath {
    source: String,
    /// What is looked for one after the other, each in all that the one before found.
    stages: Vec<Stage>,
    is_definite: bool,
    descents: u32,
}

/// A part of a path.
#[derive(Clone, Debug)]
struct Stage {
    query: serde_json_path::JsonPath,
    /// Whether it is a filter and nothing else.
    is_filter: bool,
}

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPathError {
    reason: String,
}

impl JsonPathError {
    fn new(reason: impl Into<String>) -> JsonPathError {
        JsonPathError { reason: reason.into() }
    }
}

impl fmt::Display for JsonPathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a JSONPath: {}", self.reason)
    }
}

impl std::error::Error for JsonPathError {}

/// By source.
impl PartialEq for JsonPath {
    fn eq(&self, other: &JsonPath) -> bool {
        self.source == other.source
    }
}

impl JsonPath {
    /// Compiles a path. One without a leading `$` begins at the root all the same.
    ///
    /// # Errors
    /// A text that is not a path, a path with a construct that is missing here, or one that is too large.
    pub fn compile(path: &str) -> Result<JsonPath, JsonPathError> {
        let path_read = reader::read(path)?;
        let stages = path_read.stages.iter().map(|written| Stage::compile(written)).collect::<Result<_, _>>()?;
        Ok(JsonPath {
            source: path.to_owned(),
            stages,
            is_definite: path_read.is_definite,
            descents: path_read.descents,
        })
    }

    /// Whether the path names at most one place: it has no wildcard, filter, slice, list or `..`.
    pub fn is_definite(&self) -> bool {
        self.is_definite
    }

    /// What the path finds, in the document's order. Nothing where two or more `..` would find far too much.
    pub fn find<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        if self.descents > 1 && !self.is_affordable(document) {
            return Vec::new();
        }
        let find =
            |found: Vec<&'v Value>, stage: &Stage| found.into_iter().flat_map(|value| stage.find(value)).collect();
        self.stages.iter().fold(vec![document], find)
    }

    /// Every `..` after the first begins once for each place that is found before it: at worst at all ancestors of
    /// every value.
    fn is_affordable(&self, document: &Value) -> bool {
        let (count, depth) = extent(document);
        let ways = depth.saturating_pow(self.descents.saturating_sub(1));
        count.saturating_mul(ways) <= MOST_DESCENDANTS
    }
}

impl Stage {
    fn compile(written: &str) -> Result<Stage, JsonPathError> {
        let query = serde_json_path::JsonPath::parse(written);
        let query = query.map_err(|error| JsonPathError::new(error.message().to_owned()))?;
        Ok(Stage { query, is_filter: written.starts_with("$[?") })
    }

    /// What it finds in a value. A filter tests the items of an array; an object it tests itself, where RFC 9535 would
    /// test its members. `[recalled]`
    fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        if !self.is_filter || !value.is_object() {
            return self.query.query(value).all();
        }
        let alone = Value::Array(vec![value.clone()]);
        if self.query.query(&alone).is_empty() { Vec::new() } else { vec![value] }
    }
}

/// Several values that a path found as the text of a JSON array. `None` where they hold each other so often that it would
/// be too large.
pub fn text_of_all(found: &[&Value]) -> Option<String> {
    let mut text = Limited(Vec::new());
    serde_json::to_writer(&mut text, found).ok()?;
    String::from_utf8(text.0).ok()
}

/// Takes only so much.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > LARGEST_RESULT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text of a value that a path found (semantics section 4.3): a string's own text, and JSON for anything else.
/// `None` for `null`.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// How many values a value holds, itself included, and how deep they go. The parser of JSON limits the depth.
fn extent(value: &Value) -> (usize, usize) {
    let add = |(count, depth): (usize, usize), child: &Value| {
        let (children, child_depth) = extent(child);
        (count.saturating_add(children), depth.max(child_depth.saturating_add(1)))
    };
    match value {
        Value::Array(items) => items.iter().fold((1, 1), add),
        Value::Object(members) => members.values().fold((1, 1), add),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (1, 1),
    }
}

#[cfg(test)]
mod tests;
