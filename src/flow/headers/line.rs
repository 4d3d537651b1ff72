//! The storage of header lines. Received lines are spans of Envoy's serialized map, so reading or copying a map
//! allocates nothing per line.

use super::text;
use bytes::Bytes;
use bytestring::ByteString;
use std::ops::Range;

/// Lines, and the block that contains the received ones.
#[derive(Clone, Default)]
pub(super) struct Lines {
    pub(super) block: Bytes,
    pub(super) list: Vec<Stored>,
}

/// A stored line.
#[derive(Clone)]
pub(super) enum Stored {
    /// A received line: the spans of its name and value in the block.
    Received(HeaderSpan),
    /// A line that was set: its name and value.
    Own(Bytes, Bytes),
}

/// The span of a header line in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderSpan {
    /// The start and the length of the name in bytes.
    pub name: (u32, u32),
    /// The start and the length of the value in bytes.
    pub value: (u32, u32),
}

/// A header line of a message.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    block: &'a Bytes,
    stored: &'a Stored,
}

impl Lines {
    pub(super) fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        self.list.iter().map(|stored| Line { block: &self.block, stored })
    }

    /// The index of the first line of a name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.iter().position(|line| line.is_of(name.as_bytes()))
    }

    /// Keeps the lines that satisfy a predicate.
    pub(super) fn retain(&mut self, keep: impl Fn(Line<'_>) -> bool) {
        let block = &self.block;
        self.list.retain(|stored| keep(Line { block, stored }));
    }
}

impl<'a> Line<'a> {
    /// The name in its original spelling.
    pub fn name(self) -> &'a [u8] {
        match self.stored {
            Stored::Received(span) => self.block.get(range(span.name)).unwrap_or_default(),
            Stored::Own(name, _) => name,
        }
    }

    /// The value of the whole line.
    pub fn value(self) -> &'a [u8] {
        match self.stored {
            Stored::Received(span) => self.block.get(range(span.value)).unwrap_or_default(),
            Stored::Own(_, value) => value,
        }
    }

    /// The stored line, for a list with the same block.
    pub(super) fn to_stored(self) -> Stored {
        self.stored.clone()
    }

    /// The name as a shared text.
    pub fn to_name(self) -> ByteString {
        text(match self.stored {
            Stored::Received(_) => self.block.slice_ref(self.name()),
            Stored::Own(name, _) => name.clone(),
        })
    }

    /// The value as shared bytes.
    pub fn to_value(self) -> Bytes {
        match self.stored {
            Stored::Received(_) => self.block.slice_ref(self.value()),
            Stored::Own(_, value) => value.clone(),
        }
    }

    /// Whether it has a name. Names are compared without case.
    pub fn is_of(self, name: &[u8]) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// Whether it has the same span of the same block, so that the bytes need no comparison.
    fn is_same_span(self, other: Line<'_>) -> bool {
        let blocks = self.block.as_ptr() == other.block.as_ptr();
        matches!((self.stored, other.stored), (Stored::Received(a), Stored::Received(b)) if blocks && a == b)
    }
}

impl PartialEq for Line<'_> {
    fn eq(&self, other: &Line<'_>) -> bool {
        self.is_same_span(*other) || (self.name() == other.name() && self.value() == other.value())
    }
}

fn range((start, length): (u32, u32)) -> Range<usize> {
    let start = start as usize;
    start..start.saturating_add(length as usize)
}
