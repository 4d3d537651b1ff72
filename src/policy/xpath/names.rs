//! Checks the names in an expression, which the engine looks at only when it comes to them.

use super::XPathError;
use super::lexer::{Kind, Token};

/// The functions of XPath 1.0, and the tests for kinds of nodes, which look the same.
const FUNCTIONS: [&str; 31] = [
    "boolean",
    "ceiling",
    "comment",
    "concat",
    "contains",
    "count",
    "false",
    "floor",
    "id",
    "lang",
    "last",
    "local-name",
    "name",
    "namespace-uri",
    "node",
    "normalize-space",
    "not",
    "number",
    "position",
    "processing-instruction",
    "round",
    "starts-with",
    "string",
    "string-length",
    "substring",
    "substring-after",
    "substring-before",
    "sum",
    "text",
    "translate",
    "true",
];

/// Whether every prefix is declared and every function exists. There are no variables.
pub(super) fn check(tokens: &[Token<'_>], namespaces: &[(String, String)]) -> Result<(), XPathError> {
    let error = |reason: String| Err(XPathError::Expression(reason));
    let next = tokens.iter().skip(1).map(|token| Some(token.kind)).chain([None]);
    for (token, next) in tokens.iter().zip(next) {
        let is_call = next == Some(Kind::Symbol("("));
        match token.kind {
            Kind::Prefixed { prefix, local } if is_call => {
                return error(format!("there is no function `{prefix}:{local}`"));
            }
            Kind::Prefixed { prefix, .. } => {
                if prefix != "xml" && !namespaces.iter().any(|(known, _)| known == prefix) {
                    return error(format!("the prefix `{prefix}` has no namespace"));
                }
            }
            Kind::Name(name) if is_call && !FUNCTIONS.contains(&name) => {
                return error(format!("there is no function `{name}`"));
            }
            Kind::Variable => return error("variables are not supported".to_owned()),
            Kind::Name(_) | Kind::Operator(_) | Kind::Symbol(_) | Kind::Literal | Kind::Number(_) => {}
        }
    }
    Ok(())
}
