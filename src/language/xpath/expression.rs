//! Compiled expressions.

use super::function::Function;

/// An expression. Operands of operators with the same precedence are in one list, so that long expressions are not
/// deep.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Literal(String),
    Number(f64),
    /// One or several unary minus signs.
    Negation {
        is_odd: bool,
        operand: Box<Expression>,
    },
    /// Operators of one precedence, from left to right.
    Chain {
        first: Box<Expression>,
        rest: Vec<(Operator, Expression)>,
    },
    /// All nodes of several sets.
    Union(Vec<Expression>),
    Call(Function, Vec<Expression>),
    /// An expression with predicates: `(//a)[1]`.
    Filter {
        base: Box<Expression>,
        predicates: Vec<Predicate>,
    },
    Path {
        start: Start,
        steps: Vec<Step>,
    },
}

/// The type of an expression, independent of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Nodes,
    Number,
    Text,
    Boolean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Union,
}

/// The nodes that a path starts at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Start {
    Root,
    Context,
    Expression(Box<Expression>),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Predicate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

/// The node test of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// `*`.
    Any,
    /// `p:*`, with the number of the namespace.
    Namespace(usize),
    /// A name, with the number of its namespace, if any.
    Name {
        namespace: Option<usize>,
        local: String,
    },
    Node,
    Text,
    Comment,
    /// `processing-instruction()`, or with a target.
    Instruction(Option<String>),
}

/// A condition in brackets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Predicate {
    /// A fixed position, from 1.
    Position(f64),
    /// A value that depends only on the node.
    Condition(Expression),
    /// A number that is compared with the position, or a value that depends on the position or the number of nodes.
    Positional(Expression),
}

impl Expression {
    pub(super) fn result(&self) -> Type {
        match self {
            Expression::Literal(_) => Type::Text,
            Expression::Number(_) | Expression::Negation { .. } => Type::Number,
            Expression::Chain { rest, .. } => match rest.first() {
                Some((operator, _)) if operator.is_arithmetic() => Type::Number,
                _ => Type::Boolean,
            },
            Expression::Union(_) | Expression::Filter { .. } | Expression::Path { .. } => Type::Nodes,
            Expression::Call(function, _) => function.result(),
        }
    }

    /// Whether the value depends on the position of the context node or the number of nodes around it.
    fn depends_on_position(&self) -> bool {
        match self {
            Expression::Literal(_) | Expression::Number(_) => false,
            Expression::Negation { operand, .. } => operand.depends_on_position(),
            Expression::Chain { first, rest } => {
                first.depends_on_position() || rest.iter().any(|(_, operand)| operand.depends_on_position())
            }
            Expression::Union(operands) => operands.iter().any(Expression::depends_on_position),
            Expression::Call(function, arguments) => {
                matches!(function, Function::Position | Function::Last)
                    || arguments.iter().any(Expression::depends_on_position)
            }
            // Predicates have a separate position.
            Expression::Filter { base, .. } => base.depends_on_position(),
            Expression::Path { start, .. } => match start {
                Start::Root | Start::Context => false,
                Start::Expression(start) => start.depends_on_position(),
            },
        }
    }
}

impl Predicate {
    pub(super) fn new(expression: Expression) -> Predicate {
        match expression {
            Expression::Number(position) => Predicate::Position(position),
            expression if expression.result() == Type::Number || expression.depends_on_position() => {
                Predicate::Positional(expression)
            }
            expression => Predicate::Condition(expression),
        }
    }
}

impl Step {
    /// The step that `//` abbreviates.
    pub(super) const DESCENDANTS: Step =
        Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() };

    /// Whether the step finds the same nodes for a set as for each of its nodes.
    pub(super) fn is_for_sets(&self) -> bool {
        self.predicates.iter().all(|predicate| matches!(predicate, Predicate::Condition(_)))
    }
}

impl Axis {
    pub(super) fn parse(name: &str) -> Option<Axis> {
        Some(match name {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "namespace" => Axis::Namespace,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::SelfNode,
            _ => return None,
        })
    }
}

impl Operator {
    /// The operator of a token, with its precedence from 0.
    pub(super) fn parse(text: &str) -> Option<(Operator, u8)> {
        Some(match text {
            "or" => (Operator::Or, 0),
            "and" => (Operator::And, 1),
            "=" => (Operator::Equal, 2),
            "!=" => (Operator::NotEqual, 2),
            "<" => (Operator::Less, 3),
            "<=" => (Operator::LessOrEqual, 3),
            ">" => (Operator::Greater, 3),
            ">=" => (Operator::GreaterOrEqual, 3),
            "+" => (Operator::Add, 4),
            "-" => (Operator::Subtract, 4),
            "*" => (Operator::Multiply, 5),
            "div" => (Operator::Divide, 5),
            "mod" => (Operator::Remainder, 5),
            "|" => (Operator::Union, 6),
            _ => return None,
        })
    }

    pub(super) fn is_arithmetic(self) -> bool {
        matches!(self, Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder)
    }
}
