//! The ServiceCallout policy (docs/apigee-semantics.md 2).

use super::action::{ACTIONS, Action, Grammar, parse_actions};
use super::attributes::{
    Attributes, boolean_attribute, boolean_child, single_child, warn_ignored, warn_unknown_attributes,
    warn_unknown_children,
};
use super::authentication::Authentication;
use super::connection::{self, Connection};
use super::usage::Read;
use super::variable::Variable;
use super::{Callee, PolicyData};
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;
use std::num::IntErrorKind;
use std::time::Duration;

/// A checked ServiceCallout.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCallout {
    /// Name and switches.
    pub attributes: Attributes,
    /// The request.
    pub request: CalloutRequest,
    /// The variable of the response; without it the flow does not wait for the response.
    pub response: Option<ByteString>,
    /// Maximum time that the flow waits for the response.
    pub timeout: Duration,
    /// The target.
    pub connection: Connection,
    /// The variables whose names contain the policy's name.
    pub variables: CalloutVariables,
}

/// The message that a callout sends.
#[derive(Clone, Debug, PartialEq)]
pub struct CalloutRequest {
    /// The variable of the message.
    pub variable: ByteString,
    /// The same name as a variable, to detect values that are not a message.
    pub as_variable: Variable,
    /// Whether the message is cleared after sending.
    pub clear_payload: bool,
    /// Whether an unresolved variable counts as empty text.
    pub ignore_unresolved: bool,
    /// The actions on the message before sending.
    pub actions: Vec<Action>,
}

/// `servicecallout.NAME.…`
#[derive(Clone, Debug, PartialEq)]
pub struct CalloutVariables {
    /// `servicecallout.NAME.target.url`: replaces the URL if an earlier policy sets it. The callout sets it before
    /// sending.
    pub target_url: Variable,
}

impl ServiceCallout {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ServiceCallout> {
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
            "Authentication",
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

impl PolicyData for ServiceCallout {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        let target = names.contains(&&*self.request.variable);
        target
            || self.response.as_deref().is_some_and(|response| names.contains(&response))
            || self.request.actions.iter().any(|action| action.uses_body(names, target))
            || self.connection.uses_body(names)
    }

    fn actions(&self) -> &[Action] {
        &self.request.actions
    }

    // A request message that does not exist is created.
    fn reads(&self) -> Vec<Read<'_>> {
        self.connection.reads()
    }

    fn made(&self) -> Vec<&str> {
        std::iter::once(&*self.request.variable).chain(self.response.as_deref()).collect()
    }

    fn response(&self) -> Option<&str> {
        self.response.as_deref()
    }

    fn callee(&self) -> Option<Callee<'_>> {
        Some(Callee::Service(self))
    }

    // A load balancer chooses another server for each call.
    fn has_predictable_target(&self) -> bool {
        !matches!(self.connection.target, connection::Target::LoadBalancer(_))
    }

    fn authentication(&self) -> Option<&Authentication> {
        self.connection.authentication.as_ref()
    }
}

/// Apigee's default: 55 seconds.
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(55_000);

/// Maximum timeout of Envoy in milliseconds, about 24 days. Longer ones have no other effect.
const MAX_TIMEOUT_MILLIS: u64 = 0x7fff_ffff;

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
        warn_unknown_attributes(request, &["clearPayload", "variable"], diagnostics);
        if let Some(variable) = request.attribute("variable").map(str::trim).filter(|variable| !variable.is_empty()) {
            parsed.variable = variable.into();
            parsed.as_variable = Variable::new(variable);
        }
        parsed.clear_payload = boolean_attribute(request, "clearPayload", true, diagnostics);
        parsed.ignore_unresolved = boolean_child(request, "IgnoreUnresolvedVariables", false, diagnostics);
        for child in request.children().filter(|child| child.name() != "IgnoreUnresolvedVariables") {
            match parse_actions(child, Grammar::Message, "ServiceCallout", diagnostics) {
                Some(actions) => parsed.actions.extend(actions),
                None => warn_ignored(child, request, &[&["IgnoreUnresolvedVariables"], ACTIONS].concat(), diagnostics),
            }
        }
        parsed
    }
}

fn response(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<ByteString> {
    let response = single_child(root, "Response", diagnostics)?;
    warn_unknown_attributes(response, &[], diagnostics);
    let name = response.text();
    if name.is_empty() {
        diagnostics.warning(
            Code::EmptyElement,
            response.position(),
            "Response is empty: the flow does not wait for the response",
        );
        return None;
    }
    if name.contains(char::is_whitespace) {
        diagnostics.error(Code::InvalidName, response.position(), format!("Response {name:?} is not a variable name"));
    }
    Some(name.into())
}

fn timeout(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Duration> {
    let element = single_child(root, "Timeout", diagnostics)?;
    warn_unknown_attributes(element, &[], diagnostics);
    let text = element.text();
    if text.is_empty() {
        return None;
    }
    let timeout = match text.parse::<u64>() {
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Some(MAX_TIMEOUT_MILLIS),
        parsed => parsed.ok().filter(|milliseconds| *milliseconds > 0),
    };
    if timeout.is_none() {
        diagnostics.error(
            Code::InvalidTimeout,
            element.position(),
            format!("Invalid Timeout value {text}. Timeout is a positive number of milliseconds"),
        );
    }
    timeout.map(|milliseconds| Duration::from_millis(milliseconds.min(MAX_TIMEOUT_MILLIS)))
}

#[cfg(test)]
mod tests;
