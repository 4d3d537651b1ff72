//! Compiled paths.

use super::test::Test;

/// A segment of a path.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Whether it applies to all descendants, as after `..`.
    pub(super) is_descendant: bool,
    pub(super) selector: Selector,
}

/// The selector of a segment.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    /// All members or items.
    Wildcard,
    /// One key.
    Key(Key),
    /// Several keys, in this order.
    Keys(Vec<Key>),
    /// The items for which a test is true, or an object for which it is true.
    Filter(Test),
}

/// A name, an index or a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A member.
    Name(String),
    /// An item; a negative index counts from the end.
    Index(i64),
    /// A range of items.
    Slice(Slice),
}

/// A range of items: from `start`, excluding `end`, every `step`th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) step: i64,
}

/// A path in a filter.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Whether it starts at the root and not at the tested value.
    pub(super) is_absolute: bool,
    pub(super) is_definite: bool,
    pub(super) segments: Vec<Segment>,
}
