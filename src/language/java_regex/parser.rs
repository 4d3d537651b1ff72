//! Reads a pattern: alternatives, sequences and repetition.

use super::JavaRegexError;
use super::class;
use super::escape;
use super::syntax::{Anchor, CharacterSet, Node, Pattern};
use super::tokens::{RegexToken, tokens};

/// Maximum number of levels of groups: the parser, the writer and the engine recurse once per level.
pub(super) const MAX_LEVELS: usize = 40;
/// Maximum length of a pattern in bytes.
const MAX_PATTERN_BYTES: usize = 16 * 1024;
/// Maximum count of a repetition: the engine unrolls it.
const MAX_REPEATS: u32 = 10_000;

/// The flags in force (`Pattern.CASE_INSENSITIVE` and so on). Case is ASCII-only, as in Java without the flag `u`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) case_insensitive: bool,
    pub(super) multiline: bool,
    pub(super) dot_all: bool,
    pub(super) comments: bool,
    pub(super) unix_lines: bool,
}

/// The state while reading.
#[derive(Debug)]
pub(super) struct Parser {
    tokens: Vec<RegexToken>,
    at: usize,
    pub(super) flags: Flags,
    levels: usize,
    /// The number of groups so far.
    groups: usize,
    names: Vec<(String, usize)>,
    /// A cache of properties, which are slow to build.
    pub(super) properties: Vec<(String, CharacterSet)>,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Pattern, JavaRegexError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(JavaRegexError::new(format!("it is longer than {MAX_PATTERN_BYTES} bytes")));
    }
    let mut parser = Parser {
        tokens: tokens(pattern),
        at: 0,
        flags: Flags::default(),
        levels: 0,
        groups: 0,
        names: Vec::new(),
        properties: Vec::new(),
    };
    let node = parser.alternatives()?;
    match parser.peek() {
        None => Ok(Pattern { node, names: parser.names, groups: parser.groups }),
        Some(_) => Err(JavaRegexError::new("unmatched `)`")),
    }
}

impl Parser {
    /// The next significant token.
    pub(super) fn peek(&mut self) -> Option<RegexToken> {
        if self.flags.comments {
            self.skip_comments();
        }
        self.tokens.get(self.at).copied()
    }

    /// The next significant token if it is a given unquoted character.
    pub(super) fn peeks(&mut self, character: char) -> bool {
        self.peek() == Some(RegexToken::Syntax(character))
    }

    /// Takes a token, including those that flags skip.
    pub(super) fn take(&mut self) -> Option<RegexToken> {
        let token = self.tokens.get(self.at).copied();
        self.at = self.at.saturating_add(usize::from(token.is_some()));
        token
    }

    /// Takes an unquoted character if it is next.
    pub(super) fn eat(&mut self, character: char) -> bool {
        let found = self.peeks(character);
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    /// Takes several adjacent unquoted characters if they are next.
    pub(super) fn eat_all(&mut self, characters: &str) -> bool {
        let found = characters.chars().enumerate().all(|(offset, wanted)| {
            self.tokens.get(self.at.saturating_add(offset)) == Some(&RegexToken::Syntax(wanted))
        });
        if found {
            self.at = self.at.saturating_add(characters.chars().count());
        }
        found
    }

    /// Takes unquoted characters up to and including an unquoted `end`.
    pub(super) fn take_until(&mut self, end: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.take()? {
                RegexToken::Syntax(character) if character == end => return Some(text),
                RegexToken::Syntax(character) => text.push(character),
                RegexToken::Quoted(_) => return None,
            }
        }
    }

    /// The position in the pattern, to return to.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Returns to a position.
    pub(super) fn reset(&mut self, mark: usize) {
        self.at = mark;
    }

    /// Enters a nested group or class.
    pub(super) fn enter(&mut self) -> Result<(), JavaRegexError> {
        self.levels = self.levels.saturating_add(1);
        if self.levels > MAX_LEVELS {
            return Err(JavaRegexError::new(format!("groups are nested more than {MAX_LEVELS} levels deep")));
        }
        Ok(())
    }

    /// Leaves the level of [`Parser::enter`].
    pub(super) fn leave(&mut self) {
        self.levels = self.levels.saturating_sub(1);
    }

    /// Whether a group has a name.
    pub(super) fn has_group(&self, name: &str) -> bool {
        self.names.iter().any(|(known, _)| known == name)
    }

    /// Counts a group and returns its number.
    pub(super) fn begin_group(&mut self, name: Option<String>) {
        self.groups = self.groups.saturating_add(1);
        self.names.extend(name.map(|name| (name, self.groups)));
    }

    fn skip_comments(&mut self) {
        let mut in_comment = false;
        while let Some(RegexToken::Syntax(character)) = self.tokens.get(self.at).copied() {
            match character {
                '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => in_comment = false,
                _ if in_comment => {}
                '#' => in_comment = true,
                ' ' | '\t' | '\u{b}' | '\u{c}' => {}
                _ => break,
            }
            self.at = self.at.saturating_add(1);
        }
    }

    /// Reads alternatives up to a `)` or the end.
    pub(super) fn alternatives(&mut self) -> Result<Node, JavaRegexError> {
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        Ok(only(branches, Node::Alternatives))
    }

    fn sequence(&mut self) -> Result<Node, JavaRegexError> {
        let mut parts = Vec::new();
        while let Some(token) = self.peek() {
            if matches!(token, RegexToken::Syntax('|' | ')')) {
                break;
            }
            if let Some(node) = self.atom()? {
                parts.push(self.repeated(node)?);
            }
        }
        Ok(only(parts, Node::Sequence))
    }

    /// Reads a part without its repetition; `None` for flags only.
    fn atom(&mut self) -> Result<Option<Node>, JavaRegexError> {
        let node = match self.take() {
            None => return Ok(None),
            Some(RegexToken::Quoted(character)) => self.literal(character),
            Some(RegexToken::Syntax(character)) => match character {
                '(' => return self.group(),
                '[' => Node::Set(class::class(self)?),
                '\\' => escape::outside_class(self)?,
                '.' => Node::Set(class::dot(self.flags)),
                '^' => Node::Anchor(match (self.flags.multiline, self.flags.unix_lines) {
                    (false, _) => Anchor::TextStart,
                    (true, false) => Anchor::LineStart,
                    (true, true) => Anchor::UnixLineStart,
                }),
                '$' => Node::Anchor(match (self.flags.multiline, self.flags.unix_lines) {
                    (false, false) => Anchor::LastLineEnd,
                    (false, true) => Anchor::LastUnixLineEnd,
                    (true, false) => Anchor::LineEnd,
                    (true, true) => Anchor::UnixLineEnd,
                }),
                '*' | '+' | '?' | '{' => {
                    return Err(JavaRegexError::new(format!("nothing to repeat before `{character}`")));
                }
                character => self.literal(character),
            },
        };
        Ok(Some(node))
    }

    /// A literal character, in both cases with the flag `i`.
    pub(super) fn literal(&self, character: char) -> Node {
        if self.flags.case_insensitive && character.is_ascii_alphabetic() {
            Node::Set(class::fold(class::set([(character, character)])))
        } else {
            Node::Character(character)
        }
    }

    /// Reads the repetition of a part.
    fn repeated(&mut self, node: Node) -> Result<Node, JavaRegexError> {
        let (min, max) = if self.eat('*') {
            (0, None)
        } else if self.eat('+') {
            (1, None)
        } else if self.eat('?') {
            (0, Some(1))
        } else if self.eat('{') {
            self.counts()?
        } else {
            return Ok(node);
        };
        let is_lazy = self.eat_all("?");
        if !is_lazy && self.eat_all("+") {
            return Err(JavaRegexError::new("possessive repetition is not supported"));
        }
        // The repetition of a zero-width part has no effect.
        if node.is_zero_width() {
            return Ok(if min == 0 { Node::Empty } else { node });
        }
        Ok(Node::Repeat { node: Box::new(node), min, max, is_lazy })
    }

    /// `n}`, `n,}` or `n,m}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>), JavaRegexError> {
        let text = self.take_until('}').unwrap_or_default();
        let count = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse().ok().filter(|number: &u32| is_number && *number <= MAX_REPEATS);
            number.ok_or_else(|| {
                JavaRegexError::new(format!("invalid repetition `{{{text}}}`: the largest count is {MAX_REPEATS}"))
            })
        };
        let (min, max) = match text.split_once(',') {
            None => (count(&text)?, Some(count(&text)?)),
            Some((min, "")) => (count(min)?, None),
            Some((min, max)) => (count(min)?, Some(count(max)?)),
        };
        if max.is_some_and(|max| max < min) {
            return Err(JavaRegexError::new(format!("invalid repetition `{{{text}}}`")));
        }
        Ok((min, max))
    }
}

/// Joins several parts; returns a single one unchanged.
fn only(mut parts: Vec<Node>, together: fn(Vec<Node>) -> Node) -> Node {
    match parts.len() {
        0 => Node::Empty,
        1 => parts.pop().unwrap_or(Node::Empty),
        _ => together(parts),
    }
}
