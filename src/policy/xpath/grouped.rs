//! Predicates and paths behind parentheses, which the engine lacks.

use super::XPathError;
use super::lexer::{self, Kind, Token};
use uppsala::{NodeId, XPathValue};

/// The most nodes that an expression is evaluated for one by one.
const MOST_NODES: usize = 1000;

/// An expression in parts: `(base)[predicate]…rest`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grouped {
    base: String,
    predicates: Vec<Predicate>,
    /// A path that begins at each node that is left.
    rest: Option<String>,
}

/// A predicate behind parentheses.
#[derive(Clone, Debug, PartialEq)]
enum Predicate {
    /// A place from one.
    Place(usize),
    /// `last()`.
    Last,
    /// Any other.
    Expression(String),
}

impl Grouped {
    /// Reads an expression. One without predicates or a path behind parentheses is all base.
    pub(super) fn read(expression: &str) -> Result<Grouped, XPathError> {
        let tokens = lexer::tokens(expression)?;
        let whole = Grouped { base: expression.to_owned(), predicates: Vec::new(), rest: None };
        let grouped = whole.split(expression, &tokens)?.unwrap_or(whole);
        for part in grouped.expressions() {
            let tokens = lexer::tokens(part)?;
            if (0..tokens.len()).any(|open| group_end(&tokens, open).is_some_and(|end| goes_on(&tokens, end))) {
                let reason = "a predicate or path behind parentheses inside an expression is not supported";
                return Err(XPathError::Expression(reason.to_owned()));
            }
        }
        Ok(grouped)
    }

    /// The parts when the whole expression has the form; none otherwise.
    fn split(&self, expression: &str, tokens: &[Token<'_>]) -> Result<Option<Grouped>, XPathError> {
        let Some(end) = group_end(tokens, 0).filter(|end| goes_on(tokens, *end)) else { return Ok(None) };
        let inside = |from: usize, to: usize| {
            let start = tokens.get(from).map_or(expression.len(), |token| token.place.end);
            let end = tokens.get(to).map_or(expression.len(), |token| token.place.start);
            expression.get(start..end).unwrap_or_default().trim().to_owned()
        };
        let mut grouped = Grouped { base: inside(0, end), predicates: Vec::new(), rest: None };
        let mut at = end.saturating_add(1);
        while kind(tokens, at) == Some(Kind::Symbol("[")) {
            let Some(close) = closing(tokens, at) else { return Ok(None) };
            let text = inside(at, close);
            let predicate_tokens = tokens.get(at.saturating_add(1)..close).unwrap_or_default();
            grouped.predicates.push(Predicate::read(text, predicate_tokens)?);
            at = close.saturating_add(1);
        }
        let behind = tokens.get(at..).unwrap_or_default();
        let Some(first) = behind.first() else { return Ok(Some(grouped)) };
        let is_path = matches!(first.kind, Kind::Symbol("/" | "//")) && !has_operator(behind);
        grouped.rest = expression.get(first.place.start..).map(|rest| format!(".{rest}"));
        Ok(is_path.then_some(grouped))
    }

    /// Everything that the engine evaluates.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &str> {
        let predicates = self.predicates.iter().filter_map(|predicate| match predicate {
            Predicate::Expression(expression) => Some(expression.as_str()),
            Predicate::Place(_) | Predicate::Last => None,
        });
        std::iter::once(self.base.as_str()).chain(predicates).chain(self.rest.as_deref())
    }

    /// Evaluates the parts one after the other.
    pub(super) fn evaluate(
        &self,
        root: NodeId,
        evaluate: &dyn Fn(NodeId, &str) -> Result<XPathValue, XPathError>,
    ) -> Result<XPathValue, XPathError> {
        let base = evaluate(root, &self.base)?;
        if self.predicates.is_empty() && self.rest.is_none() {
            return Ok(base);
        }
        let XPathValue::NodeSet(mut nodes) = base else {
            return Err(XPathError::Evaluation("what is in parentheses is not a set of nodes".to_owned()));
        };
        for predicate in &self.predicates {
            nodes = predicate.apply(nodes, evaluate)?;
        }
        let Some(rest) = &self.rest else { return Ok(XPathValue::NodeSet(nodes)) };
        let mut found = Vec::new();
        for node in few(&nodes)? {
            if let XPathValue::NodeSet(behind) = evaluate(*node, rest)? {
                found.extend(behind);
            }
        }
        // Nodes inside each other find the same ones.
        let mut seen = std::collections::HashSet::new();
        found.retain(|node| seen.insert(*node));
        Ok(XPathValue::NodeSet(found))
    }
}

impl Predicate {
    fn read(text: String, tokens: &[Token<'_>]) -> Result<Predicate, XPathError> {
        let kinds: Vec<_> = tokens.iter().map(|token| token.kind).collect();
        match kinds.as_slice() {
            [Kind::Number(number)] => match number.parse() {
                Ok(place) => Ok(Predicate::Place(place)),
                // No place is between two others.
                Err(_) => Ok(Predicate::Place(0)),
            },
            [Kind::Name("last"), Kind::Symbol("("), Kind::Symbol(")")] => Ok(Predicate::Last),
            kinds if kinds.iter().any(|kind| matches!(kind, Kind::Name("position" | "last"))) => {
                let reason = format!("the predicate `[{text}]` behind parentheses is not supported");
                Err(XPathError::Expression(reason))
            }
            _ => Ok(Predicate::Expression(text)),
        }
    }

    fn apply(
        &self,
        nodes: Vec<NodeId>,
        evaluate: &dyn Fn(NodeId, &str) -> Result<XPathValue, XPathError>,
    ) -> Result<Vec<NodeId>, XPathError> {
        match self {
            Predicate::Place(place) => {
                Ok(nodes.into_iter().skip(place.saturating_sub(1)).take((*place).min(1)).collect())
            }
            Predicate::Last => Ok(nodes.last().copied().into_iter().collect()),
            Predicate::Expression(expression) => {
                let mut kept = Vec::new();
                for (node, place) in few(&nodes)?.iter().zip(1_u32..) {
                    let is_kept = match evaluate(*node, expression)? {
                        XPathValue::Number(number) => (number - f64::from(place)).abs() < f64::EPSILON,
                        value => value.to_boolean(),
                    };
                    if is_kept {
                        kept.push(*node);
                    }
                }
                Ok(kept)
            }
        }
    }
}

/// The nodes, if they are so few that each may be searched.
fn few(nodes: &[NodeId]) -> Result<&[NodeId], XPathError> {
    if nodes.len() > MOST_NODES {
        return Err(XPathError::Evaluation(format!("more than {MOST_NODES} nodes in parentheses")));
    }
    Ok(nodes)
}

/// The expression with `(//step)` written as `/descendant::step` where a predicate or a path follows. They mean the
/// same when the step's own predicates do not depend on the place.
pub(super) fn rewritten(expression: &str, tokens: &[Token<'_>]) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut copied = 0;
    for open in 0..tokens.len() {
        let end = group_end(tokens, open).filter(|end| goes_on(tokens, *end));
        let Some(end) = end.filter(|end| is_descendant_step(tokens, open, *end)) else { continue };
        let (Some(open), Some(first), Some(end)) =
            (tokens.get(open), tokens.get(open.saturating_add(2)), tokens.get(end))
        else {
            continue;
        };
        // One inside another that was written anew stays as it is.
        if open.place.start >= copied {
            text.push_str(expression.get(copied..open.place.start).unwrap_or_default());
            text.push_str("/descendant::");
            text.push_str(expression.get(first.place.start..end.place.start).unwrap_or_default());
            copied = end.place.end;
        }
    }
    text.push_str(expression.get(copied..).unwrap_or_default());
    text
}

/// Whether a group is `//name` with nothing but predicates that are conditions.
fn is_descendant_step(tokens: &[Token<'_>], open: usize, end: usize) -> bool {
    let at = |offset: usize| kind(tokens, open.saturating_add(offset));
    let is_step = at(1) == Some(Kind::Symbol("//"))
        && matches!(at(2), Some(Kind::Name(_) | Kind::Prefixed { .. } | Kind::Symbol("*")));
    let mut next = open.saturating_add(3);
    while is_step && kind(tokens, next) == Some(Kind::Symbol("[")) {
        let Some(close) = closing(tokens, next) else { return false };
        let predicate = tokens.get(next.saturating_add(1)..close).unwrap_or_default();
        let is_condition = has_comparison(predicate)
            && !predicate.iter().any(|token| matches!(token.kind, Kind::Name("position" | "last")));
        if !is_condition {
            return false;
        }
        next = close.saturating_add(1);
    }
    is_step && next == end
}

fn kind<'a>(tokens: &[Token<'a>], at: usize) -> Option<Kind<'a>> {
    tokens.get(at).map(|token| token.kind)
}

/// The end of the parentheses that open there, unless they belong to a call.
fn group_end(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let before = open.checked_sub(1).and_then(|before| kind(tokens, before));
    let is_group =
        kind(tokens, open) == Some(Kind::Symbol("(")) && !matches!(before, Some(Kind::Name(_) | Kind::Prefixed { .. }));
    if is_group { closing(tokens, open) } else { None }
}

/// Whether a predicate or a path follows a token.
fn goes_on(tokens: &[Token<'_>], end: usize) -> bool {
    matches!(kind(tokens, end.saturating_add(1)), Some(Kind::Symbol("[" | "/" | "//")))
}

/// The bracket that closes the one there.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Symbol("(" | "[") => depth = depth.saturating_add(1),
            Kind::Symbol(")" | "]") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Whether there is an operator outside of brackets.
fn has_operator(tokens: &[Token<'_>]) -> bool {
    outside_brackets(tokens).any(|token| matches!(token.kind, Kind::Operator(_)))
}

/// Whether there is one that gives true or false.
fn has_comparison(tokens: &[Token<'_>]) -> bool {
    outside_brackets(tokens)
        .any(|token| matches!(token.kind, Kind::Operator("=" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or")))
}

fn outside_brackets<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t Token<'a>> {
    let mut depth = 0_usize;
    tokens.iter().filter(move |token| {
        match token.kind {
            Kind::Symbol("(" | "[") => depth = depth.saturating_add(1),
            Kind::Symbol(")" | "]") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}
