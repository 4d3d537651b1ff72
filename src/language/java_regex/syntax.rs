//! The parts of a pattern.

use regex_syntax::hir::ClassUnicode;

/// A set of characters.
pub(crate) type CharacterSet = ClassUnicode;

/// A part of a pattern. Flags are already applied: the meaning of a part does not depend on its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty text.
    Empty,
    /// A literal character.
    Character(char),
    /// One character of a set.
    Set(CharacterSet),
    /// Parts in sequence.
    Sequence(Vec<Node>),
    /// Alternatives; the first match counts.
    Alternatives(Vec<Node>),
    /// A group whose text a replacement can use. The parser numbers them from one by their opening parentheses.
    Capture(Box<Node>),
    /// A repetition.
    Repeat {
        /// The part.
        node: Box<Node>,
        /// Minimum count.
        min: u32,
        /// Maximum count; `None` is unlimited.
        max: Option<u32>,
        /// Whether the repetition is lazy.
        is_lazy: bool,
    },
    /// A look-ahead.
    LookAhead {
        /// Whether it is negative.
        is_negative: bool,
        /// The pattern of the look-ahead.
        node: Box<Node>,
    },
    /// A zero-width position.
    Anchor(Anchor),
}

/// A zero-width position in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text's start: `\A`, and `^` without the flag `m`.
    TextStart,
    /// The text's end: `\z`.
    TextEnd,
    /// The text's end, or before its last line terminator: `\Z`, and `$` without the flag `m`.
    LastLineEnd,
    /// The start of a line: `^` with the flag `m`.
    LineStart,
    /// The end of a line: `$` with the flag `m`.
    LineEnd,
    /// The same three if only the line feed ends a line (the flag `d`).
    LastUnixLineEnd,
    /// See [`Anchor::LastUnixLineEnd`].
    UnixLineStart,
    /// See [`Anchor::LastUnixLineEnd`].
    UnixLineEnd,
    /// A word boundary: `\b`.
    WordBoundary,
    /// Not a word boundary: `\B`.
    NoWordBoundary,
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    /// The root part.
    pub(crate) node: Node,
    /// The names of groups with the groups' numbers.
    pub(crate) names: Vec<(String, usize)>,
    /// The number of groups.
    pub(crate) groups: usize,
}

/// A part that does not determine a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Look-ahead depends on the text after it.
    LookAhead,
    /// A word boundary depends on the text around it.
    WordBoundary,
    /// A class without characters.
    EmptyClass,
}

impl Node {
    /// The first part that does not determine a text.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Node::LookAhead { .. } => Some(Obstacle::LookAhead),
            Node::Anchor(Anchor::WordBoundary | Anchor::NoWordBoundary) => Some(Obstacle::WordBoundary),
            Node::Set(characters) if characters.ranges().is_empty() => Some(Obstacle::EmptyClass),
            Node::Sequence(parts) | Node::Alternatives(parts) => parts.iter().find_map(Node::obstacle),
            Node::Capture(node) | Node::Repeat { node, .. } => node.obstacle(),
            Node::Empty | Node::Character(_) | Node::Set(_) | Node::Anchor(_) => None,
        }
    }

    /// Whether it never consumes a character, so that repetition has no effect.
    pub(crate) fn is_zero_width(&self) -> bool {
        matches!(self, Node::Empty | Node::LookAhead { .. } | Node::Anchor(_))
    }

    /// Whether it contains a capturing group.
    pub(crate) fn has_groups(&self) -> bool {
        match self {
            Node::Capture(_) => true,
            Node::Sequence(parts) | Node::Alternatives(parts) => parts.iter().any(Node::has_groups),
            Node::Repeat { node, .. } | Node::LookAhead { node, .. } => node.has_groups(),
            Node::Empty | Node::Character(_) | Node::Set(_) | Node::Anchor(_) => false,
        }
    }
}
