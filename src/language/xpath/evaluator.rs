//! Evaluates expressions over a document.

mod call;
mod comparison;

use super::XPathError;
use super::axis;
use super::budget::Budget;
use super::expression::{Axis, Expression, Operator, Predicate, Start, Step, Test};
use super::node::{NodeRef, Target};
use super::value::{Value, count, number, number_text};
use crate::language::xml::tree::{Kind, NONE, Tree};
use comparison::Ordering;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The context of an evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) node: NodeRef,
    /// The position, from 1.
    pub(super) position: usize,
    pub(super) size: usize,
}

/// An evaluation of one expression.
#[derive(Debug)]
pub(super) struct Evaluator<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) budget: Budget,
    /// The first declaration in the document of each of the expression's namespaces, or `NONE`.
    namespaces: Vec<u32>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(tree: &'a Tree<'a>, uris: &[String]) -> Evaluator<'a> {
        let mut namespaces = vec![NONE; uris.len()];
        if uris.is_empty() {
            return Evaluator { tree, budget: Budget::new(), namespaces };
        }
        let numbers: HashMap<&str, usize> = uris.iter().map(String::as_str).zip(0..).collect();
        for namespace in &tree.namespaces {
            if let Some(found) = numbers.get(tree.value(namespace.uri)).and_then(|number| namespaces.get_mut(*number)) {
                *found = namespace.same;
            }
        }
        Evaluator { tree, budget: Budget::new(), namespaces }
    }

    pub(super) fn evaluate(&mut self, expression: &'a Expression, context: Context) -> Result<Value<'a>, XPathError> {
        self.budget.operate()?;
        Ok(match expression {
            Expression::Literal(text) => Value::Text(Cow::Borrowed(text)),
            Expression::Number(number) => Value::Number(*number),
            Expression::Negation { is_odd, operand } => {
                let number = self.number(operand, context)?;
                Value::Number(if *is_odd { -number } else { number })
            }
            Expression::Chain { first, rest } => self.chain(first, rest, context)?,
            Expression::Union(operands) => {
                let mut nodes = Vec::new();
                for operand in operands {
                    nodes.extend(self.nodes(operand, context)?);
                }
                self.budget.visit(nodes.len())?;
                axis::sort(&mut nodes);
                Value::Nodes(nodes)
            }
            Expression::Call(function, arguments) => self.call(*function, arguments, context)?,
            Expression::Filter { base, predicates } => {
                let mut nodes = self.nodes(base, context)?;
                for predicate in predicates {
                    nodes = self.filter(nodes, predicate)?;
                }
                Value::Nodes(nodes)
            }
            Expression::Path { start, steps } => {
                let mut nodes = match start {
                    Start::Root => vec![NodeRef::ROOT],
                    Start::Context => vec![context.node],
                    Start::Expression(start) => self.nodes(start, context)?,
                };
                for step in steps {
                    nodes = self.step(&nodes, step)?;
                }
                Value::Nodes(nodes)
            }
        })
    }

    /// The nodes of an expression with that result type.
    pub(super) fn nodes(&mut self, expression: &'a Expression, context: Context) -> Result<Vec<NodeRef>, XPathError> {
        match self.evaluate(expression, context)? {
            Value::Nodes(nodes) => Ok(nodes),
            // The parser rejects other types for required nodes.
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn number(&mut self, expression: &'a Expression, context: Context) -> Result<f64, XPathError> {
        let value = self.evaluate(expression, context)?;
        self.number_of(&value)
    }

    pub(super) fn text(&mut self, expression: &'a Expression, context: Context) -> Result<Cow<'a, str>, XPathError> {
        Ok(match self.evaluate(expression, context)? {
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.node_text(*first)?,
                None => Cow::Borrowed(""),
            },
            Value::Number(number) => Cow::Owned(number_text(number)),
            Value::Text(text) => {
                self.budget.read(text.len())?;
                text
            }
            Value::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        })
    }

    pub(super) fn number_of(&mut self, value: &Value<'a>) -> Result<f64, XPathError> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => number(&self.node_text(*first)?),
                None => f64::NAN,
            },
            Value::Number(number) => *number,
            Value::Text(text) => number(text),
            Value::Boolean(value) => f64::from(u8::from(*value)),
        })
    }

    /// The string-value of a node.
    pub(super) fn node_text(&mut self, node: NodeRef) -> Result<Cow<'a, str>, XPathError> {
        // The search for an element's text visits all its descendants.
        let inside = node.in_tree().and_then(|node| Some(self.tree.node(node)?.subtree_end.saturating_sub(node)));
        self.budget.visit(inside.map_or(1, |nodes| usize::try_from(nodes).unwrap_or(usize::MAX)))?;
        let text = node.text(self.tree);
        self.budget.read(text.len())?;
        Ok(text)
    }

    fn chain(
        &mut self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        context: Context,
    ) -> Result<Value<'a>, XPathError> {
        let mut value = self.evaluate(first, context)?;
        for (operator, operand) in rest {
            self.budget.operate()?;
            value = match operator {
                Operator::Or if value.boolean() => Value::Boolean(true),
                Operator::And if !value.boolean() => Value::Boolean(false),
                Operator::Or | Operator::And => Value::Boolean(self.evaluate(operand, context)?.boolean()),
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                    let (left, right) = (self.number_of(&value)?, self.number(operand, context)?);
                    Value::Number(match operator {
                        Operator::Add => left + right,
                        Operator::Subtract => left - right,
                        Operator::Multiply => left * right,
                        Operator::Divide => left / right,
                        _ => left % right,
                    })
                }
                Operator::Equal => self.equality(value, operand, context, true)?,
                Operator::NotEqual => self.equality(value, operand, context, false)?,
                Operator::Less => self.order(value, operand, context, Ordering::Less)?,
                Operator::LessOrEqual => self.order(value, operand, context, Ordering::LessOrEqual)?,
                Operator::Greater => self.order(value, operand, context, Ordering::Greater)?,
                Operator::GreaterOrEqual => self.order(value, operand, context, Ordering::GreaterOrEqual)?,
                // Unions are not in chains.
                Operator::Union => value,
            };
        }
        Ok(value)
    }

    fn equality(
        &mut self,
        left: Value<'a>,
        right: &'a Expression,
        context: Context,
        equal: bool,
    ) -> Result<Value<'a>, XPathError> {
        let right = self.evaluate(right, context)?;
        Ok(Value::Boolean(self.is_equal(&left, &right, equal)?))
    }

    fn order(
        &mut self,
        left: Value<'a>,
        right: &'a Expression,
        context: Context,
        ordering: Ordering,
    ) -> Result<Value<'a>, XPathError> {
        let right = self.evaluate(right, context)?;
        Ok(Value::Boolean(self.is_ordered(&left, &right, ordering)?))
    }

    /// The nodes that a step finds from several nodes.
    fn step(&mut self, nodes: &[NodeRef], step: &'a Step) -> Result<Vec<NodeRef>, XPathError> {
        self.budget.operate()?;
        if step.is_for_sets() {
            let (tree, namespaces) = (self.tree, &self.namespaces);
            let test = |node| matches(tree, namespaces, node, step);
            let mut found = axis::of_set(tree, step.axis, nodes, &mut self.budget, test)?;
            for predicate in &step.predicates {
                found = self.filter(found, predicate)?;
            }
            return Ok(found);
        }
        let mut all = Vec::new();
        for node in nodes {
            let mut found = self.step_from(*node, step)?;
            all.append(&mut found);
        }
        axis::sort(&mut all);
        Ok(all)
    }

    /// The nodes that a step finds from one node, the nearest first.
    fn step_from(&mut self, node: NodeRef, step: &'a Step) -> Result<Vec<NodeRef>, XPathError> {
        // The search for a fixed position ends there.
        let (max, predicates) = match step.predicates.split_first() {
            Some((Predicate::Position(position), rest)) => (Some(*position), rest),
            _ => (None, step.predicates.as_slice()),
        };
        let (tree, namespaces) = (self.tree, &self.namespaces);
        let mut found = Vec::new();
        axis::of_node(tree, step.axis, node, &mut self.budget, &mut |node| {
            if matches(tree, namespaces, node, step) {
                found.push(node);
            }
            let is_enough = max.is_some_and(|max| count(found.len()) >= max);
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(max) = max {
            found = at_position(&found, max);
        }
        for predicate in predicates {
            found = self.filter(found, predicate)?;
        }
        Ok(found)
    }

    /// The nodes that a predicate keeps. The first has the position 1.
    fn filter(&mut self, nodes: Vec<NodeRef>, predicate: &'a Predicate) -> Result<Vec<NodeRef>, XPathError> {
        let expression = match predicate {
            Predicate::Position(position) => return Ok(at_position(&nodes, *position)),
            Predicate::Condition(expression) | Predicate::Positional(expression) => expression,
        };
        let size = nodes.len();
        let mut kept = Vec::new();
        for (node, position) in nodes.into_iter().zip(1..) {
            self.budget.operate()?;
            let is_kept = match self.evaluate(expression, Context { node, position, size })? {
                Value::Number(number) => (number - count(position)).abs() < f64::EPSILON,
                value => value.boolean(),
            };
            if is_kept {
                kept.push(node);
            }
        }
        Ok(kept)
    }
}

/// The node at a position, from 1. A position that is not whole has no node.
fn at_position(nodes: &[NodeRef], position: f64) -> Vec<NodeRef> {
    nodes
        .iter()
        .zip(1..)
        .find(|(_, at)| (count(*at) - position).abs() < f64::EPSILON)
        .map(|(node, _)| *node)
        .into_iter()
        .collect()
}

/// Whether a node of a step's axis passes its test.
fn matches(tree: &Tree<'_>, namespaces: &[u32], node: NodeRef, step: &Step) -> bool {
    let Some(target) = node.target(tree) else { return false };
    let is_principal = match step.axis {
        Axis::Attribute => matches!(target, Target::Attribute(_)),
        Axis::Namespace => matches!(target, Target::Namespace(_)),
        _ => matches!(target, Target::Node(_, Kind::Element)),
    };
    match (&step.test, target) {
        (Test::Node, _) => true,
        (Test::Any, _) => is_principal,
        (Test::Text, Target::Node(_, kind)) => matches!(kind, Kind::Text | Kind::CData),
        (Test::Comment, Target::Node(_, kind)) => kind == Kind::Comment,
        (Test::Instruction(wanted), Target::Node(node, Kind::Instruction)) => {
            wanted.as_ref().is_none_or(|wanted| tree.instruction(node).0 == wanted)
        }
        (Test::Name { namespace: None, local }, Target::Namespace(found)) => found.prefix == local,
        (Test::Name { namespace, local }, _) => {
            is_principal
                && node.name(tree).is_some_and(|name| {
                    tree.local(name) == local && is_in(tree, namespaces, name.namespace, *namespace)
                })
        }
        (Test::Namespace(namespace), _) => {
            is_principal
                && node.name(tree).is_some_and(|name| is_in(tree, namespaces, name.namespace, Some(*namespace)))
        }
        _ => false,
    }
}

/// Whether a namespace of the document is one of the expression, by the number of that.
fn is_in(tree: &Tree<'_>, namespaces: &[u32], found: u32, wanted: Option<usize>) -> bool {
    match wanted {
        None => found == NONE,
        Some(wanted) => {
            found != NONE && namespaces.get(wanted).is_some_and(|wanted| *wanted == tree.same_namespace(found))
        }
    }
}
