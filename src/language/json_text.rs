//! A JSON document as text: it is checked once, and values are found by their offset.
//!
//! A tree of a document of small values takes forty times the document's bytes. The text takes at most a third
//! more, for an index of the ends of long arrays and objects.

mod check;
mod members;
mod skips;
mod string;
mod value;
mod walk;
mod write;

use check::Check;
use skips::Skips;
use std::borrow::Cow;
use std::fmt;

pub(crate) use value::Value;
pub(crate) use walk::Walk;
pub(crate) use write::Sink;

/// A checked document.
#[derive(Debug)]
pub struct JsonText<'t> {
    text: &'t str,
    root: usize,
    skips: Skips,
    values: usize,
    depth: usize,
}

/// A text that is not JSON, is nested deeper than 127 arrays and objects, or has 4 GiB and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError;

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not JSON, or too deep or too long")
    }
}

impl std::error::Error for JsonError {}

impl<'t> JsonText<'t> {
    /// Checks a document, with optional white space around it.
    ///
    /// # Errors
    /// A text that is not JSON. Strings must be Unicode: a single surrogate in `\u` is an error.
    pub fn parse(text: &'t str) -> Result<JsonText<'t>, JsonError> {
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError);
        }
        let mut check = Check::new(text);
        let root = check.document().ok_or(JsonError)?;
        let (values, depth) = (check.values, check.depth);
        Ok(JsonText { text, root, skips: Skips::new(text.len(), check.into_containers()), values, depth })
    }

    /// The whole document's value.
    pub fn root(&self) -> JsonSlice<'_> {
        JsonSlice { document: self, start: self.root }
    }

    /// The number of values, the root and values of repeated names included.
    pub(crate) fn values(&self) -> usize {
        self.values
    }

    /// The depth of the values: 1 for a scalar or an empty array.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
}

/// A value in a document.
#[derive(Clone, Copy)]
pub struct JsonSlice<'d> {
    document: &'d JsonText<'d>,
    start: usize,
}

impl fmt::Debug for JsonSlice<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("JsonSlice").field(&self.as_str()).finish()
    }
}

impl<'d> JsonSlice<'d> {
    /// The value at an offset of the document.
    pub(crate) fn new(document: &'d JsonText<'d>, start: usize) -> JsonSlice<'d> {
        JsonSlice { document, start }
    }

    /// The part of the document that is the value.
    pub fn as_str(&self) -> &'d str {
        let end = Walk::new(self.document).end(self.start);
        self.document.text.get(self.start..end).unwrap_or_default()
    }

    /// The text of a string without quotes and escapes, or the JSON of another value without white space. `None` for
    /// `null`.
    ///
    /// An object has each name once, at its first position and with its last value.
    pub fn text(&self) -> Option<String> {
        let walk = Walk::new(self.document);
        match walk.value(self.start) {
            Value::Null => None,
            Value::Text(text) => Some(text.into_owned()),
            Value::Bool(_) | Value::Number(_) | Value::Container(_) => {
                let mut sink = Sink::for_part(self.as_str());
                walk.write(self.start, &mut sink)?;
                Some(sink.into_text())
            }
        }
    }

    /// The value of a member of an object, the last of several with that name.
    pub fn member(&self, name: &str) -> Option<JsonSlice<'d>> {
        let start = Walk::new(self.document).member(self.start, name)?;
        Some(JsonSlice { start, ..*self })
    }

    /// The first item of an array. `None` for an empty array and any other value.
    pub fn first_item(&self) -> Option<JsonSlice<'d>> {
        let walk = Walk::new(self.document);
        if !self.is_array() {
            return None;
        }
        let start = walk.entries(self.start).next()?.value;
        Some(JsonSlice { start, ..*self })
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.document.text.as_bytes().get(self.start) == Some(&b'[')
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(Walk::new(self.document).value(self.start), Value::Null)
    }

    /// The text of a string. `None` for any other value.
    pub fn as_text(&self) -> Option<Cow<'d, str>> {
        match Walk::new(self.document).value(self.start) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number as it is written. `None` for any other value.
    pub fn as_number(&self) -> Option<&'d str> {
        matches!(Walk::new(self.document).value(self.start), Value::Number(_)).then(|| self.as_str())
    }
}

#[cfg(test)]
mod tests;
