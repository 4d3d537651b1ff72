//! Quoted texts of a path.

use super::JsonPathError;
use super::reader::Reader;

/// Reads a quoted text, which starts at the next character. A backslash escapes as in JSON; before any other character
/// it has no meaning.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, JsonPathError> {
    let error = || JsonPathError::new("unclosed quotation");
    let quote = reader.take().ok_or_else(error)?;
    let mut text = String::new();
    loop {
        match reader.take().ok_or_else(error)? {
            character if character == quote => return Ok(text),
            '\\' => text.push(match reader.take().ok_or_else(error)? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => utf16(reader).ok_or_else(|| JsonPathError::new("`\\u` with an invalid character code"))?,
                character => character,
            }),
            character => text.push(character),
        }
    }
}

/// The digits of a `\u`, or those of a pair.
fn utf16(reader: &mut Reader<'_>) -> Option<char> {
    let first = unit(reader)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some(character);
    }
    let second = if reader.eat("\\u") { unit(reader)? } else { return None };
    char::decode_utf16([first, second]).next()?.ok()
}

fn unit(reader: &mut Reader<'_>) -> Option<u16> {
    (0..4).try_fold(0_u16, |value, _| {
        let digit = u16::try_from(reader.take()?.to_digit(16)?).ok()?;
        value.checked_mul(16)?.checked_add(digit)
    })
}
