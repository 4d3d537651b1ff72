//! Texts that findings point into.

use envoy_callout::diagnostic::Position;
use std::path::Path;

/// A file, or a document inside a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path of the file, below the given path or below the path of the archive.
    pub(crate) file: String,
    /// The key of the document inside a filter configuration: `policies[0]`.
    pub(crate) key: Option<String>,
    /// The text without byte order mark. Bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
}

/// The error of bytes that are not UTF-8.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file is not UTF-8: byte {byte} of {length} is invalid")]
pub(crate) struct NotText {
    byte: usize,
    length: usize,
    /// The position of the byte.
    pub(crate) position: Position,
}

impl Source {
    /// The text of a file.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub(crate) fn new(file: String, bytes: &[u8]) -> (Source, Option<NotText>) {
        let (text, problem) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.trim_start_matches('\u{feff}').to_owned(), None),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned();
                let byte = error.valid_up_to().saturating_add(1);
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let valid = String::from_utf8_lossy(valid);
                let position = position(&text, valid.trim_start_matches('\u{feff}').len());
                (text, Some(NotText { byte, length: bytes.len(), position }))
            }
        };
        (Source { file, key: None, text }, problem)
    }

    /// A document inside this source.
    pub(crate) fn inner(&self, key: String, text: String) -> Source {
        Source { file: self.file.clone(), key: Some(key), text }
    }

    /// The name in messages.
    pub(crate) fn label(&self) -> String {
        match &self.key {
            Some(key) => format!("{} ({key})", self.file),
            None => self.file.clone(),
        }
    }

    /// The file name without folders and extension. It is the name of a policy whose document has no name.
    pub(crate) fn stem(&self) -> &str {
        Path::new(&self.file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }
}

/// The byte offset of a position in a text. The length of the text for a position after its end.
pub(crate) fn offset(text: &str, position: Position) -> usize {
    let lines_before = usize::try_from(position.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let columns_before = usize::try_from(position.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let line = text.get(start..).unwrap_or_default();
    let column = line.char_indices().nth(columns_before).map_or(line.len(), |(at, _)| at);
    start.saturating_add(column)
}

/// The position of a byte offset in a text.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position { line: number(line), column: number(column) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_the_inverse_of_a_position() {
        let text = "<A>\n  <Bé c='1'/>\n</A>";
        for (at, _) in text.char_indices() {
            assert_eq!(offset(text, position(text, at)), at);
        }
        assert_eq!(position(text, text.find("c=").unwrap()), Position { line: 2, column: 7 });
        assert_eq!(offset(text, Position { line: 9, column: 1 }), text.len());
    }

    #[test]
    fn a_byte_order_mark_is_removed_and_other_encodings_are_reported() {
        let (source, problem) = Source::new("p/SC 1.xml".to_owned(), "\u{feff}<A/>".as_bytes());
        assert_eq!((source.text.as_str(), source.stem(), problem), ("<A/>", "SC 1", None));
        let (source, problem) = Source::new("a.xml".to_owned(), b"<A>\xe9</A>");
        assert_eq!(source.text, "<A>\u{fffd}</A>");
        let problem = problem.unwrap();
        assert_eq!(problem.position, Position { line: 1, column: 4 });
        assert_eq!(problem.to_string(), "the file is not UTF-8: byte 4 of 8 is invalid");
    }
}
