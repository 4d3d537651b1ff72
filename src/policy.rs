//! Policy documents as typed, checked data. Nothing here runs a policy.

pub mod action;
pub mod assign_message;
pub mod attributes;
pub mod authentication;
pub mod basic_authentication;
pub mod cache;
pub mod condition;
pub mod connection;
pub mod endpoint;
pub mod extract_variables;
pub mod fault_names;
pub mod flow_callout;
pub mod independence;
pub mod integration_callout;
pub mod invalidate_cache;
pub mod jwt;
pub mod key_value_map_operations;
pub mod kind;
pub mod lookup_cache;
pub mod origin;
pub mod populate_cache;
pub mod raise_fault;
pub mod referenced;
pub mod response_cache;
pub mod service_callout;
pub mod set_integration_request;
pub mod spaced_names;
pub mod success_codes;
pub mod target_url;
mod target_variables;
pub mod template;
pub mod text_or_variable;
pub mod unsupported;
pub mod usage;
pub mod variable;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Position};
use crate::language::xml::{Document, Element};
use action::{Action, Assignment, ResourceUrl};
use assign_message::AssignMessage;
use attributes::Attributes;
use authentication::Authentication;
use basic_authentication::BasicAuthentication;
use bytestring::ByteString;
use cache::CacheUse;
use extract_variables::ExtractVariables;
use flow_callout::FlowCallout;
use integration_callout::IntegrationCallout;
use invalidate_cache::InvalidateCache;
use jwt::{DecodeJwt, GenerateJwt, JwksUrl, VerifyJwt};
use key_value_map_operations::KeyValueMapOperations;
use kind::PolicyKind;
use lookup_cache::LookupCache;
use populate_cache::PopulateCache;
use raise_fault::RaiseFault;
use response_cache::ResponseCache;
use service_callout::ServiceCallout;
use set_integration_request::SetIntegrationRequest;
use template::{Syntax, Template, TemplateError};
use unsupported::Unsupported;
use usage::Read;
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
    /// Encodes or decodes a user and a password.
    BasicAuthentication(Box<BasicAuthentication>),
    /// Reads a token without checking it.
    DecodeJwt(Box<DecodeJwt>),
    /// Checks a token.
    VerifyJwt(Box<VerifyJwt>),
    /// Creates a token.
    GenerateJwt(Box<GenerateJwt>),
    /// Reads and changes key value maps.
    KeyValueMapOperations(Box<KeyValueMapOperations>),
    /// Stores a value in a cache.
    PopulateCache(Box<PopulateCache>),
    /// Reads a value from a cache.
    LookupCache(Box<LookupCache>),
    /// Removes values from a cache.
    InvalidateCache(Box<InvalidateCache>),
    /// Replies with a stored response, or stores a response.
    ResponseCache(Box<ResponseCache>),
    /// A policy of an unsupported type.
    Unsupported(Unsupported),
}

/// Data that every policy has, and data that some have. The defaults are for a policy without such data.
trait PolicyData {
    /// Name and switches.
    fn attributes(&self) -> &Attributes;

    /// Whether the policy reads or writes the body of the message with one of these names in its flow.
    fn uses_body(&self, names: &[&str]) -> bool;

    /// Whether the policy gives a body to the request in a request flow.
    fn sets_request_body(&self) -> bool {
        false
    }

    /// The actions on a message.
    fn actions(&self) -> &[Action] {
        &[]
    }

    /// The variables that it sets without an action.
    fn extracted(&self) -> Vec<&Variable> {
        Vec::new()
    }

    /// The variables that it reads, without those of its actions and of the `Authentication` of its connection.
    fn reads(&self) -> Vec<Read<'_>>;

    /// The other variables that it sets, and the messages that it makes.
    fn made(&self) -> Vec<&str> {
        self.response().into_iter().collect()
    }

    /// The variable of its response.
    fn response(&self) -> Option<&str> {
        None
    }

    /// The target of its call.
    fn callee(&self) -> Option<Callee<'_>> {
        None
    }

    /// Whether every run of the policy with the same request calls the same server.
    fn has_predictable_target(&self) -> bool {
        false
    }

    /// The `Authentication` of its connection.
    fn authentication(&self) -> Option<&Authentication> {
        None
    }

    /// The policy, if it reads or writes entries of a cache.
    fn cache_use(&self) -> Option<CacheUse<'_>> {
        None
    }

    /// The position of the policy, if it always needs a Google token.
    fn identity_position(&self) -> Option<Position> {
        None
    }
}

/// The target of a policy's call.
#[derive(Clone, Copy, Debug)]
pub enum Callee<'p> {
    /// A service.
    Service(&'p ServiceCallout),
    /// The service of Application Integration in the region of the policy.
    Integration(&'p SetIntegrationRequest),
    /// A shared flow.
    SharedFlow(&'p FlowCallout),
    /// The server of a set of public keys.
    Jwks(&'p VerifyJwt, &'p JwksUrl),
}

impl Policy {
    /// Reads and checks a policy document.
    ///
    /// `key` names the document in diagnostics until its name is known, such as `policies[0]`. The diagnostics contain
    /// every problem; the policy is `None` exactly when one of them is an error.
    pub fn parse(text: &str, key: &str) -> (Option<Policy>, Vec<Diagnostic>) {
        let mut diagnostics = Diagnostics::of_document(key);
        let policy = read_document(text, &mut diagnostics, |root, diagnostics| {
            let policy = (PolicyKind::of_root(root.name()).parse)(root, diagnostics)?;
            target_variables::warn(&policy, root, diagnostics);
            Some(policy)
        });
        let is_usable = !diagnostics.has_errors();
        (policy.filter(|_| is_usable), diagnostics.into_vec())
    }

    fn data(&self) -> &dyn PolicyData {
        match self {
            Policy::ServiceCallout(policy) => &**policy,
            Policy::AssignMessage(policy) => policy,
            Policy::ExtractVariables(policy) => policy,
            Policy::RaiseFault(policy) => policy,
            Policy::FlowCallout(policy) => policy,
            Policy::SetIntegrationRequest(policy) => &**policy,
            Policy::IntegrationCallout(policy) => policy,
            Policy::BasicAuthentication(policy) => &**policy,
            Policy::DecodeJwt(policy) => &**policy,
            Policy::VerifyJwt(policy) => &**policy,
            Policy::GenerateJwt(policy) => &**policy,
            Policy::KeyValueMapOperations(policy) => &**policy,
            Policy::PopulateCache(policy) => &**policy,
            Policy::LookupCache(policy) => &**policy,
            Policy::InvalidateCache(policy) => &**policy,
            Policy::ResponseCache(policy) => &**policy,
            Policy::Unsupported(policy) => policy,
        }
    }

    /// Name and switches.
    pub fn attributes(&self) -> &Attributes {
        self.data().attributes()
    }

    /// The policy type: the name of the document's root element.
    pub fn kind(&self) -> &str {
        self.unsupported().map_or(self.attributes().kind.name, |policy| policy.kind.as_str())
    }

    /// The policy, if its type is not supported.
    pub fn unsupported(&self) -> Option<&Unsupported> {
        match self {
            Policy::Unsupported(policy) => Some(policy),
            _ => None,
        }
    }

    /// The names of the variables that the policy sets.
    pub fn assigned_variables(&self) -> impl Iterator<Item = &ByteString> {
        let assigned = self.data().actions().iter().filter_map(|action| match action {
            Action::AssignVariable(assignment) => Some(&assignment.name),
            _ => None,
        });
        assigned.chain(self.data().extracted()).map(Variable::name)
    }

    /// The resources whose text the policy assigns to variables.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceUrl> {
        self.data().actions().iter().filter_map(|action| match action {
            Action::AssignVariable(assignment) => assignment.resource.as_ref(),
            _ => None,
        })
    }

    /// The `Authentication` elements of its actions and of its connection.
    pub fn authentications(&self) -> impl Iterator<Item = &Authentication> {
        let actions = self.data().actions().iter().filter_map(|action| match action {
            Action::Authenticate(authentication) => Some(&**authentication),
            _ => None,
        });
        actions.chain(self.data().authentication())
    }

    /// The positions of the elements that need a Google token, and so an identity.
    pub fn identity_positions(&self) -> Vec<Position> {
        let elements = self.authentications().map(|authentication| authentication.position);
        elements.chain(self.data().identity_position()).collect()
    }

    /// The variable to which it writes credentials: a token or a user with a password.
    pub fn credentials(&self) -> Option<&Variable> {
        match self {
            Policy::GenerateJwt(policy) => Some(&policy.output),
            Policy::BasicAuthentication(policy) => policy.encoded(),
            _ => None,
        }
    }

    /// The variable of its response.
    pub fn response(&self) -> Option<&str> {
        self.data().response()
    }

    /// The target of its call.
    pub fn callee(&self) -> Option<Callee<'_>> {
        self.data().callee()
    }

    /// Whether the policy reads or writes the body of the message with one of these names (`request`, `message`) in its
    /// flow.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        self.data().uses_body(names)
    }

    /// Whether the policy sets the body of the message with one of these names and does not read it.
    pub fn replaces_body(&self, names: &[&str]) -> bool {
        let Policy::AssignMessage(policy) = self else { return false };
        let is_target = policy.assign_to.variable.as_deref().is_none_or(|name| names.contains(&name));
        let sets_body = |action: &Action| matches!(action, Action::Set(Assignment::Payload { .. }));
        let reads = |action: &Action| action.uses_body(names, false);
        policy.attributes.enabled
            && is_target
            && policy.actions.iter().any(sets_body)
            && !policy.actions.iter().any(|action| reads(action) || (action.uses_body(&[], true) && !sets_body(action)))
    }

    /// The policy, if it reads or writes entries of a cache.
    pub fn cache_use(&self) -> Option<CacheUse<'_>> {
        self.data().cache_use()
    }

    /// The policy, if it reads and changes key value maps.
    pub fn map_operations(&self) -> Option<&KeyValueMapOperations> {
        match self {
            Policy::KeyValueMapOperations(policy) => Some(policy),
            _ => None,
        }
    }

    /// Whether the policy gives a body to the request in a request flow.
    pub fn sets_request_body(&self) -> bool {
        self.data().sets_request_body()
    }

    /// The policy, if it sends the request object of an integration.
    pub fn integration_callout(&self) -> Option<&IntegrationCallout> {
        match self {
            Policy::IntegrationCallout(policy) => Some(policy),
            _ => None,
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
            diagnostics.error(Code::MalformedXml, error.position, error.to_string());
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
                let reason = match call.contains('"') {
                    true => "a text argument has single quotes",
                    false => {
                        "a call ends with a parenthesis and the end of the expression, and has no spaces outside quotes"
                    }
                };
                let message = format!("{call} is text and not a function call: {reason}");
                diagnostics.warning(Code::FunctionAsText, element.position(), message);
            } else if let Some(start) = Template::unclosed(text, syntax) {
                let message = format!("{start} is not closed: it is text and not a variable; write {start}}}");
                diagnostics.warning(Code::UnclosedVariable, element.position(), message);
            }
            Some(template)
        }
        Err(error @ TemplateError::UnknownFunction(_)) => {
            diagnostics.error(Code::UnknownFunction, element.position(), error.to_string());
            None
        }
        Err(error) => {
            diagnostics.error(Code::InvalidTemplate, element.position(), error.to_string());
            None
        }
    }
}
