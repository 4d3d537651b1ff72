//! Writes nodes as markup.

use super::node::{NodeRef, Target};
use crate::language::xml::tree::{Kind, NONE, Name, Tree, Value, index};
use std::collections::HashSet;

/// The markup of an element, comment or processing instruction, of the document's element for the root, and the text of
/// other nodes. `None` when it is longer than `most` bytes.
pub(super) fn of_node(tree: &Tree<'_>, node: NodeRef, text: &str, max_bytes: usize) -> Option<String> {
    let mut writer = Writer { tree, markup: String::new(), max_bytes };
    match node.target(tree)? {
        Target::Node(_, Kind::Root) => writer.element(tree.root)?,
        Target::Node(node, Kind::Element) => writer.element(node)?,
        Target::Node(node, kind @ (Kind::Comment | Kind::Instruction)) => writer.leaf(node, kind)?,
        Target::Node(..) | Target::Namespace(_) | Target::Attribute(_) => writer.push(text)?,
    }
    Some(writer.markup)
}

struct Writer<'w, 'a> {
    tree: &'w Tree<'a>,
    markup: String,
    max_bytes: usize,
}

impl Writer<'_, '_> {
    fn push(&mut self, text: &str) -> Option<()> {
        if self.markup.len().saturating_add(text.len()) > self.max_bytes {
            return None;
        }
        self.markup.push_str(text);
        Some(())
    }

    /// Writes an element with its descendants.
    fn element(&mut self, top: u32) -> Option<()> {
        let tree = self.tree;
        // The elements that have started.
        let mut open: Vec<(u32, Name)> = Vec::new();
        for node in top..tree.node(top)?.subtree_end {
            while let Some((end, name)) = open.pop_if(|(end, _)| *end <= node) {
                debug_assert!(end <= node);
                self.end_tag(name)?;
            }
            let found = tree.node(node)?;
            match tree.element(node) {
                Some(element) => {
                    let is_empty = found.subtree_end == node.saturating_add(1);
                    self.start_tag(node, element.name, node == top, is_empty)?;
                    if !is_empty {
                        open.push((found.subtree_end, element.name));
                    }
                }
                None => self.leaf(node, found.kind)?,
            }
        }
        while let Some((_, name)) = open.pop() {
            self.end_tag(name)?;
        }
        Some(())
    }

    fn start_tag(&mut self, node: u32, name: Name, is_top: bool, is_empty: bool) -> Option<()> {
        let tree = self.tree;
        self.push("<")?;
        self.push(tree.slice(name.start, name.end))?;
        if is_top {
            self.outer_namespaces(node)?;
        }
        for declaration in tree.declarations(node) {
            self.declaration(declaration.prefix, declaration.uri)?;
        }
        for attribute in tree.attributes(node) {
            self.push(" ")?;
            self.push(tree.slice(attribute.name.start, attribute.name.end))?;
            self.value(attribute.value)?;
        }
        self.push(if is_empty { "/>" } else { ">" })
    }

    fn end_tag(&mut self, name: Name) -> Option<()> {
        self.push("</")?;
        self.push(self.tree.slice(name.start, name.end))?;
        self.push(">")
    }

    fn leaf(&mut self, node: u32, kind: Kind) -> Option<()> {
        let tree = self.tree;
        match kind {
            Kind::Root | Kind::Element => Some(()),
            Kind::Text => self.escaped(tree.text_value(node), false),
            Kind::CData => {
                self.push("<![CDATA[")?;
                self.push(tree.text_value(node))?;
                self.push("]]>")
            }
            Kind::Comment => {
                self.push("<!--")?;
                self.push(tree.text_value(node))?;
                self.push("-->")
            }
            Kind::Instruction => {
                let (target, data) = tree.instruction(node);
                self.push("<?")?;
                self.push(target)?;
                if !data.is_empty() {
                    self.push(" ")?;
                    self.push(data)?;
                }
                self.push("?>")
            }
        }
    }

    fn declaration(&mut self, prefix: &str, uri: Value) -> Option<()> {
        self.push(if prefix.is_empty() { " xmlns" } else { " xmlns:" })?;
        self.push(prefix)?;
        self.value(uri)
    }

    fn value(&mut self, value: Value) -> Option<()> {
        self.push("=\"")?;
        self.escaped(self.tree.value(value), true)?;
        self.push("\"")
    }

    /// Writes text with references for characters that are markup or that a parser would change.
    fn escaped(&mut self, text: &str, is_attribute: bool) -> Option<()> {
        let mut from = 0;
        for (at, character) in text.char_indices() {
            let reference = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\r' => "&#xD;",
                '"' if is_attribute => "&quot;",
                '\t' if is_attribute => "&#x9;",
                '\n' if is_attribute => "&#xA;",
                _ => continue,
            };
            self.push(text.get(from..at).unwrap_or_default())?;
            self.push(reference)?;
            from = at.saturating_add(1);
        }
        self.push(text.get(from..).unwrap_or_default())
    }

    /// The declarations of the namespaces that an element or its descendants use and an enclosing element declares.
    fn outer_namespaces(&mut self, top: u32) -> Option<()> {
        let tree = self.tree;
        let first = tree.element(top)?.declarations;
        let mut known = HashSet::new();
        for node in top..tree.node(top)?.subtree_end {
            let Some(element) = tree.element(node) else { continue };
            let attributes = tree.attributes(node).iter().map(|attribute| attribute.name);
            for name in std::iter::once(element.name).chain(attributes) {
                // Declarations are numbered in document order. The first one is that of the prefix xml.
                let is_outer = name.namespace != NONE && name.namespace > 0 && name.namespace < first;
                if is_outer && known.insert(name.namespace) {
                    let namespace = tree.namespaces.get(index(name.namespace))?;
                    self.declaration(namespace.prefix, namespace.uri)?;
                }
            }
        }
        Some(())
    }
}
