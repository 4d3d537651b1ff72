//! The operator `=~` of filters, as a function that the engine calls.

use super::JsonPathError;
use super::reader::Reader;
use crate::policy::java_regex::JavaRegex;
use serde_json::Value;
use serde_json_path_core::spec::functions::{LogicalType, ValueType};
use std::cell::RefCell;

/// The function's name in paths that the engine reads.
pub(super) const FUNCTION: &str = "java_matches";

/// Reads `/pattern/flags`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, JsonPathError> {
    let error = || JsonPathError::new("a `=~` without a pattern between slashes");
    if !reader.eat("/") {
        return Err(error());
    }
    let mut pattern = String::new();
    loop {
        match reader.take().ok_or_else(error)? {
            '/' => break,
            '\\' => match reader.take().ok_or_else(error)? {
                '/' => pattern.push('/'),
                character => pattern.extend(['\\', character]),
            },
            character => pattern.push(character),
        }
    }
    let flags = reader.take_while(|character| character.is_ascii_alphabetic());
    Ok(if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") })
}

/// Whether the pattern can be run.
pub(super) fn check(pattern: &str) -> Result<(), JsonPathError> {
    JavaRegex::compile(pattern).map(drop).map_err(|error| JsonPathError::new(format!("`{pattern}`: {error}")))
}

thread_local! {
    /// The pattern that ran last with what it was compiled to: one query calls for the same one again and again.
    static LAST: RefCell<Option<(String, Option<JavaRegex>)>> = const { RefCell::new(None) };
}

/// Whether a text matches a pattern as a whole.
fn is_match(text: &str, pattern: &str) -> bool {
    LAST.with_borrow_mut(|last| {
        if last.as_ref().is_none_or(|(known, _)| known != pattern) {
            *last = Some((pattern.to_owned(), JavaRegex::compile(pattern).ok()));
        }
        last.as_ref().and_then(|(_, regex)| regex.as_ref()).is_some_and(|regex| regex.matches_whole(text))
    })
}

// The engine finds functions in a table that is filled before the first call into the module.
#[serde_json_path_macros::function(name = "java_matches")]
fn java_matches(subject: ValueType, pattern: ValueType) -> LogicalType {
    match (subject.as_value(), pattern.as_value()) {
        (Some(Value::String(text)), Some(Value::String(pattern))) => is_match(text, pattern).into(),
        _ => LogicalType::False,
    }
}
