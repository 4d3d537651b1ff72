//! Splits an expression into tokens.

use super::XPathError;

/// A token with its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) text: &'a str,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A name without a prefix.
    Name(&'a str),
    /// A name with a prefix, or all names with it.
    Prefixed {
        /// The prefix.
        prefix: &'a str,
        /// The local name, or `*`.
        local: &'a str,
    },
    /// `and`, `or`, `div` or `mod`, a sign of comparison or arithmetic, or `|`.
    Operator(&'a str),
    /// A bracket, slash, comma and so on; also the `*` that matches all names.
    Symbol(&'a str),
    /// A text without its quotes.
    Literal(&'a str),
    /// A number.
    Number(&'a str),
    /// A variable.
    Variable,
}

const SYMBOLS: [&str; 10] = ["//", "/", "::", "..", "(", ")", "[", "]", "@", ","];
const OPERATORS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", "+", "-", "|"];

/// The tokens of an expression.
pub(super) fn tokens(expression: &str) -> Result<Vec<Token<'_>>, XPathError> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(character) = rest.chars().next() {
        let operator_may_follow = tokens.last().is_some_and(|last| ends_operand(last.kind));
        let (kind, length) = if matches!(character, '"' | '\'') {
            let (text, _) = rest
                .get(1..)
                .and_then(|quoted| quoted.split_once(character))
                .ok_or_else(|| error("unclosed quotation"))?;
            (Kind::Literal(text), text.len().saturating_add(2))
        } else if is_number(rest) {
            let length = prefix_length(rest, |c| c.is_ascii_digit() || c == '.');
            (Kind::Number(rest.get(..length).unwrap_or_default()), length)
        } else if character == '$' {
            (Kind::Variable, prefix_length(rest, |c| c == '$' || is_name(c)))
        } else if starts_name(character) {
            name(rest, operator_may_follow)
        } else if character == '*' {
            (if operator_may_follow { Kind::Operator("*") } else { Kind::Symbol("*") }, 1)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Kind::Symbol(symbol), symbol.len())
        } else if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
            (Kind::Operator(operator), operator.len())
        } else if character == '.' {
            (Kind::Symbol("."), 1)
        } else {
            return Err(error(&format!("unexpected `{character}`")));
        };
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(Token { kind, text });
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn error(reason: &str) -> XPathError {
    XPathError::Expression(reason.to_owned())
}

/// Whether a token can end an operand, so that a name or `*` after it is an operator.
fn ends_operand(kind: Kind<'_>) -> bool {
    match kind {
        Kind::Symbol(symbol) => matches!(symbol, ")" | "]" | "." | ".." | "*"),
        Kind::Operator(_) => false,
        Kind::Name(_) | Kind::Prefixed { .. } | Kind::Literal(_) | Kind::Number(_) | Kind::Variable => true,
    }
}

fn is_number(rest: &str) -> bool {
    let digits = rest.strip_prefix('.').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn starts_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || "_-.".contains(character) || (!character.is_ascii() && !character.is_whitespace())
}

fn prefix_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character)).unwrap_or(text.len())
}

/// A name, with a prefix or without, or an operator.
fn name(rest: &str, operator_may_follow: bool) -> (Kind<'_>, usize) {
    let length = prefix_length(rest, is_name);
    let (name, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    if operator_may_follow && matches!(name, "and" | "or" | "div" | "mod") {
        return (Kind::Operator(name), length);
    }
    let local = after.strip_prefix(':').unwrap_or_default();
    let local_length = if local.starts_with('*') { 1 } else { prefix_length(local, is_name) };
    match local.get(..local_length) {
        Some(local) if !local.is_empty() => {
            (Kind::Prefixed { prefix: name, local }, length.saturating_add(1).saturating_add(local_length))
        }
        _ => (Kind::Name(name), length),
    }
}
