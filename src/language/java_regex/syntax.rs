//! The parts of a pattern.

use regex_syntax::hir::ClassUnicode;

/// A set of characters.
pub(crate) type CharacterSet = ClassUnicode;

/// A part of a pattern. Flags are already applied: what a part means does not depend on its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty text.
    Empty,
    /// One certain character.
    Character(char),
    /// One character of a set.
    Set(CharacterSet),
    /// One part after the other.
    Sequence(Vec<Node>),
    /// The first part that matches.
    Alternatives(Vec<Node>),
    /// A group whose text a replacement can use. The parser numbers them from one by their opening parentheses.
    Capture(Box<Node>),
    /// A part several times.
    Repeat {
        /// The part.
        node: Box<Node>,
        /// The least times.
        least: u32,
        /// The most times; none is without end.
        most: Option<u32>,
        /// Whether as few times as possible are tried first.
        is_lazy: bool,
    },
    /// Looks at the text that follows without taking any of it.
    LookAhead {
        /// Whether it must not match.
        is_negative: bool,
        /// What it looks for.
        node: Box<Node>,
    },
    /// A place in the text.
    Anchor(Anchor),
}

/// A place in the text that has no width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text's start: `\A`, and `^` without the flag `m`.
    TextStart,
    /// The text's end: `\z`.
    TextEnd,
    /// The text's end, or in front of its last line terminator: `\Z`, and `$` without the flag `m`.
    LastLineEnd,
    /// The start of a line: `^` with the flag `m`.
    LineStart,
    /// The end of a line: `$` with the flag `m`.
    LineEnd,
    /// The same three where only the line feed ends a line (the flag `d`).
    LastUnixLineEnd,
    /// See [`Anchor::LastUnixLineEnd`].
    UnixLineStart,
    /// See [`Anchor::LastUnixLineEnd`].
    UnixLineEnd,
    /// Between a word character and another one: `\b`.
    WordBoundary,
    /// Everywhere else: `\B`.
    NoWordBoundary,
}

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    /// What it matches.
    pub(crate) node: Node,
    /// The names of groups with the groups' numbers.
    pub(crate) names: Vec<(String, usize)>,
    /// How many groups it has.
    pub(crate) groups: usize,
}

/// A part that no text can be made of by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It depends on what follows.
    LookAhead,
    /// It depends on what stands around it.
    WordBoundary,
    /// It has no characters.
    EmptyClass,
}

impl Node {
    /// The first part that no text can be made of.
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

    /// Whether it never takes a character, for which repeating it changes nothing.
    pub(crate) fn is_place(&self) -> bool {
        matches!(self, Node::Empty | Node::LookAhead { .. } | Node::Anchor(_))
    }

    /// Whether a group is in it whose text a replacement can use.
    pub(crate) fn has_groups(&self) -> bool {
        match self {
            Node::Capture(_) => true,
            Node::Sequence(parts) | Node::Alternatives(parts) => parts.iter().any(Node::has_groups),
            Node::Repeat { node, .. } | Node::LookAhead { node, .. } => node.has_groups(),
            Node::Empty | Node::Character(_) | Node::Set(_) | Node::Anchor(_) => false,
        }
    }
}
