//! Regular expressions of Java (`java.util.regex`): the operator `JavaRegex` (docs/apigee-semantics.md 7.4) and the
//! template functions `replaceAll`, `replaceFirst` and `xeger` (docs/apigee-semantics.md 6.4).
//!
//! A pattern is read by Java's rules and written in the syntax of the engine, so the engine's dialect is not visible.
//! The engine does not backtrack, so no text can block a worker.
//!
//! Unsupported constructs are rejected by name: look-behind, look-ahead except at the start, back-references, atomic
//! groups, possessive repetition, the flags `u` and `U`, `\G`, `\X`, `\N{…}`, and scripts and blocks in `\p{…}`.
//!
//! Zero-width matches at line terminators differ from Java `[inferred]`: `$` without the flag `m` and `\Z` are
//! the end of the text only, not also before its last line terminator; with `m`, `\u0085`, `\u2028` and `\u2029`
//! start and end no lines, and `^` is also at the end of a text that is empty or ends with a line terminator. A
//! replacement can find more matches than Java when a repeated part prefers to match the empty text, as in
//! `(?:\b|a)*`.

mod class;
mod escape;
mod groups;
mod look_ahead;
mod parser;
mod program;
mod property;
mod reach;
mod replacement;
pub(crate) mod syntax;
mod tokens;
mod writer;

use program::Program;
use replacement::{Piece, Replaced, Replacement};
use std::fmt;
use std::sync::OnceLock;
use syntax::{Node, Obstacle, Pattern};

/// Maximum size of a searched text in bytes.
const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Maximum number of steps of the engine for one call: the number of characters of the text times the number of states.
const MAX_STEPS: u64 = 1 << 28;

/// The cost of a piece of a replacement per match, in steps of the engine.
const STEPS_OF_PIECE: u64 = 16;
/// Maximum size in bytes of the result of a replacement up to the last match.
const MAX_RESULT_BYTES: usize = 8 * 1024 * 1024;

/// A compiled regular expression.
#[derive(Clone)]
pub struct JavaRegex {
    source: String,
    /// The pattern without the look-aheads at its start.
    node: Node,
    groups: usize,
    names: Vec<(String, usize)>,
    /// The look-aheads at the start; `true` means negative.
    look_aheads: Vec<(Program, bool)>,
    whole: Program,
    /// The steps per character of the text.
    steps: u64,
    is_replaceable: bool,
    /// The program for replacements, compiled at the first one.
    part: OnceLock<Option<Program>>,
}

/// The reason why a regular expression is invalid or unsupported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaRegexError {
    reason: String,
}

impl JavaRegexError {
    fn new(reason: impl Into<String>) -> JavaRegexError {
        JavaRegexError { reason: reason.into() }
    }
}

/// The reasons why a replacement fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceError {
    /// Java rejects the replacement, or it takes too many steps.
    Rejected,
    /// The result is too large.
    TooLarge,
}

impl fmt::Display for JavaRegexError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "invalid regular expression: {}", self.reason)
    }
}

impl std::error::Error for JavaRegexError {}

impl fmt::Display for ReplaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ReplaceError::Rejected => "the replacement is invalid or takes too many steps",
            ReplaceError::TooLarge => "the result of the replacement is too large",
        })
    }
}

impl std::error::Error for ReplaceError {}

impl fmt::Debug for JavaRegex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("JavaRegex").field(&self.source).finish()
    }
}

/// Two expressions with the same text are equal.
impl PartialEq for JavaRegex {
    fn eq(&self, other: &JavaRegex) -> bool {
        self.source == other.source
    }
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that Java rejects too, one with an unsupported construct, or one that is too large.
    pub fn compile(pattern: &str) -> Result<JavaRegex, JavaRegexError> {
        let Pattern { mut node, names, groups } = JavaRegex::parse(pattern)?;
        let taken = look_ahead::take(&mut node);
        let whole = Program::whole(&node)?;
        let mut steps = whole.steps;
        let mut look_aheads = Vec::with_capacity(taken.parts.len());
        for (part, is_negative) in &taken.parts {
            let program = Program::prefix(part)?;
            steps = steps.saturating_add(program.steps);
            if steps > writer::MAX_STATES {
                return Err(JavaRegexError::new("it is too large"));
            }
            look_aheads.push((program, *is_negative));
        }
        Ok(JavaRegex {
            source: pattern.to_owned(),
            // Look-aheads can only be tested at the text's start, and their groups would not be counted.
            is_replaceable: taken.parts.is_empty()
                || taken.is_anchored && !taken.parts.iter().any(|(part, _)| part.has_groups()),
            node,
            groups,
            names,
            look_aheads,
            whole,
            steps,
            part: OnceLock::new(),
        })
    }

    /// Compiles a pattern whose matches are replaced.
    ///
    /// # Errors
    /// As for [`JavaRegex::compile`], and look-ahead that is not at the text's start or has groups.
    pub fn for_replacing(pattern: &str) -> Result<JavaRegex, JavaRegexError> {
        let regex = JavaRegex::compile(pattern)?;
        if !regex.is_replaceable {
            let reason = "look-ahead in replacements is supported only next to `^` and without groups";
            return Err(JavaRegexError::new(reason));
        }
        let part = Program::part(&regex.node)?;
        Ok(JavaRegex { part: OnceLock::from(Some(part)), ..regex })
    }

    /// Checks a pattern that is used to generate texts.
    ///
    /// # Errors
    /// A malformed pattern, and one with parts that do not determine a text.
    pub fn check_for_making(pattern: &str) -> Result<(), JavaRegexError> {
        let reason = match JavaRegex::parse(pattern)?.node.obstacle() {
            None => return Ok(()),
            Some(Obstacle::LookAhead) => "no text can be generated for look-ahead",
            Some(Obstacle::WordBoundary) => "no text can be generated for `\\b` and `\\B`",
            Some(Obstacle::EmptyClass) => "empty character class",
        };
        Err(JavaRegexError::new(reason))
    }

    /// Reads a pattern without compiling it.
    ///
    /// # Errors
    /// A malformed pattern, or one with an unsupported construct.
    pub(crate) fn parse(pattern: &str) -> Result<Pattern, JavaRegexError> {
        parser::parse(pattern)
    }

    /// Whether the whole text matches, as with Java's `matches`. False for a text that is too large for the pattern.
    pub fn matches_whole(&self, text: &str) -> bool {
        self.can_run(text) && self.looks_ahead(text) && self.whole.is_match(text)
    }

    /// Replaces every match. In the replacement, `$1` and `${name}` stand for groups, and `\` makes the next
    /// character literal. `most` is the largest size of the result in bytes.
    ///
    /// # Errors
    /// A replacement that Java rejects, too much work, and a result that is too large.
    pub fn replace_all(&self, text: &str, replacement: &str, max_bytes: usize) -> Result<String, ReplaceError> {
        self.replace(text, replacement, usize::MAX, max_bytes)
    }

    /// Replaces the first match; see [`JavaRegex::replace_all`].
    ///
    /// # Errors
    /// As for [`JavaRegex::replace_all`].
    pub fn replace_first(&self, text: &str, replacement: &str, max_bytes: usize) -> Result<String, ReplaceError> {
        self.replace(text, replacement, 1, max_bytes)
    }

    fn can_run(&self, text: &str) -> bool {
        text.len() <= MAX_TEXT_BYTES && steps(text.len(), self.steps) <= MAX_STEPS
    }

    /// Whether every look-ahead is true at the text's start.
    fn looks_ahead(&self, text: &str) -> bool {
        self.look_aheads.iter().all(|(program, is_negative)| program.is_match(text) != *is_negative)
    }

    fn replace(&self, text: &str, replacement: &str, times: usize, max_bytes: usize) -> Result<String, ReplaceError> {
        if !self.is_replaceable || !self.can_run(text) {
            return Err(ReplaceError::Rejected);
        }
        let mut result = Replaced { text: String::new(), max_bytes };
        if !self.looks_ahead(text) {
            result.push(text)?;
            return Ok(result.text);
        }
        let part = self.part.get_or_init(|| Program::part(&self.node).ok());
        let part = part.as_ref().ok_or(ReplaceError::Rejected)?;
        let reach = reach::reach(&self.node).map(|reach| usize::try_from(reach).unwrap_or(usize::MAX));
        // All searches together read the text about once, plus the parts that they read again.
        let mut taken = steps(text.len(), part.steps);
        let mut replacement = Replacement::new(replacement);
        let (mut copied, mut from, mut count) = (0, 0, 0_usize);
        while count < times && from <= text.len() {
            if taken > MAX_STEPS {
                return Err(ReplaceError::Rejected);
            }
            let Some(captures) = part.find(text, from) else { break };
            let found = captures.get(0).ok_or(ReplaceError::Rejected)?;
            let rest = text.len().saturating_sub(found.end());
            taken = taken.saturating_add(steps(reach.map_or(rest, |reach| reach.min(rest)), part.steps));
            count = count.saturating_add(1);
            result.push(text.get(copied..found.start()).unwrap_or_default())?;
            // Java parses the replacement only at the first match.
            let pieces = replacement.pieces(self.groups, &self.names, max_bytes)?;
            taken = taken.saturating_add(steps(pieces.len(), STEPS_OF_PIECE));
            for piece in pieces {
                result.push(match piece {
                    Piece::Text(text) => text,
                    Piece::Group(group) => captures.get(*group).map_or("", |group| group.as_str()),
                })?;
                if result.text.len() > MAX_RESULT_BYTES {
                    return Err(ReplaceError::Rejected);
                }
            }
            copied = found.end();
            // After an empty match the search continues one character later, as in Java. A match may be empty directly
            // after another match: `a*` matches twice in `aaa`.
            let step = if found.start() == found.end() {
                text.get(copied..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
            } else {
                0
            };
            from = copied.saturating_add(step);
        }
        result.push(text.get(copied..).unwrap_or_default())?;
        Ok(result.text)
    }
}

/// The steps for a part of a text.
fn steps(bytes: usize, each: u64) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(each)
}

#[cfg(test)]
mod tests;
