//! Pieces of text, and text in upper and lower case.

use crate::flow::memory::{TooLarge, check};

/// The largest number of bytes that one byte becomes in the other case.
const MOST_PER_BYTE: usize = 3;

/// The text in upper case, of at most so many bytes.
pub(super) fn upper_case(text: &str, most: usize) -> Result<String, TooLarge> {
    check_case(text, most, char::to_uppercase)?;
    Ok(text.to_uppercase())
}

/// The text in lower case, of at most so many bytes.
pub(super) fn lower_case(text: &str, most: usize) -> Result<String, TooLarge> {
    check_case(text, most, char::to_lowercase)?;
    Ok(text.to_lowercase())
}

fn check_case<C: Iterator<Item = char>>(text: &str, most: usize, cased: fn(char) -> C) -> Result<(), TooLarge> {
    if text.len().saturating_mul(MOST_PER_BYTE) <= most {
        return Ok(());
    }
    check(text.chars().flat_map(cased).map(char::len_utf8).sum(), most)
}

/// The characters from `start` up to, and without, `end` (by default the text's end). An index below zero counts from
/// the text's end, and one outside the text stands for its nearest end; a start at or behind the end gives an empty
/// text. `[inferred]`
///
/// `None` when an index is not a number.
pub(super) fn substring<'a>(text: &'a str, start: &str, end: Option<&str>) -> Option<&'a str> {
    let length = text.chars().count();
    let start = position(start.parse().ok()?, length);
    let end = match end {
        Some(end) => position(end.parse().ok()?, length),
        None => length,
    };
    if start >= end {
        return Some("");
    }
    text.get(byte_offset(text, start)..byte_offset(text, end))
}

/// The place that an index names, within `0..=length`. Both are in characters.
fn position(index: i64, length: usize) -> usize {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    if index < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

/// Where a character begins, in bytes; the text's length when there are no more.
fn byte_offset(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(offset, _)| offset)
}
