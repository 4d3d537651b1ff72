//! Header lines grouped by name.

use super::Line;
use crate::flow::distinct::{Caseless, Distinct};

/// Header lines by name, without case, in the order of each name's first line.
pub(in crate::flow) struct Grouped<'a> {
    names: Distinct<Caseless<'a>>,
    /// The lines of every name, at least one for each.
    lines: Vec<Vec<Line<'a>>>,
}

impl<'a> Grouped<'a> {
    /// Groups lines by name.
    pub(in crate::flow) fn new(lines: impl Iterator<Item = Line<'a>>) -> Grouped<'a> {
        let mut grouped = Grouped { names: Distinct::new(), lines: Vec::new() };
        for line in lines {
            let index = grouped.names.add(Caseless(line.name()));
            match grouped.lines.get_mut(index) {
                Some(lines) => lines.push(line),
                None => grouped.lines.push(vec![line]),
            }
        }
        grouped
    }

    /// The first line and all lines of every name.
    pub(in crate::flow) fn iter(&self) -> impl Iterator<Item = (Line<'a>, &[Line<'a>])> {
        self.lines.iter().filter_map(|lines| Some((*lines.first()?, lines.as_slice())))
    }

    /// The lines of a name; empty when it does not occur.
    pub(in crate::flow) fn lines(&self, name: &[u8]) -> &[Line<'a>] {
        let lines = self.names.index(&Caseless(name)).and_then(|index| self.lines.get(index));
        lines.map_or(&[], Vec::as_slice)
    }
}
