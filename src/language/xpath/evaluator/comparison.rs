//! Compares values. Sets of nodes are compared without visiting each pair of nodes.

use super::Evaluator;
use crate::language::xpath::XPathError;
use crate::language::xpath::node::NodeRef;
use crate::language::xpath::value::{Value, number};
use std::borrow::Cow;
use std::collections::HashSet;

/// An operator of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ordering {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Ordering {
    fn is_true_for(self, left: f64, right: f64) -> bool {
        match self {
            Ordering::Less => left < right,
            Ordering::LessOrEqual => left <= right,
            Ordering::Greater => left > right,
            Ordering::GreaterOrEqual => left >= right,
        }
    }

    /// The operator with its operands exchanged.
    fn reversed(self) -> Ordering {
        match self {
            Ordering::Less => Ordering::Greater,
            Ordering::LessOrEqual => Ordering::GreaterOrEqual,
            Ordering::Greater => Ordering::Less,
            Ordering::GreaterOrEqual => Ordering::LessOrEqual,
        }
    }
}

impl<'a> Evaluator<'a> {
    /// Whether values are equal or different. For sets of nodes both can be true: one pair is sufficient.
    pub(super) fn is_equal(&mut self, left: &Value<'a>, right: &Value<'a>, equal: bool) -> Result<bool, XPathError> {
        Ok(match (left, right) {
            (Value::Nodes(left), Value::Nodes(right)) if equal => self.share_text(left, right)?,
            (Value::Nodes(left), Value::Nodes(right)) => self.differ(left, right)?,
            (Value::Nodes(nodes), Value::Number(other)) | (Value::Number(other), Value::Nodes(nodes)) => {
                self.any_text(nodes, |text| (number(text) == *other) == equal)?
            }
            (Value::Nodes(nodes), Value::Text(other)) | (Value::Text(other), Value::Nodes(nodes)) => {
                self.any_text(nodes, |text| (text == other) == equal)?
            }
            (Value::Boolean(value), other) | (other, Value::Boolean(value)) => (*value == other.boolean()) == equal,
            (Value::Number(_), _) | (_, Value::Number(_)) => (self.number_of(left)? == self.number_of(right)?) == equal,
            (Value::Text(left), Value::Text(right)) => {
                self.budget.read(left.len())?;
                (left == right) == equal
            }
        })
    }

    pub(super) fn is_ordered(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        ordering: Ordering,
    ) -> Result<bool, XPathError> {
        Ok(match (left, right) {
            (Value::Boolean(value), Value::Nodes(nodes)) => {
                ordering.is_true_for(f64::from(u8::from(*value)), f64::from(u8::from(!nodes.is_empty())))
            }
            (Value::Nodes(nodes), Value::Boolean(value)) => {
                ordering.is_true_for(f64::from(u8::from(!nodes.is_empty())), f64::from(u8::from(*value)))
            }
            (Value::Nodes(left), Value::Nodes(right)) => {
                // The smallest and the largest number determine the result of all pairs.
                let Some((min, max)) = self.bounds(right)? else { return Ok(false) };
                let bound = match ordering {
                    Ordering::Less | Ordering::LessOrEqual => max,
                    Ordering::Greater | Ordering::GreaterOrEqual => min,
                };
                self.any_text(left, |text| ordering.is_true_for(number(text), bound))?
            }
            (Value::Nodes(nodes), other) => {
                let other = self.number_of(other)?;
                self.any_text(nodes, |text| ordering.is_true_for(number(text), other))?
            }
            (other, Value::Nodes(nodes)) => {
                let other = self.number_of(other)?;
                let ordering = ordering.reversed();
                self.any_text(nodes, |text| ordering.is_true_for(number(text), other))?
            }
            (left, right) => ordering.is_true_for(self.number_of(left)?, self.number_of(right)?),
        })
    }

    fn any_text(&mut self, nodes: &[NodeRef], test: impl Fn(&str) -> bool) -> Result<bool, XPathError> {
        for node in nodes {
            if test(&self.node_text(*node)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn share_text(&mut self, left: &[NodeRef], right: &[NodeRef]) -> Result<bool, XPathError> {
        let (few, many) = if left.len() < right.len() { (left, right) } else { (right, left) };
        let mut texts: HashSet<Cow<'a, str>> = HashSet::new();
        for node in few {
            texts.insert(self.node_text(*node)?);
        }
        if texts.is_empty() { Ok(false) } else { self.any_text(many, |text| texts.contains(text)) }
    }

    /// Whether a text on the left differs from a text on the right.
    fn differ(&mut self, left: &[NodeRef], right: &[NodeRef]) -> Result<bool, XPathError> {
        let (Some(first), Some(_)) = (left.first(), right.first()) else { return Ok(false) };
        // If all on the right are equal to the first on the left, another on the left has to be different from it.
        let first = self.node_text(*first)?;
        Ok(self.any_text(right, |text| *text != *first)? || self.any_text(left, |text| *text != *first)?)
    }

    /// Minimum and maximum number of some nodes.
    fn bounds(&mut self, nodes: &[NodeRef]) -> Result<Option<(f64, f64)>, XPathError> {
        let mut bounds = None;
        for node in nodes {
            let number = number(&self.node_text(*node)?);
            if !number.is_nan() {
                let (min, max) = bounds.unwrap_or((number, number));
                bounds = Some((number.min(min), number.max(max)));
            }
        }
        Ok(bounds)
    }
}
