//! Flows and their steps.

use super::sap;
use crate::diagnostic::{Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::condition::Condition;

/// A flow: what runs on the way to the target and on the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow<S> {
    /// The value of `current.flow.name`.
    pub name: String,
    /// When it runs; always, when absent.
    pub condition: Option<Condition>,
    /// `Request`.
    pub request: Vec<S>,
    /// `Response`.
    pub response: Vec<S>,
}

/// A step as documents write it: a policy by name.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReference {
    /// The policy's name.
    pub policy: String,
    /// When it runs; always, when absent.
    pub condition: Option<Condition>,
    /// The step for messages: `PreFlow request[0] (SC-1)`.
    pub place: String,
    /// Where it stands in its document.
    pub position: Option<Position>,
}

impl<S> Flow<S> {
    /// A flow without steps.
    pub fn empty(name: &str) -> Flow<S> {
        Flow { name: name.to_owned(), condition: None, request: Vec::new(), response: Vec::new() }
    }

    /// The same flow with every step turned into another, or left out.
    pub(super) fn map<T>(self, resolve: &mut impl FnMut(S) -> Option<T>) -> Flow<T> {
        Flow {
            name: self.name,
            condition: self.condition,
            request: self.request.into_iter().filter_map(&mut *resolve).collect(),
            response: self.response.into_iter().filter_map(&mut *resolve).collect(),
        }
    }
}

impl Flow<StepReference> {
    pub(super) fn parse(flow: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Self {
        let mut steps = |part: &'static str| {
            let place = format!("{name} {}", part.to_ascii_lowercase());
            let parts = sap::children(flow, part);
            parts.flat_map(|part| StepReference::parse_all(part, &place, diagnostics)).collect()
        };
        Flow {
            name: name.to_owned(),
            request: steps("Request"),
            response: steps("Response"),
            condition: condition(flow, name, diagnostics),
        }
    }
}

impl StepReference {
    /// The steps directly inside an element. `Policy` is the schema's other name of `Step`.
    pub(super) fn parse_all(parent: Element<'_, '_>, place: &str, diagnostics: &mut Diagnostics) -> Vec<StepReference> {
        let apigees = parent.children().filter(|child| matches!(child.name(), "Step" | "Policy"));
        let steps = apigees.chain(sap::listed(parent, "steps", "step"));
        let mut references = Vec::new();
        for (index, step) in steps.enumerate() {
            let names: Vec<String> =
                sap::children(step, "Name").map(Element::text).filter(|name| !name.is_empty()).collect();
            let Some(policy) = names.first().cloned() else {
                diagnostics.warning(step.position(), format!("{place}[{index}]: a step without Name is ignored"));
                continue;
            };
            let place = format!("{place}[{index}] ({policy})");
            if names.len() > 1 {
                diagnostics.warning(step.position(), format!("{place}: duplicate Name; the first is used"));
            }
            let condition = condition(step, &place, diagnostics);
            references.push(StepReference { policy, condition, place, position: Some(step.position()) });
        }
        references
    }
}

/// The `Condition` of a flow, step or rule. What cannot be compiled is told with its place.
pub(super) fn condition(element: Element<'_, '_>, place: &str, diagnostics: &mut Diagnostics) -> Option<Condition> {
    // The others are SAP's, of a step and of a flow or rule.
    let condition =
        element.children().find(|child| matches!(child.name(), "Condition" | "condition" | "conditions"))?;
    match Condition::parse(&condition.raw_text()) {
        Ok(condition) => condition,
        Err(error) => {
            match condition.text_position(error.column.saturating_sub(1)) {
                Some(position) => diagnostics.error(position, format!("{place} condition: {error}")),
                None => {
                    let message = format!("{place} condition, column {}: {error}", error.column);
                    diagnostics.error(condition.position(), message);
                }
            }
            None
        }
    }
}
