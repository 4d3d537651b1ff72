//! Escaping of text for JSON, XML and HTML.

use crate::flow::memory::{TooLarge, text as bounded};
use std::fmt::{self, Write};

/// The text as the content of a JSON string, of at most `most` bytes.
pub(super) fn json(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    escaped(text, max_bytes, |to, character| match character {
        '"' => to.write_str("\\\""),
        '\\' => to.write_str("\\\\"),
        '\n' => to.write_str("\\n"),
        '\r' => to.write_str("\\r"),
        '\t' => to.write_str("\\t"),
        '\u{8}' => to.write_str("\\b"),
        '\u{c}' => to.write_str("\\f"),
        '\0'..='\u{1f}' => write!(to, "\\u{:04x}", u32::from(character)),
        other => to.write_char(other),
    })
}

/// The text with XML's five entities.
pub(super) fn xml(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    escaped(text, max_bytes, |to, character| entity(to, character, "&apos;"))
}

/// The text with XML's five entities. Characters that XML 1.1 does not allow are removed, and those that it allows only
/// as references become decimal references. `[inferred]`
pub(super) fn xml11(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    escaped(text, max_bytes, |to, character| match character {
        '\0' | '\u{fffe}' | '\u{ffff}' => Ok(()),
        '\u{1}'..='\u{8}' | '\u{b}'..='\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => {
            write!(to, "&#{};", u32::from(character))
        }
        other => entity(to, other, "&apos;"),
    })
}

/// The text with HTML's entities. The apostrophe is a numeric reference, because HTML 4 has no name for it.
pub(super) fn html(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    escaped(text, max_bytes, |to, character| entity(to, character, "&#39;"))
}

/// The text with every character written by `write`.
fn escaped(
    text: &str,
    max_bytes: usize,
    write: impl Fn(&mut dyn Write, char) -> fmt::Result,
) -> Result<String, TooLarge> {
    bounded(max_bytes, |to| text.chars().try_for_each(|character| write(to, character)))
}

fn entity(to: &mut dyn Write, character: char, apostrophe: &str) -> fmt::Result {
    match character {
        '&' => to.write_str("&amp;"),
        '<' => to.write_str("&lt;"),
        '>' => to.write_str("&gt;"),
        '"' => to.write_str("&quot;"),
        '\'' => to.write_str(apostrophe),
        other => to.write_char(other),
    }
}
