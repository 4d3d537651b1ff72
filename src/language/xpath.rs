//! XPath 1.0 over XML documents, for XMLPayload and the template function `xpath`.
//!
//! All of XPath 1.0 works, except variables. An expression is parsed once; the time and the memory of an
//! evaluation are proportional to the number of visited nodes, which is limited.

mod axis;
mod budget;
mod document;
mod evaluator;
mod expression;
mod function;
mod lexer;
mod markup;
mod node;
mod parser;
mod value;

pub use document::{XPathNode, XmlDocument};
pub use value::{number, number_text};

use evaluator::{Context, Evaluator};
use expression::Type;
use node::NodeRef;
use parser::Parsed;
use std::fmt;
use std::sync::Arc;
use value::Value;

/// Maximum length of an expression in bytes.
const MAX_EXPRESSION_BYTES: usize = 4096;

/// A compiled expression.
///
/// ```
/// use envoy_callout::language::xpath::{XPath, XPathError, XPathResult, XmlDocument};
///
/// let document = XmlDocument::parse("<order><price>2</price><price>3</price></order>")?;
/// let sum = XPath::compile("sum(/order/price)", &[])?;
/// assert_eq!(sum.evaluate(&document)?, XPathResult::Number(5.0));
/// # Ok::<(), XPathError>(())
/// ```
#[derive(Clone)]
pub struct XPath {
    source: String,
    parsed: Arc<Parsed>,
}

/// The result of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum XPathResult {
    /// Nodes in document order.
    Nodes(Vec<XPathNode>),
    /// A number or NaN.
    Number(f64),
    /// A text.
    String(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// The reasons why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XPathError {
    /// The expression is invalid.
    Expression(String),
    /// The text is not a readable XML document.
    Document(String),
    /// The evaluation exceeded its limits.
    Evaluation(String),
}

impl fmt::Display for XPathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            XPathError::Expression(reason) => write!(formatter, "invalid XPath expression: {reason}"),
            XPathError::Document(reason) => write!(formatter, "cannot read the XML document: {reason}"),
            XPathError::Evaluation(reason) => write!(formatter, "cannot evaluate the XPath expression: {reason}"),
        }
    }
}

impl std::error::Error for XPathError {}

impl fmt::Debug for XPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("XPath").field(&self.source).finish()
    }
}

impl XPath {
    /// Compiles an expression. `namespaces` are pairs of prefix and URI.
    ///
    /// # Errors
    /// A malformed or too large expression, or one with a variable, an unknown prefix or an unknown function.
    pub fn compile(expression: &str, namespaces: &[(String, String)]) -> Result<XPath, XPathError> {
        if expression.len() > MAX_EXPRESSION_BYTES {
            return Err(XPathError::Expression(format!("it is longer than {MAX_EXPRESSION_BYTES} bytes")));
        }
        let parsed = parser::parse(expression, namespaces)?;
        Ok(XPath { source: expression.to_owned(), parsed: Arc::new(parsed) })
    }

    /// Whether the result is always nodes.
    pub fn finds_nodes(&self) -> bool {
        self.parsed.expression.result() == Type::Nodes
    }

    /// Evaluates the expression from the document's root.
    ///
    /// # Errors
    /// An evaluation or a result that exceeds its limits.
    pub fn evaluate(&self, document: &XmlDocument<'_>) -> Result<XPathResult, XPathError> {
        let mut evaluator = Evaluator::new(document.tree(), &self.parsed.uris);
        let context = Context { node: NodeRef::ROOT, position: 1, size: 1 };
        Ok(match evaluator.evaluate(&self.parsed.expression, context)? {
            Value::Nodes(nodes) => XPathResult::Nodes(document.copies(&nodes)?),
            Value::Number(number) => XPathResult::Number(number),
            Value::Text(text) => XPathResult::String(text.into_owned()),
            Value::Boolean(value) => XPathResult::Boolean(value),
        })
    }
}

#[cfg(test)]
mod tests;
