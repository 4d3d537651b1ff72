//! The trees of the documents of a YAML file, with the position of each node. Scalars keep their text: `1.10` stays `1.10`.

use envoy_callout::diagnostic::Position;
use granit_parser::{Event, Parser, ScalarStyle, ScanError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its start.
    pub(crate) position: Position,
    /// Its end.
    pub(crate) end: Position,
    /// Whether it is a text in quotes.
    is_quoted: bool,
    /// Its content.
    pub(crate) content: Content,
}

/// The content of a node.
#[derive(Debug)]
pub(crate) enum Content {
    /// No value: nothing, `~` or `null` without quotes.
    Null,
    /// A text.
    Scalar(String),
    /// A list.
    List(Vec<Rc<Node>>),
    /// An object.
    Object(Vec<Entry>),
}

/// An entry of an object.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// The position of the key, after a quote.
    pub(crate) position: Position,
    /// The value.
    pub(crate) value: Rc<Node>,
}

/// A problem of the syntax.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// Its position.
    pub(crate) position: Position,
    /// The problem.
    pub(crate) text: String,
}

/// The deepest nesting of lists and objects.
const DEEPEST: usize = 128;

/// The root of a document.
#[derive(Debug)]
pub(crate) struct Document {
    /// The start of the document.
    pub(crate) position: Position,
    /// The root.
    pub(crate) root: Rc<Node>,
}

/// The documents of a text.
///
/// # Errors
/// The text is not YAML.
pub(crate) fn documents(text: &str) -> Result<Vec<Document>, SyntaxError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new() };
    let mut documents = Vec::new();
    let mut start = Position { line: 1, column: 1 };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(documents),
            Event::DocumentStart(..) => start = span.position,
            Event::StreamStart | Event::DocumentEnd => {}
            event => documents.push(Document { position: start, root: reader.node(event, span, 0)? }),
        }
    }
}

impl Node {
    /// A list of documents.
    pub(crate) fn list(items: Vec<Rc<Node>>) -> Rc<Node> {
        let start = Position { line: 1, column: 1 };
        let end = items.last().map_or(start, |item| item.end);
        Rc::new(Node { position: start, end, is_quoted: false, content: Content::List(items) })
    }

    /// The position of its text, after a quote.
    pub(crate) fn start(&self) -> Position {
        after_quote(self.position, self.is_quoted)
    }

    /// The entry of an object with a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Object(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value of a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The item of a list at an index.
    pub(crate) fn item(&self, index: usize) -> Option<&Rc<Node>> {
        match &self.content {
            Content::List(items) => items.get(index),
            _ => None,
        }
    }
}

fn after_quote(position: Position, is_quoted: bool) -> Position {
    Position { column: position.column.saturating_add(u32::from(is_quoted)), ..position }
}

/// The start and the end of an event.
#[derive(Clone, Copy)]
struct Span {
    position: Position,
    end: Position,
}

struct Reader<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// The nodes with an anchor, for aliases.
    anchors: BTreeMap<usize, Rc<Node>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        let start = Position { line: 1, column: 1 };
        loop {
            match self.parser.next() {
                None => return Ok((Event::StreamEnd, Span { position: start, end: start })),
                Some(Err(error)) => return Err(SyntaxError::from(&error)),
                // Comments are no data.
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => {
                    return Ok((event, Span { position: position(&span.start), end: position(&span.end) }));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Rc<Node>, SyntaxError> {
        let Span { position, mut end } = span;
        let mut is_quoted = false;
        if depth > DEEPEST {
            return Err(SyntaxError { position, text: format!("values are nested more than {DEEPEST} levels deep") });
        }
        let (content, anchor) = match event {
            Event::Alias(anchor) => {
                let text = || "an alias names a value that contains the alias".to_owned();
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| SyntaxError { position, text: text() });
            }
            Event::Scalar(text, style, anchor, _) => {
                is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if is_null { Content::Null } else { Content::Scalar(text.into_owned()) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, span) => {
                            end = span.end;
                            break;
                        }
                        (event, span) => items.push(self.node(event, span, depth.saturating_add(1))?),
                    }
                }
                (Content::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, last) = self.entries(depth)?;
                end = last;
                (Content::Object(entries), anchor)
            }
            _ => (Content::Null, 0),
        };
        let node = Rc::new(Node { position, end, is_quoted, content });
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The entries of an object, and its end.
    fn entries(&mut self, depth: usize) -> Result<(Vec<Entry>, Position), SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        let end = loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break span.end;
            }
            let key = self.node(event, span, depth.saturating_add(1))?;
            let position = key.start();
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth.saturating_add(1))?;
            match &key.content {
                Content::Scalar(key) if key == "<<" => merged.extend(objects(&value)),
                Content::Scalar(key) => {
                    if entries.iter().any(|entry| entry.key == *key) {
                        return Err(SyntaxError { position, text: format!("duplicate key {key}") });
                    }
                    entries.push(Entry { key: key.clone(), position, value });
                }
                _ => return Err(SyntaxError { position, text: "a key must be a text".to_owned() }),
            }
        };
        for entry in merged {
            // The entries of the object itself have precedence, then those of the first merged object.
            if !entries.iter().any(|other| other.key == entry.key) {
                entries.push(entry);
            }
        }
        Ok((entries, end))
    }
}

/// The entries of the object or of the list of objects of a merge key.
fn objects(value: &Node) -> Vec<Entry> {
    match &value.content {
        Content::Object(entries) => entries.clone(),
        Content::List(items) => items.iter().flat_map(|item| objects(item)).collect(),
        Content::Null | Content::Scalar(_) => Vec::new(),
    }
}

fn position(marker: &granit_parser::Marker) -> Position {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    Position { line: number(marker.line()), column: number(marker.col().saturating_add(1)) }
}

impl From<&ScanError> for SyntaxError {
    fn from(error: &ScanError) -> SyntaxError {
        let text = format!("not valid YAML: {}", error.info());
        SyntaxError { position: position(error.marker()), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_positions() {
        let text = "a: &x\n  'b': [1, \"c\"]\n---\nd: |\n  e\n  f\n";
        let documents = documents(text).unwrap();
        let at = |position: Position| (position.line, position.column);
        assert_eq!(documents.iter().map(|document| at(document.position)).collect::<Vec<_>>(), [(1, 1), (3, 1)]);
        let first = &documents[0].root;
        let b = first.get("a").unwrap().entry("b").unwrap();
        assert_eq!((at(first.entry("a").unwrap().position), at(b.position)), ((1, 1), (2, 4)));
        let item = b.value.item(1).unwrap();
        assert_eq!((at(item.position), at(item.start()), at(b.value.end)), ((2, 12), (2, 13), (2, 16)));
        let block = documents[1].root.get("d").unwrap();
        assert!(matches!(&block.content, Content::Scalar(text) if text == "e\nf\n"));
        assert!(first.get("c").is_none() && first.item(0).is_none());
        let error = super::documents("a: [1\nb: 2\n").unwrap_err();
        assert!(error.text.starts_with("not valid YAML: "), "{error:?}");
    }
}
