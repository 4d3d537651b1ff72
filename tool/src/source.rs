//! Texts that findings point into.

use envoy_callout::diagnostic::Position;
use std::path::Path;
use std::rc::Rc;

/// A file, or a document inside a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path of the file, below the given path or below the path of the archive.
    pub(crate) file: String,
    /// The key of the document inside a filter configuration: `policies[0]`.
    pub(crate) key: Option<String>,
    /// The text without byte order mark. Bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
    /// The place of the text in the file, if the lines of a document are lines of the file.
    pub(crate) origin: Option<Rc<Origin>>,
}

/// The place of a document whose lines are lines of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file.
    file: Rc<Source>,
    /// The position of the first character.
    start: Position,
    /// The number of characters before each further line.
    indent: u32,
}

impl Origin {
    /// The place of a text that starts at a position of a file. `None` when the file contains the text in another form,
    /// such as with escapes.
    fn of(file: &Rc<Source>, at: Position, text: &str) -> Option<Origin> {
        let text = text.trim_end();
        let before = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let lines = file.text.lines().skip(before);
        let first = lines.clone().next()?;
        let inside = first.get(offset(first, Position { line: 1, ..at })..).unwrap_or_default();
        if !text.is_empty() && inside.starts_with(text) {
            return Some(Origin { file: file.clone(), start: at, indent: 0 });
        }
        // A block starts at its first line, or at the sign before it.
        let after_sign = || Origin::of_block(file, at.line.saturating_add(1), lines.clone().skip(1), text);
        Origin::of_block(file, at.line, lines.clone(), text).or_else(after_sign)
    }

    /// The place of a block of lines with the same indentation.
    fn of_block<'t>(
        file: &Rc<Source>,
        line: u32,
        lines: impl Iterator<Item = &'t str> + Clone,
        text: &str,
    ) -> Option<Origin> {
        let is_blank = |line: &str| line.trim().is_empty();
        let pairs = || lines.clone().zip(text.lines());
        let (of_file, of_text) = pairs().find(|(_, text)| !is_blank(text))?;
        let indent = of_file.strip_suffix(of_text).filter(|indent| indent.bytes().all(|byte| byte == b' '))?;
        let is_same =
            |(line, text): (&str, &str)| line.strip_prefix(indent) == Some(text) || (is_blank(line) && is_blank(text));
        let indent = u32::try_from(indent.len()).ok()?;
        let start = Position { line, column: indent.saturating_add(1) };
        pairs().all(is_same).then(|| Origin { file: file.clone(), start, indent })
    }

    /// The position in the file of a position in the document.
    fn position(&self, inside: Position) -> Position {
        let before = if inside.line == 1 { self.start.column.saturating_sub(1) } else { self.indent };
        Position {
            line: self.start.line.saturating_add(inside.line).saturating_sub(1),
            column: inside.column.saturating_add(before),
        }
    }
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
        (Source { file, key: None, text, origin: None }, problem)
    }

    /// A document inside a file. `at` is the position of its text, if it is known.
    pub(crate) fn inner(file: &Rc<Source>, key: String, text: String, at: Option<Position>) -> Source {
        let origin = at.and_then(|at| Origin::of(file, at, &text)).map(Rc::new);
        Source { file: file.file.clone(), key: Some(key), text, origin }
    }

    /// The file and the position in it of a position in this source, if its lines are lines of a file.
    pub(crate) fn in_file(&self, position: Option<Position>) -> (&Source, Option<Position>) {
        match &self.origin {
            Some(origin) => (&origin.file, Some(position.map_or(origin.start, |position| origin.position(position)))),
            None => (self, position),
        }
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
    fn a_document_has_the_lines_of_its_file() {
        let file = |text: &str| Rc::new(Source::new("a.yaml".to_owned(), text.as_bytes()).0);
        let at = |line, column| Position { line, column };
        let place = |file: &Rc<Source>, start, text: &str, inside| {
            let inner = Source::inner(file, "policies[0]".to_owned(), text.to_owned(), start);
            let (source, position) = inner.in_file(inside);
            (source.key.is_none(), position.map(|at| (at.line, at.column)))
        };
        let block = file("policies:\n- |\n\n  <A>\n    <B/>\n \n  </A>\n");
        let text = "\n<A>\n  <B/>\n\n</A>\n";
        // The sign of the block, and its first line.
        for start in [at(2, 3), at(3, 1)] {
            assert_eq!(place(&block, Some(start), text, Some(at(3, 3))), (true, Some((5, 5))));
            assert_eq!(place(&block, Some(start), text, None), (true, Some((3, 3))));
        }
        assert_eq!(place(&block, Some(at(2, 3)), "<A>\n<B/>", Some(at(2, 1))), (false, Some((2, 1))));
        assert_eq!(place(&block, None, text, Some(at(3, 3))), (false, Some((3, 3))));
        let line = file("policies: ['<A/>', \"<B n=\\\"1\\\"/>\"]\n");
        assert_eq!(place(&line, Some(at(1, 13)), "<A/>", Some(at(1, 2))), (true, Some((1, 14))));
        assert_eq!(place(&line, Some(at(1, 21)), "<B n=\"1\"/>", Some(at(1, 2))), (false, Some((1, 2))));
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
