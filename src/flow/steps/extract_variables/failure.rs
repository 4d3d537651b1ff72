//! Why an ExtractVariables fails, and what that is called (docs/apigee-semantics.md 4.6).

use crate::flow::expand::ExpandError;
use crate::flow::fault::Fault;
use crate::flow::memory::TooLarge;
use crate::policy::extract_variables::ValueType;
use bytestring::ByteString;

/// Why the policy failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// The source is not a message that is there.
    NoMessage(ByteString),
    /// The source is a text that is not there.
    NoText(ByteString),
    /// The payload is not what its content type says.
    Payload,
    /// This text became no JSONPath.
    JsonPath(ByteString),
    /// A value that is not of the type.
    Cast(ByteString, ValueType),
    /// A variable that cannot have that value.
    NotSet(ByteString, ByteString),
    /// A variable that cannot be set at all.
    Immutable(ByteString),
    /// A variable in a JSONPath does not resolve.
    Unresolved(ByteString),
    /// A value is larger than the memory that is left for bodies.
    TooLarge,
}

impl From<ExpandError> for Failure {
    fn from(error: ExpandError) -> Failure {
        match error {
            ExpandError::Unresolved(name) => Failure::Unresolved(name),
            ExpandError::TooLarge => Failure::TooLarge,
        }
    }
}

impl From<TooLarge> for Failure {
    fn from(_: TooLarge) -> Failure {
        Failure::TooLarge
    }
}

impl Failure {
    pub(super) fn into_fault(self, policy: &str) -> Fault {
        let (name, reason) = match self {
            Failure::Unresolved(name) => return Fault::unresolved_variable(&name),
            Failure::TooLarge => return Fault::too_large("ExtractVariables", policy),
            Failure::NoMessage(source) => (
                "steps.extractvariables.SourceMessageNotAvailable",
                format!("{source} message is not available for ExtractVariable: {policy}"),
            ),
            Failure::NoText(source) => (
                "steps.extractvariables.JsonPathParsingFailure",
                format!("ExtractVariables {policy}: Json path parsing failed for for flow variables {source}"),
            ),
            Failure::Payload => {
                ("steps.extractvariables.ExecutionFailed", format!("Failed to execute the ExtractVariables: {policy}"))
            }
            Failure::JsonPath(path) => {
                ("steps.extractvariables.InvalidJSONPath", format!("Invalid JSON path {path} in policy {policy}."))
            }
            Failure::Cast(value, kind) => {
                ("steps.extractvariables.UnableToCast", format!("Unable to cast value {value} as {kind}."))
            }
            Failure::NotSet(variable, value) => (
                "steps.extractvariables.SetVariableFailed",
                format!("Failed to set variable {variable} value {value} from ExtractVariables: {policy}"),
            ),
            Failure::Immutable(variable) => {
                ("steps.extractvariables.ImmutableVariable", format!("Variable {variable} is immutable"))
            }
        };
        Fault::new(name, reason)
    }
}
