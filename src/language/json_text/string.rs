//! The content of JSON strings, between the quotes and with escapes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::str::Chars;

/// The characters of a checked string's content.
struct Unescaped<'t>(Chars<'t>);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.0.next()? {
            '\\' => match self.0.next()? {
                'b' => Some('\u{8}'),
                'f' => Some('\u{c}'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'u' => self.pair(),
                character => Some(character),
            },
            character => Some(character),
        }
    }
}

impl Unescaped<'_> {
    /// The character of one `\u` or two.
    fn pair(&mut self) -> Option<char> {
        let first = self.unit()?;
        if let Some(character) = char::from_u32(u32::from(first)) {
            return Some(character);
        }
        let second = self.0.next().and(self.0.next()).and_then(|_| self.unit())?;
        char::decode_utf16([first, second]).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        (0..4).try_fold(0_u16, |unit, _| {
            let digit = u16::try_from(self.0.next()?.to_digit(16)?).ok()?;
            unit.checked_mul(16)?.checked_add(digit)
        })
    }
}

fn has_escapes(content: &str) -> bool {
    content.as_bytes().contains(&b'\\')
}

/// The text of a string.
pub(super) fn text(content: &str) -> Cow<'_, str> {
    if has_escapes(content) { Unescaped(content.chars()).collect() } else { Cow::Borrowed(content) }
}

/// Whether a string has a text.
pub(super) fn is_text(content: &str, text: &str) -> bool {
    if has_escapes(content) { Unescaped(content.chars()).eq(text.chars()) } else { content == text }
}

/// Compares the texts of two strings by their characters.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    if has_escapes(left) || has_escapes(right) {
        Unescaped(left.chars()).cmp(Unescaped(right.chars()))
    } else {
        left.cmp(right)
    }
}

/// The string as JSON with only the necessary escapes. `None` when it needs no change.
pub(super) fn rewritten(content: &str) -> Option<String> {
    if has_escapes(content) { serde_json::to_string(&text(content)).ok() } else { None }
}
