//! Character classes: `[…]` with nested classes and intersections, and the dot.

use super::JavaRegexError;
use super::escape::{Escape, anywhere};
use super::parser::{Flags, Parser};
use super::syntax::CharacterSet;
use super::tokens::RegexToken;
use regex_syntax::hir::ClassUnicodeRange;

/// A set of ranges, their ends included.
pub(super) fn set(ranges: impl IntoIterator<Item = (char, char)>) -> CharacterSet {
    CharacterSet::new(ranges.into_iter().map(|(first, last)| ClassUnicodeRange::new(first, last)))
}

/// Every other character.
pub(super) fn negated(mut characters: CharacterSet) -> CharacterSet {
    characters.negate();
    characters
}

/// The set with the other case of each ASCII letter in it.
pub(super) fn fold(mut characters: CharacterSet) -> CharacterSet {
    let mut letters = Vec::new();
    for range in characters.ranges() {
        for letter in ('A'..='Z').chain('a'..='z').filter(|letter| range.start() <= *letter && *letter <= range.end()) {
            let other =
                if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
            letters.push((other, other));
        }
    }
    characters.union(&set(letters));
    characters
}

/// The characters that the dot matches: all except line terminators.
pub(super) fn dot(flags: Flags) -> CharacterSet {
    if flags.dot_all {
        return negated(set([]));
    }
    if flags.unix_lines {
        return negated(set([('\n', '\n')]));
    }
    negated(set([('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]))
}

/// Reads a class after the `[`.
pub(super) fn class(parser: &mut Parser) -> Result<CharacterSet, JavaRegexError> {
    parser.enter()?;
    let is_negative = parser.eat_all("^");
    let mut whole: Option<CharacterSet> = None;
    loop {
        let (operand, continues) = operand(parser)?;
        match &mut whole {
            None => whole = Some(operand),
            Some(whole) => whole.intersect(&operand),
        }
        if !continues {
            break;
        }
    }
    parser.leave();
    let whole = whole.unwrap_or_else(CharacterSet::empty);
    // The negation applies to the whole class, as in Java since version 9.
    Ok(if is_negative { negated(whole) } else { whole })
}

/// Reads the members and the `]` or `&&` after them. Returns true for `&&`.
fn operand(parser: &mut Parser) -> Result<(CharacterSet, bool), JavaRegexError> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut is_empty = true;
    let continues = loop {
        let Some(token) = parser.peek() else {
            return Err(JavaRegexError::new("unmatched `[`"));
        };
        // A first `]` is literal.
        if !is_empty && parser.eat(']') {
            break false;
        }
        if !is_empty && parser.eat_all("&&") {
            break true;
        }
        is_empty = false;
        if parser.eat('[') {
            let nested = class(parser)?;
            ranges.extend(nested.ranges().iter().map(|range| (range.start(), range.end())));
            continue;
        }
        match member(parser, token)? {
            Escape::Character(first) => ranges.push((first, range_end(parser, first)?)),
            Escape::Set(members) => ranges.extend(members.ranges().iter().map(|range| (range.start(), range.end()))),
        }
    };
    let members = set(ranges);
    Ok((if parser.flags.case_insensitive { fold(members) } else { members }, continues))
}

fn member(parser: &mut Parser, token: RegexToken) -> Result<Escape, JavaRegexError> {
    parser.take();
    match token {
        RegexToken::Syntax('\\') => anywhere(parser),
        RegexToken::Syntax(character) | RegexToken::Quoted(character) => Ok(Escape::Character(character)),
    }
}

/// The end of a range that starts with a character; the same character when no range follows.
fn range_end(parser: &mut Parser, first: char) -> Result<char, JavaRegexError> {
    let mark = parser.mark();
    if !parser.eat('-') {
        return Ok(first);
    }
    let last = match parser.peek() {
        // A hyphen at the end, or before a nested class, is literal.
        None | Some(RegexToken::Syntax(']' | '[')) => {
            parser.reset(mark);
            return Ok(first);
        }
        Some(token) => member(parser, token)?,
    };
    match last {
        Escape::Character(last) if first <= last => Ok(last),
        Escape::Character(_) | Escape::Set(_) => Err(JavaRegexError::new(format!("invalid range after `{first}-`"))),
    }
}
