//! What the engine reads wrongly, in other words.

use super::XPathError;
use super::lexer::{Kind, Token, tokens};

/// An expression that the engine reads as XPath 1.0 means it.
pub(super) fn readable(expression: &str, namespaces: &[(String, String)]) -> Result<String, XPathError> {
    let named = names(expression, &tokens(expression)?, namespaces);
    Ok(operators(&named, &tokens(&named)?))
}

/// Names beyond ASCII, and those that are operators elsewhere, as conditions on `*`.
fn names(expression: &str, tokens: &[Token<'_>], namespaces: &[(String, String)]) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut copied = 0;
    for token in tokens {
        let (uri, name) = match token.kind {
            Kind::Name(name) => ("", name),
            Kind::Prefixed { prefix, local } => {
                let known = namespaces.iter().find(|(known, _)| known == prefix);
                (known.map_or("", |(_, uri)| uri.as_str()), local)
            }
            Kind::Operator(_) | Kind::Symbol(_) | Kind::Literal | Kind::Number(_) | Kind::Variable => continue,
        };
        if name.is_ascii() && !matches!(name, "and" | "or" | "div" | "mod") {
            continue;
        }
        let quote = if uri.contains('"') { '\'' } else { '"' };
        text.push_str(expression.get(copied..token.place.start).unwrap_or_default());
        text.push_str(&format!("*[local-name()='{name}' and namespace-uri()={quote}{uri}{quote}]"));
        copied = token.place.end;
    }
    text.push_str(expression.get(copied..).unwrap_or_default());
    text
}

/// Operators that are words in front of parentheses, which the engine takes for calls.
fn operators(expression: &str, tokens: &[Token<'_>]) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut copied = 0;
    for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
        // What the operator does to its operand anyway.
        let conversion = match token.kind {
            Kind::Operator("and" | "or") => " boolean",
            Kind::Operator("div" | "mod") => " number",
            _ => continue,
        };
        if next.kind == Kind::Symbol("(") {
            text.push_str(expression.get(copied..token.place.end).unwrap_or_default());
            text.push_str(conversion);
            copied = token.place.end;
        }
    }
    text.push_str(expression.get(copied..).unwrap_or_default());
    text
}
