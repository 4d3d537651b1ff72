//! Escapes with a backslash.

use super::JavaRegexError;
use super::class::{fold, negated, set};
use super::parser::Parser;
use super::property::property;
use super::syntax::{Anchor, CharacterSet, Node};
use super::tokens::RegexToken;

/// The meanings of an escape.
pub(super) enum Escape {
    /// A literal character.
    Character(char),
    /// A set of characters.
    Set(CharacterSet),
}

/// The word characters: `\w`.
fn word() -> CharacterSet {
    set([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')])
}

/// The line terminators, also `\v`.
const VERTICAL: [(char, char); 3] = [('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];
/// The characters of `\h`.
const HORIZONTAL: [(char, char); 9] = [
    ('\t', '\t'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];

/// Reads an escape outside a class.
pub(super) fn outside_class(parser: &mut Parser) -> Result<Node, JavaRegexError> {
    let mark = parser.mark();
    let Some(RegexToken::Syntax(character)) = parser.take() else {
        return Err(JavaRegexError::new("`\\` at the end"));
    };
    match character {
        'A' => Ok(Node::Anchor(Anchor::TextStart)),
        'z' => Ok(Node::Anchor(Anchor::TextEnd)),
        'Z' if parser.flags.unix_lines => Ok(Node::Anchor(Anchor::LastUnixLineEnd)),
        'Z' => Ok(Node::Anchor(Anchor::LastLineEnd)),
        'b' if parser.eat_all("{") => Err(JavaRegexError::new("`\\b{…}` is not supported")),
        'b' => Ok(Node::Anchor(Anchor::WordBoundary)),
        'B' => Ok(Node::Anchor(Anchor::NoWordBoundary)),
        'R' => {
            let pair = Node::Sequence(vec![Node::Character('\r'), Node::Character('\n')]);
            Ok(Node::Alternatives(vec![pair, Node::Set(set(VERTICAL))]))
        }
        'k' | '1'..='9' => Err(JavaRegexError::new("back-references are not supported")),
        _ => {
            parser.reset(mark);
            Ok(match anywhere(parser)? {
                Escape::Character(character) => parser.literal(character),
                Escape::Set(set) => Node::Set(set),
            })
        }
    }
}

/// Reads an escape with the same meaning inside and outside a class.
pub(super) fn anywhere(parser: &mut Parser) -> Result<Escape, JavaRegexError> {
    let Some(RegexToken::Syntax(character)) = parser.take() else {
        return Err(JavaRegexError::new("`\\` at the end"));
    };
    Ok(match character {
        'd' => Escape::Set(set([('0', '9')])),
        'D' => Escape::Set(negated(set([('0', '9')]))),
        'w' => Escape::Set(word()),
        'W' => Escape::Set(negated(word())),
        's' => Escape::Set(set([('\t', '\r'), (' ', ' ')])),
        'S' => Escape::Set(negated(set([('\t', '\r'), (' ', ' ')]))),
        'h' => Escape::Set(set(HORIZONTAL)),
        'H' => Escape::Set(negated(set(HORIZONTAL))),
        'v' => Escape::Set(set(VERTICAL)),
        'V' => Escape::Set(negated(set(VERTICAL))),
        'p' | 'P' => {
            let name = match parser.take() {
                Some(RegexToken::Syntax('{')) => parser.take_until('}'),
                Some(RegexToken::Syntax(letter)) => Some(letter.to_string()),
                _ => None,
            };
            let found = property(parser, &name.unwrap_or_default())?;
            let folded = if parser.flags.case_insensitive { fold(found) } else { found };
            Escape::Set(if character == 'P' { negated(folded) } else { folded })
        }
        't' => Escape::Character('\t'),
        'n' => Escape::Character('\n'),
        'r' => Escape::Character('\r'),
        'f' => Escape::Character('\u{c}'),
        'a' => Escape::Character('\u{7}'),
        'e' => Escape::Character('\u{1b}'),
        'c' => Escape::Character(control(parser)?),
        '0' => Escape::Character(octal(parser)?),
        'x' => Escape::Character(hexadecimal(parser)?),
        'u' => Escape::Character(utf16(parser)?),
        letter if letter.is_ascii_alphanumeric() => {
            return Err(JavaRegexError::new(format!("`\\{letter}` is not supported")));
        }
        character => Escape::Character(character),
    })
}

/// `\cX`: the character X with its seventh bit inverted.
fn control(parser: &mut Parser) -> Result<char, JavaRegexError> {
    let error = || JavaRegexError::new("`\\c` without a character");
    let Some(RegexToken::Syntax(character)) = parser.take() else { return Err(error()) };
    char::from_u32(u32::from(character) ^ 64).ok_or_else(error)
}

/// `\0n`, `\0nn` or, up to 377, `\0nnn`.
fn octal(parser: &mut Parser) -> Result<char, JavaRegexError> {
    let mut value = None;
    loop {
        let mark = parser.mark();
        let digit = match parser.take() {
            Some(RegexToken::Syntax(digit)) => digit.to_digit(8),
            _ => None,
        };
        let longer = digit.map(|digit| value.unwrap_or(0_u32).saturating_mul(8).saturating_add(digit));
        match longer.filter(|longer| *longer <= 0o377) {
            Some(longer) => value = Some(longer),
            None => {
                parser.reset(mark);
                let character = value.and_then(char::from_u32);
                return character.ok_or_else(|| JavaRegexError::new("`\\0` without octal digits"));
            }
        }
    }
}

/// `\xhh` or `\x{h…h}`.
fn hexadecimal(parser: &mut Parser) -> Result<char, JavaRegexError> {
    let digits = if parser.eat_all("{") { parser.take_until('}') } else { take(parser, 2) };
    let is_number = |digits: &String| digits.chars().all(|digit| digit.is_ascii_hexdigit());
    let value = digits.filter(is_number).and_then(|digits| u32::from_str_radix(&digits, 16).ok());
    value.and_then(char::from_u32).ok_or_else(|| JavaRegexError::new("`\\x` with an invalid character code"))
}

/// `\uhhhh`, or a surrogate pair of two.
fn utf16(parser: &mut Parser) -> Result<char, JavaRegexError> {
    let error = || JavaRegexError::new("`\\u` with an invalid character code");
    let first = unit(parser).ok_or_else(error)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Ok(character);
    }
    let second = if parser.eat_all("\\u") { unit(parser) } else { None }.ok_or_else(error)?;
    char::decode_utf16([first, second]).next().and_then(Result::ok).ok_or_else(error)
}

fn unit(parser: &mut Parser) -> Option<u16> {
    let digits = take(parser, 4).filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()))?;
    u16::from_str_radix(&digits, 16).ok()
}

fn take(parser: &mut Parser, count: usize) -> Option<String> {
    (0..count)
        .map(|_| match parser.take() {
            Some(RegexToken::Syntax(character)) => Some(character),
            _ => None,
        })
        .collect()
}
