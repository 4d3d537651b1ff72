//! The attributes of a tag, with their positions in the text.

use super::error::{Located, Problem};
use quick_xml::events::attributes::{AttrError, Attributes};
use std::ops::Range;

/// An attribute: positions in the text.
pub(super) struct Found {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

/// The attributes of a tag.
pub(super) struct Tag<'a> {
    tag: &'a str,
    /// The start of the tag's name in the text.
    begin: usize,
    attributes: Attributes<'a>,
    /// The end of the name or the previous attribute.
    end: usize,
}

impl<'a> Tag<'a> {
    pub(super) fn new(tag: &'a str, begin: usize, name_length: usize) -> Tag<'a> {
        let mut attributes = Attributes::new(tag, name_length);
        // The check does not detect equal names in a namespace.
        attributes.with_checks(false);
        Tag { tag, begin, attributes, end: begin.saturating_add(name_length) }
    }

    /// The position of a part of the tag in the text.
    fn span(&self, part: &str) -> Range<usize> {
        let within = part.as_ptr().addr().saturating_sub(self.tag.as_ptr().addr());
        let start = self.begin.saturating_add(within);
        start..start.saturating_add(part.len())
    }
}

impl Iterator for Tag<'_> {
    type Item = Result<Found, Located>;

    fn next(&mut self) -> Option<Result<Found, Located>> {
        let attribute = match self.attributes.next()? {
            Ok(attribute) => attribute,
            Err(error) => {
                let (AttrError::ExpectedEq(at)
                | AttrError::ExpectedValue(at)
                | AttrError::UnquotedValue(at)
                | AttrError::ExpectedQuote(at, _)
                | AttrError::Duplicated(at, _)) = error;
                return Some(Err(Located::new(self.begin.saturating_add(at), Problem::from(&error))));
            }
        };
        let found = Found { name: self.span(attribute.key.into_inner()), value: self.span(&attribute.value) };
        if found.name.start <= self.end {
            let problem = Problem::Attribute("expected whitespace before an attribute");
            return Some(Err(Located::new(found.name.start, problem)));
        }
        // After the quote.
        self.end = found.value.end.saturating_add(1);
        Some(Ok(found))
    }
}
