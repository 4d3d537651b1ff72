//! Text made safe for the inside of JSON, XML and HTML.

use std::fmt::Write;

/// The text as the inside of a JSON string.
pub(super) fn json(text: &str) -> Option<String> {
    let quoted = serde_json::to_string(text).ok()?;
    Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// The text with XML's five entities.
pub(super) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        push_entity(&mut escaped, character, "&apos;");
    }
    escaped
}

/// The text with XML's five entities, without the characters that XML 1.1 does not have, and with those that it has
/// only as references written so. References are decimal. `[inferred]`
pub(super) fn xml11(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' | '\u{fffe}' | '\u{ffff}' => {}
            '\u{1}'..='\u{8}' | '\u{b}'..='\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => {
                // Writing to a String does not fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            other => push_entity(&mut escaped, other, "&apos;"),
        }
    }
    escaped
}

/// The text with HTML's entities. The apostrophe is a number, for HTML 4 has no name for it.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        push_entity(&mut escaped, character, "&#39;");
    }
    escaped
}

fn push_entity(escaped: &mut String, character: char, apostrophe: &str) {
    match character {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '"' => escaped.push_str("&quot;"),
        '\'' => escaped.push_str(apostrophe),
        other => escaped.push(other),
    }
}
