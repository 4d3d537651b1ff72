//! The KeyValueMapOperations policy: reads and changes key value maps (docs/apigee-semantics.md 12.1).

use super::PolicyData;
use super::attributes::{Attributes, boolean_attribute, single_child, warn_unknown_attributes, warn_unknown_children};
use super::text_or_variable::TextOrVariable;
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use bytestring::ByteString;
use std::time::Duration;

/// A checked KeyValueMapOperations.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValueMapOperations {
    /// Name and switches.
    pub attributes: Attributes,
    /// The name of the map.
    pub map: TextOrVariable,
    /// The position of the policy in its document.
    pub position: Position,
    /// The time after which a written entry expires. `None` for never.
    pub expiry: Option<Duration>,
    /// The entries of the map when it has no configured entries.
    pub initial_entries: Vec<(ByteString, Vec<ByteString>)>,
    /// The operations, in document order.
    pub operations: Vec<Operation>,
}

/// An operation on a map.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Assigns the values of a key to a variable.
    Get {
        /// The parameters of the key.
        key: Vec<TextOrVariable>,
        /// The variable.
        assign_to: Variable,
        /// The number of the value, from 1. Without it, the variable gets all values.
        index: Option<usize>,
        /// The position in the document.
        position: Position,
    },
    /// Sets the values of a key.
    Put {
        /// The parameters of the key.
        key: Vec<TextOrVariable>,
        /// The values.
        values: Vec<TextOrVariable>,
        /// Whether the values replace those of an existing key.
        is_override: bool,
        /// The position in the document.
        position: Position,
    },
    /// Removes a key.
    Delete {
        /// The parameters of the key.
        key: Vec<TextOrVariable>,
        /// The position in the document.
        position: Position,
    },
}

/// The map of a policy that names none.
const DEFAULT_MAP: &str = "kvmap";

/// The text between the parameters of a key.
pub const KEY_SEPARATOR: &str = "__";

/// The key, if no variable is a part of it.
pub fn fixed_key(parameters: &[TextOrVariable]) -> Option<String> {
    let parts: Option<Vec<&str>> = parameters.iter().map(|part| part.as_literal().map(|text| &**text)).collect();
    parts.map(|parts| parts.join(KEY_SEPARATOR))
}

const SCOPES: [&str; 4] = ["organization", "environment", "apiproxy", "policy"];

impl KeyValueMapOperations {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<KeyValueMapOperations> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [
            "DisplayName",
            "Description",
            "Properties",
            "ExclusiveCache",
            "ExpiryTimeInSecs",
            "InitialEntries",
            "MapName",
            "Scope",
            "Get",
            "Put",
            "Delete",
        ];
        warn_unknown_children(root, &known, diagnostics);
        let map = map_name(root, diagnostics);
        if let Some(scope) = single_child(root, "Scope", diagnostics).filter(|scope| !scope.text().is_empty()) {
            let text = scope.text();
            if !SCOPES.contains(&&*text.to_ascii_lowercase()) {
                let message = format!("Scope must be one of {}, got {text:?}", SCOPES.join(", "));
                diagnostics.error(Code::InvalidElement, scope.position(), message);
            }
        }
        let expiry = expiry(root, diagnostics);
        let entries = root.child("InitialEntries").into_iter().flat_map(|entries| entries.children_named("Entry"));
        let initial_entries: Vec<_> = entries.filter_map(|entry| initial_entry(entry, diagnostics)).collect();
        let operations: Vec<Operation> =
            root.children().filter_map(|child| operation(child, &attributes.name, diagnostics)).collect();
        if !root.children().any(|child| matches!(child.name(), "Get" | "Put" | "Delete" | "InitialEntries")) {
            diagnostics.error(Code::MissingElement, root.position(), "one of Get, Put and Delete is required");
        }
        Some(KeyValueMapOperations {
            attributes,
            map: map?,
            position: root.position(),
            expiry,
            initial_entries,
            operations,
        })
    }
}

/// `MapName`, or else `mapIdentifier`.
fn map_name(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TextOrVariable> {
    if let Some(name) = single_child(root, "MapName", diagnostics) {
        let value = TextOrVariable::parse(name, diagnostics);
        if value.is_none() {
            diagnostics.error(Code::InvalidElement, name.position(), "MapName has neither a text nor ref");
        }
        return value;
    }
    match root.attribute("mapIdentifier").map(str::trim) {
        None => Some(TextOrVariable::literal(DEFAULT_MAP)),
        Some("") => {
            let position = root.attribute_position("mapIdentifier");
            diagnostics.error(Code::EmptyMapIdentifier, position, "mapIdentifier is empty");
            None
        }
        Some(name) => Some(TextOrVariable::literal(name)),
    }
}

/// `ExpiryTimeInSecs`. Zero and negative numbers mean never.
fn expiry(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Duration> {
    let element = single_child(root, "ExpiryTimeInSecs", diagnostics).filter(|element| !element.text().is_empty())?;
    let text = element.text();
    match text.parse::<i64>() {
        Ok(seconds) => u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs),
        Err(_) => {
            let message = format!("ExpiryTimeInSecs must be a number of seconds, got {text:?}");
            diagnostics.error(Code::InvalidElement, element.position(), message);
            None
        }
    }
}

/// A literal key with its literal values.
fn initial_entry(entry: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<(ByteString, Vec<ByteString>)> {
    let keys = entry.child("Key").into_iter().flat_map(|key| key.children_named("Parameter"));
    let keys: Vec<String> = keys.map(Element::text).filter(|text| !text.is_empty()).collect();
    let values: Vec<ByteString> = entry.children_named("Value").map(|value| value.text().into()).collect();
    if keys.is_empty() {
        diagnostics.error(
            Code::MissingMapKey,
            entry.position(),
            "an Entry of InitialEntries has no Key with Parameter",
        );
    }
    if values.is_empty() {
        diagnostics.error(Code::MissingMapValue, entry.position(), "an Entry of InitialEntries has no Value");
    }
    Some((keys.join(KEY_SEPARATOR).into(), values))
}

fn operation(element: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<Operation> {
    let position = element.position();
    let attributes: &[&str] = match element.name() {
        "Get" => &["assignTo", "index"],
        "Put" => &["override"],
        "Delete" => &[],
        _ => return None,
    };
    warn_unknown_attributes(element, attributes, diagnostics);
    match element.name() {
        "Get" => {
            let key = key(element, diagnostics);
            let index = index(element, policy, diagnostics);
            let assign_to = element.attribute("assignTo").map(str::trim).filter(|name| !name.is_empty());
            if assign_to.is_none() {
                diagnostics.error(Code::InvalidAttribute, position, "Get has no assignTo: the name of a variable");
            }
            Some(Operation::Get { key: key?, assign_to: Variable::new(assign_to?), index, position })
        }
        "Put" => {
            let key = key(element, diagnostics);
            let values: Vec<_> =
                element.children_named("Value").filter_map(|value| TextOrVariable::parse(value, diagnostics)).collect();
            if values.is_empty() {
                diagnostics.error(Code::MissingElement, position, "Put has no Value");
            }
            let is_override = boolean_attribute(element, "override", true, diagnostics);
            Some(Operation::Put { key: key?, values, is_override, position })
        }
        "Delete" => Some(Operation::Delete { key: key(element, diagnostics)?, position }),
        _ => None,
    }
}

/// The parameters of `Key`.
fn key(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Vec<TextOrVariable>> {
    let parameters = element.child("Key").into_iter().flat_map(|key| key.children_named("Parameter"));
    let parameters: Vec<_> = parameters.filter_map(|parameter| TextOrVariable::parse(parameter, diagnostics)).collect();
    if parameters.is_empty() {
        let message = format!("{} has no Key with a Parameter", element.name());
        diagnostics.error(Code::MissingMapKey, element.position(), message);
        return None;
    }
    Some(parameters)
}

/// `index`, which starts at 1.
fn index(element: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<usize> {
    let text = element.attribute("index").map(str::trim).filter(|text| !text.is_empty())?;
    let index = text.parse().ok().filter(|index| *index > 0);
    if index.is_none() {
        let message = format!("Invalid index {text} in KeyValueMapStepDefinition {policy}");
        diagnostics.error(Code::InvalidIndex, element.attribute_position("index"), message);
    }
    index
}

impl Operation {
    /// The parameters of the key.
    pub fn key(&self) -> &[TextOrVariable] {
        match self {
            Operation::Get { key, .. } | Operation::Put { key, .. } | Operation::Delete { key, .. } => key,
        }
    }

    /// The values that it writes.
    fn values(&self) -> &[TextOrVariable] {
        match self {
            Operation::Put { values, .. } => values,
            Operation::Get { .. } | Operation::Delete { .. } => &[],
        }
    }

    /// The variable that it sets.
    fn assign_to(&self) -> Option<&Variable> {
        match self {
            Operation::Get { assign_to, .. } => Some(assign_to),
            Operation::Put { .. } | Operation::Delete { .. } => None,
        }
    }
}

impl PolicyData for KeyValueMapOperations {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        let values = self.operations.iter().flat_map(|operation| operation.key().iter().chain(operation.values()));
        let mut targets = self.operations.iter().filter_map(Operation::assign_to);
        std::iter::once(&self.map).chain(values).any(|value| value.uses_body(names))
            || targets.any(|variable| variable.is_body_of(names))
    }

    fn extracted(&self) -> Vec<&Variable> {
        self.operations.iter().filter_map(Operation::assign_to).collect()
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let values = self.operations.iter().flat_map(|operation| operation.key().iter().chain(operation.values()));
        std::iter::once(&self.map).chain(values).filter_map(TextOrVariable::read).collect()
    }
}

#[cfg(test)]
mod tests;
