//! Why an ExtractVariables fails, and what that is called (docs/apigee-semantics.md 4.6).

use crate::flow::expand::ExpandError;
use crate::flow::fault::Fault;
use crate::flow::memory::TooLarge;
use crate::policy::extract_variables::ValueType;
use bytestring::ByteString;

/// Why the policy failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExtractionFailure {
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

impl From<ExpandError> for ExtractionFailure {
    fn from(error: ExpandError) -> ExtractionFailure {
        match error {
            ExpandError::Unresolved(name) => ExtractionFailure::Unresolved(name),
            ExpandError::TooLarge => ExtractionFailure::TooLarge,
        }
    }
}

impl From<TooLarge> for ExtractionFailure {
    fn from(_: TooLarge) -> ExtractionFailure {
        ExtractionFailure::TooLarge
    }
}

impl ExtractionFailure {
    pub(super) fn into_fault(self, policy: &str) -> Fault {
        let (name, reason) = match self {
            ExtractionFailure::Unresolved(name) => return Fault::unresolved_variable(&name),
            ExtractionFailure::TooLarge => return Fault::too_large("ExtractVariables", policy),
            ExtractionFailure::NoMessage(source) => (
                "steps.extractvariables.SourceMessageNotAvailable",
                format!("{source} message is not available for ExtractVariable: {policy}"),
            ),
            ExtractionFailure::NoText(source) => (
                "steps.extractvariables.JsonPathParsingFailure",
                format!("ExtractVariables {policy}: Json path parsing failed for for flow variables {source}"),
            ),
            ExtractionFailure::Payload => {
                ("steps.extractvariables.ExecutionFailed", format!("Failed to execute the ExtractVariables: {policy}"))
            }
            ExtractionFailure::JsonPath(path) => {
                ("steps.extractvariables.InvalidJSONPath", format!("Invalid JSON path {path} in policy {policy}."))
            }
            ExtractionFailure::Cast(value, kind) => {
                ("steps.extractvariables.UnableToCast", format!("Unable to cast value {value} as {kind}."))
            }
            ExtractionFailure::NotSet(variable, value) => (
                "steps.extractvariables.SetVariableFailed",
                format!("Failed to set variable {variable} value {value} from ExtractVariables: {policy}"),
            ),
            ExtractionFailure::Immutable(variable) => {
                ("steps.extractvariables.ImmutableVariable", format!("Variable {variable} is immutable"))
            }
        };
        Fault::new(name, reason)
    }
}
