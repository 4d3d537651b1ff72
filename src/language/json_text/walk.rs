//! Traversal of a checked document, with a limit on the work.

use super::JsonText;
use super::skips::INDEX_LOOKUP_STEPS;
use super::string;
use super::value::Value;
use std::borrow::Cow;
use std::cell::Cell;

/// Maximum number of bytes that one search reads, per byte of the document.
const MAX_PASSES: usize = 64;
/// Minimum size of a document for the limit in bytes.
const SMALL_DOCUMENT: usize = 256 * 1024;

/// A document with the remaining work. Values are offsets of their first bytes.
#[derive(Debug)]
pub(crate) struct Walk<'d> {
    document: &'d JsonText<'d>,
    left: Cell<usize>,
}

/// A member of an object or an item of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'d> {
    /// The offset of the name, or of the item.
    pub(super) start: usize,
    /// The name's content, between the quotes.
    pub(super) name: Option<&'d str>,
    /// The offset of the value.
    pub(crate) value: usize,
}

impl Member<'_> {
    /// Whether it is a member with a name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.is_some_and(|content| string::is_text(content, name))
    }
}

impl<'d> Walk<'d> {
    pub(crate) fn new(document: &'d JsonText<'d>) -> Walk<'d> {
        let bytes = document.text.len().saturating_add(SMALL_DOCUMENT);
        Walk { document, left: Cell::new(bytes.saturating_mul(MAX_PASSES)) }
    }

    /// The offset of the whole document's value.
    pub(crate) fn root(&self) -> usize {
        self.document.root
    }

    /// Counts work.
    pub(crate) fn charge(&self, steps: usize) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Whether the work exceeded the limit. Entries then end early, so the result is incomplete.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    pub(crate) fn is_array(&self, start: usize) -> bool {
        self.byte(start) == Some(b'[')
    }

    pub(crate) fn is_object(&self, start: usize) -> bool {
        self.byte(start) == Some(b'{')
    }

    /// The members of an object or the items of an array, in the document's order. A name may repeat. Any other value
    /// has none.
    pub(crate) fn entries(&self, start: usize) -> Entries<'_, 'd> {
        let is_container = self.is_array(start) || self.is_object(start);
        let at = if is_container { start.saturating_add(1) } else { self.document.text.len() };
        Entries { walk: self, at, last: None, is_object: self.is_object(start) }
    }

    /// The member with a name, the last of several.
    pub(crate) fn member(&self, object: usize, name: &str) -> Option<usize> {
        if !self.is_object(object) {
            return None;
        }
        self.entries(object).filter(|entry| entry.is_named(name)).last().map(|entry| entry.value)
    }

    pub(crate) fn value(&self, start: usize) -> Value<'d> {
        match self.byte(start) {
            Some(b'[' | b'{') => Value::Container(start),
            Some(b'"') => Value::Text(string::text(self.content(start))),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(Cow::Borrowed(self.part(start, self.end(start)))),
        }
    }

    /// The first byte after a value.
    pub(super) fn end(&self, start: usize) -> usize {
        match self.byte(start) {
            Some(b'"') => self.string_end(start),
            Some(b'[' | b'{') => self.container_end(start),
            _ => {
                let is_last = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r');
                let rest = self.bytes().get(start..).unwrap_or_default();
                let length = rest.iter().position(is_last).unwrap_or(rest.len());
                self.charge(length);
                start.saturating_add(length)
            }
        }
    }

    /// The content of a string, between the quotes.
    pub(super) fn content(&self, start: usize) -> &'d str {
        self.part(start.saturating_add(1), self.string_end(start).saturating_sub(1))
    }

    pub(super) fn part(&self, start: usize, end: usize) -> &'d str {
        self.document.text.get(start..end).unwrap_or_default()
    }

    /// The offset of the value of a member whose name has an offset.
    pub(super) fn value_after_name(&self, start: usize) -> usize {
        let colon = self.space(self.string_end(start));
        self.space(colon.saturating_add(1))
    }

    fn string_end(&self, start: usize) -> usize {
        let bytes = self.bytes();
        let mut at = start.saturating_add(1);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            at = at.saturating_add(plain.unwrap_or(rest.len()));
            match bytes.get(at) {
                Some(b'\\') => at = at.saturating_add(2),
                _ => {
                    let end = at.saturating_add(1).min(bytes.len());
                    self.charge(end.saturating_sub(start));
                    return end;
                }
            }
        }
    }

    fn container_end(&self, start: usize) -> usize {
        let mut levels = 0_usize;
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            self.charge(1);
            match byte {
                b'"' => at = self.string_end(at),
                b'[' | b'{' => match self.document.skips.end(at) {
                    Some(end) => {
                        self.charge(INDEX_LOOKUP_STEPS);
                        at = end;
                    }
                    None => {
                        levels = levels.saturating_add(1);
                        at = at.saturating_add(1);
                    }
                },
                b']' | b'}' => {
                    levels = levels.saturating_sub(1);
                    at = at.saturating_add(1);
                }
                _ => {
                    at = at.saturating_add(1);
                    continue;
                }
            }
            if levels == 0 {
                break;
            }
        }
        at
    }

    /// The first byte at or after an offset that is not white space.
    fn space(&self, at: usize) -> usize {
        let rest = self.bytes().get(at..).unwrap_or_default();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        let length = rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len());
        self.charge(length);
        at.saturating_add(length)
    }

    fn bytes(&self) -> &'d [u8] {
        self.document.text.as_bytes()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes().get(at).copied()
    }
}

/// Iterates over a container.
#[derive(Debug)]
pub(crate) struct Entries<'w, 'd> {
    walk: &'w Walk<'d>,
    at: usize,
    /// The last returned value. The next call skips it.
    last: Option<usize>,
    is_object: bool,
}

impl<'d> Iterator for Entries<'_, 'd> {
    type Item = Member<'d>;

    fn next(&mut self) -> Option<Member<'d>> {
        let walk = self.walk;
        if walk.is_exhausted() {
            return None;
        }
        walk.charge(2);
        if let Some(last) = self.last.take() {
            self.at = walk.end(last);
        }
        self.at = walk.space(self.at);
        if walk.byte(self.at) == Some(b',') {
            self.at = walk.space(self.at.saturating_add(1));
        }
        let start = self.at;
        if matches!(walk.byte(start), None | Some(b']' | b'}')) {
            return None;
        }
        let (name, value) =
            if self.is_object { (Some(walk.content(start)), walk.value_after_name(start)) } else { (None, start) };
        self.last = Some(value);
        Some(Member { start, name, value })
    }
}
