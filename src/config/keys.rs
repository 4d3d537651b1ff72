//! Typed access to the keys of a JSON object; every wrong type or unknown key becomes a diagnostic.

use crate::diagnostic::{Code, Diagnostics};
use crate::plan::Constant;
use crate::suggestion;
use bytestring::ByteString;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// An object of the configuration with its path.
pub(super) struct Section<'a> {
    /// The keys that lead to the object; empty for the configuration itself.
    path: String,
    object: &'a Map<String, Json>,
}

impl<'a> Section<'a> {
    /// Returns the object, or reports a value of another type.
    pub(super) fn new(path: &str, value: &'a Json, diagnostics: &mut Diagnostics) -> Option<Section<'a>> {
        Section::of(path, value, "an object", diagnostics)
    }

    /// Like [`Section::new`], with the expected types for the diagnostic.
    pub(super) fn of(
        path: &str,
        value: &'a Json,
        expected: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Section<'a>> {
        let object = value.as_object();
        if object.is_none() {
            let path = if path.is_empty() { "the configuration" } else { path };
            diagnostics.error(Code::InvalidValue, None, format!("{path} must be {expected}, not {}", kind(value)));
        }
        Some(Section { path: path.to_owned(), object: object? })
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Reports every unknown key, with the most similar known one.
    pub(super) fn check_keys(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        for key in self.unknown(known) {
            let hint = suggestion::hint(key, known.iter().copied());
            diagnostics.error(Code::UnknownKey, None, format!("unknown key {}{hint}", self.path_of(key)));
        }
    }

    /// Reports every unknown key, and a required key that is absent. The only unknown key probably means the absent one.
    pub(super) fn check_keys_with(
        &self,
        known: &[&str],
        (required, meaning): (&str, &str),
        diagnostics: &mut Diagnostics,
    ) {
        let mut unknown = self.unknown(known);
        match (unknown.next(), unknown.next()) {
            (Some(key), None) if !self.has(required) => {
                let message = format!("unknown key {}; did you mean {required}?", self.path_of(key));
                diagnostics.error(Code::UnknownKey, None, message);
            }
            _ => {
                self.check_keys(known, diagnostics);
                if !self.has(required) {
                    let message = format!("{} is required: {meaning}", self.path_of(required));
                    diagnostics.error(Code::MissingKey, None, message);
                }
            }
        }
    }

    fn unknown<'k>(&'k self, known: &'k [&str]) -> impl Iterator<Item = &'k str> {
        self.object.keys().map(String::as_str).filter(|key| !known.contains(key))
    }

    /// Whether a key that is present may mean this one. [`Section::check_keys`] reports it.
    pub(super) fn has_similar(&self, key: &str) -> bool {
        self.object.keys().any(|written| suggestion::nearest(written, [key]).is_some())
    }

    /// Whether the key is present.
    pub(super) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The converted value of a key; `None` when the key is absent or the value has another type.
    fn typed<T>(
        &self,
        key: &str,
        expected: &str,
        diagnostics: &mut Diagnostics,
        convert: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Option<T> {
        let value = self.object.get(key)?;
        let converted = convert(value);
        if converted.is_none() {
            diagnostics.error(
                Code::InvalidValue,
                None,
                format!("{} must be {expected}, not {}", self.path_of(key), kind(value)),
            );
        }
        converted
    }

    /// A boolean.
    pub(super) fn boolean(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        self.typed(key, "true or false", diagnostics, Json::as_bool)
    }

    /// A non-negative integer.
    pub(super) fn integer(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<usize> {
        self.typed(key, "a non-negative integer", diagnostics, |value| usize::try_from(value.as_u64()?).ok())
    }

    /// A string.
    pub(super) fn string(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        self.typed(key, "a string", diagnostics, |value| value.as_str().map(str::to_owned))
    }

    /// A required string that is not empty.
    pub(super) fn required_string(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        self.check_required(key, diagnostics);
        self.string(key, diagnostics)
    }

    /// A required port, as a number or a string: exported target servers often have strings.
    pub(super) fn required_port(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<u16> {
        self.check_required(key, diagnostics);
        self.typed(key, "a port from 1 to 65535", diagnostics, |value| match value {
            Json::String(text) => text.trim().parse().ok(),
            value => value.as_u64().and_then(|number| u16::try_from(number).ok()),
        })
        .filter(|port| *port > 0)
    }

    fn check_required(&self, key: &str, diagnostics: &mut Diagnostics) {
        let is_empty = |value: &Json| value.as_str().is_some_and(|text| text.trim().is_empty());
        if self.object.get(key).is_none_or(is_empty) {
            diagnostics.error(Code::MissingKey, None, format!("{} is missing", self.path_of(key)));
        }
    }

    /// A string, or a number as its text, because revisions are often numbers.
    pub(super) fn text(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        self.typed(key, "a string", diagnostics, |value| match value {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// A list of any values; empty when the key is absent.
    pub(super) fn list(&self, key: &str, diagnostics: &mut Diagnostics) -> &'a [Json] {
        self.typed(key, "a list", diagnostics, Json::as_array).map_or(&[], |list| list.as_slice())
    }

    /// A list of strings; empty when the key is absent.
    pub(super) fn strings(&self, key: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
        let mut strings = Vec::new();
        for (index, item) in self.list(key, diagnostics).iter().enumerate() {
            match item.as_str() {
                Some(text) => strings.push(text.to_owned()),
                None => {
                    let path = self.path_of(key);
                    diagnostics.error(
                        Code::InvalidValue,
                        None,
                        format!("{path}[{index}] must be a string, not {}", kind(item)),
                    );
                }
            }
        }
        strings
    }

    /// An object; `None` when the key is absent.
    pub(super) fn section(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<Section<'a>> {
        Section::new(&self.path_of(key), self.object.get(key)?, diagnostics)
    }

    /// The items of a list of objects.
    pub(super) fn sections(&self, key: &str, diagnostics: &mut Diagnostics) -> Vec<Section<'a>> {
        let items = self.list(key, diagnostics).iter().enumerate();
        let path = self.path_of(key);
        items.filter_map(|(index, item)| Section::new(&format!("{path}[{index}]"), item, diagnostics)).collect()
    }

    /// The entries of an object whose values are objects.
    pub(super) fn section_entries(&self, key: &str, diagnostics: &mut Diagnostics) -> Vec<(String, Section<'a>)> {
        let Some(section) = self.section(key, diagnostics) else { return Vec::new() };
        let entries = section
            .object
            .iter()
            .map(|(name, value)| Some((name.clone(), Section::new(&section.path_of(name), value, diagnostics)?)));
        entries.flatten().collect()
    }

    /// The entries of an object whose values are strings.
    pub(super) fn string_entries(&self, key: &str, diagnostics: &mut Diagnostics) -> Vec<(String, String)> {
        let Some(section) = self.section(key, diagnostics) else { return Vec::new() };
        let entries = section.object.keys().map(|entry| {
            let text = section.typed(entry, "a string", diagnostics, |value| value.as_str().map(str::to_owned));
            Some((entry.clone(), text?))
        });
        entries.flatten().collect()
    }

    /// The entries of an object whose values are strings, numbers, booleans or lists of strings, as lists of texts.
    pub(super) fn text_lists(
        &self,
        key: &str,
        diagnostics: &mut Diagnostics,
    ) -> BTreeMap<ByteString, Rc<[ByteString]>> {
        let Some(section) = self.section(key, diagnostics) else { return BTreeMap::new() };
        let mut entries = BTreeMap::new();
        for (entry, value) in section.object {
            let texts = match value {
                Json::Array(_) => section.strings(entry, diagnostics).into_iter().map(ByteString::from).collect(),
                _ => {
                    let expected = "a string, a number, a boolean or a list of strings";
                    let text = section.typed(entry, expected, diagnostics, |value| match value {
                        Json::String(text) => Some(text.clone()),
                        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
                        Json::Null | Json::Array(_) | Json::Object(_) => None,
                    });
                    text.into_iter().map(ByteString::from).collect()
                }
            };
            entries.insert(ByteString::from(entry.as_str()), texts);
        }
        entries
    }

    /// The entries of an object whose values are strings, numbers or booleans, as constants of variables.
    pub(super) fn constants(&self, key: &str, diagnostics: &mut Diagnostics) -> BTreeMap<ByteString, Constant> {
        let Some(section) = self.section(key, diagnostics) else { return BTreeMap::new() };
        let entries = section.object.keys().map(|entry| {
            let value = section.typed(entry, "a string, a number or a boolean", diagnostics, constant)?;
            Some((ByteString::from(entry.as_str()), value))
        });
        entries.flatten().collect()
    }
}

fn constant(value: &Json) -> Option<Constant> {
    match value {
        Json::String(text) => Some(Constant::text(text.as_str())),
        Json::Bool(boolean) => Some(Constant::Boolean(*boolean)),
        Json::Number(number) => {
            number.as_i64().map(Constant::Integer).or_else(|| number.as_f64().map(Constant::Double))
        }
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The value of a number, and the type of any other value.
fn kind(value: &Json) -> String {
    let kind = match value {
        Json::Number(number) => return number.to_string(),
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    kind.to_owned()
}
