//! Filters.

use super::search::Search;
use super::segment::Query;
use crate::language::java_regex::JavaRegex;
use crate::language::json_text::Value;
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// A test of a value.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// True if at least one is true.
    Any(Vec<Test>),
    /// True if all are true.
    All(Vec<Test>),
    /// The negation.
    Not(Box<Test>),
    /// True if the path finds a value.
    Exists(Query),
    /// A comparison.
    Compare(Operand, Comparison, Operand),
    /// True if the operand equals an element of the list.
    In(Operand, Vec<Operand>),
    /// True if the path finds a string that the expression matches as a whole.
    Matches(Query, Box<JavaRegex>),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A path, which finds at most one value.
    Query(Query),
    /// A value, and the equal one of the other type: the text of a number, or the number in a text. `[recalled]`
    Literal(Value<'static>, Option<Value<'static>>),
    /// No operand, as after a template with an unresolved variable. It equals nothing, not even itself.
    Nothing,
}

impl Comparison {
    /// Whether the operator is true for an order of two values.
    fn is_true_for(self, order: Option<Ordering>) -> bool {
        match self {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl Search<'_> {
    /// Whether a test is true for a value.
    pub(super) fn passes(&self, test: &Test, start: usize) -> bool {
        self.walk.charge(1);
        match test {
            Test::Any(tests) => tests.iter().any(|test| self.passes(test, start)),
            Test::All(tests) => tests.iter().all(|test| self.passes(test, start)),
            Test::Not(test) => !self.passes(test, start),
            Test::Exists(query) => self.first(query, start).is_some(),
            Test::Compare(left, comparison, right) => {
                let (left_value, right_value) = (self.operand(left, start), self.operand(right, start));
                match comparison {
                    Comparison::Equal => self.are_equal(left, &left_value, right, &right_value),
                    Comparison::NotEqual => !self.are_equal(left, &left_value, right, &right_value),
                    _ => match (left_value, right_value) {
                        (Some(left), Some(right)) => comparison.is_true_for(self.walk.order(&left, &right)),
                        _ => false,
                    },
                }
            }
            Test::In(left, list) => {
                let value = self.operand(left, start);
                self.walk.charge(list.len());
                list.iter().any(|right| self.are_equal(left, &value, right, &self.operand(right, start)))
            }
            Test::Matches(query, regex) => match self.first(query, start).map(|found| self.walk.value(found)) {
                Some(Value::Text(text)) => regex.matches_whole(&text),
                _ => false,
            },
        }
    }

    /// The offset of the first value that a path in a filter finds.
    fn first(&self, query: &Query, start: usize) -> Option<usize> {
        let start = if query.is_absolute { self.walk.root() } else { start };
        let mut first = None;
        let _ = self.follow(start, &query.segments, &mut |found| {
            first = Some(found);
            ControlFlow::Break(())
        });
        first
    }

    fn operand<'a>(&'a self, operand: &'a Operand, start: usize) -> Option<Value<'a>> {
        match operand {
            Operand::Query(query) => self.first(query, start).map(|found| self.walk.value(found)),
            Operand::Literal(value, _) => Some(value.by_ref()),
            Operand::Nothing => None,
        }
    }

    /// Whether two operands are equal. Two paths without values are equal.
    fn are_equal(
        &self,
        left: &Operand,
        left_value: &Option<Value<'_>>,
        right: &Operand,
        right_value: &Option<Value<'_>>,
    ) -> bool {
        let is_equal = |left: &Option<Value<'_>>, right: &Value<'_>| {
            left.as_ref().is_some_and(|left| self.walk.is_equal(left, right))
        };
        match (left, right) {
            (Operand::Nothing, _) | (_, Operand::Nothing) => false,
            (Operand::Query(_), Operand::Literal(value, other)) => {
                is_equal(left_value, value) || other.as_ref().is_some_and(|other| is_equal(left_value, other))
            }
            (Operand::Literal(value, other), Operand::Query(_)) => {
                is_equal(right_value, value) || other.as_ref().is_some_and(|other| is_equal(right_value, other))
            }
            _ => match (left_value, right_value) {
                (None, None) => true,
                (_, Some(right)) => is_equal(left_value, right),
                (Some(_), None) => false,
            },
        }
    }
}
