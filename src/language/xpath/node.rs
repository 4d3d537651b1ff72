//! Nodes of a document in XPath: attributes and namespaces are nodes too.

use crate::language::xml::tree::{Attribute, Kind, Name, Namespace, Tree, index};
use std::borrow::Cow;

/// The bit of a part that is an attribute.
const ATTRIBUTE: u32 = 1 << 31;

/// A node. The order of these values is the document order: an element, its namespaces, its attributes, its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeRef {
    /// The node in the tree; for a namespace or an attribute, its element.
    pub(super) owner: u32,
    /// 0 for a node in the tree.
    part: u32,
}

/// The target of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    Node(u32, Kind),
    Namespace(&'a Namespace<'a>),
    Attribute(&'a Attribute),
}

impl NodeRef {
    /// The root node, which contains the document's element.
    pub(super) const ROOT: NodeRef = NodeRef::node(0);

    pub(super) const fn node(node: u32) -> NodeRef {
        NodeRef { owner: node, part: 0 }
    }

    /// A namespace of an element, by the number of its declaration.
    pub(super) fn namespace(element: u32, declaration: u32) -> NodeRef {
        NodeRef { owner: element, part: declaration.saturating_add(1) & !ATTRIBUTE }
    }

    /// An attribute of an element, by its number in the document.
    pub(super) fn attribute(element: u32, attribute: u32) -> NodeRef {
        NodeRef { owner: element, part: attribute | ATTRIBUTE }
    }

    /// The node in the tree, unless it is a namespace or an attribute.
    pub(super) fn in_tree(self) -> Option<u32> {
        (self.part == 0).then_some(self.owner)
    }

    pub(super) fn target<'a>(self, tree: &'a Tree<'a>) -> Option<Target<'a>> {
        if self.part == 0 {
            return Some(Target::Node(self.owner, tree.node(self.owner)?.kind));
        }
        let number = index(self.part & !ATTRIBUTE);
        if self.part & ATTRIBUTE != 0 {
            return tree.attributes.get(number).map(Target::Attribute);
        }
        tree.namespaces.get(number.checked_sub(1)?).map(Target::Namespace)
    }

    /// The name of an element or an attribute.
    pub(super) fn name(self, tree: &Tree<'_>) -> Option<Name> {
        match self.target(tree)? {
            Target::Node(node, _) => tree.element(node).map(|element| element.name),
            Target::Attribute(attribute) => Some(attribute.name),
            Target::Namespace(_) => None,
        }
    }

    /// The string-value.
    pub(super) fn text<'a>(self, tree: &'a Tree<'a>) -> Cow<'a, str> {
        match self.target(tree) {
            None => Cow::Borrowed(""),
            Some(Target::Namespace(namespace)) => Cow::Borrowed(tree.value(namespace.uri)),
            Some(Target::Attribute(attribute)) => Cow::Borrowed(tree.value(attribute.value)),
            Some(Target::Node(node, kind)) => match kind {
                Kind::Text | Kind::CData | Kind::Comment => Cow::Borrowed(tree.text_value(node)),
                Kind::Instruction => Cow::Borrowed(tree.instruction(node).1),
                Kind::Root | Kind::Element => inner_text(tree, node),
            },
        }
    }
}

/// All text inside a node. A single text is borrowed.
fn inner_text<'a>(tree: &'a Tree<'a>, node: u32) -> Cow<'a, str> {
    let end = tree.node(node).map_or(0, |node| node.subtree_end);
    let is_text = |node: &u32| tree.node(*node).is_some_and(|node| matches!(node.kind, Kind::Text | Kind::CData));
    let mut texts = (node..end).filter(is_text).map(|node| tree.text_value(node));
    let Some(first) = texts.next() else { return Cow::Borrowed("") };
    let Some(second) = texts.next() else { return Cow::Borrowed(first) };
    let mut text = String::from(first);
    text.push_str(second);
    text.extend(texts);
    Cow::Owned(text)
}
