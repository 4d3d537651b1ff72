//! What searching for all matches of a pattern can cost.

use super::syntax::Node;

/// A match of more characters than this is not a short one.
const SHORT: u64 = 256;

/// Whether the time to find all matches grows with the text's length alone. It is so when a search never looks far
/// beyond the match that it finds: when every match is short, and for runs of one kind of character. All other
/// patterns may look at the rest of the text for each match.
pub(super) fn is_linear(node: &Node) -> bool {
    match node {
        Node::Capture(node) => is_linear(node),
        Node::Repeat { node, most: None, .. } if is_one_character(node) => true,
        node => longest(node).is_some_and(|longest| longest <= SHORT),
    }
}

fn is_one_character(node: &Node) -> bool {
    match node {
        Node::Capture(node) => is_one_character(node),
        Node::Character(_) | Node::Set(_) => true,
        _ => false,
    }
}

/// The most characters that a match looks at; none when there is no limit.
fn longest(node: &Node) -> Option<u64> {
    match node {
        Node::Empty => Some(0),
        Node::Character(_) | Node::Set(_) | Node::Place(_) => Some(1),
        Node::Sequence(parts) => parts.iter().try_fold(0_u64, |sum, part| Some(sum.saturating_add(longest(part)?))),
        Node::Alternatives(branches) => {
            branches.iter().try_fold(0_u64, |most, branch| Some(most.max(longest(branch)?)))
        }
        Node::Capture(node) | Node::Atomic(node) | Node::Look { node, .. } => longest(node),
        Node::Repeat { node, most, .. } => Some(longest(node)?.saturating_mul(u64::from((*most)?))),
        // Not worth following the reference.
        Node::Reference(_) => None,
    }
}
