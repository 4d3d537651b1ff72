//! Writes a pattern in the engine's syntax.
//!
//! Only what the engine reads in the same way is written: characters by number, sets as ranges, and plain groups.

use super::JavaRegexError;
use super::escape::word;
use super::syntax::{CharacterSet, Node, Place};
use std::fmt::Write;

/// Longer texts are refused, in bytes: large classes many times over.
const LONGEST: usize = 256 * 1024;
/// More repetitions of repetitions are refused.
const MOST_REPEATS: u64 = 100_000;

/// A pattern for the engine.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Whether the engine has to try and go back, which it does more slowly than it runs automata.
    pub(super) backtracks: bool,
}

/// Writes a pattern.
pub(super) fn write(node: &Node) -> Result<Written, JavaRegexError> {
    let mut written = Written::default();
    written.node(node, 1)?;
    Ok(written)
}

impl Written {
    /// Writes a part. `times` is how often the repetitions around it repeat it.
    fn node(&mut self, node: &Node, times: u64) -> Result<(), JavaRegexError> {
        if self.text.len() > LONGEST {
            return Err(JavaRegexError::new("it is too large"));
        }
        match node {
            Node::Empty => {}
            Node::Character(character) => self.character(*character),
            Node::Set(characters) => self.set(characters),
            Node::Sequence(parts) => {
                for part in parts {
                    if matches!(part, Node::Alternatives(_)) {
                        self.group("(?:", part, times)?
                    } else {
                        self.node(part, times)?
                    }
                }
            }
            Node::Alternatives(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.text.push('|');
                    }
                    self.node(branch, times)?;
                }
            }
            Node::Capture(node) => self.group("(", node, times)?,
            Node::Atomic(node) => {
                self.backtracks = true;
                self.group("(?>", node, times)?;
            }
            Node::Repeat { node, least, most, is_lazy } => {
                let times = times.saturating_mul(u64::from(most.unwrap_or(*least).max(1)));
                if times > MOST_REPEATS {
                    return Err(JavaRegexError::new("repetitions of repetitions"));
                }
                match **node {
                    Node::Character(_) | Node::Set(_) | Node::Capture(_) | Node::Atomic(_) | Node::Reference(_) => {
                        self.node(node, times)?
                    }
                    _ => self.group("(?:", node, times)?,
                }
                match most {
                    Some(most) => self.push(format_args!("{{{least},{most}}}")),
                    None => self.push(format_args!("{{{least},}}")),
                }
                if *is_lazy {
                    self.text.push('?');
                }
            }
            Node::Reference(group) => {
                self.backtracks = true;
                self.push(format_args!("\\k<{group}>"));
            }
            Node::Look { is_behind, is_negative, node } => {
                self.backtracks = true;
                let start = match (is_behind, is_negative) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.group(start, node, times)?;
            }
            Node::Place(place) => self.place(*place),
        }
        Ok(())
    }

    fn group(&mut self, start: &str, node: &Node, times: u64) -> Result<(), JavaRegexError> {
        self.text.push_str(start);
        self.node(node, times)?;
        self.text.push(')');
        Ok(())
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.text.write_fmt(arguments);
    }

    fn character(&mut self, character: char) {
        if character.is_ascii_alphanumeric() {
            self.text.push(character);
        } else {
            self.push(format_args!("\\x{{{:x}}}", u32::from(character)));
        }
    }

    fn set(&mut self, characters: &CharacterSet) {
        // The engine has no notation for a set without members but this one.
        if characters.ranges().is_empty() {
            self.text.push_str("[^\\x{0}-\\x{10ffff}]");
            return;
        }
        self.text.push('[');
        for range in characters.ranges() {
            self.character(range.start());
            if range.start() != range.end() {
                self.text.push('-');
                self.character(range.end());
            }
        }
        self.text.push(']');
    }

    /// Places as Java defines them. A pair of carriage return and line feed ends one line: there is no place inside.
    fn place(&mut self, place: Place) {
        const NOT_IN_PAIR: &str = r"(?!(?<=\x{d})\x{a})";
        const TERMINATOR: &str = r"[\x{a}\x{d}\x{85}\x{2028}\x{2029}]";
        self.backtracks |= !place.is_text_edge();
        match place {
            Place::TextStart => self.text.push_str(r"\A"),
            Place::TextEnd => self.text.push_str(r"\z"),
            Place::LastLineEnd => {
                self.push(format_args!(r"(?=(?:\x{{d}}\x{{a}}|{TERMINATOR})?\z){NOT_IN_PAIR}"));
            }
            Place::LastUnixLineEnd => self.text.push_str(r"(?=\x{a}?\z)"),
            Place::LineEnd => self.push(format_args!(r"(?=\z|{TERMINATOR}){NOT_IN_PAIR}")),
            Place::UnixLineEnd => self.text.push_str(r"(?=\z|\x{a})"),
            // No line begins at the end of the text.
            Place::LineStart => self.push(format_args!(r"(?!\z)(?:\A|(?<={TERMINATOR}){NOT_IN_PAIR})")),
            Place::UnixLineStart => self.text.push_str(r"(?!\z)(?:\A|(?<=\x{a}))"),
            Place::WordBoundary => self.boundary(false),
            Place::NoWordBoundary => self.boundary(true),
        }
    }

    fn boundary(&mut self, is_negative: bool) {
        let mut word_set = Written::default();
        word_set.set(&word());
        let word = word_set.text;
        let (inside, outside) = if is_negative { ("(?=", "(?!") } else { ("(?!", "(?=") };
        self.push(format_args!("(?:(?<={word}){inside}{word})|(?<!{word}){outside}{word}))"));
    }
}
