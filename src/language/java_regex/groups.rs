//! Parentheses: groups of all kinds, and flags.

use super::JavaRegexError;
use super::parser::{Flags, Parser};
use super::syntax::Node;
use super::tokens::RegexToken;

impl Parser {
    /// Reads the text after a `(`.
    pub(super) fn group(&mut self) -> Result<Option<Node>, JavaRegexError> {
        let flags = self.flags;
        if !self.eat_all("?") {
            return self.capture(None, flags).map(Some);
        }
        if self.eat_all("<=") || self.eat_all("<!") {
            return Err(JavaRegexError::new("look-behind is not supported"));
        }
        if self.eat_all("<") {
            let name = self.take_until('>').unwrap_or_default();
            let is_name =
                name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric());
            if !is_name || self.has_group(&name) {
                return Err(JavaRegexError::new(format!("invalid group name `{name}`")));
            }
            return self.capture(Some(name), flags).map(Some);
        }
        let is_negative = self.eat_all("!");
        if is_negative || self.eat_all("=") {
            return self.inside(flags).map(|node| Some(Node::LookAhead { is_negative, node: Box::new(node) }));
        }
        if self.eat_all(">") {
            return Err(JavaRegexError::new("atomic groups are not supported"));
        }
        self.flag_group(flags)
    }

    /// `flags)` or `flags:…)`.
    fn flag_group(&mut self, outer: Flags) -> Result<Option<Node>, JavaRegexError> {
        let mut flags = outer;
        let mut is_on = true;
        loop {
            let Some(RegexToken::Syntax(character)) = self.take() else {
                return Err(JavaRegexError::new("unclosed group"));
            };
            match character {
                '-' if is_on => is_on = false,
                'i' => flags.case_insensitive = is_on,
                'm' => flags.multiline = is_on,
                's' => flags.dot_all = is_on,
                'x' => flags.comments = is_on,
                'd' => flags.unix_lines = is_on,
                ':' => {
                    self.flags = flags;
                    return self.inside(outer).map(Some);
                }
                // The flags apply up to the end of the enclosing group.
                ')' => {
                    self.flags = flags;
                    return Ok(None);
                }
                'u' | 'U' => {
                    return Err(JavaRegexError::new(format!("the flag `{character}` is not supported")));
                }
                _ => return Err(JavaRegexError::new(format!("unknown group syntax `(?{character}`"))),
            }
        }
    }

    fn capture(&mut self, name: Option<String>, outer: Flags) -> Result<Node, JavaRegexError> {
        self.begin_group(name);
        self.inside(outer).map(|node| Node::Capture(Box::new(node)))
    }

    /// Reads the content of a group and its end, and restores the flags.
    fn inside(&mut self, outer: Flags) -> Result<Node, JavaRegexError> {
        self.enter()?;
        let node = self.alternatives()?;
        if !self.eat(')') {
            return Err(JavaRegexError::new("unclosed group"));
        }
        self.leave();
        self.flags = outer;
        Ok(node)
    }
}
