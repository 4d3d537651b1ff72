//! XML documents as this project reads them: elements with source positions, names without namespaces, no DTD.

use crate::diagnostic::Position;
use roxmltree::{Node, NodeType, ParsingOptions};
use std::fmt;

/// More nodes than this are refused, so that a document cannot fill the memory.
const MOST_NODES: u32 = 100_000;

/// A parsed document.
#[derive(Debug)]
pub struct Document<'input>(roxmltree::Document<'input>);

/// Why a text is not an XML document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// Where it stopped being one.
    pub position: Option<Position>,
    message: String,
}

impl fmt::Display for XmlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a well-formed XML document: {}", self.message)
    }
}

/// An element of a document. Its children and attributes are looked up by local name, whatever their namespace:
/// the same policies occur under several (SAP's dialect).
#[derive(Clone, Copy, Debug)]
pub struct Element<'a, 'input>(Node<'a, 'input>);

impl<'input> Document<'input> {
    /// Parses a document, with or without a byte order mark.
    ///
    /// # Errors
    /// Text that is not well-formed, has a DTD, or has more than 100,000 nodes.
    pub fn parse(text: &'input str) -> Result<Document<'input>, XmlError> {
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        roxmltree::Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)
            .map(Document)
            .map_err(|error| XmlError { position: Some(position(error.pos())), message: without_position(&error) })
    }

    /// The document's element.
    pub fn root(&self) -> Element<'_, 'input> {
        Element(self.0.root_element())
    }
}

/// The complaint without the ` at 1:5` at its end, which the position already tells.
fn without_position(error: &roxmltree::Error) -> String {
    let text = error.to_string();
    let at = format!(" at {}", error.pos());
    text.strip_suffix(&at).unwrap_or(&text).to_owned()
}

fn position(text: roxmltree::TextPos) -> Position {
    Position { line: text.row, column: text.col }
}

impl<'a, 'input> Element<'a, 'input> {
    /// The local name.
    pub fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    /// Where the element begins.
    pub fn position(self) -> Position {
        position(self.0.document().text_pos_at(self.0.range().start))
    }

    /// The value of an attribute.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.0.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
    }

    /// Where an attribute stands; the element's place when it is not there.
    pub fn attribute_position(self, name: &str) -> Position {
        match self.0.attributes().find(|attribute| attribute.name() == name) {
            Some(attribute) => position(self.0.document().text_pos_at(attribute.range().start)),
            None => self.position(),
        }
    }

    /// The child elements, in order.
    pub fn children(self) -> impl Iterator<Item = Element<'a, 'input>> {
        self.0.children().filter(Node::is_element).map(Element)
    }

    /// The child elements of one name.
    pub fn children_named(self, name: &str) -> impl Iterator<Item = Element<'a, 'input>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first child element of that name.
    pub fn child(self, name: &str) -> Option<Element<'a, 'input>> {
        self.children_named(name).next()
    }

    /// The element's own text without comments and processing instructions, as it stands.
    pub fn raw_text(self) -> String {
        self.0.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
    }

    /// Where a character of [`Element::raw_text`] stands, counted from 0. Nothing when the text is not written as it is
    /// read: with entities, comments, CDATA, or lines that end in CR LF.
    pub fn text_position(self, index: usize) -> Option<Position> {
        let mut children = self.0.children();
        let text = children.next().filter(Node::is_text)?;
        let source = self.source(text);
        if children.next().is_some() || text.text() != Some(source) {
            return None;
        }
        let at = source.char_indices().nth(index).map_or(source.len(), |(at, _)| at);
        Some(position(self.0.document().text_pos_at(text.range().start.saturating_add(at))))
    }

    /// The element's own text, trimmed: how every simple element is read (semantics section 1.2). `[inferred]`
    pub fn text(self) -> String {
        self.raw_text().trim().to_owned()
    }

    /// Everything inside the element as text: its raw text or, when it has child elements, their markup as written,
    /// without comments and processing instructions.
    ///
    /// Namespaces declared further out are declared again on the child elements, so that the markup stands alone.
    pub fn content(self) -> String {
        if self.children().next().is_none() {
            return self.raw_text();
        }
        let mut markup = String::new();
        for child in self.0.children() {
            match child.node_type() {
                NodeType::Text => markup.push_str(self.source(child)),
                NodeType::Element => self.push_markup(child, &mut markup),
                NodeType::Root | NodeType::Comment | NodeType::PI => {}
            }
        }
        markup
    }

    fn source(self, node: Node<'a, 'input>) -> &'a str {
        node.document().input_text().get(node.range()).unwrap_or_default()
    }

    fn push_markup(self, child: Node<'a, 'input>, markup: &mut String) {
        let source = self.source(child);
        let dropped: Vec<_> =
            child.descendants().filter(|node| node.is_comment() || node.is_pi()).map(|node| node.range()).collect();
        let start = child.range().start;
        let declarations = self.outer_namespaces(child);
        // The end of the tag's name, where declarations fit in.
        let name_end = source.find(|c: char| c.is_whitespace() || c == '/' || c == '>').unwrap_or(source.len());
        let (tag, rest) = source.split_at_checked(name_end).unwrap_or((source, ""));
        markup.push_str(tag);
        markup.push_str(&declarations);
        let mut from = start.saturating_add(name_end);
        for range in dropped {
            markup.push_str(child.document().input_text().get(from..range.start).unwrap_or_default());
            from = range.end;
        }
        let used = from.saturating_sub(start.saturating_add(name_end));
        markup.push_str(rest.get(used..).unwrap_or_default());
    }

    /// Declarations of the prefixes that a child uses but that stand on an element around it.
    fn outer_namespaces(self, child: Node<'a, 'input>) -> String {
        let mut declarations = String::new();
        for namespace in self.0.namespaces() {
            let Some(prefix) = namespace.name().filter(|prefix| *prefix != "xml") else { continue };
            let source = self.source(child);
            let is_used = source.contains(&format!("<{prefix}:")) || source.contains(&format!(" {prefix}:"));
            let is_own = source.contains(&format!("xmlns:{prefix}"));
            if is_used && !is_own {
                declarations.push_str(&format!(" xmlns:{prefix}=\"{}\"", namespace.uri().replace('"', "&quot;")));
            }
        }
        declarations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> String {
        Document::parse(text).unwrap().root().content()
    }

    #[test]
    fn texts_are_joined_around_comments() {
        let document = Document::parse("<Path> /a<!-- x -->b\n</Path>").unwrap();
        assert_eq!(document.root().text(), "/ab");
        assert_eq!(document.root().raw_text(), " /ab\n");
    }

    #[test]
    fn positions_count_from_one() {
        let document = Document::parse("\u{feff}<A>\n  <B c='1'/>\n</A>").unwrap();
        let child = document.root().child("B").unwrap();
        assert_eq!(child.position(), Position { line: 2, column: 3 });
        assert_eq!(child.attribute_position("c"), Position { line: 2, column: 6 });
    }

    #[test]
    fn a_character_of_a_text_has_a_position_when_it_is_written_as_read() {
        let at = |text: &str, index| Document::parse(text).unwrap().root().text_position(index);
        assert_eq!(at("<A>é\n b</A>", 3), Some(Position { line: 2, column: 2 }));
        assert_eq!(at("<A>ab</A>", 2), Some(Position { line: 1, column: 6 }));
        for text in
            ["<A>&lt;b</A>", "<A>a<!-- x -->b</A>", "<A><![CDATA[b]]></A>", "<A>a\r\nb</A>", "<A/>", "<A>a<B/></A>"]
        {
            assert_eq!(at(text, 0), None, "{text}");
        }
    }

    #[test]
    fn content_is_text_or_markup_as_written() {
        assert_eq!(content("<P>{\"a\": \"&lt;\"}</P>"), "{\"a\": \"<\"}");
        assert_eq!(content("<P><![CDATA[<html>{x}</html>]]></P>"), "<html>{x}</html>");
        assert_eq!(content("<P> <a b='1'>x &amp; y<!-- no --> z</a>\n</P>"), " <a b='1'>x &amp; y z</a>\n");
    }

    #[test]
    fn prefixes_declared_outside_survive() {
        assert_eq!(
            content("<P xmlns:s='urn:s' xmlns:t='urn:t'><s:a><s:b/></s:a></P>"),
            "<s:a xmlns:s=\"urn:s\"><s:b/></s:a>"
        );
        assert_eq!(content("<P><s:a xmlns:s='urn:s'>1</s:a></P>"), "<s:a xmlns:s='urn:s'>1</s:a>");
    }

    #[test]
    fn names_have_no_namespace() {
        let document = Document::parse("<ServiceCallout xmlns='http://www.sap.com/apimgmt' name='a'/>").unwrap();
        assert_eq!(document.root().name(), "ServiceCallout");
        assert_eq!(document.root().attribute("name"), Some("a"));
    }

    #[test]
    fn what_is_not_one_document_is_refused() {
        for text in ["", "<a/><b/>", "<a>", "<!DOCTYPE a><a/>", "<!-- x --><?xml version='1.0'?><a/>", "<a b=1/>"] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_documents_are_no_danger() {
        let depth = 20_000;
        let text = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let _ = Document::parse(&text);
    }
}
