//! Flows and their steps.

use super::sap;
use crate::diagnostic::{Code, Diagnostics, Position, Severity};
use crate::language::xml::Element;
use crate::policy::condition::Condition;

/// A flow: steps of the request and of the response.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow<S> {
    /// The value of `current.flow.name`.
    pub name: String,
    /// The condition; always true when absent.
    pub condition: Option<Condition>,
    /// `Request`.
    pub request: Vec<S>,
    /// `Response`.
    pub response: Vec<S>,
}

/// A step in a document: a policy by name.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReference {
    /// The policy's name.
    pub policy: String,
    /// The condition; always true when absent.
    pub condition: Option<Condition>,
    /// The step's name in messages: `PreFlow request[0] (SC-1)`.
    pub label: String,
    /// The position of the name in the document.
    pub position: Option<Position>,
}

impl<S> Flow<S> {
    /// A flow without steps.
    pub fn empty(name: &str) -> Flow<S> {
        Flow { name: name.to_owned(), condition: None, request: Vec::new(), response: Vec::new() }
    }

    /// Converts or removes every step.
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
            let label = format!("{name} {}", part.to_ascii_lowercase());
            let parts = sap::children(flow, part);
            parts.flat_map(|part| StepReference::parse_all(part, &label, diagnostics)).collect()
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
    /// The steps directly inside an element. The schema also calls a `Step` `Policy`.
    pub(super) fn parse_all(parent: Element<'_, '_>, label: &str, diagnostics: &mut Diagnostics) -> Vec<StepReference> {
        let apigees = parent.children().filter(|child| matches!(child.name(), "Step" | "Policy"));
        let steps = apigees.chain(sap::listed(parent, "steps", "step"));
        let mut references = Vec::new();
        for (index, step) in steps.enumerate() {
            let names: Vec<Element<'_, '_>> =
                sap::children(step, "Name").filter(|name| !name.text().is_empty()).collect();
            let Some(name) = names.first() else {
                diagnostics.warning(
                    Code::StepWithoutName,
                    step.position(),
                    format!("{label}[{index}]: a step without Name is ignored"),
                );
                continue;
            };
            let (policy, position) = (name.text(), name.position());
            let label = format!("{label}[{index}] ({policy})");
            if let Some(second) = names.get(1) {
                diagnostics.warning(
                    Code::DuplicateElement,
                    second.position(),
                    format!("{label}: duplicate Name; the first is used"),
                );
            }
            let condition = condition(step, &label, diagnostics);
            references.push(StepReference { policy, condition, label, position: Some(position) });
        }
        references
    }
}

/// The `Condition` of a flow, step or rule. Reports errors and tolerated mistakes with the label.
pub(super) fn condition(element: Element<'_, '_>, label: &str, diagnostics: &mut Diagnostics) -> Option<Condition> {
    // The other two names are SAP's: of a step, and of a flow or rule.
    let condition =
        element.children().find(|child| matches!(child.name(), "Condition" | "condition" | "conditions"))?;
    let mut report = |severity, column: usize, problem: String| {
        let found = condition.text_position(column.saturating_sub(1));
        let message = match found {
            Some(_) => format!("{label} condition: {problem}"),
            None => format!("{label} condition, column {column}: {problem}"),
        };
        let position = found.unwrap_or_else(|| condition.position());
        match severity {
            Severity::Error => diagnostics.error(Code::InvalidCondition, position, message),
            Severity::Warning => diagnostics.warning(Code::ToleratedCondition, position, message),
        }
    };
    match Condition::parse_published(&condition.raw_text()) {
        Ok((parsed, tolerated)) => {
            for mistake in tolerated {
                report(Severity::Warning, mistake.column, mistake.to_string());
            }
            parsed.map(|parsed| parsed.at(condition.position()))
        }
        Err(error) => {
            report(Severity::Error, error.column, error.to_string());
            None
        }
    }
}
