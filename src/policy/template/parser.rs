//! From text to the parts of a template. The parser never fails on a brace that begins no expression: such a brace is
//! text, because payloads are full of JSON, CSS and scripts.

use super::{Argument, Function, Part, Reference, Syntax, TemplateError};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// The most bytes that the parser looks at again for each byte of the text: an expression that does not end is looked for
/// up to the end of the text, and each brace may begin one.
const WORK_PER_BYTE: usize = 8;
/// The bytes that it may look at again whatever the length of the text.
const FREE_WORK: usize = 1 << 20;

pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Vec<Part>, TemplateError> {
    let text = if syntax.unquote { unquoted(text) } else { text };
    let escapes = syntax.prefix == '{' && syntax.suffix == '}';
    let mut parts = Parts::default();
    let mut rest = text;
    let mut work = Work(text.len().saturating_mul(WORK_PER_BYTE).saturating_add(FREE_WORK));
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '\\' && escapes && after.starts_with(['{', '}']) {
            parts.push_text(after.get(..1).unwrap_or_default());
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        let begins = if character == syntax.prefix {
            Some(after)
        } else if character == '$' && syntax.dollar {
            after.strip_prefix(syntax.prefix)
        } else {
            None
        };
        let found = begins.map(|inside| expression(inside, syntax.suffix, &mut work)).transpose()?.flatten();
        if work.is_exhausted() {
            return Err(TemplateError::TooComplex);
        }
        if let Some((part, end)) = found {
            parts.push(part);
            rest = end;
        } else {
            parts.push_text(rest.get(..character.len_utf8()).unwrap_or_default());
            rest = after;
        }
    }
    Ok(parts.finish())
}

/// The bytes that may still be looked at.
struct Work(usize);

impl Work {
    /// Counts bytes, and returns whether they were within the limit.
    fn charge(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.saturating_sub(bytes);
        (self.0 > 0).then_some(())
    }

    fn is_exhausted(&self) -> bool {
        self.0 == 0
    }

    /// The text in front of a character and the text behind it.
    fn split_once<'t>(&mut self, text: &'t str, at: char) -> Option<(&'t str, &'t str)> {
        let split = text.split_once(at);
        self.charge(split.map_or(text.len(), |(before, _)| before.len()))?;
        split
    }
}

/// A template wholly in double quotes is the same as one without (semantics section 6.2).
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('"')).unwrap_or(text)
}

/// Collects parts, joining neighbouring literals.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    literal: String,
}

impl Parts {
    fn push_text(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    fn finish(mut self) -> Vec<Part> {
        self.flush();
        self.parts
    }
}

/// An expression at the beginning of `text`, just after the prefix, with what follows its suffix.
fn expression<'t>(text: &'t str, suffix: char, work: &mut Work) -> Result<Option<(Part, &'t str)>, TemplateError> {
    let Some((name, rest)) = variable_name(text, suffix) else { return Ok(None) };
    if let Some(end) = rest.strip_prefix(suffix) {
        let reference = Reference { variable: Variable::new(name), default: None };
        return Ok(Some((Part::Variable(reference), end)));
    }
    if let Some((default, end)) = rest.strip_prefix(':').and_then(|rest| work.split_once(rest, suffix)) {
        let reference = Reference { variable: Variable::new(name), default: Some(default.into()) };
        return Ok(is_default(name, default).then_some((Part::Variable(reference), end)));
    }
    let Some((arguments, rest)) = rest.strip_prefix('(').and_then(|rest| arguments(rest, work)) else {
        return Ok(None);
    };
    let Some(end) = rest.strip_prefix(suffix) else { return Ok(None) };
    let function = Function::parse(name).ok_or_else(|| TemplateError::UnknownFunction(name.to_owned()))?;
    let (least, most) = function.argument_counts();
    if !(least..=most).contains(&arguments.len()) {
        return Err(TemplateError::ArgumentCount(function, arguments.len()));
    }
    Ok(Some((Part::Call(function, arguments), end)))
}

/// Whether the text after a name and a colon is a default value and not a style rule such as `{height: 100%;}`, whose
/// name has no dot. `[inferred]`
fn is_default(name: &str, text: &str) -> bool {
    (name.contains('.') || !text.starts_with(char::is_whitespace)) && !text.contains(['\n', '\r'])
}

/// A variable's name at the beginning of `text`, with what follows it.
fn variable_name(text: &str, suffix: char) -> Option<(&str, &str)> {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let ends = |character: char| character == suffix || character.is_whitespace() || "{}[](),|:'\"".contains(character);
    let end = text.find(ends).unwrap_or(text.len());
    starts.then(|| text.split_at_checked(end)).flatten()
}

/// The arguments after an opening parenthesis, with what follows the closing one.
fn arguments<'t>(text: &'t str, work: &mut Work) -> Option<(Vec<Argument>, &'t str)> {
    if let Some(rest) = text.strip_prefix(')') {
        return Some((Vec::new(), rest));
    }
    let mut arguments = Vec::new();
    let mut rest = text;
    loop {
        let (argument, after) = argument(rest, work)?;
        work.charge(rest.len().saturating_sub(after.len()))?;
        arguments.push(argument);
        if let Some(end) = after.strip_prefix(')') {
            return Some((arguments, end));
        }
        rest = after.strip_prefix(',')?;
    }
}

fn argument<'t>(text: &'t str, work: &mut Work) -> Option<(Argument, &'t str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (literal, rest) = work.split_once(quoted, '\'')?;
        return Some((Argument::Literal(literal.into()), rest));
    }
    let end = text.find([',', ')', '(', '\'', '"', ' ', '\t', '\r', '\n']);
    work.charge(end.unwrap_or(text.len()))?;
    let end = end?;
    let (bare, rest) = text.split_at_checked(end)?;
    if rest.starts_with('(') {
        let (nested, after) = text.split_at_checked(bare.len().checked_add(closing_parenthesis(rest, work)?)?)?;
        return Some((Argument::Nested(nested.into()), after));
    }
    Some((bare_argument(bare), rest))
}

/// The length of a text in parentheses, both included.
fn closing_parenthesis(text: &str, work: &mut Work) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth = depth.checked_add(1)?,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return at.checked_add(1);
        }
        work.charge(1)?;
    }
    None
}

/// A variable with or without a default, or text that is none: a number, a JSONPath, the `true` of `jsonPath`.
fn bare_argument(text: &str) -> Argument {
    if ["true", "false"].iter().any(|constant| constant.eq_ignore_ascii_case(text)) {
        return Argument::Literal(text.into());
    }
    // No suffix can end the name here: the caller has already cut at what ends an argument.
    const NONE: char = ')';
    let reference = |name, default: Option<&str>| {
        Argument::Variable(Reference { variable: Variable::new(name), default: default.map(ByteString::from) })
    };
    match variable_name(text, NONE) {
        Some((name, "")) => reference(name, None),
        Some((name, rest)) if rest.starts_with(':') => reference(name, rest.get(1..)),
        _ => Argument::Literal(text.into()),
    }
}
