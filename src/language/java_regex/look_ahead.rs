//! The look-aheads at the start of a pattern, such as those of `^(?=.*[0-9])(?!admin).{8,}$`. The engine has
//! no look-ahead; these are tested one by one at the text's start.

use super::syntax::{Anchor, Node};

/// The look-aheads of a pattern.
#[derive(Debug, Default)]
pub(super) struct LookAheads {
    /// The patterns; `true` means negative.
    pub(super) parts: Vec<(Node, bool)>,
    /// Whether the pattern also starts with `^` or `\A`, so that a match is at the start of the text.
    pub(super) is_anchored: bool,
}

/// Removes the look-aheads at the start of a pattern. Other look-aheads remain.
pub(super) fn take(pattern: &mut Node) -> LookAheads {
    let mut found = LookAheads::default();
    found.take_from(pattern);
    found
}

impl LookAheads {
    /// Whether the pattern continues at the same position after this part.
    fn take_from(&mut self, node: &mut Node) -> bool {
        match node {
            Node::LookAhead { .. } => {
                if let Node::LookAhead { is_negative, node } = std::mem::replace(node, Node::Empty) {
                    self.parts.push((*node, is_negative));
                }
                true
            }
            Node::Empty => true,
            Node::Anchor(anchor) => {
                self.is_anchored |= *anchor == Anchor::TextStart;
                true
            }
            Node::Sequence(parts) => parts.iter_mut().all(|part| self.take_from(part)),
            Node::Capture(node) => self.take_from(node),
            Node::Character(_) | Node::Set(_) | Node::Alternatives(_) | Node::Repeat { .. } => false,
        }
    }
}
