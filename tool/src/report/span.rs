//! The span of a text that a finding underlines.

use crate::source::{self, offset};
use envoy_callout::diagnostic::Position;
use std::ops::Range;

/// Byte range of the item that starts at a position, at most to the end of its line: an element with simple text, a
/// tag, an attribute, a placeholder, or a word.
pub(super) fn of(text: &str, position: Position) -> Range<usize> {
    let start = offset(text, position);
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let of_attribute = || attribute(line).filter(|_| is_in_tag(text.get(..start).unwrap_or_default()));
    let length = if line.starts_with('<') { element(line) } else { of_attribute().unwrap_or_else(|| word(line)) };
    start..start.saturating_add(length)
}

/// The position after the item that starts at a position.
pub(super) fn end(text: &str, position: Position) -> Position {
    source::position(text, of(text, position).end).max(position)
}

/// Whether a tag is open at the end of a text.
fn is_in_tag(before: &str) -> bool {
    before.rfind('<') > before.rfind('>')
}

fn element(line: &str) -> usize {
    // Something is missing before the end of an element.
    if line.starts_with("</") {
        return 1;
    }
    let Some(tag_end) = line.find('>').map(|end| end.saturating_add(1)) else { return line.trim_end().len() };
    let (tag, rest) = line.split_at_checked(tag_end).unwrap_or((line, ""));
    if tag.ends_with("/>") {
        return tag_end;
    }
    let name: String = tag.chars().skip(1).take_while(|c| !c.is_whitespace() && *c != '>').collect();
    let close = format!("</{name}>");
    match rest.find('<') {
        Some(next) if rest.get(next..).is_some_and(|rest| rest.starts_with(&close)) => {
            tag_end.saturating_add(next).saturating_add(close.len())
        }
        _ => tag_end,
    }
}

fn attribute(line: &str) -> Option<usize> {
    let name = line.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':'))?;
    let quote_at = line.find(['"', '\''])?;
    if name == 0 || line.get(name..quote_at)?.trim() != "=" {
        return None;
    }
    let value = line.get(quote_at.saturating_add(1)..)?;
    let length = value.find(line.get(quote_at..)?.chars().next()?)?;
    Some(quote_at.saturating_add(length).saturating_add(2))
}

fn word(line: &str) -> usize {
    if let Some(end) = [("{{", "}}"), ("{%", "%}")].iter().find_map(|(open, close)| {
        let inner = line.strip_prefix(open)?;
        Some(inner.find(close)?.saturating_add(open.len()).saturating_add(close.len()))
    }) {
        return end;
    }
    let whole = line.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(line.len());
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    match line.chars().next() {
        Some('(' | ')') => 1,
        Some(quote @ ('"' | '\'')) => {
            let inside = line.get(1..).unwrap_or_default();
            inside.find(quote).map_or(whole, |end| end.saturating_add(2))
        }
        // A name in a condition or in a template. A URL or another text is a word.
        Some(first) if is_part(first) => {
            let name = line.find(|c: char| !is_part(c)).unwrap_or(line.len());
            let rest = line.get(name..).unwrap_or_default();
            if rest.starts_with("://") {
                whole
            } else {
                line.get(..name).unwrap_or_default().trim_end_matches('.').len()
            }
        }
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_covers_the_item_at_the_position() {
        let cases = [
            ("<URL>https://a</URL><B/>", "<URL>https://a</URL>"),
            ("<URL/><B/>", "<URL/>"),
            ("</Condition></Step>", "<"),
            ("<Set><Path>x</Path></Set>", "<Set>"),
            ("<Payload>\n x</Payload>", "<Payload>"),
            ("<SC name='a'", "<SC name='a'"),
            ("@HOST@</URL>", "@HOST@"),
            ("(a = 1</Condition>", "("),
            ("\"a b\" = c", "\"a b\""),
            ("!= \"x\"", "!="),
            ("user.id != \"x\"", "user.id"),
            ("user.id}/{b}", "user.id"),
            ("user = \"x\"", "user"),
            ("user.", "user"),
            ("http://a.test/b c", "http://a.test/b"),
            ("{{ HOST }}/a", "{{ HOST }}"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let span = of(text, Position { line: 1, column: 1 });
            assert_eq!(text.get(span), Some(expected), "{text}");
        }
        let text = "<SC enabled=\"yes\" x='1'>";
        assert_eq!(text.get(of(text, Position { line: 1, column: 5 })), Some("enabled=\"yes\""));
    }
}
