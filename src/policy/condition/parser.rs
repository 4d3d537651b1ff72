//! Parses conditions. Precedence: negation, comparison, `and`, `or` (docs/apigee-semantics.md 7.1).

use super::error::{ConditionError, Expectation, Problem};
use super::expression::{Expression, Literal, Operand};
use super::number;
use super::operator::{Matching, Operator};
use super::pattern::{Pattern, PatternSource};
use super::scanner::Scanner;
use super::tolerance::{Mistake, Tolerated};
use crate::policy::variable::Variable;

/// Maximum number of nested parentheses and negations. The limit keeps the stack small.
const MAX_NESTING: usize = 64;

pub(super) fn parse(text: &str) -> Result<(Expression, Vec<Tolerated>), ConditionError> {
    let mut parser = Parser { scanner: Scanner::new(text), depth: 0, tolerated: Vec::new() };
    let expression = parser.any()?;
    if parser.scanner.is_at_end() {
        let mut tolerated = parser.tolerated;
        tolerated.sort_by_key(|tolerated| tolerated.column);
        return Ok((expression, tolerated));
    }
    let index = parser.scanner.index();
    if parser.scanner.take_symbol(")") {
        return Err(parser.scanner.error_at(index, Problem::NotOpened));
    }
    Err(parser.scanner.expected(Expectation::Connective))
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    depth: usize,
    tolerated: Vec<Tolerated>,
}

impl Parser<'_> {
    /// Comparisons with `or` between them.
    fn any(&mut self) -> Result<Expression, ConditionError> {
        let first = self.all()?;
        let mut others = Vec::new();
        while self.connective("||", "or") {
            others.push(self.all()?);
        }
        Ok(joined(first, others, Expression::Any))
    }

    /// Comparisons with `and` between them.
    fn all(&mut self) -> Result<Expression, ConditionError> {
        let first = self.term()?;
        let mut others = Vec::new();
        while self.connective("&&", "and") {
            others.push(self.term()?);
        }
        Ok(joined(first, others, Expression::All))
    }

    /// Reads a connective, if it is the next token and a comparison follows it. One at the end is ignored.
    fn connective(&mut self, symbol: &str, word: &str) -> bool {
        let index = self.scanner.index();
        if !self.scanner.take_symbol(symbol) && !self.scanner.take_keyword(word) {
            return false;
        }
        let written = self.scanner.last();
        let rest = self.scanner.rest();
        let is_dangling = rest.is_empty() || (self.depth > 0 && rest.starts_with(')'));
        if is_dangling {
            self.tolerate(index, Mistake::Dangling(written.to_owned()));
        }
        !is_dangling
    }

    fn tolerate(&mut self, index: usize, mistake: Mistake) {
        self.tolerated.push(Tolerated { column: self.scanner.column(index), mistake });
    }

    /// A comparison, a negation or a condition in parentheses.
    fn term(&mut self) -> Result<Expression, ConditionError> {
        let index = self.scanner.index();
        if self.scanner.take_symbol("!") || self.scanner.take_keyword("not") {
            // The whole comparison that follows is negated, not its left-hand side alone. `[inferred]`
            let negated = self.deeper(index, Parser::term)?;
            return Ok(Expression::Not(Box::new(negated)));
        }
        if self.scanner.take_symbol("(") {
            let inside = self.deeper(index, Parser::any)?;
            if self.scanner.take_symbol(")") {
                return Ok(inside);
            }
            if self.scanner.is_at_end() {
                self.tolerate(index, Mistake::NotClosed);
                return Ok(inside);
            }
            return Err(self.scanner.expected(Expectation::Connective));
        }
        self.comparison()
    }

    /// Parses the operand of a parenthesis or a negation at `index`.
    fn deeper<T>(
        &mut self,
        index: usize,
        parse: impl FnOnce(&mut Self) -> Result<T, ConditionError>,
    ) -> Result<T, ConditionError> {
        if self.depth >= MAX_NESTING {
            return Err(self.scanner.error_at(index, Problem::TooDeep));
        }
        self.depth = self.depth.saturating_add(1);
        let parsed = parse(self);
        self.depth = self.depth.saturating_sub(1);
        parsed
    }

    /// Two operands with an operator, or a single value.
    fn comparison(&mut self) -> Result<Expression, ConditionError> {
        let left = self.operand(Expectation::Comparison)?;
        if let Some(operator) = self.operator() {
            return self.right_side(left, operator);
        }
        let index = self.scanner.index();
        if let Some(operator) = self.negated_operator() {
            // Counted like a negation before the comparison, so that the canonical form is not too deep.
            let comparison = self.deeper(index, |parser| parser.right_side(left, operator))?;
            return Ok(Expression::Not(Box::new(comparison)));
        }
        // A single text or number has no meaning: the rest is missing, or the whole condition is quoted.
        let can_stand_alone =
            matches!(left, Operand::Variable(_) | Operand::Literal(Literal::Boolean(_) | Literal::Null));
        if can_stand_alone && self.is_at_end_of_comparison() {
            return Ok(Expression::Truth(left));
        }
        let index = self.scanner.index();
        if let Some((word, similar)) = self.scanner.word().and_then(|word| Some((word, Operator::similar(word)?))) {
            let problem = Problem::NotAnOperator { word: word.to_owned(), similar };
            return Err(self.scanner.error_at(index, problem));
        }
        Err(self.scanner.expected(Expectation::Operator))
    }

    fn is_at_end_of_comparison(&mut self) -> bool {
        let rest = self.scanner.rest();
        rest.is_empty()
            || [")", "&&", "||"].iter().any(|symbol| rest.starts_with(symbol))
            || self.scanner.word().is_some_and(|word| ["and", "or"].iter().any(|end| word.eq_ignore_ascii_case(end)))
    }

    fn operator(&mut self) -> Option<Operator> {
        let index = self.scanner.index();
        if self.scanner.take_symbol("/~") {
            self.tolerate(index, Mistake::ReversedMatchesPath);
            return Some(Operator::Matching(Matching::MatchesPath));
        }
        if let Some((symbol, operator)) = Operator::symbol_at(self.scanner.rest()) {
            self.scanner.take_symbol(symbol);
            return Some(operator);
        }
        self.scanner.take_word(Operator::named)
    }

    /// `not` or `!` and the word operator after it, or `not` and a symbol.
    fn negated_operator(&mut self) -> Option<Operator> {
        let mut ahead = self.scanner;
        let index = ahead.index();
        let is_word = ahead.take_keyword("not");
        if !is_word && !ahead.take_symbol("!") {
            return None;
        }
        let written = ahead.last();
        let operator = ahead.take_word(Operator::named).or_else(|| {
            let (symbol, operator) = Operator::symbol_at(ahead.rest()).filter(|_| is_word)?;
            ahead.take_symbol(symbol);
            self.tolerate(index, Mistake::NegatedSymbol { word: written.to_owned(), symbol });
            Some(operator)
        })?;
        self.scanner = ahead;
        Some(operator)
    }

    /// The right-hand side of an operator.
    fn right_side(&mut self, left: Operand, operator: Operator) -> Result<Expression, ConditionError> {
        let index = self.scanner.index();
        let right = self.operand(Expectation::Value)?;
        let matching = match operator {
            Operator::Comparison(comparison) => return Ok(Expression::Compare(left, comparison, right)),
            Operator::Matching(matching) => matching,
        };
        let source = match right {
            Operand::Variable(variable) => PatternSource::Variable(variable),
            Operand::Literal(literal) => match literal.text() {
                None => PatternSource::Null,
                Some(text) => {
                    let pattern = Pattern::compile(matching, &text)
                        .map_err(|error| self.scanner.error_at(index, Problem::Regex(error.to_string())))?;
                    PatternSource::Literal(text, pattern)
                }
            },
        };
        Ok(Expression::Match(left, matching, source))
    }

    fn operand(&mut self, what: Expectation) -> Result<Operand, ConditionError> {
        if let Some(text) = self.scanner.take_quoted('"')? {
            return Ok(Operand::Literal(Literal::Text(text.into())));
        }
        let index = self.scanner.index();
        if let Some(name) = self.scanner.take_quoted('\'')? {
            return match name.is_empty() {
                true => Err(self.scanner.error_at(index, Problem::NoName)),
                false => Ok(Operand::Variable(Variable::new(name))),
            };
        }
        if let Some(literal) = self.scanner.take_word(constant).or_else(|| self.scanner.take_word(number::parse)) {
            return Ok(Operand::Literal(literal));
        }
        if let Some(name) = self.scanner.take_name() {
            return Ok(Operand::Variable(Variable::new(name)));
        }
        if self.scanner.rest().starts_with('{') {
            return Err(self.scanner.error_at(index, Problem::Braces));
        }
        match self.scanner.word().filter(|word| word.starts_with(begins_number)) {
            Some(word) => Err(self.scanner.error_at(index, Problem::NotANumber(word.to_owned()))),
            None => Err(self.scanner.expected(what)),
        }
    }
}

/// Joins several expressions; returns a single one unchanged.
fn joined(first: Expression, others: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if others.is_empty() {
        return first;
    }
    join(std::iter::once(first).chain(others).collect())
}

fn constant(word: &str) -> Option<Literal> {
    let constants = [("null", Literal::Null), ("true", Literal::Boolean(true)), ("false", Literal::Boolean(false))];
    constants.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, literal)| literal)
}

fn begins_number(character: char) -> bool {
    character.is_ascii_digit() || "-.".contains(character)
}
