//! JSONPath in the dialect of Jayway's library, which Apigee uses, evaluated over the text of a document.
//!
//! These constructs are rejected: functions (`.length()` does not work in Apigee either), scripts
//! other than `(@.length-1)`, and the filter operators `subsetof`, `anyof`, `noneof`, `size`, `empty` and `contains`.

mod filter;
mod keys;
mod literal;
mod pattern;
mod reader;
mod search;
mod segment;
mod test;

use super::json_text::{JsonSlice, JsonText, Sink};
use search::Search;
use segment::Segment;
use std::fmt;
use std::ops::ControlFlow;

/// Maximum number of results of several `..` in the worst case.
const MAX_DESCENDANTS: usize = 1_000_000;
/// Maximum size of the text of several results in bytes. Nested results repeat their content.
const MAX_RESULT_BYTES: usize = 16 * 1024 * 1024;

/// A compiled path.
///
/// ```
/// use envoy_callout::language::json_path::JsonPath;
/// use envoy_callout::language::json_text::JsonText;
///
/// let document = JsonText::parse(r#"{"items": [{"id": 7}, {"id": 8}]}"#)?;
/// let path = JsonPath::compile("$.items[?(@.id > 7)].id")?;
/// assert_eq!(path.first(&document).and_then(|value| value.text()).as_deref(), Some("8"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonPath {
    source: String,
    segments: Vec<Segment>,
    is_definite: bool,
    descents: u32,
}

/// The reason why a path is invalid.
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
        write!(formatter, "invalid JSONPath: {}", self.reason)
    }
}

impl std::error::Error for JsonPathError {}

/// Two paths with the same text are equal.
impl PartialEq for JsonPath {
    fn eq(&self, other: &JsonPath) -> bool {
        self.source == other.source
    }
}

impl JsonPath {
    /// Compiles a path. A path without a leading `$` also starts at the root.
    ///
    /// # Errors
    /// A malformed path, a path with an unsupported construct, or one that is too large.
    pub fn compile(path: &str) -> Result<JsonPath, JsonPathError> {
        let read = reader::read(path)?;
        Ok(JsonPath {
            source: path.to_owned(),
            segments: read.segments,
            is_definite: read.is_definite,
            descents: read.descents,
        })
    }

    /// Whether the path selects at most one value: it has no wildcard, filter, slice, list or `..`.
    pub fn is_definite(&self) -> bool {
        self.is_definite
    }

    /// The values at the path, in document order. Empty when the search exceeds its limit.
    pub fn find<'d>(&self, document: &'d JsonText<'d>) -> Vec<JsonSlice<'d>> {
        let mut found = Vec::new();
        let end = self.search(document, &mut |search, start| {
            found.push(search.slice(start));
            Some(ControlFlow::Continue(()))
        });
        if end.is_none() {
            found.clear();
        }
        found
    }

    /// The first value at the path. The search ends there.
    pub fn first<'d>(&self, document: &'d JsonText<'d>) -> Option<JsonSlice<'d>> {
        let mut first = None;
        self.search(document, &mut |search, start| {
            first = Some(search.slice(start));
            Some(ControlFlow::Break(()))
        })?;
        first
    }

    /// All values at the path as the text of a JSON array. `None` without values, when the text would be too large, and
    /// when the search exceeds its limit.
    pub fn text_of_all(&self, document: &JsonText<'_>) -> Option<String> {
        let mut sink = Sink::new(MAX_RESULT_BYTES);
        let mut is_empty = true;
        self.search(document, &mut |search, start| {
            sink.push(if is_empty { "[" } else { "," })?;
            is_empty = false;
            search.walk.write(start, &mut sink)?;
            Some(ControlFlow::Continue(()))
        })?;
        sink.push("]")?;
        (!is_empty).then(|| sink.into_text())
    }

    /// Calls `each` with every value at the path until it breaks. `None` when it returns `None`, and when the search
    /// exceeds its limit.
    fn search<'d>(
        &self,
        document: &'d JsonText<'d>,
        each: &mut dyn FnMut(&Search<'d>, usize) -> Option<ControlFlow<()>>,
    ) -> Option<()> {
        if self.descents > 1 && !self.is_affordable(document) {
            return None;
        }
        let search = Search::new(document);
        let mut is_given_up = false;
        let _ = search.follow(search.walk.root(), &self.segments, &mut |start| {
            each(&search, start).unwrap_or_else(|| {
                is_given_up = true;
                ControlFlow::Break(())
            })
        });
        (!is_given_up && !search.walk.is_exhausted()).then_some(())
    }

    /// Every `..` after the first starts once for each value before it: in the worst case at all ancestors of every
    /// value.
    fn is_affordable(&self, document: &JsonText<'_>) -> bool {
        let ways = document.depth().saturating_pow(self.descents.saturating_sub(1));
        document.values().saturating_mul(ways) <= MAX_DESCENDANTS
    }
}

#[cfg(test)]
mod tests;
