//! Compiled paths.

use super::test::Test;

/// A step of a path.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Whether it applies to all values inside, as behind `..`.
    pub(super) is_descendant: bool,
    pub(super) selector: Selector,
}

/// The choice of a step.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    /// All members or items.
    Wildcard,
    /// One place.
    Place(Place),
    /// Several places, in this order.
    Places(Vec<Place>),
    /// The items that pass, or an object that passes.
    Filter(Test),
}

/// A place in an array or an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A member.
    Name(String),
    /// An item; negative from the end.
    Index(i64),
    /// A range of items.
    Slice(Slice),
}

/// A range of items: from `start` on, without `end`, every `step`th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) step: i64,
}

/// A path in a filter.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Whether it begins at the root instead of the value that is tested.
    pub(super) is_absolute: bool,
    pub(super) is_definite: bool,
    pub(super) segments: Vec<Segment>,
}
