//! Parses location paths.

use super::{Parser, error};
use crate::language::xpath::XPathError;
use crate::language::xpath::expression::{Axis, Expression, Start, Step, Test};
use crate::language::xpath::lexer::Kind;

/// Whether a name before parentheses is a test for a kind of nodes.
pub(super) fn is_node_type(name: &str) -> bool {
    matches!(name, "comment" | "node" | "processing-instruction" | "text")
}

impl Parser<'_> {
    /// A path that starts at the root or the context node.
    pub(super) fn location(&mut self) -> Result<Expression, XPathError> {
        let mut steps = Vec::new();
        let start = match self.peek() {
            Some(Kind::Symbol("/")) => {
                self.advance();
                if self.begins_step() {
                    self.steps(&mut steps)?;
                }
                Start::Root
            }
            Some(Kind::Symbol("//")) => {
                self.steps_after_slashes(&mut steps)?;
                Start::Root
            }
            _ => {
                self.steps(&mut steps)?;
                Start::Context
            }
        };
        Ok(Expression::Path { start, steps })
    }

    /// `/` or `//`, and the steps after it.
    pub(super) fn steps_after_slashes(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        if self.take("//") {
            steps.push(Step::DESCENDANTS);
        } else {
            self.expect("/")?;
        }
        self.steps(steps)
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        loop {
            let step = self.step()?;
            push(steps, step);
            match self.peek() {
                Some(Kind::Symbol("/")) => self.advance(),
                Some(Kind::Symbol("//")) => {
                    self.advance();
                    steps.push(Step::DESCENDANTS);
                }
                _ => return Ok(()),
            }
        }
    }

    fn begins_step(&self) -> bool {
        matches!(self.peek(), Some(Kind::Name(_) | Kind::Prefixed { .. } | Kind::Symbol("*" | "." | ".." | "@")))
    }

    fn step(&mut self) -> Result<Step, XPathError> {
        let (axis, test) = match self.peek() {
            Some(Kind::Symbol(".")) => {
                self.advance();
                (Axis::SelfNode, Test::Node)
            }
            Some(Kind::Symbol("..")) => {
                self.advance();
                (Axis::Parent, Test::Node)
            }
            Some(Kind::Symbol("@")) => {
                self.advance();
                (Axis::Attribute, self.test()?)
            }
            Some(Kind::Name(name)) if self.ahead(1) == Some(Kind::Symbol("::")) => {
                let axis = Axis::parse(name).ok_or_else(|| error(format!("unknown axis `{name}`")))?;
                self.advance();
                self.advance();
                (axis, self.test()?)
            }
            _ => (Axis::Child, self.test()?),
        };
        let mut predicates = Vec::new();
        while self.peek() == Some(Kind::Symbol("[")) {
            predicates.push(self.predicate()?);
        }
        Ok(Step { axis, test, predicates })
    }

    fn test(&mut self) -> Result<Test, XPathError> {
        let test = match self.peek() {
            Some(Kind::Symbol("*")) => Test::Any,
            Some(Kind::Prefixed { prefix, local: "*" }) => Test::Namespace(self.namespace(prefix)?),
            Some(Kind::Prefixed { prefix, local }) => {
                Test::Name { namespace: Some(self.namespace(prefix)?), local: local.to_owned() }
            }
            Some(Kind::Name(name)) if self.ahead(1) == Some(Kind::Symbol("(")) => {
                self.advance();
                return self.node_type(name);
            }
            Some(Kind::Name(name)) => Test::Name { namespace: None, local: name.to_owned() },
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(test)
    }

    fn node_type(&mut self, name: &str) -> Result<Test, XPathError> {
        self.expect("(")?;
        let test = match name {
            "comment" => Test::Comment,
            "node" => Test::Node,
            "text" => Test::Text,
            "processing-instruction" => match self.peek() {
                Some(Kind::Literal(target)) => {
                    self.advance();
                    Test::Instruction(Some(target.to_owned()))
                }
                _ => Test::Instruction(None),
            },
            _ => return Err(error(format!("unknown node test `{name}()`"))),
        };
        self.expect(")")?;
        Ok(test)
    }
}

/// Adds a step. `//a` becomes `descendant::a`, which visits each node once, unless a predicate counts the children of
/// each node.
fn push(steps: &mut Vec<Step>, mut step: Step) {
    if step.axis == Axis::Child && step.is_for_sets() && steps.last() == Some(&Step::DESCENDANTS) {
        steps.pop();
        step.axis = Axis::Descendant;
    }
    steps.push(step);
}
