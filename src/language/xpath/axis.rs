//! The nodes of an axis, of one node or of a set.

use super::XPathError;
use super::budget::Budget;
use super::expression::Axis;
use super::node::NodeRef;
use crate::language::xml::tree::{Kind, NONE, Tree};
use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

/// A function that receives the nodes of an axis until it breaks.
type Take<'t> = dyn FnMut(NodeRef) -> ControlFlow<()> + 't;

/// Visits the nodes of an axis of one node, the nearest first.
pub(super) fn of_node(
    tree: &Tree<'_>,
    axis: Axis,
    node: NodeRef,
    budget: &mut Budget,
    take: &mut Take<'_>,
) -> Result<(), XPathError> {
    let mut walk = Walk { tree, budget, take };
    // The walk ends after the last node or when `take` breaks.
    walk.axis(axis, node).map(|_| ())
}

/// The nodes of an axis of any node in a set that pass a test, in document order, each once. Each is visited once.
pub(super) fn of_set(
    tree: &Tree<'_>,
    axis: Axis,
    nodes: &[NodeRef],
    budget: &mut Budget,
    test: impl Fn(NodeRef) -> bool,
) -> Result<Vec<NodeRef>, XPathError> {
    let mut found = Vec::new();
    let mut collect = |node: NodeRef| {
        if test(node) {
            found.push(node);
        }
        ControlFlow::Continue(())
    };
    let mut walk = Walk { tree, budget, take: &mut collect };
    let is_result = |walked: Result<ControlFlow<()>, XPathError>| walked.map(|_| ());
    match axis {
        Axis::Ancestor | Axis::AncestorOrSelf => walk.ancestors_of_set(axis, nodes)?,
        Axis::Descendant | Axis::DescendantOrSelf => {
            // The descendants of a node of the set were found with that node.
            let mut covered = 0;
            for node in nodes {
                let is_covered = node.in_tree().is_some_and(|node| node < covered);
                if !is_covered {
                    is_result(walk.axis(axis, *node))?;
                    covered = covered.max(node.in_tree().map_or(0, |node| walk.end(node)));
                }
            }
        }
        // A node that follows a node of the set follows the one that ends first; a node that precedes one precedes the
        // last.
        Axis::Following => {
            if let Some(node) = nodes.iter().min_by_key(|node| walk.following(**node).start) {
                is_result(walk.axis(axis, *node))?;
            }
        }
        Axis::Preceding => {
            if let Some(node) = nodes.last() {
                is_result(walk.axis(axis, *node))?;
            }
        }
        // The same is true for the nodes with one parent.
        Axis::FollowingSibling => {
            let mut parents = HashSet::new();
            for node in nodes {
                if parents.insert(walk.parent(*node)) {
                    is_result(walk.axis(axis, *node))?;
                }
            }
        }
        Axis::PrecedingSibling => {
            let mut parents = HashSet::new();
            for node in nodes.iter().rev() {
                if parents.insert(walk.parent(*node)) {
                    is_result(walk.axis(axis, *node))?;
                }
            }
        }
        Axis::Attribute | Axis::Child | Axis::Namespace | Axis::Parent | Axis::SelfNode => {
            for node in nodes {
                is_result(walk.axis(axis, *node))?;
            }
        }
    }
    sort(&mut found);
    Ok(found)
}

/// Sorts nodes in document order and removes duplicates.
pub(super) fn sort(nodes: &mut Vec<NodeRef>) {
    if !nodes.is_sorted_by(|one, other| one < other) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}

struct Walk<'w, 'a> {
    tree: &'w Tree<'a>,
    budget: &'w mut Budget,
    take: &'w mut Take<'w>,
}

/// Whether a walk continues.
type Walked = Result<ControlFlow<()>, XPathError>;

impl Walk<'_, '_> {
    fn axis(&mut self, axis: Axis, node: NodeRef) -> Walked {
        match axis {
            Axis::SelfNode => self.take(node),
            Axis::Parent => match self.parent(node) {
                Some(parent) => self.take(NodeRef::node(parent)),
                None => Ok(ControlFlow::Continue(())),
            },
            Axis::Ancestor => self.ancestors(node),
            Axis::AncestorOrSelf => {
                if self.take(node)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                self.ancestors(node)
            }
            Axis::Child => self.children(node),
            Axis::Descendant => self.range(node.in_tree().map_or(0..0, |node| node.saturating_add(1)..self.end(node))),
            Axis::DescendantOrSelf => match node.in_tree() {
                Some(node) => self.range(node..self.end(node)),
                None => self.take(node),
            },
            Axis::Following => self.range(self.following(node)),
            Axis::Preceding => self.preceding(node.owner),
            Axis::FollowingSibling => self.following_siblings(node),
            Axis::PrecedingSibling => self.preceding_siblings(node),
            Axis::Attribute => self.attributes(node),
            Axis::Namespace => self.namespaces(node),
        }
    }

    fn take(&mut self, node: NodeRef) -> Walked {
        self.budget.visit(1)?;
        Ok((self.take)(node))
    }

    fn take_all(&mut self, nodes: impl Iterator<Item = NodeRef>) -> Walked {
        for node in nodes {
            if self.take(node)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn range(&mut self, nodes: Range<u32>) -> Walked {
        self.take_all(nodes.map(NodeRef::node))
    }

    /// The index after the last node inside a node.
    fn end(&self, node: u32) -> u32 {
        self.tree.node(node).map_or(0, |node| node.subtree_end)
    }

    fn parent(&self, node: NodeRef) -> Option<u32> {
        match node.in_tree() {
            None => Some(node.owner),
            Some(node) => self.tree.node(node).map(|node| node.parent).filter(|parent| *parent != NONE),
        }
    }

    fn ancestors(&mut self, node: NodeRef) -> Walked {
        let tree = self.tree;
        let first = self.parent(node);
        let ancestors = std::iter::successors(first, |node| {
            tree.node(*node).map(|node| node.parent).filter(|parent| *parent != NONE)
        });
        self.take_all(ancestors.map(NodeRef::node))
    }

    fn ancestors_of_set(&mut self, axis: Axis, nodes: &[NodeRef]) -> Result<(), XPathError> {
        let mut seen = HashSet::new();
        for node in nodes {
            let mut next = if axis == Axis::AncestorOrSelf && node.in_tree().is_some() {
                node.in_tree()
            } else {
                self.parent(*node)
            };
            if axis == Axis::AncestorOrSelf && node.in_tree().is_none() {
                let _ = self.take(*node)?;
            }
            // The ancestors of a visited node have been visited.
            while let Some(ancestor) = next.filter(|ancestor| seen.insert(*ancestor)) {
                let _ = self.take(NodeRef::node(ancestor))?;
                next = self.parent(NodeRef::node(ancestor));
            }
        }
        Ok(())
    }

    fn children(&mut self, node: NodeRef) -> Walked {
        let Some(node) = node.in_tree() else { return Ok(ControlFlow::Continue(())) };
        let tree = self.tree;
        self.take_all(tree.children(node).map(NodeRef::node))
    }

    /// All nodes after a node, without those inside it. An attribute has no descendants.
    fn following(&self, node: NodeRef) -> Range<u32> {
        let start = node.in_tree().map_or(node.owner.saturating_add(1), |node| self.end(node));
        start..self.end(0)
    }

    /// All nodes before a node, without its ancestors.
    fn preceding(&mut self, node: u32) -> Walked {
        for before in (1..node).rev() {
            if self.end(before) > node {
                self.budget.visit(1)?;
            } else if self.take(NodeRef::node(before))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn following_siblings(&mut self, node: NodeRef) -> Walked {
        let (Some(node), Some(parent)) = (node.in_tree(), self.parent(node)) else {
            return Ok(ControlFlow::Continue(()));
        };
        let tree = self.tree;
        let end = self.end(parent);
        let next = move |node: &u32| tree.node(*node).map(|node| node.subtree_end).filter(|next| *next < end);
        self.take_all(std::iter::successors(next(&node), next).map(NodeRef::node))
    }

    fn preceding_siblings(&mut self, node: NodeRef) -> Walked {
        let Some(node) = node.in_tree() else { return Ok(ControlFlow::Continue(())) };
        let tree = self.tree;
        let next = move |node: &u32| tree.node(*node).map(|node| node.previous).filter(|next| *next != NONE);
        self.take_all(std::iter::successors(next(&node), next).map(NodeRef::node))
    }

    fn attributes(&mut self, node: NodeRef) -> Walked {
        let Some(element) = node.in_tree() else { return Ok(ControlFlow::Continue(())) };
        self.take_all(self.tree.attribute_range(element).map(|attribute| NodeRef::attribute(element, attribute)))
    }

    /// The namespaces in scope of an element, with that of the prefix `xml`.
    fn namespaces(&mut self, node: NodeRef) -> Walked {
        let is_element = |node: &u32| self.tree.node(*node).is_some_and(|node| node.kind == Kind::Element);
        let Some(element) = node.in_tree().filter(is_element) else { return Ok(ControlFlow::Continue(())) };
        let mut prefixes = HashSet::from(["xml"]);
        let mut found = vec![0];
        let mut next = Some(element);
        while let Some(declaring) = next {
            let declared = self.tree.declared(declaring);
            self.budget.visit(declared.len().saturating_add(1))?;
            for (declaration, namespace) in declared.zip(self.tree.declarations(declaring)) {
                self.budget.read(namespace.prefix.len())?;
                if prefixes.insert(namespace.prefix) && !namespace.uri.is_empty() {
                    found.push(declaration);
                }
            }
            next = self.parent(NodeRef::node(declaring));
        }
        found.sort_unstable();
        self.take_all(found.into_iter().map(|declaration| NodeRef::namespace(element, declaration)))
    }
}
