//! XML documents: elements with source positions, looked up by names without namespaces.
//!
//! quick-xml reads the events. This module adds the tree, its limits and the checks that quick-xml omits. Only the five
//! entities of XML are supported, and no function recurses over the depth of a document.

mod bindings;
mod error;
mod names;
mod positions;
mod reader;
mod tag;
mod text;
pub(in crate::language) mod tree;

pub use error::XmlError;
use reader::Extent;
pub use reader::Limits;
pub(in crate::language) use tree::XML_URI;

use crate::diagnostic::Position;
use positions::Positions;
use std::fmt::Write;
use tree::{Attribute, Kind, Name, Tree, index};

/// The limits of policies and other documents of a configuration.
const POLICY: Limits = Limits { nodes: 100_000, depth: 512, memory: 64 * 1024 * 1024, allows_doctype: false };

/// A parsed document.
#[derive(Debug)]
pub struct Document<'input> {
    pub(in crate::language) tree: Tree<'input>,
    positions: Positions,
}

/// An element of a document. Its children and attributes are looked up by local name, in any namespace:
/// the same policies have several namespaces (SAP's dialect).
#[derive(Clone, Copy, Debug)]
pub struct Element<'a, 'input> {
    document: &'a Document<'input>,
    node: u32,
}

impl<'input> Document<'input> {
    /// Parses a document, with or without a byte order mark.
    ///
    /// # Errors
    /// Text that is not well-formed, has a document type declaration, more than 100,000 nodes, or more than 512
    /// elements nested.
    pub fn parse(text: &'input str) -> Result<Document<'input>, XmlError> {
        Document::parse_limited(text, &POLICY)
    }

    /// Parses a document, with or without a byte order mark.
    ///
    /// # Errors
    /// Text that is not well-formed or is larger than the limits.
    pub fn parse_limited(text: &'input str, limits: &Limits) -> Result<Document<'input>, XmlError> {
        Document::read(text, limits, Extent::Whole)
    }

    /// Parses the root element's tag, without its content and the rest of the document.
    ///
    /// # Errors
    /// Text that is not well-formed up to the end of the tag.
    pub fn parse_first_tag(text: &'input str) -> Result<Document<'input>, XmlError> {
        Document::read(text, &POLICY, Extent::FirstTag)
    }

    fn read(text: &'input str, limits: &Limits, extent: Extent) -> Result<Document<'input>, XmlError> {
        let text = text.trim_start_matches('\u{feff}');
        match reader::read(text, limits, extent) {
            Ok(tree) => Ok(Document { tree, positions: Positions::default() }),
            Err(error) => {
                let positions = Positions::default();
                Err(error.with_positions(|offset| positions.at(text, offset)))
            }
        }
    }

    /// The document's element.
    pub fn root(&self) -> Element<'_, 'input> {
        Element { document: self, node: self.tree.root }
    }

    fn position(&self, offset: u32) -> Position {
        self.positions.at(self.tree.text, index(offset))
    }
}

impl<'a, 'input> Element<'a, 'input> {
    /// The local name.
    pub fn name(self) -> &'a str {
        self.tree().element(self.node).map_or("", |element| self.tree().local(element.name))
    }

    /// The position of the start tag.
    pub fn position(self) -> Position {
        self.document.position(self.start(self.node))
    }

    /// The value of an attribute.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.find(name).map(|attribute| self.tree().value(attribute.value))
    }

    /// The position of an attribute; the element's position without that attribute.
    pub fn attribute_position(self, name: &str) -> Position {
        self.find(name).map_or_else(|| self.position(), |attribute| self.document.position(attribute.name.start))
    }

    /// The local names and values of the attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tree = self.tree();
        tree.attributes(self.node).iter().map(|attribute| (tree.local(attribute.name), tree.value(attribute.value)))
    }

    /// The names and positions of the attributes without a prefix, in order.
    pub fn unprefixed_attributes(self) -> impl Iterator<Item = (&'a str, Position)> {
        let names = self.tree().attributes(self.node).iter().map(|attribute| attribute.name);
        let unprefixed = names.filter(|name| name.local == name.start);
        unprefixed.map(move |name| (self.tree().local(name), self.document.position(name.start)))
    }

    /// The child elements, in order.
    pub fn children(self) -> impl Iterator<Item = Element<'a, 'input>> {
        self.nodes().filter(|(_, kind)| *kind == Kind::Element).map(move |(node, _)| Element { node, ..self })
    }

    /// The child elements with a name.
    pub fn children_named(self, name: &str) -> impl Iterator<Item = Element<'a, 'input>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first child element with a name.
    pub fn child(self, name: &str) -> Option<Element<'a, 'input>> {
        self.children_named(name).next()
    }

    /// The element's own text without comments and processing instructions, with whitespace.
    pub fn raw_text(self) -> String {
        let texts = self.nodes().filter(|(_, kind)| matches!(kind, Kind::Text | Kind::CData));
        texts.map(|(node, _)| self.tree().text_value(node)).collect()
    }

    /// The position of a character of [`Element::raw_text`], counted from 0. `None` when the source differs from
    /// the text: with entities, comments, CDATA, or lines that end in CR LF.
    pub fn text_position(self, index: usize) -> Option<Position> {
        let mut nodes = self.nodes();
        let (text, _) = nodes.next().filter(|(_, kind)| *kind == Kind::Text)?;
        let source = self.tree().source(text);
        if nodes.next().is_some() || self.tree().text_value(text) != source {
            return None;
        }
        let at = source.char_indices().nth(index).map_or(source.len(), |(at, _)| at);
        Some(self.document.position(self.start(text).saturating_add(u32::try_from(at).ok()?)))
    }

    /// The element's own text, trimmed, as of every simple element. `[inferred]`
    pub fn text(self) -> String {
        self.raw_text().trim().to_owned()
    }

    /// The content of the element as text: its raw text or, when it has child elements, their markup as written,
    /// without comments and processing instructions.
    ///
    /// Namespaces of enclosing elements are declared again on the child elements, so that the markup is complete.
    pub fn content(self) -> String {
        if self.children().next().is_none() {
            return self.raw_text();
        }
        let mut markup = String::new();
        for (node, kind) in self.nodes() {
            match kind {
                Kind::Text | Kind::CData => markup.push_str(self.tree().source(node)),
                Kind::Element => self.push_markup(node, &mut markup),
                Kind::Root | Kind::Comment | Kind::Instruction => {}
            }
        }
        markup
    }

    fn tree(self) -> &'a Tree<'input> {
        &self.document.tree
    }

    fn start(self, node: u32) -> u32 {
        self.tree().node(node).map_or(0, |node| node.start)
    }

    fn find(self, name: &str) -> Option<&'a Attribute> {
        self.tree().attributes(self.node).iter().find(|attribute| self.tree().local(attribute.name) == name)
    }

    /// The nodes directly inside the element.
    fn nodes(self) -> impl Iterator<Item = (u32, Kind)> {
        let tree = self.tree();
        tree.children(self.node).filter_map(|node| Some((node, tree.node(node)?.kind)))
    }

    fn push_markup(self, child: u32, markup: &mut String) {
        let tree = self.tree();
        let (Some(node), Some(element)) = (tree.node(child), tree.element(child)) else { return };
        // Declarations are inserted after the tag's name.
        let mut from = element.name.end;
        markup.push_str(tree.slice(node.start, from));
        markup.push_str(&self.outer_namespaces(child));
        for inner in child..node.subtree_end {
            let Some(dropped) = tree.node(inner) else { continue };
            if matches!(dropped.kind, Kind::Comment | Kind::Instruction) {
                markup.push_str(tree.slice(from, dropped.start));
                from = dropped.end;
            }
        }
        markup.push_str(tree.slice(from, node.end));
    }

    /// The declarations of the prefixes that a child uses and an enclosing element declares.
    fn outer_namespaces(self, child: u32) -> String {
        let tree = self.tree();
        let (Some(node), Some(first)) = (tree.node(child), tree.element(child)) else { return String::new() };
        let mut outer = Vec::new();
        let mut add = |name: Name| {
            // Declarations are numbered in the order of the document; the first is that of the prefix xml.
            if name.local > name.start && name.namespace > 0 && name.namespace < first.declarations {
                outer.push(name.namespace);
            }
        };
        for inner in child..node.subtree_end {
            tree.element(inner).into_iter().for_each(|element| add(element.name));
            tree.attributes(inner).iter().for_each(|attribute| add(attribute.name));
        }
        outer.sort_unstable();
        outer.dedup();
        let mut declarations = String::new();
        for namespace in outer.into_iter().filter_map(|namespace| tree.namespaces.get(index(namespace))) {
            let uri = tree.value(namespace.uri).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            let _ = write!(declarations, " xmlns:{}=\"{uri}\"", namespace.prefix);
        }
        declarations
    }
}

#[cfg(test)]
mod tests;
