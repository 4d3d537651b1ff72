//! Members of objects whose names may repeat: a name has its first position and its last value.

use super::string;
use super::walk::Walk;
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// The first and the last offset of a name.
type Offsets = (u32, u32);

impl Walk<'_> {
    /// Calls `each` with the values of an object's members, each name once, or of an array's items.
    pub(crate) fn each_child(
        &self,
        container: usize,
        each: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self.repeated(container) {
            None => self.entries(container).try_for_each(|entry| each(entry.value)),
            Some(names) => names.into_iter().try_for_each(|(_, last)| each(self.value_after_name(offset(last)))),
        }
    }

    /// The names of an object in the order of their first offsets. `None` when no name repeats.
    pub(super) fn repeated(&self, object: usize) -> Option<Vec<Offsets>> {
        if !self.is_object(object) {
            return None;
        }
        let names = self.sorted(object);
        if names.windows(2).all(|pair| !matches!(pair, [left, right] if self.compare(*left, *right).is_eq())) {
            return None;
        }
        let mut offsets = self.distinct(&names);
        offsets.sort_unstable();
        Some(offsets)
    }

    /// The names of an object in the order of their texts.
    pub(super) fn by_name(&self, object: usize) -> Vec<Offsets> {
        self.distinct(&self.sorted(object))
    }

    fn distinct(&self, names: &[u32]) -> Vec<Offsets> {
        let groups = names.chunk_by(|left, right| self.compare(*left, *right).is_eq());
        groups.filter_map(|group| Some((*group.first()?, *group.last()?))).collect()
    }

    /// The offsets of all names in the order of their texts; equal names in document order.
    fn sorted(&self, object: usize) -> Vec<u32> {
        let mut names: Vec<u32> = self.entries(object).filter_map(|entry| u32::try_from(entry.start).ok()).collect();
        self.charge(names.len());
        names.sort_by(|left, right| self.compare(*left, *right));
        names
    }

    fn compare(&self, left: u32, right: u32) -> Ordering {
        string::compare(self.content(offset(left)), self.content(offset(right)))
    }
}

/// Converts an offset. A document has less than 4 GiB.
pub(super) fn offset(start: u32) -> usize {
    usize::try_from(start).unwrap_or(usize::MAX)
}
