//! `Set`, `Add`, `Copy` and `Remove`: the grammar that AssignMessage, ServiceCallout's `Request` and RaiseFault's
//! `FaultResponse` share (docs/apigee-semantics.md 3.3 to 3.5).

mod assign_variable;
mod parser;

pub use assign_variable::{AssignVariable, ResourceUrl};
pub use parser::{ACTIONS, Grammar, VARIABLE_ACTIONS, parse_actions};

use super::authentication::Authentication;
use super::template::Template;
use super::variable::{MessagePart, Variable};
use bytestring::ByteString;

/// One change of a message. The actions of a policy run in document order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A child of `Set`: replaces a part.
    Set(Assignment),
    /// A child of `Add`: adds a value to the existing ones.
    Add(Field, ByteString, Template),
    /// `Copy`: copies parts of another message.
    Copy(Copy),
    /// `Remove`: removes the named parts, or all when none is named.
    Remove(Option<Parts>),
    /// `Authentication` in `Set`: puts a Google token into a header.
    Authenticate(Box<Authentication>),
    /// `AssignVariable`: sets a variable, independent of the target message.
    AssignVariable(AssignVariable),
}

/// The kinds of named values in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A header.
    Header,
    /// A query parameter.
    QueryParam,
    /// A form parameter.
    FormParam,
}

/// The part that a child of `Set` replaces.
#[derive(Clone, Debug, PartialEq)]
pub enum Assignment {
    /// A part of the message other than its body.
    Part(MessagePart, Template),
    /// The body, and the `Content-Type` when `contentType` is given.
    Payload {
        /// The new body.
        content: Template,
        /// The new `Content-Type`.
        content_type: Option<Template>,
    },
}

/// A name with the selected values: all of `X`, the second for `X.2`, two for `X.1` and `X.3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedValues {
    /// The name without the number.
    pub name: ByteString,
    /// The numbers, from 1; empty for all values.
    pub numbers: Vec<usize>,
}

/// `Copy` with its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// The message to copy from; the ambient message when absent.
    pub source: Option<Variable>,
    /// The copied parts; everything when none is named.
    pub parts: Option<Parts>,
}

/// The selected values of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// No values: the element is absent.
    #[default]
    None,
    /// All values: the element is empty.
    All,
    /// The named values.
    Named(Vec<NamedValues>),
}

/// The parts of a message that `Copy` or `Remove` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// `Headers`.
    pub headers: Selection,
    /// `QueryParams`.
    pub query_params: Selection,
    /// `FormParams`.
    pub form_params: Selection,
    /// `Payload`.
    pub payload: bool,
    /// `Verb`.
    pub verb: bool,
    /// `Path`.
    pub path: bool,
    /// `Version`.
    pub version: bool,
    /// `StatusCode`.
    pub status_code: bool,
    /// `ReasonPhrase`.
    pub reason_phrase: bool,
}

impl Action {
    /// Whether it reads or writes the body of the message with one of these names in its flow.
    /// `target` is true when that message is the target.
    pub fn uses_body(&self, names: &[&str], target: bool) -> bool {
        let acts_on_body = match self {
            Action::Set(Assignment::Payload { .. }) | Action::Add(Field::FormParam, ..) => target,
            Action::Set(Assignment::Part(part, _)) => target && part.is_body(),
            Action::Add(..) => false,
            Action::Copy(Copy { source, parts }) => {
                let is_source = match source {
                    Some(source) => source.is_body_of(names),
                    None => names.contains(&"message"),
                };
                (target || is_source) && parts.as_ref().is_none_or(Parts::contains_body)
            }
            Action::Remove(parts) => target && parts.as_ref().is_none_or(Parts::contains_body),
            Action::AssignVariable(assignment) => assignment.uses_body(names),
            Action::Authenticate(authentication) => authentication.uses_body(names),
        };
        acts_on_body || self.templates().any(|template| template.uses_body(names))
    }

    /// The templates whose values become a part of a message.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let (first, second) = match self {
            Action::Set(Assignment::Payload { content, content_type }) => (Some(content), content_type.as_ref()),
            Action::Set(Assignment::Part(_, template)) | Action::Add(_, _, template) => (Some(template), None),
            Action::Copy(_) | Action::Remove(_) | Action::AssignVariable(_) | Action::Authenticate(_) => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl Parts {
    fn contains_body(&self) -> bool {
        self.payload || self.form_params != Selection::None
    }
}
