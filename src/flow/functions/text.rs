//! Substrings, and text in upper and lower case.

use crate::flow::memory::{TooLarge, check};

/// Maximum number of bytes in the other case for one byte.
const MAX_BYTES_PER_BYTE: usize = 3;

/// The text in upper case, of at most `most` bytes.
pub(super) fn upper_case(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    check_case(text, max_bytes, char::to_uppercase)?;
    Ok(text.to_uppercase())
}

/// The text in lower case, of at most `most` bytes.
pub(super) fn lower_case(text: &str, max_bytes: usize) -> Result<String, TooLarge> {
    check_case(text, max_bytes, char::to_lowercase)?;
    Ok(text.to_lowercase())
}

fn check_case<C: Iterator<Item = char>>(text: &str, max_bytes: usize, cased: fn(char) -> C) -> Result<(), TooLarge> {
    if text.len().saturating_mul(MAX_BYTES_PER_BYTE) <= max_bytes {
        return Ok(());
    }
    check(text.chars().flat_map(cased).map(char::len_utf8).sum(), max_bytes)
}

/// The characters from `start` to `end`, which is excluded and by default the end of the text. A negative index counts
/// from the end of the text, and an index outside the text means its nearest end. The result is empty when `start` is
/// at or after `end`. `[inferred]`
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

/// The position of an index within `0..=length`, in characters.
fn position(index: i64, length: usize) -> usize {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    if index < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

/// The byte offset of a character, or the length of the text after the last one.
fn byte_offset(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(offset, _)| offset)
}
