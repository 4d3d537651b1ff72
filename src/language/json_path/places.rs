//! Finding names, indices and slices.

use super::search::{Found, Search};
use super::segment::{Place, Slice};
use std::ops::ControlFlow;

impl Search<'_> {
    /// The item of an array at an index.
    pub(super) fn item(&self, array: usize, index: i64) -> Option<usize> {
        if !self.walk.is_array(array) {
            return None;
        }
        let index = index_from(index, || self.length(array))?;
        self.walk.entries(array).nth(index).map(|entry| entry.value)
    }

    /// Passes on what is at the places of a value, in the order of the places.
    pub(super) fn places(&self, start: usize, places: &[Place], found: &mut Found<'_>) -> ControlFlow<()> {
        let is_array = self.walk.is_array(start);
        let needs_length = |place: &Place| !matches!(place, Place::Name(_) | Place::Index(0..));
        let length = if is_array && places.iter().any(needs_length) { self.length(start) } else { 0 };
        let mut wanted: Vec<(&Place, Option<usize>, Option<usize>)> = Vec::with_capacity(places.len());
        for place in places {
            let index = match place {
                Place::Index(index) if is_array => index_from(*index, || length),
                _ => None,
            };
            wanted.push((place, index, None));
        }
        for (index, entry) in self.walk.entries(start).enumerate() {
            self.walk.charge(wanted.len());
            for (place, wanted_index, value) in &mut wanted {
                let is_wanted = match place {
                    Place::Name(name) => entry.is_named(name),
                    Place::Index(_) => *wanted_index == Some(index),
                    Place::Slice(_) => false,
                };
                if is_wanted {
                    *value = Some(entry.value);
                }
            }
        }
        for (place, _, value) in wanted {
            match (place, value) {
                (Place::Slice(slice), _) if is_array => self.slice_of(start, length, *slice, found)?,
                (_, Some(value)) => found(value)?,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn slice_of(&self, array: usize, length: usize, slice: Slice, found: &mut Found<'_>) -> ControlFlow<()> {
        let step = usize::try_from(slice.step.unsigned_abs()).unwrap_or(usize::MAX);
        let (first, behind) = range(slice, length);
        let count = behind.saturating_sub(first);
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

/// An index counted from the beginning.
fn index_from(index: i64, length: impl FnOnce() -> usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { length().checked_sub(distance) } else { Some(distance) }
}

/// The first item of a slice in the document's order, and the one behind its last.
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
    // Backwards, the start belongs to the slice and the end does not.
    let behind = |place: Option<usize>| place.map_or(0, |place| place.saturating_add(1).min(length));
    let last = slice.start.map_or(length.checked_sub(1), bound);
    let end = slice.end.and_then(bound);
    (behind(end), behind(last))
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
