//! The regular expression after the operator `=~`.

use super::JsonPathError;
use super::reader::Reader;

/// Reads `/pattern/flags`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, JsonPathError> {
    let error = || JsonPathError::new("`=~` requires a pattern between slashes");
    if !reader.eat("/") {
        return Err(error());
    }
    let mut pattern = String::new();
    loop {
        match reader.take().ok_or_else(error)? {
            '/' => break,
            '\\' => match reader.take().ok_or_else(error)? {
                '/' => pattern.push('/'),
                character => pattern.extend(['\\', character]),
            },
            character => pattern.push(character),
        }
    }
    let flags = reader.take_while(|character| character.is_ascii_alphabetic());
    Ok(if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") })
}
