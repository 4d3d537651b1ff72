//! XPath 1.0 over XML documents: `<XMLPayload>` (semantics section 4.4) and the template function `xpath` (6.4).
//!
//! The engine lacks predicates and paths behind parentheses. `(E)[n]` and `(E)/rest` are done here when they are the
//! whole expression; inside an expression only `(//step)[n]` is, and others are refused. Variables are refused too.

mod dialect;
mod document;
mod grouped;
mod lexer;
mod names;
mod tags;

pub use document::{XPathNode, XmlDocument};

use grouped::Grouped;
use std::fmt;
use std::sync::Arc;
use uppsala::{NodeId, XPathEvaluator, XPathValue};

/// Longer expressions are refused, in bytes: the engine does not keep them compiled.
const LONGEST_EXPRESSION: usize = 4096;
/// Deeper expressions are refused: the engine recurs once per level.
const MOST_LEVELS: u32 = 48;
/// How many nodes an evaluation may look at.
const MOST_VISITS: usize = 1_000_000;

/// A compiled expression.
#[derive(Clone)]
pub struct XPath {
    source: String,
    grouped: Grouped,
    /// It keeps what it compiled.
    evaluator: Arc<XPathEvaluator>,
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum XPathResult {
    /// Nodes in the document's order.
    Nodes(Vec<XPathNode>),
    /// A number, which may be not a number.
    Number(f64),
    /// A text.
    String(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XPathError {
    /// The text is not an expression that can be run.
    Expression(String),
    /// The text is not an XML document that can be read.
    Document(String),
    /// Evaluating failed: a function with wrong arguments, or too much work.
    Evaluation(String),
}

impl fmt::Display for XPathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            XPathError::Expression(reason) => write!(formatter, "not an XPath expression that can be run: {reason}"),
            XPathError::Document(reason) => write!(formatter, "not an XML document that can be read: {reason}"),
            XPathError::Evaluation(reason) => write!(formatter, "the XPath expression has no result: {reason}"),
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
    /// A malformed or too large expression, or one with a prefix, function or construct that does not exist here.
    pub fn compile(expression: &str, namespaces: &[(String, String)]) -> Result<XPath, XPathError> {
        if expression.len() > LONGEST_EXPRESSION {
            return Err(XPathError::Expression(format!("it is longer than {LONGEST_EXPRESSION} bytes")));
        }
        let tokens = lexer::tokens(expression)?;
        names::check(&tokens, namespaces)?;
        let ungrouped = grouped::rewritten(expression, &tokens);
        let grouped = Grouped::read(&dialect::readable(&ungrouped, namespaces)?)?;
        let mut evaluator = XPathEvaluator::new().with_max_depth(MOST_LEVELS).with_max_node_visits(MOST_VISITS);
        for (prefix, uri) in namespaces {
            evaluator.add_namespace(prefix.as_str(), uri.as_str());
        }
        // The engine compiles what it evaluates. What goes wrong while a document without content is searched goes
        // wrong over every document.
        let sample = XmlDocument::parse("<x/>")?;
        for expression in grouped.expressions() {
            sample.evaluate(&evaluator, sample.root(), expression).map_err(XPathError::Expression)?;
        }
        Ok(XPath { source: expression.to_owned(), grouped, evaluator: Arc::new(evaluator) })
    }

    /// Evaluates the expression from the document's root.
    ///
    /// # Errors
    /// A function with arguments that it does not take, or a search or result that is too large.
    pub fn evaluate(&self, document: &XmlDocument) -> Result<XPathResult, XPathError> {
        let evaluate = |node: NodeId, expression: &str| {
            document.evaluate(&self.evaluator, node, expression).map_err(XPathError::Evaluation)
        };
        Ok(match self.grouped.evaluate(document.root(), &evaluate)? {
            XPathValue::NodeSet(nodes) => XPathResult::Nodes(document.copies(&nodes)?),
            XPathValue::Number(number) => XPathResult::Number(number),
            XPathValue::String(text) => XPathResult::String(text),
            XPathValue::Boolean(value) => XPathResult::Boolean(value),
        })
    }
}

/// A number as XPath writes it: without an exponent, and without a point when it is whole.
pub fn number_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Zero has no sign.
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

#[cfg(test)]
mod tests;
