//! Policy documents as typed, checked data. Nothing here runs a policy.

pub mod action;
pub mod assign_message;
pub mod attributes;
pub mod authentication;
pub mod condition;
pub mod connection;
pub mod endpoint;
pub mod extract_variables;
pub mod flow_callout;
pub mod integration_callout;
pub mod origin;
pub mod raise_fault;
pub mod referenced;
pub mod service_callout;
pub mod set_integration_request;
pub mod success_codes;
pub mod target_url;
mod target_variables;
pub mod template;
pub mod unsupported;
pub mod variable;

use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::language::xml::{Document, Element};
use action::{Action, ResourceUrl};
use assign_message::AssignMessage;
use attributes::Attributes;
use bytestring::ByteString;
use extract_variables::ExtractVariables;
use flow_callout::FlowCallout;
use integration_callout::IntegrationCallout;
use raise_fault::RaiseFault;
use service_callout::ServiceCallout;
use set_integration_request::SetIntegrationRequest;
use template::{Syntax, Template, TemplateError};
use unsupported::Unsupported;
use variable::Variable;

/// A checked policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// Calls another service.
    ServiceCallout(Box<ServiceCallout>),
    /// Creates and changes messages and sets variables.
    AssignMessage(AssignMessage),
    /// Extracts values from messages into variables.
    ExtractVariables(ExtractVariables),
    /// Leaves the flow with an error response.
    RaiseFault(RaiseFault),
    /// Runs a shared flow.
    FlowCallout(FlowCallout),
    /// Creates the request object of an integration.
    SetIntegrationRequest(Box<SetIntegrationRequest>),
    /// Runs an integration.
    IntegrationCallout(IntegrationCallout),
    /// A policy of an unsupported type.
    Unsupported(Unsupported),
}

impl Policy {
    /// Reads and checks a policy document.
    ///
    /// `key` names the document in diagnostics until its name is known, such as `policies[0]`. The diagnostics contain
    /// every problem; the policy is `None` exactly when one of them is an error.
    pub fn parse(text: &str, key: &str) -> (Option<Policy>, Vec<Diagnostic>) {
        let mut diagnostics = Diagnostics::of_document(key);
        let policy = read_document(text, &mut diagnostics, |root, diagnostics| {
            let policy = Policy::of_root(root, diagnostics)?;
            target_variables::warn(&policy, root, diagnostics);
            Some(policy)
        });
        let is_usable = !diagnostics.has_errors();
        (policy.filter(|_| is_usable), diagnostics.into_vec())
    }

    /// The policy of a document whose root element names its type.
    fn of_root(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Policy> {
        match root.name() {
            "ServiceCallout" => ServiceCallout::parse(root, diagnostics).map(Box::new).map(Policy::ServiceCallout),
            "AssignMessage" => Some(Policy::AssignMessage(AssignMessage::parse(root, diagnostics))),
            "ExtractVariables" => ExtractVariables::parse(root, diagnostics).map(Policy::ExtractVariables),
            "RaiseFault" => Some(Policy::RaiseFault(RaiseFault::parse(root, diagnostics))),
            "FlowCallout" => FlowCallout::parse(root, diagnostics).map(Policy::FlowCallout),
            "SetIntegrationRequest" => {
                SetIntegrationRequest::parse(root, diagnostics).map(Box::new).map(Policy::SetIntegrationRequest)
            }
            "IntegrationCallout" => IntegrationCallout::parse(root, diagnostics).map(Policy::IntegrationCallout),
            _ => Some(Policy::Unsupported(Unsupported::parse(root, diagnostics))),
        }
    }

    /// Name and switches.
    pub fn attributes(&self) -> &Attributes {
        match self {
            Policy::ServiceCallout(policy) => &policy.attributes,
            Policy::AssignMessage(policy) => &policy.attributes,
            Policy::ExtractVariables(policy) => &policy.attributes,
            Policy::RaiseFault(policy) => &policy.attributes,
            Policy::FlowCallout(policy) => &policy.attributes,
            Policy::SetIntegrationRequest(policy) => &policy.attributes,
            Policy::IntegrationCallout(policy) => &policy.attributes,
            Policy::Unsupported(policy) => &policy.attributes,
        }
    }

    /// The names of the variables that the policy sets.
    pub fn assigned_variables(&self) -> impl Iterator<Item = &ByteString> {
        let (actions, extraction): (&[Action], _) = match self {
            Policy::AssignMessage(policy) => (&policy.actions, None),
            Policy::RaiseFault(policy) => (&policy.actions, None),
            Policy::ExtractVariables(policy) => (&[], Some(policy)),
            _ => (&[], None),
        };
        let assigned = actions.iter().filter_map(|action| match action {
            Action::AssignVariable(assignment) => Some(&assignment.name),
            _ => None,
        });
        assigned.chain(extraction.into_iter().flat_map(ExtractVariables::targets)).map(Variable::name)
    }

    /// The resources whose text the policy assigns to variables.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceUrl> {
        let actions: &[Action] = match self {
            Policy::AssignMessage(policy) => &policy.actions,
            Policy::RaiseFault(policy) => &policy.actions,
            _ => &[],
        };
        actions.iter().filter_map(|action| match action {
            Action::AssignVariable(assignment) => assignment.resource.as_ref(),
            _ => None,
        })
    }

    /// The positions of the elements that need a Google token, and so an identity.
    pub fn identity_positions(&self) -> Vec<Position> {
        let (actions, connection): (&[Action], _) = match self {
            Policy::ServiceCallout(policy) => (&policy.request.actions, policy.connection.authentication.as_ref()),
            Policy::AssignMessage(policy) => (&policy.actions, None),
            Policy::RaiseFault(policy) => (&policy.actions, None),
            Policy::IntegrationCallout(policy) => return vec![policy.position],
            _ => return Vec::new(),
        };
        let actions = actions.iter().filter_map(|action| match action {
            Action::Authenticate(authentication) => Some(authentication.position),
            _ => None,
        });
        actions.chain(connection.map(|authentication| authentication.position)).collect()
    }

    /// Whether the policy reads or writes the body of the message with one of these names (`request`, `message`) in its
    /// flow.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        match self {
            Policy::ServiceCallout(policy) => policy.uses_body(names),
            Policy::AssignMessage(policy) => policy.uses_body(names),
            Policy::ExtractVariables(policy) => policy.uses_body(names),
            Policy::RaiseFault(policy) => policy.uses_body(names),
            Policy::FlowCallout(policy) => policy.uses_body(names),
            Policy::SetIntegrationRequest(policy) => policy.uses_body(names),
            Policy::IntegrationCallout(policy) => policy.uses_body(names),
            Policy::Unsupported(_) => false,
        }
    }

    /// The policy type: the name of the document's root element.
    pub fn kind(&self) -> &str {
        match self {
            Policy::ServiceCallout(_) => "ServiceCallout",
            Policy::AssignMessage(_) => "AssignMessage",
            Policy::ExtractVariables(_) => "ExtractVariables",
            Policy::RaiseFault(_) => "RaiseFault",
            Policy::FlowCallout(_) => "FlowCallout",
            Policy::SetIntegrationRequest(_) => "SetIntegrationRequest",
            Policy::IntegrationCallout(_) => "IntegrationCallout",
            Policy::Unsupported(policy) => &policy.kind,
        }
    }
}

/// Parses a document and reads its root element. Reports a text that is not an XML document.
fn read_document<T>(
    text: &str,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(Element<'_, '_>, &mut Diagnostics) -> Option<T>,
) -> Option<T> {
    match Document::parse(text) {
        Ok(document) => read(document.root(), diagnostics),
        Err(error) => {
            diagnostics.error(error.position, error.to_string());
            None
        }
    }
}

/// Compiles the template in an element. Reports an invalid one.
fn template_of(
    element: Element<'_, '_>,
    text: &str,
    syntax: Syntax,
    diagnostics: &mut Diagnostics,
) -> Option<Template> {
    let parsed = Template::parse(text, syntax);
    match parsed.and_then(|template| template.check_regexes().map(|()| template)) {
        Ok(template) => {
            if let Some(call) = template.kept_call(syntax) {
                let message = format!(
                    "{call} is text and not a function call: a call ends with a parenthesis and the end of the expression, \
                     and has no spaces outside quotes"
                );
                diagnostics.warning(element.position(), message);
            }
            Some(template)
        }
        Err(error @ TemplateError::UnknownFunction(_)) => {
            diagnostics.named_error("entities.UnknownStringFunction", element.position(), error.to_string());
            None
        }
        Err(error) => {
            diagnostics.error(element.position(), error.to_string());
            None
        }
    }
}
