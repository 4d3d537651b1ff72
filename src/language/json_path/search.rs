//! Searches the values at a path.
//!
//! Results are passed on one by one, so that only the results take memory. Every recursion descends in the document,
//! whose depth is limited.

use super::segment::{Key, Segment, Selector};
use crate::language::json_text::{JsonSlice, JsonText, Walk};
use std::ops::ControlFlow;

/// Receives the offset of every result.
pub(super) type Found<'f> = dyn FnMut(usize) -> ControlFlow<()> + 'f;

/// A search in a document.
#[derive(Debug)]
pub(super) struct Search<'d> {
    document: &'d JsonText<'d>,
    pub(super) walk: Walk<'d>,
}

impl<'d> Search<'d> {
    pub(super) fn new(document: &'d JsonText<'d>) -> Search<'d> {
        Search { document, walk: Walk::new(document) }
    }

    pub(super) fn slice(&self, start: usize) -> JsonSlice<'d> {
        JsonSlice::new(self.document, start)
    }

    /// Follows a path from a value.
    pub(super) fn follow(&self, start: usize, segments: &[Segment], found: &mut Found<'_>) -> ControlFlow<()> {
        let (mut start, mut segments) = (start, segments);
        while let Some((segment, rest)) = segments.split_first() {
            let next = match &segment.selector {
                _ if segment.is_descendant => return self.descend(start, &segment.selector, rest, found),
                Selector::Key(key @ (Key::Name(_) | Key::Index(_))) => self.value_at(start, key),
                // A filter tests an object itself, as in Jayway's library. `[recalled]`
                Selector::Filter(test) if self.walk.is_object(start) => self.passes(test, start).then_some(start),
                selector => return self.select(start, selector, &mut |child| self.follow(child, rest, found)),
            };
            let Some(next) = next else { return ControlFlow::Continue(()) };
            (start, segments) = (next, rest);
        }
        found(start)
    }

    /// Applies a selector to a value and then to its descendants, in preorder.
    fn descend(&self, start: usize, selector: &Selector, rest: &[Segment], found: &mut Found<'_>) -> ControlFlow<()> {
        if !self.walk.is_array(start) && !self.walk.is_object(start) {
            return ControlFlow::Continue(());
        }
        self.select(start, selector, &mut |child| self.follow(child, rest, found))?;
        self.walk.each_child(start, &mut |child| self.descend(child, selector, rest, found))
    }

    /// Applies a selector to one value. A filter tests its children.
    fn select(&self, start: usize, selector: &Selector, found: &mut Found<'_>) -> ControlFlow<()> {
        match selector {
            Selector::Wildcard => self.walk.each_child(start, found),
            Selector::Key(Key::Slice(slice)) => self.slice_of(start, *slice, found),
            Selector::Key(key) => self.value_at(start, key).map_or(ControlFlow::Continue(()), found),
            Selector::Keys(keys) => self.values_at(start, keys, found),
            Selector::Filter(test) => self.walk.each_child(start, &mut |child| {
                if self.passes(test, child) { found(child) } else { ControlFlow::Continue(()) }
            }),
        }
    }
}
