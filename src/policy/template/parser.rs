//! Parses the parts of a template. A brace that does not start an expression is text, because payloads contain JSON,
//! CSS and scripts.

use super::{Argument, Function, Part, Reference, Syntax, TemplateError};
use crate::policy::spaced_names;
use crate::policy::variable::Variable;
use bytestring::ByteString;
use std::cell::{Cell, OnceCell};

pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Vec<Part>, TemplateError> {
    read(text, syntax, &mut |_| {})
}

/// The start of the first expression without its end in a text that has more opening than closing braces. Other texts,
/// such as scripts, have braces in pairs.
pub(super) fn unclosed(text: &str, syntax: Syntax) -> Option<String> {
    if (syntax.prefix, syntax.suffix) != ('{', '}') {
        return None;
    }
    let (mut depth, mut found) = (0usize, None);
    let parsed = read(text, syntax, &mut |rest| {
        if rest.starts_with(syntax.suffix) {
            depth = depth.saturating_sub(1);
        } else if let Some(inside) = rest.strip_prefix(syntax.prefix) {
            depth = depth.saturating_add(1);
            found = found.take().or_else(|| start_of_expression(inside));
        }
    });
    parsed.ok()?;
    found.filter(|_| depth > 0)
}

/// The brace and the name of an expression that has no end. A name before a colon or a parenthesis may be a style rule
/// or a statement.
fn start_of_expression(inside: &str) -> Option<String> {
    let starts = inside.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let end =
        inside.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-')).unwrap_or(inside.len());
    let (name, rest) = inside.split_at_checked(end)?;
    (starts && !rest.starts_with([':', '(', '='])).then(|| format!("{{{name}"))
}

/// Reads the parts. `literal` gets the rest of the text at each character that is text, unless it is escaped.
fn read(text: &str, syntax: Syntax, literal: &mut dyn FnMut(&str)) -> Result<Vec<Part>, TemplateError> {
    let text = if syntax.unquote { unquoted(text) } else { text };
    let escapes = syntax.prefix == '{' && syntax.suffix == '}';
    let reader = Reader::new(text, syntax.suffix);
    let mut parts = Parts::default();
    let mut rest = text;
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
        if let Some((part, end)) = begins.map(|inside| reader.expression(inside)).transpose()?.flatten() {
            parts.push(part);
            rest = end;
        } else {
            literal(rest);
            parts.push_text(rest.get(..character.len_utf8()).unwrap_or_default());
            rest = after;
        }
    }
    Ok(parts.finish())
}

/// Removes double quotes around the whole template (docs/apigee-semantics.md 6.2).
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('"')).unwrap_or(text)
}

/// Collects parts and joins adjacent literals.
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

/// Reads expressions of one text. Each searches its end, which may be far away or invalid. The results are kept, so
/// that a text with many starts of expressions takes linear time.
struct Reader<'t> {
    text: &'t str,
    suffix: char,
    /// The start and the result of the last search for the end of a default.
    default_end: Cell<(usize, usize)>,
    /// The pairs of parentheses by opening index, computed at the first search.
    parentheses: OnceCell<Vec<(usize, usize)>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, suffix: char) -> Reader<'t> {
        Reader { text, suffix, default_end: Cell::new((1, 0)), parentheses: OnceCell::new() }
    }

    /// Reads an expression at the start of `text`, after the prefix. Returns the text after its suffix too.
    fn expression(&self, text: &'t str) -> Result<Option<(Part, &'t str)>, TemplateError> {
        let Some((name, rest)) = variable_name(text, self.suffix) else { return Ok(None) };
        if let Some(end) = rest.strip_prefix(self.suffix) {
            let reference = Reference { variable: Variable::new(name), default: None };
            return Ok(Some((Part::Variable(reference), end)));
        }
        if let Some(rest) = rest.strip_prefix(':') {
            let Some((default, end)) = self.default(rest).filter(|(default, _)| is_default(name, default)) else {
                return Ok(None);
            };
            let reference = Reference { variable: Variable::new(name), default: Some(default.into()) };
            return Ok(Some((Part::Variable(reference), end)));
        }
        let arguments = rest.strip_prefix('(').and_then(|rest| self.arguments(rest));
        let Some((arguments, rest)) = arguments else { return Ok(None) };
        let Some(end) = rest.strip_prefix(self.suffix) else { return Ok(None) };
        let function = Function::parse(name).ok_or_else(|| TemplateError::UnknownFunction(name.to_owned()))?;
        let (min, max) = function.argument_counts();
        if !(min..=max).contains(&arguments.len()) {
            return Err(TemplateError::ArgumentCount(function, arguments.len()));
        }
        let arguments = arguments.into_iter().map(Written::into_argument).collect();
        Ok(Some((Part::Call(function, arguments), end)))
    }

    /// The text before the suffix, and the text after it. `None` when the line ends first.
    fn default(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let start = self.index_of(text);
        let (from, end) = self.default_end.get();
        // Every start in between has the same end.
        let end = if (from..=end).contains(&start) {
            end
        } else {
            let end = text.find([self.suffix, '\n', '\r']).map_or(self.text.len(), |end| start.saturating_add(end));
            self.default_end.set((start, end));
            end
        };
        let (default, rest) = text.split_at_checked(end.checked_sub(start)?)?;
        Some((default, rest.strip_prefix(self.suffix)?))
    }

    /// The arguments after an opening parenthesis, and the text after the closing one.
    fn arguments(&self, text: &'t str) -> Option<(Vec<Written<'t>>, &'t str)> {
        if let Some(rest) = text.strip_prefix(')') {
            return Some((Vec::new(), rest));
        }
        let mut arguments = Vec::new();
        let mut rest = text;
        loop {
            let (argument, after) = self.argument(rest)?;
            arguments.push(argument);
            if let Some(end) = after.strip_prefix(')') {
                return Some((arguments, end));
            }
            rest = after.strip_prefix(',')?;
        }
    }

    fn argument(&self, text: &'t str) -> Option<(Written<'t>, &'t str)> {
        if let Some(quoted) = text.strip_prefix('\'') {
            let (literal, rest) = quoted.split_once('\'')?;
            return Some((Written::Quoted(literal), rest));
        }
        let end = spaced_names::length(text, |character| ",)('\" \t\r\n".contains(character));
        let (bare, rest) = text.split_at_checked(end)?;
        if rest.starts_with('(') {
            let (nested, after) = text.split_at_checked(bare.len().checked_add(self.closing_parenthesis(rest)?)?)?;
            return Some((Written::Nested(nested), after));
        }
        Some((Written::Bare(bare), rest))
    }

    /// The length of a text in parentheses, both included.
    fn closing_parenthesis(&self, text: &'t str) -> Option<usize> {
        let open = self.index_of(text);
        let pairs = self.parentheses.get_or_init(|| pairs(self.text));
        let found = pairs.binary_search_by_key(&open, |(open, _)| *open).ok()?;
        pairs.get(found)?.1.checked_sub(open)?.checked_add(1)
    }

    /// The index of a suffix of the whole text.
    fn index_of(&self, end: &str) -> usize {
        self.text.len().saturating_sub(end.len())
    }
}

/// An argument as written. It is converted when the call is complete.
enum Written<'t> {
    /// The text between quotes.
    Quoted(&'t str),
    /// A call.
    Nested(&'t str),
    /// Any other text.
    Bare(&'t str),
}

impl Written<'_> {
    fn into_argument(self) -> Argument {
        match self {
            Written::Quoted(text) => Argument::Literal(text.into()),
            Written::Nested(text) => Argument::Nested(text.into()),
            Written::Bare(text) => bare_argument(text),
        }
    }
}

/// The indices of matching parentheses, in the order of the opening ones.
fn pairs(text: &str) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut open = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open.push(at),
            b')' => pairs.extend(open.pop().map(|open| (open, at))),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Whether the text after a name and a colon is a default value and not a style rule such as `{height: 100%;}`, whose
/// name has no dot. A default has no line end. `[inferred]`
fn is_default(name: &str, text: &str) -> bool {
    name.contains('.') || !text.starts_with(char::is_whitespace)
}

/// A variable's name at the start of `text`, and the rest.
fn variable_name(text: &str, suffix: char) -> Option<(&str, &str)> {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let ends = |character: char| character == suffix || character.is_whitespace() || "{}[](),|:'\"".contains(character);
    let end = spaced_names::length(text, ends);
    starts.then(|| text.split_at_checked(end)).flatten()
}

/// A variable with an optional default, or another text: a number, a JSONPath, the `true` of `jsonPath`.
fn bare_argument(text: &str) -> Argument {
    if ["true", "false"].iter().any(|constant| constant.eq_ignore_ascii_case(text)) {
        return Argument::Literal(text.into());
    }
    // The name has no suffix: the caller has already split the arguments.
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
