//! The tree of a YAML document, with the position of each node. Scalars keep their text: `1.10` stays `1.10`.

use crate::source::Source;
use envoy_callout::diagnostic::Position;
use granit_parser::{Event, Parser, ScalarStyle, ScanError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    /// Its start.
    pub(super) position: Position,
    /// Its content.
    pub(super) content: Content,
}

/// The content of a node.
#[derive(Debug)]
pub(super) enum Content {
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
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// The position of the key.
    pub(super) position: Position,
    /// The value.
    pub(super) value: Rc<Node>,
}

/// A problem of the syntax.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// Its position.
    pub(super) position: Position,
    /// The problem.
    pub(super) text: String,
}

/// The deepest nesting of lists and objects.
const DEEPEST: usize = 32;

/// The root of the only document of a text. `None` for a text without a document.
///
/// # Errors
/// The text is not YAML, or contains several documents.
pub(super) fn parse(source: &Source) -> Result<Option<Rc<Node>>, SyntaxError> {
    let mut reader = Reader { parser: Parser::new_from_str(&source.text), anchors: BTreeMap::new() };
    let mut root = None;
    loop {
        let (event, position) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(root),
            Event::DocumentStart(..) if root.is_some() => {
                let text = "an environment file has one document; this is the second one".to_owned();
                return Err(SyntaxError { position, text });
            }
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => root = Some(reader.node(event, position, 0)?),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// The nodes with an anchor, for aliases.
    anchors: BTreeMap<usize, Rc<Node>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Position), SyntaxError> {
        loop {
            match self.parser.next() {
                None => return Ok((Event::StreamEnd, Position { line: 1, column: 1 })),
                Some(Err(error)) => return Err(SyntaxError::from(&error)),
                // Comments are no data.
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, position(&span.start))),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, position: Position, depth: usize) -> Result<Rc<Node>, SyntaxError> {
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
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if is_null { Content::Null } else { Content::Scalar(text.into_owned()) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, position) => items.push(self.node(event, position, depth.saturating_add(1))?),
                    }
                }
                (Content::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (Content::Object(self.entries(depth)?), anchor),
            _ => (Content::Null, 0),
        };
        let node = Rc::new(Node { position, content });
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (event, position) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, position, depth.saturating_add(1))?;
            let (event, start) = self.next()?;
            let value = self.node(event, start, depth.saturating_add(1))?;
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
        }
        for entry in merged {
            // The entries of the object itself have precedence, then those of the first merged object.
            if !entries.iter().any(|other| other.key == entry.key) {
                entries.push(entry);
            }
        }
        Ok(entries)
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
        let text = format!("the environment file is not valid YAML: {}", error.info());
        SyntaxError { position: position(error.marker()), text }
    }
}
