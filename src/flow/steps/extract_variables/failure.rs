//! The failures of ExtractVariables and their faults (docs/apigee-semantics.md 4.6).

use crate::flow::expand::ExpandError;
use crate::flow::fault::{Fault, codes};
use crate::flow::memory::TooLarge;
use crate::policy::extract_variables::ValueType;
use bytestring::ByteString;

/// The reason why the policy failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExtractionFailure {
    /// The source is not a message, or does not exist.
    NoMessage(ByteString),
    /// The source is the content of a variable that is not a message.
    NoText(ByteString),
    /// The payload does not have the format of its content type.
    Payload,
    /// This text is not a valid JSONPath.
    JsonPath(ByteString),
    /// The value is not of the type.
    Cast(ByteString, ValueType),
    /// The value is not valid for the variable.
    NotSet(ByteString, ByteString),
    /// The variable is read-only.
    Immutable(ByteString),
    /// A variable in a JSONPath does not resolve.
    Unresolved(ByteString),
    /// A value is larger than the memory left for bodies.
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
        let (code, reason) = match self {
            ExtractionFailure::Unresolved(name) => return Fault::unresolved_variable(&name),
            ExtractionFailure::TooLarge => return Fault::too_large("ExtractVariables", policy),
            ExtractionFailure::NoMessage(source) => (
                codes::EXTRACT_SOURCE_MISSING,
                format!("{source} message is not available for ExtractVariable: {policy}"),
            ),
            ExtractionFailure::NoText(source) => (
                codes::EXTRACT_JSON_FAILED,
                format!("ExtractVariables {policy}: Json path parsing failed for for flow variables {source}"),
            ),
            ExtractionFailure::Payload => {
                (codes::EXTRACT_FAILED, format!("Failed to execute the ExtractVariables: {policy}"))
            }
            ExtractionFailure::JsonPath(path) => {
                (codes::EXTRACT_INVALID_JSON_PATH, format!("Invalid JSON path {path} in policy {policy}."))
            }
            ExtractionFailure::Cast(value, kind) => {
                (codes::EXTRACT_CAST_FAILED, format!("Unable to cast value {value} as {kind}."))
            }
            ExtractionFailure::NotSet(variable, value) => (
                codes::EXTRACT_SET_FAILED,
                format!("Failed to set variable {variable} value {value} from ExtractVariables: {policy}"),
            ),
            ExtractionFailure::Immutable(variable) => {
                (codes::EXTRACT_IMMUTABLE, format!("Variable {variable} is immutable"))
            }
        };
        Fault::new(code, reason)
    }
}
