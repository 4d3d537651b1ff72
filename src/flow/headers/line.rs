//! How headers are kept: the lines that came from Envoy as places in the one block it gave, so that neither reading a
//! map nor copying one makes anything for each line.

use super::text;
use bytes::Bytes;
use bytestring::ByteString;
use std::ops::Range;

/// Lines with the block that some of them are places in.
#[derive(Clone, Default)]
pub(super) struct Lines {
    pub(super) block: Bytes,
    pub(super) list: Vec<Stored>,
}

/// A line as it is kept.
#[derive(Clone)]
pub(super) enum Stored {
    /// It came: where its name and its value are in the block.
    Came(HeaderSpan),
    /// It was set here: its name and its value.
    Own(Bytes, Bytes),
}

/// Where a header line is in a block of memory that holds many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderSpan {
    /// Where the name begins and how long it is.
    pub name: (u32, u32),
    /// The same of the value.
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

    /// Where the first line of that name is.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.iter().position(|line| line.is_of(name.as_bytes()))
    }

    /// Keeps the lines that the test accepts.
    pub(super) fn retain(&mut self, keep: impl Fn(Line<'_>) -> bool) {
        let block = &self.block;
        self.list.retain(|stored| keep(Line { block, stored }));
    }
}

impl<'a> Line<'a> {
    /// The name as it came or was set.
    pub fn name(self) -> &'a [u8] {
        match self.stored {
            Stored::Came(place) => self.block.get(range(place.name)).unwrap_or_default(),
            Stored::Own(name, _) => name,
        }
    }

    /// The value as it came or was set.
    pub fn value(self) -> &'a [u8] {
        match self.stored {
            Stored::Came(place) => self.block.get(range(place.value)).unwrap_or_default(),
            Stored::Own(_, value) => value,
        }
    }

    /// The line, to keep in the list of the same block.
    pub(super) fn to_stored(self) -> Stored {
        self.stored.clone()
    }

    /// The name, to keep.
    pub fn to_name(self) -> ByteString {
        text(match self.stored {
            Stored::Came(_) => self.block.slice_ref(self.name()),
            Stored::Own(name, _) => name.clone(),
        })
    }

    /// The value, to keep.
    pub fn to_value(self) -> Bytes {
        match self.stored {
            Stored::Came(_) => self.block.slice_ref(self.value()),
            Stored::Own(_, value) => value.clone(),
        }
    }

    /// Whether it has that name. Names are compared without case.
    pub fn is_of(self, name: &[u8]) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// Whether it is the same line of the same block, which needs no look at the bytes.
    fn is_same_place(self, other: Line<'_>) -> bool {
        let blocks = self.block.as_ptr() == other.block.as_ptr();
        matches!((self.stored, other.stored), (Stored::Came(a), Stored::Came(b)) if blocks && a == b)
    }
}

impl PartialEq for Line<'_> {
    fn eq(&self, other: &Line<'_>) -> bool {
        self.is_same_place(*other) || (self.name() == other.name() && self.value() == other.value())
    }
}

fn range((start, length): (u32, u32)) -> Range<usize> {
    let start = start as usize;
    start..start.saturating_add(length as usize)
}
