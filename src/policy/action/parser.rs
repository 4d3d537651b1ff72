//! Reads actions from XML.

use super::{Action, AssignVariable, Assignment, Copy, Field, NamedValues, Parts, Selection};
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{warn_ignored, warn_unknown_attributes, warn_unknown_children};
use crate::policy::authentication::Authentication;
use crate::policy::template::{Syntax, Template};
use crate::policy::variable::{Item, MessagePart, Variable};
use bytestring::ByteString;
use http::HeaderName;

/// The containers of named values, with their children and kinds.
const CONTAINERS: [(&str, &str, Field); 3] = [
    ("Headers", "Header", Field::Header),
    ("QueryParams", "QueryParam", Field::QueryParam),
    ("FormParams", "FormParam", Field::FormParam),
];

/// The elements of [`Grammar::Message`].
pub const ACTIONS: &[&str] = &["Set", "Add", "Copy", "Remove"];

/// The elements of [`Grammar::MessageAndVariables`].
pub const VARIABLE_ACTIONS: &[&str] = &["Set", "Add", "Copy", "Remove", "AssignVariable"];

/// The parts of a message in `Set`, without the containers.
const SET: [&str; 7] = ["Payload", "Authentication", "Verb", "Path", "Version", "StatusCode", "ReasonPhrase"];

/// The set of allowed actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// `Set`, `Add`, `Copy` and `Remove`, as in ServiceCallout's `Request`.
    Message,
    /// The same and `AssignVariable`, as in AssignMessage and in RaiseFault's `FaultResponse`.
    MessageAndVariables,
}

/// Reads an action element; `None` for another element. `policy` is the policy type in messages.
pub fn parse_actions(
    element: Element<'_, '_>,
    grammar: Grammar,
    policy: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Action>> {
    if grammar == Grammar::MessageAndVariables && element.name() == "AssignVariable" {
        let assignment = AssignVariable::parse(element, diagnostics);
        return Some(assignment.map(Action::AssignVariable).into_iter().collect());
    }
    let attributes: &[&str] = if element.name() == "Copy" { &["source"] } else { &[] };
    if ACTIONS.contains(&element.name()) {
        warn_unknown_attributes(element, attributes, diagnostics);
    }
    let mut parser = Parser { policy, diagnostics };
    match element.name() {
        "Set" => Some(parser.set(element)),
        "Add" => Some(parser.add(element)),
        "Copy" => Some(vec![parser.copy(element)]),
        "Remove" => Some(vec![Action::Remove(parser.parts(element))]),
        _ => None,
    }
}

struct Parser<'d> {
    policy: &'d str,
    diagnostics: &'d mut Diagnostics,
}

impl Parser<'_> {
    fn set(&mut self, set: Element<'_, '_>) -> Vec<Action> {
        let mut actions = Vec::new();
        for child in set.children() {
            match child.name() {
                "Headers" | "QueryParams" | "FormParams" => {
                    for (field, name, value) in self.named_templates(child) {
                        actions.push(Action::Set(Assignment::Part(part(field, &name), value)));
                    }
                }
                "Payload" => actions.extend(self.payload(child).map(Action::Set)),
                "Authentication" => {
                    let authentication = Authentication::parse(child, self.diagnostics).map(Box::new);
                    actions.extend(authentication.map(Action::Authenticate));
                }
                "Verb" | "Path" | "Version" | "StatusCode" | "ReasonPhrase" => {
                    // The user interface's template contains empty elements, which have no effect.
                    let text = child.text();
                    warn_unknown_attributes(child, &[], self.diagnostics);
                    if child.children().next().is_some() {
                        let message = format!("{} must contain a text; the elements in it are ignored", child.name());
                        self.diagnostics.warning(Code::IgnoredElement, child.position(), message);
                    }
                    let part = match child.name() {
                        "Verb" => MessagePart::Verb,
                        "Path" => MessagePart::Path,
                        "Version" => MessagePart::Version,
                        "StatusCode" => MessagePart::StatusCode,
                        _ => MessagePart::ReasonPhrase,
                    };
                    if !text.is_empty() {
                        let template = self.template(child, &text, Syntax::BRACES);
                        if part == MessagePart::StatusCode {
                            self.check_status(child, template.as_ref());
                        }
                        actions.extend(template.map(|template| Action::Set(Assignment::Part(part, template))));
                    }
                }
                _ => {
                    warn_ignored(child, set, &[&CONTAINERS.map(|(name, ..)| name)[..], &SET].concat(), self.diagnostics)
                }
            }
        }
        // A status sets its standard phrase, so a phrase of the policy must follow it, regardless of the written order.
        let is_phrase = |action: &Action| matches!(action, Action::Set(Assignment::Part(MessagePart::ReasonPhrase, _)));
        let (phrases, mut actions): (Vec<Action>, Vec<Action>) = actions.into_iter().partition(is_phrase);
        actions.extend(phrases);
        actions
    }

    /// Reports a fixed status that no response can have.
    fn check_status(&mut self, element: Element<'_, '_>, template: Option<&Template>) {
        let Some(text) = template.and_then(Template::as_literal) else { return };
        if !text.parse().is_ok_and(|status: u16| (100..1000).contains(&status)) {
            let message = format!(
                "StatusCode must be a number from 100 to 999, got {text:?}: every run fails with SetVariableFailed"
            );
            self.diagnostics.warning(Code::InvalidElement, element.position(), message);
        }
    }

    fn add(&mut self, add: Element<'_, '_>) -> Vec<Action> {
        let mut actions = Vec::new();
        for child in add.children() {
            if CONTAINERS.iter().any(|(container, ..)| *container == child.name()) {
                let named = self.named_templates(child).into_iter();
                actions.extend(named.map(|(field, name, value)| Action::Add(field, name.into(), value)));
            } else {
                warn_ignored(child, add, &CONTAINERS.map(|(name, ..)| name), self.diagnostics);
            }
        }
        actions
    }

    fn copy(&mut self, copy: Element<'_, '_>) -> Action {
        let source = copy.attribute("source").map(str::trim).filter(|source| !source.is_empty());
        Action::Copy(Copy { source: source.map(Variable::new), parts: self.parts(copy) })
    }

    /// The parts that `Copy` or `Remove` names; `None` when it has no child: everything.
    fn parts(&mut self, element: Element<'_, '_>) -> Option<Parts> {
        element.children().next()?;
        let mut parts = Parts::default();
        for child in element.children() {
            match child.name() {
                "Headers" => parts.headers = self.selection(child),
                "QueryParams" => parts.query_params = self.selection(child),
                "FormParams" => parts.form_params = self.selection(child),
                "Payload" => parts.payload = is_selected(child),
                "Verb" => parts.verb = is_selected(child),
                "Path" => parts.path = is_selected(child),
                "Version" => parts.version = is_selected(child),
                "StatusCode" => parts.status_code = is_selected(child),
                "ReasonPhrase" => parts.reason_phrase = is_selected(child),
                _ => warn_ignored(
                    child,
                    element,
                    &[&CONTAINERS.map(|(name, ..)| name)[..], &SET].concat(),
                    self.diagnostics,
                ),
            }
        }
        Some(parts)
    }

    fn selection(&mut self, container: Element<'_, '_>) -> Selection {
        if container.children().next().is_none() {
            return Selection::All;
        }
        let mut selected = Vec::new();
        for (child, field, name) in self.named(container) {
            if is_selected(child)
                && let Some((name, number)) = self.numbered_or_error(child, &name)
            {
                select(&mut selected, field, name, number);
            }
        }
        Selection::Named(selected)
    }

    fn numbered_or_error(&mut self, child: Element<'_, '_>, name: &str) -> Option<(ByteString, Option<usize>)> {
        let index = name.rsplit_once('.').and_then(|(_, index)| index.parse::<i64>().ok());
        if index.is_some_and(|index| index <= 0) {
            let message =
                format!("{}[{}]: index must be greater than zero in {name}", self.policy, self.diagnostics.subject());
            self.diagnostics.error(Code::InvalidIndex, child.attribute_position("name"), message);
            return None;
        }
        Some(numbered(name).map_or_else(|| (name.into(), None), |(name, number)| (name, Some(number))))
    }

    /// The children of a container with their kind and their name.
    fn named<'a, 'input>(&mut self, container: Element<'a, 'input>) -> Vec<(Element<'a, 'input>, Field, String)> {
        let kind = CONTAINERS.iter().find(|(name, ..)| *name == container.name());
        let Some((_, item, field)) = kind.copied() else { return Vec::new() };
        warn_unknown_attributes(container, &[], self.diagnostics);
        warn_unknown_children(container, &[item], self.diagnostics);
        let mut named = Vec::new();
        for child in container.children_named(item) {
            warn_unknown_attributes(child, &["name"], self.diagnostics);
            let name = child.attribute("name").unwrap_or_default().trim();
            if name.is_empty() {
                let message = format!("Required attribute name is missing in {item}");
                self.diagnostics.error(Code::MissingName, child.position(), message);
            } else if field == Field::Header && HeaderName::from_bytes(name.as_bytes()).is_err() {
                let message = format!("{name:?} is not a valid header name");
                self.diagnostics.error(Code::InvalidHeader, child.attribute_position("name"), message);
            } else {
                named.push((child, field, name.to_owned()));
            }
        }
        named
    }

    fn named_templates(&mut self, container: Element<'_, '_>) -> Vec<(Field, String, Template)> {
        let named = self.named(container).into_iter();
        named
            .filter_map(|(child, field, name)| Some((field, name, self.template(child, &child.text(), Syntax::VALUE)?)))
            .collect()
    }

    fn payload(&mut self, payload: Element<'_, '_>) -> Option<Assignment> {
        let known = ["contentType", "variablePrefix", "variableSuffix", "resourceURL", "defaultVariableValue"];
        warn_unknown_attributes(payload, &known, self.diagnostics);
        for ignored in ["resourceURL", "defaultVariableValue"] {
            if payload.attribute(ignored).is_some() {
                let message = format!("{ignored} has no effect");
                self.diagnostics.warning(Code::NoEffect, payload.attribute_position(ignored), message);
            }
        }
        let prefix = self.delimiter(payload, "variablePrefix", '{')?;
        let suffix = self.delimiter(payload, "variableSuffix", '}')?;
        let content = self.template(payload, &payload.content(), Syntax::delimited(prefix, suffix))?;
        let content_type = match payload.attribute("contentType").map(str::trim) {
            Some(text) if !text.is_empty() => Some(self.template(payload, text, Syntax::BRACES)?),
            _ => None,
        };
        Some(Assignment::Payload { content, content_type })
    }

    fn delimiter(&mut self, payload: Element<'_, '_>, attribute: &str, default: char) -> Option<char> {
        let text = payload.attribute(attribute).unwrap_or_default();
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (None, _) => Some(default),
            (Some(character), None) => Some(character),
            _ => {
                let message = format!("{attribute} must be a single character, got {text:?}");
                self.diagnostics.error(Code::InvalidAttribute, payload.attribute_position(attribute), message);
                None
            }
        }
    }

    fn template(&mut self, element: Element<'_, '_>, text: &str, syntax: Syntax) -> Option<Template> {
        super::super::template_of(element, text, syntax, self.diagnostics)
    }
}

/// Whether the text of a part or a name selects it: any text except `false` does (docs/apigee-semantics.md 3.4).
fn is_selected(element: Element<'_, '_>) -> bool {
    !element.text().eq_ignore_ascii_case("false")
}

/// The part that a child of `Set` names. `X.0` has no index: the whole text is the name.
fn part(field: Field, name: &str) -> MessagePart {
    let (name, item) = match numbered(name) {
        Some((name, number)) => (name, Item::Number(number)),
        None => (name.into(), Item::First),
    };
    match field {
        Field::Header => MessagePart::Header(name, item),
        Field::QueryParam => MessagePart::QueryParam(name, item),
        Field::FormParam => MessagePart::FormParam(name, item),
    }
}

/// Splits `X.2` into `X` and 2.
fn numbered(name: &str) -> Option<(ByteString, usize)> {
    let (name, number) = name.rsplit_once('.')?;
    let number = number.parse().ok().filter(|number| *number > 0 && !name.is_empty())?;
    Some((name.into(), number))
}

/// Adds a value to the selection. The numbers of one name are grouped: they count the values before the action.
fn select(selected: &mut Vec<NamedValues>, field: Field, name: ByteString, number: Option<usize>) {
    let is_same = |other: &NamedValues| match field {
        Field::Header => other.name.eq_ignore_ascii_case(&name),
        Field::QueryParam | Field::FormParam => other.name == name,
    };
    let Some(known) = selected.iter_mut().find(|other| is_same(other)) else {
        return selected.push(NamedValues { name, numbers: number.into_iter().collect() });
    };
    match number {
        Some(number) if !known.numbers.is_empty() => known.numbers.push(number),
        Some(_) => {}
        None => known.numbers.clear(),
    }
}

#[cfg(test)]
mod tests;
