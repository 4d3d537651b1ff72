//! Parses tokens into an expression.

mod path;

use super::XPathError;
use super::expression::{Expression, Operator, Predicate, Start, Type};
use super::function::Function;
use super::lexer::{self, Kind, Token};
use crate::language::xml::XML_URI;

/// Maximum number of nested expressions: the parser and the evaluator recurse once per level.
const MAX_LEVELS: u32 = 48;
/// The highest precedence: the operands have no operators except a unary minus.
const UNION: u8 = 6;

/// An expression with the namespaces of its names.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) expression: Expression,
    pub(super) uris: Vec<String>,
}

/// Parses an expression. `namespaces` are pairs of prefix and URI.
pub(super) fn parse(expression: &str, namespaces: &[(String, String)]) -> Result<Parsed, XPathError> {
    let tokens = lexer::tokens(expression)?;
    let mut parser = Parser { tokens: &tokens, at: 0, level: 0, namespaces, uris: Vec::new() };
    let expression = parser.expression()?;
    match parser.peek() {
        None => Ok(Parsed { expression, uris: parser.uris }),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    level: u32,
    namespaces: &'a [(String, String)],
    /// The namespaces of names, by number.
    uris: Vec<String>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Kind<'a>> {
        self.ahead(0)
    }

    fn ahead(&self, distance: usize) -> Option<Kind<'a>> {
        self.tokens.get(self.at.saturating_add(distance)).map(|token| token.kind)
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Skips a symbol, if it is next.
    fn take(&mut self, symbol: &str) -> bool {
        let is_next = self.peek() == Some(Kind::Symbol(symbol));
        if is_next {
            self.advance();
        }
        is_next
    }

    fn expect(&mut self, symbol: &str) -> Result<(), XPathError> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> XPathError {
        match self.tokens.get(self.at) {
            None => error("unexpected end".to_owned()),
            Some(token) => error(format!("unexpected `{}`", token.text)),
        }
    }

    fn expression(&mut self) -> Result<Expression, XPathError> {
        self.level = self.level.saturating_add(1);
        if self.level > MAX_LEVELS {
            return Err(error(format!("nested more than {MAX_LEVELS} levels deep")));
        }
        let expression = self.operators(0)?;
        self.level = self.level.saturating_sub(1);
        Ok(expression)
    }

    /// Operators of a precedence, with operands that have operators of higher ones.
    fn operators(&mut self, precedence: u8) -> Result<Expression, XPathError> {
        if precedence == UNION {
            return self.negation();
        }
        let next = precedence.saturating_add(1);
        let first = self.operators(next)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(precedence) {
            rest.push((operator, self.operators(next)?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Chain { first: Box::new(first), rest } })
    }

    /// Skips an operator of a precedence, if one is next.
    fn operator(&mut self, precedence: u8) -> Option<Operator> {
        let Some(Kind::Operator(text)) = self.peek() else { return None };
        let (operator, _) = Operator::parse(text).filter(|(_, found)| *found == precedence)?;
        self.advance();
        Some(operator)
    }

    fn negation(&mut self) -> Result<Expression, XPathError> {
        let mut minuses = 0_usize;
        while self.peek() == Some(Kind::Operator("-")) {
            self.advance();
            minuses = minuses.saturating_add(1);
        }
        let operand = self.union()?;
        if minuses == 0 {
            return Ok(operand);
        }
        Ok(Expression::Negation { is_odd: minuses % 2 == 1, operand: Box::new(operand) })
    }

    fn union(&mut self) -> Result<Expression, XPathError> {
        let first = self.path()?;
        let mut operands = vec![first];
        while self.operator(UNION).is_some() {
            operands.push(self.path()?);
        }
        if operands.len() > 1 {
            for operand in &operands {
                nodes(operand, "an operand of `|`")?;
            }
            return Ok(Expression::Union(operands));
        }
        operands.pop().ok_or_else(|| self.unexpected())
    }

    /// A path, or an expression in parentheses, a call or a constant, with predicates and a path after it.
    fn path(&mut self) -> Result<Expression, XPathError> {
        let Some(base) = self.primary()? else { return self.location() };
        let mut predicates = Vec::new();
        while self.peek() == Some(Kind::Symbol("[")) {
            predicates.push(self.predicate()?);
        }
        let has_path = matches!(self.peek(), Some(Kind::Symbol("/" | "//")));
        if predicates.is_empty() && !has_path {
            return Ok(base);
        }
        nodes(&base, "the expression before a predicate or `/`")?;
        let filter = if predicates.is_empty() { base } else { Expression::Filter { base: Box::new(base), predicates } };
        if !has_path {
            return Ok(filter);
        }
        let mut steps = Vec::new();
        self.steps_after_slashes(&mut steps)?;
        Ok(Expression::Path { start: Start::Expression(Box::new(filter)), steps })
    }

    /// Reads an expression that is not a path, if one is next.
    fn primary(&mut self) -> Result<Option<Expression>, XPathError> {
        let is_call = self.ahead(1) == Some(Kind::Symbol("("));
        let expression = match self.peek() {
            Some(Kind::Literal(text)) => Expression::Literal(text.to_owned()),
            Some(Kind::Number(text)) => {
                Expression::Number(text.parse().map_err(|_| error(format!("`{text}` is not a number")))?)
            }
            Some(Kind::Variable) => return Err(error("variables are not supported".to_owned())),
            Some(Kind::Symbol("(")) => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(Some(inner));
            }
            Some(Kind::Prefixed { prefix, local }) if is_call => {
                return Err(error(format!("unknown function `{prefix}:{local}`")));
            }
            Some(Kind::Name(name)) if is_call && !path::is_node_type(name) => {
                self.advance();
                return self.call(name).map(Some);
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(expression))
    }

    fn call(&mut self, name: &str) -> Result<Expression, XPathError> {
        let function = Function::parse(name).ok_or_else(|| error(format!("unknown function `{name}`")))?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.expression()?);
                if self.take(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        if !function.takes(arguments.len()) {
            return Err(error(format!("the function `{name}` does not take {} arguments", arguments.len())));
        }
        if function.takes_nodes() {
            for argument in &arguments {
                nodes(argument, &format!("an argument of `{}`", function.name()))?;
            }
        }
        Ok(Expression::Call(function, arguments))
    }

    fn predicate(&mut self) -> Result<Predicate, XPathError> {
        self.expect("[")?;
        let expression = self.expression()?;
        self.expect("]")?;
        Ok(Predicate::new(expression))
    }

    /// The number of a prefix's namespace.
    fn namespace(&mut self, prefix: &str) -> Result<usize, XPathError> {
        let known = self.namespaces.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str());
        let uri = known.or((prefix == "xml").then_some(XML_URI));
        let uri = uri.ok_or_else(|| error(format!("the prefix `{prefix}` has no namespace")))?;
        let number = self.uris.iter().position(|known| known == uri);
        Ok(number.unwrap_or_else(|| {
            self.uris.push(uri.to_owned());
            self.uris.len().saturating_sub(1)
        }))
    }
}

fn nodes(expression: &Expression, what: &str) -> Result<(), XPathError> {
    if expression.result() == Type::Nodes {
        return Ok(());
    }
    Err(error(format!("{what} is not a node set")))
}

fn error(reason: String) -> XPathError {
    XPathError::Expression(reason)
}
