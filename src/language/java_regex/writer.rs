//! Writes a pattern in the engine's syntax.
//!
//! The output contains only unambiguous syntax: characters by number, sets as ranges, and plain groups.

use super::JavaRegexError;
use super::syntax::{Anchor, CharacterSet, Node};
use std::fmt::Write;

/// Maximum size of the output in bytes. Repeated large classes exceed it.
const MAX_OUTPUT_BYTES: usize = 256 * 1024;
/// Maximum product of the counts of nested repetitions.
const MAX_NESTED_REPETITIONS: u64 = 100_000;
/// Maximum number of states times groups, which determine the memory of the engine.
pub(super) const MAX_STATES: u64 = 256 * 1024;
/// The number of ranges of a set that cost as much as one state.
const RANGES_PER_STEP: usize = 8;

/// Writes a pattern. Returns the maximum number of steps of the engine per character of a text too. Groups are captured
/// only when they are needed, because capturing takes time.
pub(super) fn write(node: &Node, has_groups: bool) -> Result<(String, u64), JavaRegexError> {
    let mut writer = Writer { text: String::new(), has_groups, groups: 1, steps: 1 };
    writer.node(node, 1)?;
    let steps = writer.steps.saturating_mul(writer.groups);
    if steps > MAX_STATES { Err(JavaRegexError::new("it is too large")) } else { Ok((writer.text, steps)) }
}

struct Writer {
    text: String,
    has_groups: bool,
    /// The number of groups, including that of the whole match.
    groups: u64,
    /// The number of states of the engine. All can be active together.
    steps: u64,
}

impl Writer {
    /// Writes a part. `times` is the product of the repetitions around it.
    fn node(&mut self, node: &Node, times: u64) -> Result<(), JavaRegexError> {
        if self.text.len() > MAX_OUTPUT_BYTES {
            return Err(JavaRegexError::new("it is too large"));
        }
        self.count(times, steps(node));
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
            Node::Capture(node) => {
                if self.has_groups {
                    self.groups = self.groups.saturating_add(1);
                    self.count(times, 2);
                }
                self.group(if self.has_groups { "(" } else { "(?:" }, node, times)?
            }
            Node::Repeat { node, min, max, is_lazy } => {
                let times = times.saturating_mul(u64::from(max.unwrap_or(*min).max(1)));
                if times > MAX_NESTED_REPETITIONS {
                    return Err(JavaRegexError::new("repetitions of repetitions"));
                }
                self.count(times, 1);
                match **node {
                    Node::Character(_) | Node::Set(_) | Node::Capture(_) => self.node(node, times)?,
                    _ => self.group("(?:", node, times)?,
                }
                match max {
                    Some(max) => self.push(format_args!("{{{min},{max}}}")),
                    None => self.push(format_args!("{{{min},}}")),
                }
                if *is_lazy {
                    self.text.push('?');
                }
            }
            Node::LookAhead { .. } => {
                return Err(JavaRegexError::new("look-ahead is supported only at the start"));
            }
            Node::Anchor(anchor) => self.text.push_str(anchor_text(*anchor)),
        }
        Ok(())
    }

    fn count(&mut self, times: u64, steps: u64) {
        self.steps = self.steps.saturating_add(times.saturating_mul(steps));
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
        // This is the only notation of the engine for an empty set.
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
}

/// The zero-width positions of the engine. They differ from Java at line terminators, see [`super`].
fn anchor_text(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::TextStart => r"\A",
        Anchor::TextEnd | Anchor::LastLineEnd | Anchor::LastUnixLineEnd => r"\z",
        Anchor::LineStart => "(?mR:^)",
        Anchor::LineEnd => "(?mR:$)",
        Anchor::UnixLineStart => "(?m:^)",
        Anchor::UnixLineEnd => "(?m:$)",
        Anchor::WordBoundary => r"\b",
        Anchor::NoWordBoundary => r"\B",
    }
}

/// The steps of a part without its subparts, repetitions and groups.
fn steps(node: &Node) -> u64 {
    match node {
        Node::Sequence(_) | Node::Repeat { .. } | Node::Capture(_) => 0,
        Node::Alternatives(branches) => u64::try_from(branches.len()).unwrap_or(u64::MAX),
        Node::Set(characters) => {
            let more = characters.ranges().len().checked_div(RANGES_PER_STEP).unwrap_or_default();
            u64::try_from(more).unwrap_or(u64::MAX).saturating_add(1)
        }
        Node::Empty | Node::Character(_) | Node::LookAhead { .. } | Node::Anchor(_) => 1,
    }
}
