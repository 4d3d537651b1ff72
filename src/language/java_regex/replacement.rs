//! The replacement of `replaceAll` and `replaceFirst`: `$1`, `${name}` and `\` before a character.

use super::ReplaceError;
use std::collections::HashMap;

/// A part of a replacement.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Literal text.
    Text(String),
    /// The text of a group; empty when the group did not match.
    Group(usize),
}

/// A replacement that is parsed at the first match.
pub(super) struct Replacement<'r> {
    text: &'r str,
    pieces: Option<Vec<Piece>>,
}

impl<'r> Replacement<'r> {
    pub(super) fn new(text: &'r str) -> Replacement<'r> {
        Replacement { text, pieces: None }
    }

    /// The parts, with a limit on their memory in bytes.
    pub(super) fn pieces(
        &mut self,
        groups: usize,
        names: &[(String, usize)],
        max_bytes: usize,
    ) -> Result<&[Piece], ReplaceError> {
        if self.pieces.is_none() {
            // Every group is a part, and the text after it is another one.
            let groups_at_most = self.text.bytes().filter(|byte| *byte == b'$').count();
            let size = groups_at_most.saturating_mul(2).saturating_mul(size_of::<Piece>());
            if self.text.len().saturating_add(size) > max_bytes {
                return Err(ReplaceError::TooLarge);
            }
            self.pieces = Some(parse(self.text, groups, names).ok_or(ReplaceError::Rejected)?);
        }
        Ok(self.pieces.as_deref().unwrap_or_default())
    }
}

/// A text in which matches are replaced.
pub(super) struct Replaced {
    pub(super) text: String,
    /// Maximum size in bytes.
    pub(super) max_bytes: usize,
}

impl Replaced {
    pub(super) fn push(&mut self, part: &str) -> Result<(), ReplaceError> {
        let length = self.text.len().saturating_add(part.len());
        if length > self.max_bytes {
            return Err(ReplaceError::TooLarge);
        }
        self.text.push_str(part);
        Ok(())
    }
}

/// Reads a replacement. `None` when Java throws: a single `$` or `\`, or an unknown group.
pub(super) fn parse(replacement: &str, groups: usize, names: &[(String, usize)]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = replacement.chars();
    let mut by_name = None;
    while let Some(character) = rest.next() {
        match character {
            '\\' => text.push(rest.next()?),
            '$' => {
                let group = if rest.as_str().starts_with('{') {
                    let (name, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                    rest = after.chars();
                    // A replacement and a pattern of a request may both have thousands of names.
                    *by_name.get_or_insert_with(|| names.iter().cloned().collect::<HashMap<_, _>>()).get(name)?
                } else {
                    number(&mut rest, groups)?
                };
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Group(group));
            }
            character => text.push(character),
        }
    }
    pieces.push(Piece::Text(text));
    Some(pieces)
}

/// The digits of a group's number: as many as result in an existing group, and at least one.
fn number(rest: &mut std::str::Chars<'_>, groups: usize) -> Option<usize> {
    let digit = |character: char| character.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    let mut group = rest.next().and_then(digit).filter(|group| *group <= groups)?;
    loop {
        let mut after = rest.clone();
        let longer = after.next().and_then(digit).map(|digit| group.saturating_mul(10).saturating_add(digit));
        match longer.filter(|longer| *longer <= groups) {
            Some(longer) => {
                group = longer;
                *rest = after;
            }
            None => return Some(group),
        }
    }
}
