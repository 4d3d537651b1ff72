//! The tokens of a condition.

use super::error::{ConditionError, Expectation, Problem};
use super::operator::Operator;
use crate::policy::spaced_names;

/// A position in the text of a condition.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// The index of the next byte; always between characters.
    at: usize,
    /// The token read last, for messages.
    last: Option<&'a str>,
}

/// The words that are not variables without single quotes.
const RESERVED: [&str; 6] = ["and", "or", "not", "true", "false", "null"];

/// Whether a variable's name is unambiguous without quotes.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.starts_with(begins_name)
        && name.chars().all(is_name_character)
        && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
        && Operator::named(name).is_none()
}

/// The documentation has only ASCII letters; real variables also start with an underscore. `[inferred]`
fn begins_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

/// The documentation has ASCII letters, digits, `-`, `_` and `.`. OData parameters have `$`, which is not part of an
/// operator. `[inferred]`
fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || "-_.$".contains(character)
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0, last: None }
    }

    /// The unread text without leading whitespace.
    pub(super) fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at = self.text.len().saturating_sub(trimmed.len());
        trimmed
    }

    /// Whether the whole text has been read.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// The index of the next token, for errors.
    pub(super) fn index(&mut self) -> usize {
        self.rest();
        self.at
    }

    /// The column of an index.
    pub(super) fn column(&self, index: usize) -> usize {
        let before = self.text.get(..index).unwrap_or_default();
        before.chars().count().saturating_add(1)
    }

    /// The token read last.
    pub(super) fn last(&self) -> &'a str {
        self.last.unwrap_or_default()
    }

    /// An error at an index.
    pub(super) fn error_at(&self, index: usize, problem: Problem) -> ConditionError {
        ConditionError { column: self.column(index), problem }
    }

    /// An error: the next token is not the expected one.
    pub(super) fn expected(&mut self, what: Expectation) -> ConditionError {
        let index = self.index();
        self.error_at(index, Problem::Expected { what, after: self.last.map(str::to_owned) })
    }

    /// Reads a token of a number of bytes.
    fn take(&mut self, length: usize) -> &'a str {
        let token = self.rest().get(..length).unwrap_or_default();
        self.at = self.at.saturating_add(token.len());
        self.last = Some(token);
        token
    }

    /// Reads a symbol, if it is the next token.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.take(symbol.len());
        }
        found
    }

    /// The next token, if it is a word: a name, a number or a word operator.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = spaced_names::length(rest, |character| !is_name_character(character));
        rest.get(..end).filter(|word| !word.is_empty())
    }

    /// Reads the next token, if it is a word with a `meaning`.
    pub(super) fn take_word<T>(&mut self, meaning: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let word = self.word()?;
        let found = meaning(word)?;
        self.take(word.len());
        Some(found)
    }

    /// Reads a word, if it is the next token in any case.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        self.take_word(|word| word.eq_ignore_ascii_case(keyword).then_some(())).is_some()
    }

    /// Reads a variable's name without quotes, if it is the next token.
    pub(super) fn take_name(&mut self) -> Option<&'a str> {
        let is_reserved = |word: &str| RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word));
        self.take_word(|word| (word.starts_with(begins_name) && !is_reserved(word)).then_some(word))
    }

    /// Reads a text between two of `quote`, if such a quote is next. There are no escapes
    /// (docs/apigee-semantics.md 7.2).
    pub(super) fn take_quoted(&mut self, quote: char) -> Result<Option<&'a str>, ConditionError> {
        let Some(inside) = self.rest().strip_prefix(quote) else { return Ok(None) };
        let Some((quoted, _)) = inside.split_once(quote) else {
            return Err(self.error_at(self.at, Problem::OpenQuote));
        };
        self.take(quoted.len().saturating_add(quote.len_utf8().saturating_mul(2)));
        Ok(Some(quoted))
    }
}
