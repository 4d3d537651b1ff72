//! The look-aheads at the very beginning of a pattern, such as those of `^(?=.*[0-9])(?!admin).{8,}$`. The engine has
//! none; these can be asked of the text's start one by one.

use super::syntax::{Anchor, Node};

/// The look-aheads of a pattern.
#[derive(Debug, Default)]
pub(super) struct LookAheads {
    /// What they look for, each with whether it must not match.
    pub(super) parts: Vec<(Node, bool)>,
    /// Whether the pattern holds a `^` or `\A` at its beginning too, so that a match starts where the text does.
    pub(super) is_anchored: bool,
}

/// Takes the look-aheads at the beginning out of a pattern. Those elsewhere stay.
pub(super) fn take(pattern: &mut Node) -> LookAheads {
    let mut found = LookAheads::default();
    found.take_from(pattern);
    found
}

impl LookAheads {
    /// Whether the pattern goes on at the same place behind this part.
    fn take_from(&mut self, node: &mut Node) -> bool {
        match node {
            Node::LookAhead { .. } => {
                if let Node::LookAhead { is_negative, node } = std::mem::replace(node, Node::Empty) {
                    self.parts.push((*node, is_negative));
                }
                true
            }
            Node::Empty => true,
            Node::Anchor(place) => {
                self.is_anchored |= *place == Anchor::TextStart;
                true
            }
            Node::Sequence(parts) => parts.iter_mut().all(|part| self.take_from(part)),
            Node::Capture(node) => self.take_from(node),
            Node::Character(_) | Node::Set(_) | Node::Alternatives(_) | Node::Repeat { .. } => false,
        }
    }
}
