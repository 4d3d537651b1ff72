//! The nodes of a document. A node is an index; indices grow in document order.

use super::error::Problem;

/// No node, namespace or value.
pub(in crate::language) const NONE: u32 = u32::MAX;

/// The namespace of the prefix `xml`, which every document has.
pub(in crate::language) const XML_URI: &str = "http://www.w3.org/XML/1998/namespace";

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::language) enum Kind {
    Root,
    Element,
    Text,
    CData,
    Comment,
    Instruction,
}

/// A node: 28 bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct Node {
    pub(in crate::language) kind: Kind,
    pub(in crate::language) parent: u32,
    /// The node before it with the same parent, or `NONE`.
    pub(in crate::language) previous: u32,
    /// The index after the last node inside it.
    pub(in crate::language) subtree_end: u32,
    /// The start of its markup in the text, in bytes.
    pub(in crate::language) start: u32,
    /// The end of its markup.
    pub(in crate::language) end: u32,
    /// For an element, its index in `elements`. For others, the index of their value in `values`, or `NONE` when it
    /// equals the source.
    pub(in crate::language) detail: u32,
}

/// The data of elements.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct ElementData {
    pub(in crate::language) name: Name,
    /// Its first attribute. The last is before the first of the next element.
    pub(in crate::language) attributes: u32,
    /// Its first namespace declaration. The last is before the first of the next element.
    pub(in crate::language) declarations: u32,
}

/// A name in the text.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct Name {
    pub(in crate::language) start: u32,
    /// The start of the part after the prefix.
    pub(in crate::language) local: u32,
    pub(in crate::language) end: u32,
    /// Its namespace declaration, or `NONE`.
    pub(in crate::language) namespace: u32,
}

/// An attribute that declares no namespace.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct Attribute {
    pub(in crate::language) name: Name,
    pub(in crate::language) value: Value,
}

/// A namespace declaration.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct Namespace<'input> {
    pub(in crate::language) prefix: &'input str,
    pub(in crate::language) uri: Value,
    /// The first declaration with the same URI.
    pub(in crate::language) same: u32,
}

/// A text, as a range of the document's text or of the decoded texts.
#[derive(Clone, Copy, Debug)]
pub(in crate::language) struct Value {
    pub(in crate::language) is_decoded: bool,
    pub(in crate::language) start: u32,
    pub(in crate::language) end: u32,
}

impl Value {
    pub(in crate::language) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A document's nodes.
#[derive(Debug)]
pub(in crate::language) struct Tree<'input> {
    pub(in crate::language) text: &'input str,
    pub(in crate::language) nodes: Vec<Node>,
    pub(in crate::language) elements: Vec<ElementData>,
    pub(in crate::language) attributes: Vec<Attribute>,
    pub(in crate::language) namespaces: Vec<Namespace<'input>>,
    /// Values of nodes that differ from their source.
    pub(in crate::language) values: Vec<Value>,
    pub(in crate::language) decoded: String,
    /// The document's element.
    pub(in crate::language) root: u32,
}

impl<'input> Tree<'input> {
    pub(in crate::language) fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(index(node))
    }

    pub(in crate::language) fn element(&self, node: u32) -> Option<&ElementData> {
        let node = self.node(node).filter(|node| node.kind == Kind::Element)?;
        self.elements.get(index(node.detail))
    }

    /// The source of a node.
    pub(in crate::language) fn source(&self, node: u32) -> &'input str {
        self.node(node).map_or("", |node| self.slice(node.start, node.end))
    }

    pub(in crate::language) fn slice(&self, start: u32, end: u32) -> &'input str {
        self.text.get(index(start)..index(end)).unwrap_or_default()
    }

    pub(in crate::language) fn value(&self, value: Value) -> &str {
        let text = if value.is_decoded { &*self.decoded } else { self.text };
        text.get(index(value.start)..index(value.end)).unwrap_or_default()
    }

    pub(in crate::language) fn local(&self, name: Name) -> &'input str {
        self.slice(name.local, name.end)
    }

    pub(in crate::language) fn prefix(&self, name: Name) -> &'input str {
        self.slice(name.start, name.local.saturating_sub(1))
    }

    /// The first namespace declaration with the same URI.
    pub(in crate::language) fn same_namespace(&self, namespace: u32) -> u32 {
        self.namespaces.get(index(namespace)).map_or(NONE, |namespace| namespace.same)
    }

    /// The nodes directly inside a node.
    pub(in crate::language) fn children(&self, node: u32) -> impl Iterator<Item = u32> + use<'_, 'input> {
        let end = self.node(node).map_or(0, |node| node.subtree_end);
        let first = Some(node.saturating_add(1)).filter(|child| *child < end);
        std::iter::successors(first, move |child| {
            self.node(*child).map(|child| child.subtree_end).filter(|next| *next < end)
        })
    }

    /// The attributes of an element.
    pub(in crate::language) fn attributes(&self, node: u32) -> &[Attribute] {
        let range = self.attribute_range(node);
        self.attributes.get(index(range.start)..index(range.end)).unwrap_or_default()
    }

    /// The namespaces that an element declares.
    pub(in crate::language) fn declarations(&self, node: u32) -> &[Namespace<'input>] {
        let range = self.declared(node);
        self.namespaces.get(index(range.start)..index(range.end)).unwrap_or_default()
    }

    /// The target and the data of a processing instruction.
    pub(in crate::language) fn instruction(&self, node: u32) -> (&str, &str) {
        let value = self.text_value(node);
        let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r');
        value.split_once(is_space).map_or((value, ""), |(target, data)| (target, data.trim_start_matches(is_space)))
    }

    /// The first declaration and the one after the last declaration of an element.
    pub(in crate::language) fn declared(&self, node: u32) -> std::ops::Range<u32> {
        let Some(element) = self.element(node) else { return 0..0 };
        let end = self.next_element(node).map_or_else(|| short(self.namespaces.len()), |next| next.declarations);
        element.declarations..end
    }

    /// The first attribute and the one after the last attribute of an element.
    pub(in crate::language) fn attribute_range(&self, node: u32) -> std::ops::Range<u32> {
        let Some(element) = self.element(node) else { return 0..0 };
        let end = self.next_element(node).map_or_else(|| short(self.attributes.len()), |next| next.attributes);
        element.attributes..end
    }

    fn next_element(&self, node: u32) -> Option<&ElementData> {
        let detail = self.node(node)?.detail;
        self.elements.get(index(detail).saturating_add(1))
    }

    /// The value of a text, CDATA section or comment.
    pub(in crate::language) fn text_value(&self, node: u32) -> &str {
        let Some(node) = self.node(node) else { return "" };
        if let Some(value) = self.values.get(index(node.detail)) {
            return self.value(*value);
        }
        let source = self.slice(node.start, node.end);
        source.get(inner(node.kind, source)).unwrap_or_default()
    }
}

/// The part of a node's markup that is its value.
pub(in crate::language) fn inner(kind: Kind, source: &str) -> std::ops::Range<usize> {
    let (before, after) = match kind {
        Kind::CData => ("<![CDATA[".len(), "]]>".len()),
        Kind::Comment => ("<!--".len(), "-->".len()),
        Kind::Instruction => ("<?".len(), "?>".len()),
        Kind::Root | Kind::Element | Kind::Text => (0, 0),
    };
    before..source.len().saturating_sub(after)
}

/// An index as a length; indices are below 4 Gi.
pub(in crate::language) fn index(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// A length as an index. Lengths fit: a document has at most 4 GiB.
pub(in crate::language) fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The memory that a tree may take, in bytes.
#[derive(Debug)]
pub(super) struct Memory {
    max_bytes: usize,
    left: usize,
}

impl Memory {
    pub(super) fn new(max_bytes: usize) -> Memory {
        Memory { max_bytes, left: max_bytes }
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        self.left = self.left.checked_sub(bytes).ok_or(Problem::Memory(self.max_bytes))?;
        Ok(())
    }

    /// Appends an item and returns its index.
    pub(super) fn push<T>(&mut self, list: &mut Vec<T>, item: T) -> Result<u32, Problem> {
        if list.len() == list.capacity() {
            let more = (list.capacity() / 2).max(8);
            self.take(more.saturating_mul(size_of::<T>()))?;
            list.reserve_exact(more);
        }
        let index = u32::try_from(list.len()).map_err(|_| Problem::TooLong)?;
        list.push(item);
        Ok(index)
    }

    /// Reserves memory for more text.
    pub(super) fn reserve(&mut self, text: &mut String, bytes: usize) -> Result<(), Problem> {
        if text.capacity().saturating_sub(text.len()) < bytes {
            let more = bytes.max(text.capacity() / 2);
            self.take(more)?;
            text.reserve_exact(more);
        }
        Ok(())
    }
}
