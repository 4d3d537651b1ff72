//! Lines and columns of byte offsets.

use crate::diagnostic::Position;
use std::sync::OnceLock;

/// The distance in bytes between offsets whose positions are kept.
const STEP: usize = 512;

/// Positions in a text. The first search reads the text once; each search reads at most 512 bytes of it.
#[derive(Debug, Default)]
pub(super) struct Positions(OnceLock<Vec<(usize, Position)>>);

impl Positions {
    /// The position of an offset in the text.
    pub(super) fn at(&self, text: &str, offset: usize) -> Position {
        let marks = self.0.get_or_init(|| marks(text));
        let index = marks.partition_point(|(mark, _)| *mark <= offset);
        let (mark, position) = index.checked_sub(1).and_then(|index| marks.get(index)).copied().unwrap_or((0, START));
        advance(position, text.get(mark..offset).unwrap_or_default())
    }
}

const START: Position = Position { line: 1, column: 1 };

fn marks(text: &str) -> Vec<(usize, Position)> {
    let mut marks = Vec::new();
    let (mut mark, mut position) = (0_usize, START);
    loop {
        let mut next = mark.saturating_add(STEP);
        while next < text.len() && !text.is_char_boundary(next) {
            next = next.saturating_add(1);
        }
        if next >= text.len() {
            return marks;
        }
        position = advance(position, text.get(mark..next).unwrap_or_default());
        mark = next;
        marks.push((mark, position));
    }
}

fn advance(mut position: Position, text: &str) -> Position {
    for character in text.chars() {
        if character == '\n' {
            position = Position { line: position.line.saturating_add(1), column: 1 };
        } else {
            position.column = position.column.saturating_add(1);
        }
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = format!("é\n{}\n{}x", "é".repeat(STEP), "\n".repeat(STEP));
        let positions = Positions::default();
        for (offset, line, column) in [
            (0, 1, 1),
            (2, 1, 2),
            (3, 2, 1),
            (5, 2, 2),
            (3 + 2 * STEP, 2, STEP as u32 + 1),
            (4 + 2 * STEP, 3, 1),
            (4 + 3 * STEP, STEP as u32 + 3, 1),
            (5 + 3 * STEP, STEP as u32 + 3, 2),
            (9 + 3 * STEP, 1, 1),
        ] {
            let expected = Position { line, column };
            if offset <= text.len() {
                assert_eq!(positions.at(&text, offset), expected, "{offset}");
            }
        }
    }
}
