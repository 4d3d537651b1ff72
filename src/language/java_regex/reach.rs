//! The number of characters that a search reads after its match.

use super::syntax::Node;

/// Maximum number of characters that a search reads after its match and a later search reads again. `None` when each
/// search may read the whole rest of the text, so that replacing all matches can take quadratic time.
///
/// A sequence of parts has a limit if only single characters repeat without a limit. While such a repetition continues
/// after the match, the next part of the pattern is not in the text, because the match would be longer. So the next
/// match ends after all of that. Outside a sequence, as in `a(b.*c)?`, the next match needs no `c`.
pub(super) fn reach(node: &Node) -> Option<u64> {
    match node {
        Node::Capture(node) => reach(node),
        Node::Sequence(parts) => sum(parts, reach),
        node => at_end(node),
    }
}

/// The same for an optional part: it may repeat without a limit only at its end.
fn at_end(node: &Node) -> Option<u64> {
    match node {
        Node::Capture(node) | Node::Repeat { node, max: Some(1), .. } => at_end(node),
        Node::Sequence(parts) => {
            let (last, others) = parts.split_last()?;
            Some(sum(others, longest)?.saturating_add(at_end(last)?))
        }
        Node::Alternatives(branches) => max(branches, at_end),
        Node::Repeat { node, min, max: None, .. } if is_one_character(node) => Some(u64::from(*min)),
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

/// Maximum number of characters that a part matches; `None` without a limit.
fn longest(node: &Node) -> Option<u64> {
    match node {
        Node::Empty | Node::LookAhead { .. } => Some(0),
        Node::Character(_) | Node::Set(_) | Node::Anchor(_) => Some(1),
        Node::Sequence(parts) => sum(parts, longest),
        Node::Alternatives(branches) => max(branches, longest),
        Node::Capture(node) => longest(node),
        Node::Repeat { node, max, .. } => Some(longest(node)?.saturating_mul(u64::from((*max)?))),
    }
}

fn sum(parts: &[Node], length: fn(&Node) -> Option<u64>) -> Option<u64> {
    parts.iter().try_fold(0_u64, |sum, part| Some(sum.saturating_add(length(part)?)))
}

fn max(branches: &[Node], length: fn(&Node) -> Option<u64>) -> Option<u64> {
    branches.iter().try_fold(0_u64, |max, branch| Some(max.max(length(branch)?)))
}
