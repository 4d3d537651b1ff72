//! The ServiceCallout policy (docs/apigee-semantics.md 2).

use super::action::{Action, Grammar, parse_actions};
use super::attributes::{
    Attributes, boolean_attribute, boolean_child, single_child, warn_ignored, warn_unknown_children,
};
use super::connection::Connection;
use super::variable::Variable;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Element;
use bytestring::ByteString;
use std::time::Duration;

/// A checked ServiceCallout.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCallout {
    /// Name and switches.
    pub attributes: Attributes,
    /// What is sent.
    pub request: CalloutRequest,
    /// The variable that gets the answer; without one the flow does not wait for it.
    pub response: Option<ByteString>,
    /// How long the flow waits for the answer.
    pub timeout: Duration,
    /// Where it is sent.
    pub connection: Connection,
    /// The variables whose names hold the policy's.
    pub variables: CalloutVariables,
}

/// The message that a callout sends.
#[derive(Clone, Debug, PartialEq)]
pub struct CalloutRequest {
    /// The variable that holds it.
    pub variable: ByteString,
    /// The same, to see whether it is something else than a message.
    pub as_variable: Variable,
    /// Whether it is cleared after sending.
    pub clear_payload: bool,
    /// Whether a variable that does not resolve counts as empty text.
    pub ignore_unresolved: bool,
    /// What is done to it before sending.
    pub actions: Vec<Action>,
}

/// `servicecallout.NAME.…`
#[derive(Clone, Debug, PartialEq)]
pub struct CalloutVariables {
    /// `servicecallout.NAME.target.url`: set by an earlier policy it replaces the URL; set here before sending.
    pub target_url: Variable,
}

impl ServiceCallout {
    /// Reads and checks a policy. `None` when it has errors, which are in the diagnostics.
    pub fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ServiceCallout> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [
            "DisplayName",
            "Description",
            "Properties",
            "FaultRules",
            "Request",
            "Response",
            "Timeout",
            "HTTPTargetConnection",
            "HttpTargetConnection",
            "LocalTargetConnection",
        ];
        warn_unknown_children(root, &known, diagnostics);
        let request = CalloutRequest::parse(single_child(root, "Request", diagnostics), diagnostics);
        let response = response(root, diagnostics);
        let timeout = timeout(root, diagnostics);
        let connection = Connection::parse(root, &attributes.name, diagnostics)?;
        let timeout = match (timeout, connection.properties.io_timeout) {
            (Some(timeout), Some(io_timeout)) => timeout.min(io_timeout),
            (timeout, _) => timeout.unwrap_or(DEFAULT_TIMEOUT),
        };
        let variables =
            CalloutVariables { target_url: Variable::new(&format!("servicecallout.{}.target.url", attributes.name)) };
        Some(ServiceCallout { attributes, request, response, timeout, connection, variables })
    }
}

impl ServiceCallout {
    /// Whether running it reads or writes the body of the message that goes by those names where it runs.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        let target = names.contains(&&*self.request.variable);
        target
            || self.response.as_deref().is_some_and(|response| names.contains(&response))
            || self.request.actions.iter().any(|action| action.uses_body(names, target))
            || self.connection.uses_body(names)
    }
}

/// Apigee's default of 55 seconds.
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(55_000);

impl CalloutRequest {
    fn parse(request: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> CalloutRequest {
        let mut parsed = CalloutRequest {
            variable: ByteString::from_static("servicecallout.request"),
            as_variable: Variable::new("servicecallout.request"),
            clear_payload: true,
            ignore_unresolved: false,
            actions: Vec::new(),
        };
        let Some(request) = request else { return parsed };
        if let Some(variable) = request.attribute("variable").map(str::trim).filter(|variable| !variable.is_empty()) {
            parsed.variable = variable.into();
            parsed.as_variable = Variable::new(variable);
        }
        parsed.clear_payload = boolean_attribute(request, "clearPayload", true, diagnostics);
        parsed.ignore_unresolved = boolean_child(request, "IgnoreUnresolvedVariables", false, diagnostics);
        for child in request.children().filter(|child| child.name() != "IgnoreUnresolvedVariables") {
            match parse_actions(child, Grammar::Message, "ServiceCallout", diagnostics) {
                Some(actions) => parsed.actions.extend(actions),
                None => warn_ignored(child, request, diagnostics),
            }
        }
        parsed
    }
}

fn response(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ByteString> {
    let response = single_child(root, "Response", diagnostics)?;
    let name = response.text();
    if name.is_empty() {
        diagnostics.warning(response.position(), "Response is empty: the flow does not wait for the response");
        return None;
    }
    if name.contains(char::is_whitespace) {
        diagnostics.error(response.position(), format!("Response {name:?} is not a variable name"));
    }
    Some(name.into())
}

fn timeout(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Duration> {
    let element = single_child(root, "Timeout", diagnostics)?;
    let text = element.text();
    // Java's Integer, and also the longest time that Envoy takes.
    let timeout = text.parse::<u32>().ok().filter(|milliseconds| (1..=i32::MAX.unsigned_abs()).contains(milliseconds));
    if timeout.is_none() {
        diagnostics.named_error("InvalidTimeoutValue", element.position(), format!("Invalid Timeout value {text}."));
    }
    timeout.map(|milliseconds| Duration::from_millis(milliseconds.into()))
}

#[cfg(test)]
mod tests;
