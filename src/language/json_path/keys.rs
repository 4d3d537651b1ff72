//! Searches names, indices and slices.

use super::search::{Found, Search};
use super::segment::{Key, Slice};
use std::ops::ControlFlow;

/// A key of a list, with its value after it is found.
enum Wanted<'p> {
    /// An item by its index from the start, if the index is valid.
    Item(Option<usize>, Option<usize>),
    /// A member by its name.
    Member(&'p str, Option<usize>),
    /// A range of items, which is searched separately.
    Slice(Slice),
}

impl Search<'_> {
    /// The value at a name or an index.
    pub(super) fn value_at(&self, start: usize, key: &Key) -> Option<usize> {
        match key {
            Key::Name(name) => self.walk.member(start, name),
            Key::Index(index) if self.walk.is_array(start) => {
                let index = index_from(*index, || self.length(start))?;
                self.walk.entries(start).nth(index).map(|entry| entry.value)
            }
            Key::Index(_) | Key::Slice(_) => None,
        }
    }

    /// Passes the values at the keys to `found`, in the order of the keys.
    pub(super) fn values_at(&self, start: usize, keys: &[Key], found: &mut Found<'_>) -> ControlFlow<()> {
        let is_array = self.walk.is_array(start);
        let is_counted = is_array && keys.iter().any(|key| matches!(key, Key::Index(..0)));
        let length = if is_counted { self.length(start) } else { 0 };
        let mut wanted: Vec<Wanted<'_>> = Vec::with_capacity(keys.len());
        wanted.extend(keys.iter().map(|key| match key {
            Key::Index(index) if is_array => Wanted::Item(index_from(*index, || length), None),
            Key::Name(name) if !is_array => Wanted::Member(name, None),
            Key::Slice(slice) if is_array => Wanted::Slice(*slice),
            Key::Index(_) | Key::Name(_) | Key::Slice(_) => Wanted::Item(None, None),
        }));
        for (index, entry) in self.walk.entries(start).enumerate() {
            self.walk.charge(wanted.len());
            for key in &mut wanted {
                match key {
                    Wanted::Item(wanted, value) if *wanted == Some(index) => *value = Some(entry.value),
                    Wanted::Member(name, value) if entry.is_named(name) => *value = Some(entry.value),
                    _ => {}
                }
            }
        }
        wanted.into_iter().try_for_each(|key| match key {
            Wanted::Item(_, value) | Wanted::Member(_, value) => value.map_or(ControlFlow::Continue(()), &mut *found),
            Wanted::Slice(slice) => self.slice_of(start, slice, found),
        })
    }

    /// Passes the items of a slice to `found`. Only arrays have items.
    pub(super) fn slice_of(&self, array: usize, slice: Slice, found: &mut Found<'_>) -> ControlFlow<()> {
        if !self.walk.is_array(array) {
            return ControlFlow::Continue(());
        }
        let step = usize::try_from(slice.step.unsigned_abs()).unwrap_or(usize::MAX);
        let (first, end) = range(slice, self.length(array));
        let count = end.saturating_sub(first);
        let items = self.walk.entries(array).skip(first).take(count).map(|entry| entry.value);
        match slice.step {
            0 => ControlFlow::Continue(()),
            1.. => items.step_by(step).try_for_each(found),
            _ => {
                let items: Vec<u32> = items.filter_map(|item| u32::try_from(item).ok()).collect();
                let items = items.into_iter().rev().step_by(step);
                items.filter_map(|item| usize::try_from(item).ok()).try_for_each(found)
            }
        }
    }

    fn length(&self, array: usize) -> usize {
        self.walk.entries(array).count()
    }
}

/// An index counted from the start.
fn index_from(index: i64, length: impl FnOnce() -> usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { length().checked_sub(distance) } else { Some(distance) }
}

/// The first item of a slice in document order, and the end.
fn range(slice: Slice, length: usize) -> (usize, usize) {
    let bound = |bound: i64| {
        let distance = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
        if bound < 0 { length.checked_sub(distance) } else { Some(distance.min(length)) }
    };
    if slice.step >= 0 {
        let start = slice.start.map_or(Some(0), bound);
        let end = slice.end.map_or(Some(length), bound);
        return (start.unwrap_or(0), end.unwrap_or(0));
    }
    // In a backward slice, the start is included and the end excluded.
    let after = |index: Option<usize>| index.map_or(0, |index| index.saturating_add(1).min(length));
    let last = slice.start.map_or(length.checked_sub(1), bound);
    let end = slice.end.and_then(bound);
    (after(end), after(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (start, end, step, expected) in [
            (None, None, 1, (0, 5)),
            (Some(1), Some(3), 1, (1, 3)),
            (Some(-2), None, 1, (3, 5)),
            (Some(-9), Some(-1), 1, (0, 4)),
            (Some(3), Some(9), 1, (3, 5)),
            (Some(9), Some(-9), 1, (5, 0)),
            (None, None, -1, (0, 5)),
            (Some(3), Some(0), -1, (1, 4)),
            (Some(3), Some(-9), -1, (0, 4)),
            (Some(9), Some(2), -1, (3, 5)),
            (Some(-9), None, -1, (0, 0)),
            (Some(1), Some(3), -1, (4, 2)),
            (Some(i64::MIN), Some(i64::MAX), i64::MAX, (0, 5)),
        ] {
            assert_eq!(range(Slice { start, end, step }, 5), expected, "{start:?}:{end:?}:{step}");
        }
    }
}
