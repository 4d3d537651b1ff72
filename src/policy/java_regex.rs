//! Regular expressions of Java (`java.util.regex`): the operator `JavaRegex` (semantics section 7.4) and the template
//! functions `replaceAll`, `replaceFirst` and `xeger` (section 6.4).
//!
//! A pattern is read by Java's rules and written anew in the syntax of the engine, so that the engine's own dialect
//! never shows. What is missing is refused with its name: the flags `u` and `U`, `\G`, `\X`, `\N{…}`, scripts and
//! blocks in `\p{…}`, look-behind of varying width, and references under the flag `i`.

mod class;
mod cost;
mod escape;
mod groups;
mod parser;
mod property;
mod replacement;
pub(crate) mod syntax;
mod tokens;
mod writer;

use fancy_regex::{Regex, RegexBuilder};
use replacement::Piece;
use std::fmt;
use std::sync::OnceLock;
use syntax::Pattern;

/// The largest text that an expression is run over, in bytes.
const LONGEST_TEXT: usize = 1024 * 1024;
/// The same for expressions that need backtracking, where every step can take as long as the text.
const LONGEST_BACKTRACKED_TEXT: usize = 64 * 1024;
/// The same for a search with backtracking, which begins anew at every character and may look at all the rest.
const LONGEST_SEARCHED_TEXT: usize = 16 * 1024;
/// How often the engine may go back in one search.
const MOST_BACKTRACKS: usize = 100_000;
/// The largest compiled expression, in bytes.
const LARGEST_PROGRAM: usize = 1024 * 1024;
/// Each search of a replacement may look at the whole text. This bounds the sum of it, in bytes.
const MOST_SCANNED: usize = 1 << 30;
/// The largest text that a replacement makes, in bytes.
const LONGEST_RESULT: usize = 8 * 1024 * 1024;

/// A compiled regular expression.
#[derive(Clone)]
pub struct JavaRegex {
    source: String,
    written: String,
    backtracks: bool,
    /// Whether the searches of a replacement together look at the text about once.
    is_linear: bool,
    groups: usize,
    names: Vec<(String, usize)>,
    whole: Regex,
    /// For replacements, made when the first one comes.
    part: OnceLock<Option<Regex>>,
}

/// Why a text is not a regular expression that this engine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaRegexError {
    reason: String,
}

impl JavaRegexError {
    fn new(reason: impl Into<String>) -> JavaRegexError {
        JavaRegexError { reason: reason.into() }
    }
}

impl fmt::Display for JavaRegexError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a regular expression that can be run: {}", self.reason)
    }
}

impl std::error::Error for JavaRegexError {}

impl fmt::Debug for JavaRegex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("JavaRegex").field(&self.source).finish()
    }
}

/// By source.
impl PartialEq for JavaRegex {
    fn eq(&self, other: &JavaRegex) -> bool {
        self.source == other.source
    }
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that Java refuses too, one with a construct that this engine lacks, or one that is too large.
    pub fn compile(pattern: &str) -> Result<JavaRegex, JavaRegexError> {
        let Pattern { node, names, groups } = JavaRegex::parse(pattern)?;
        let written = writer::write(&node)?;
        let whole = build(&format!("\\A(?:{})\\z", written.text))?;
        Ok(JavaRegex {
            source: pattern.to_owned(),
            written: written.text,
            backtracks: written.backtracks,
            is_linear: cost::is_linear(&node),
            groups,
            names,
            whole,
            part: OnceLock::new(),
        })
    }

    /// Reads a pattern without compiling it.
    ///
    /// # Errors
    /// A pattern that is malformed or uses what this engine lacks.
    pub(crate) fn parse(pattern: &str) -> Result<Pattern, JavaRegexError> {
        parser::parse(pattern)
    }

    /// Whether the whole text matches, as with Java's `matches`. A text that is too large, and one for which too much
    /// backtracking is needed, does not.
    pub fn matches_whole(&self, text: &str) -> bool {
        text.len() <= self.longest_text() && self.whole.is_match(text).unwrap_or(false)
    }

    /// Replaces every match. In the replacement, `$1` and `${name}` stand for groups, and `\` takes the meaning from
    /// the next character.
    ///
    /// `None` for a replacement that Java refuses, and where too much work would be needed.
    pub fn replace_all(&self, text: &str, replacement: &str) -> Option<String> {
        self.replace(text, replacement, usize::MAX)
    }

    /// Replaces the first match; see [`JavaRegex::replace_all`].
    pub fn replace_first(&self, text: &str, replacement: &str) -> Option<String> {
        self.replace(text, replacement, 1)
    }

    fn longest_text(&self) -> usize {
        if self.backtracks { LONGEST_BACKTRACKED_TEXT } else { LONGEST_TEXT }
    }

    fn replace(&self, text: &str, replacement: &str, most: usize) -> Option<String> {
        let is_quadratic = self.backtracks && !self.is_linear;
        let longest = if is_quadratic { LONGEST_SEARCHED_TEXT } else { self.longest_text() };
        if text.len() > longest {
            return None;
        }
        let regex = self.part.get_or_init(|| build(&self.written).ok()).as_ref()?;
        // Java looks at the replacement only when there is something to replace.
        let pieces = replacement::parse(replacement, self.groups, &self.names);
        let mut result = String::with_capacity(text.len());
        let (mut copied, mut from, mut count) = (0, 0, 0_usize);
        while count < most && from <= text.len() {
            if !self.is_linear && count.saturating_mul(text.len()) > MOST_SCANNED {
                return None;
            }
            let Some(captures) = regex.captures_from_pos(text, from).ok()? else { break };
            let found = captures.get(0)?;
            count = count.saturating_add(1);
            result.push_str(text.get(copied..found.start())?);
            for piece in pieces.as_ref()? {
                result.push_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Group(group) => captures.get(*group).map_or("", |group| group.as_str()),
                });
            }
            if result.len() > LONGEST_RESULT {
                return None;
            }
            copied = found.end();
            // Behind an empty match the search goes on one character later, as in Java. It may otherwise be empty
            // right behind another match: `a*` matches twice in `aaa`.
            let step = if found.start() == found.end() {
                text.get(copied..)?.chars().next().map_or(1, char::len_utf8)
            } else {
                0
            };
            from = copied.saturating_add(step);
        }
        result.push_str(text.get(copied..)?);
        Some(result)
    }
}

fn build(written: &str) -> Result<Regex, JavaRegexError> {
    RegexBuilder::new(written)
        .backtrack_limit(MOST_BACKTRACKS)
        .delegate_size_limit(LARGEST_PROGRAM)
        .delegate_dfa_size_limit(LARGEST_PROGRAM)
        .max_prog_size(LARGEST_PROGRAM / 32)
        .build()
        .map_err(|error| JavaRegexError::new(error.to_string()))
}

#[cfg(test)]
mod tests;
