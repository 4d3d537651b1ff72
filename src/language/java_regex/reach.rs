//! How far a search looks beyond the match that it finds.

use super::syntax::Node;

/// The most characters that a search looks at beyond its match, those aside that no later search looks at again. None
/// when each search may look at all the rest of the text, so that replacing all matches can take quadratic time.
///
/// There is a limit for parts in a row where only single characters repeat without an end. While such a repetition
/// goes on beyond the match, what comes behind it in the pattern is not in the text, for it would have made the match
/// longer. So the next match ends beyond all of that. Without the row, in `a(b.*c)?`, the next match needs no `c`.
pub(super) fn reach(node: &Node) -> Option<u64> {
    match node {
        Node::Capture(node) => reach(node),
        Node::Sequence(parts) => sum(parts, reach),
        node => at_end(node),
    }
}

/// The same for a part that a match need not have: it may repeat without an end only at its own end.
fn at_end(node: &Node) -> Option<u64> {
    match node {
        Node::Capture(node) | Node::Repeat { node, most: Some(1), .. } => at_end(node),
        Node::Sequence(parts) => {
            let (last, others) = parts.split_last()?;
            Some(sum(others, longest)?.saturating_add(at_end(last)?))
        }
        Node::Alternatives(branches) => most(branches, at_end),
        Node::Repeat { node, least, most: None, .. } if is_one_character(node) => Some(u64::from(*least)),
        node => longest(node),
    }
}

fn is_one_character(node: &Node) -> bool {
    match node {
        Node::Capture(node) => is_one_character(node),
        Node::Alternatives(branches) => branches.iter().all(is_one_character),
        Node::Character(_) | Node::Set(_) => true,
        _ => false,
    }
}

/// The most characters that a part matches; none when there is no limit.
fn longest(node: &Node) -> Option<u64> {
    match node {
        Node::Empty | Node::LookAhead { .. } => Some(0),
        Node::Character(_) | Node::Set(_) | Node::Anchor(_) => Some(1),
        Node::Sequence(parts) => sum(parts, longest),
        Node::Alternatives(branches) => most(branches, longest),
        Node::Capture(node) => longest(node),
        Node::Repeat { node, most, .. } => Some(longest(node)?.saturating_mul(u64::from((*most)?))),
    }
}

fn sum(parts: &[Node], length: fn(&Node) -> Option<u64>) -> Option<u64> {
    parts.iter().try_fold(0_u64, |sum, part| Some(sum.saturating_add(length(part)?)))
}

fn most(branches: &[Node], length: fn(&Node) -> Option<u64>) -> Option<u64> {
    branches.iter().try_fold(0_u64, |most, branch| Some(most.max(length(branch)?)))
}
