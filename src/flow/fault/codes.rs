//! The fault codes (docs/guide/faults.md).

pub(in crate::flow) const SERVICE_CALLOUT_FAILED: &str = "steps.servicecallout.ExecutionFailed";
pub(in crate::flow) const SERVICE_CALLOUT_NOT_MESSAGE: &str = "steps.servicecallout.RequestVariableNotMessageType";
pub(in crate::flow) const SERVICE_CALLOUT_NOT_REQUEST: &str =
    "steps.servicecallout.RequestVariableNotRequestMessageType";

pub(in crate::flow) const INTEGRATION_CALLOUT_FAILED: &str = "steps.integrationcallout.ExecutionFailed";
pub(in crate::flow) const INTEGRATION_CALLOUT_NULL: &str = "steps.integrationcallout.NullRequestVariable";
pub(in crate::flow) const INTEGRATION_CALLOUT_NOT_MESSAGE: &str =
    "steps.integrationcallout.RequestVariableNotMessageType";
pub(in crate::flow) const INTEGRATION_CALLOUT_NOT_REQUEST: &str =
    "steps.integrationcallout.RequestVariableNotRequestMessageType";
pub(in crate::flow) const SET_INTEGRATION_REQUEST_FAILED: &str = "steps.setintegrationrequest.ExecutionFailed";

pub(in crate::flow) const EXTRACT_SOURCE_MISSING: &str = "steps.extractvariables.SourceMessageNotAvailable";
pub(in crate::flow) const EXTRACT_JSON_FAILED: &str = "steps.extractvariables.JsonPathParsingFailure";
pub(in crate::flow) const EXTRACT_FAILED: &str = "steps.extractvariables.ExecutionFailed";
pub(in crate::flow) const EXTRACT_INVALID_JSON_PATH: &str = "steps.extractvariables.InvalidJSONPath";
pub(in crate::flow) const EXTRACT_CAST_FAILED: &str = "steps.extractvariables.UnableToCast";
pub(in crate::flow) const EXTRACT_SET_FAILED: &str = "steps.extractvariables.SetVariableFailed";
pub(in crate::flow) const EXTRACT_IMMUTABLE: &str = "steps.extractvariables.ImmutableVariable";

pub(in crate::flow) const RAISE_FAULT: &str = "steps.raisefault.RaiseFault";

/// Any policy with a template.
pub(in crate::flow) const TEMPLATE_UNRESOLVED: &str = "entities.UnresolvedVariable";
pub(in crate::flow) const EMPTY_AUDIENCE: &str = "googletoken.EmptyIDTokenAudience";
pub(in crate::flow) const TOKEN_FAILED: &str = "messaging.adaptors.http.filter.GoogleTokenGenerationFailure";

pub(in crate::flow) const NO_ROUTES_MATCHED: &str = "messaging.runtime.NoRoutesMatched";
/// The worker has no memory left for bodies.
pub(in crate::flow) const NO_MEMORY: &str = "messaging.runtime.ServiceUnavailable";
/// The native module caught a panic.
pub(in crate::flow) const INTERNAL: &str = "messaging.runtime.InternalServerError";
pub(in crate::flow) const TARGET_ERROR_STATUS: &str = "messaging.adaptors.http.flow.ErrorResponseCode";
pub(in crate::flow) const TARGET_TIMEOUT: &str = "messaging.adaptors.http.flow.GatewayTimeout";
pub(in crate::flow) const TARGET_UNAVAILABLE: &str = "messaging.adaptors.http.flow.ServiceUnavailable";

/// The prefix of the codes for the token of a target endpoint.
pub(in crate::flow) const TARGET_ENDPOINT: &str = "steps.targetendpoint";

/// A fault of the actions that several policy types have in common. Its code contains the policy type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum ActionFault {
    /// The source of `Copy` does not exist.
    UnresolvedVariable,
    /// The source of `Copy` is not a message.
    VariableOfNonMsgType,
    /// A variable or a part of a message cannot be set.
    SetVariableFailed,
}

impl ActionFault {
    /// The code of a policy type with this prefix, such as `steps.assignmessage`.
    pub(in crate::flow) fn code(self, prefix: &str) -> String {
        let name = match self {
            ActionFault::UnresolvedVariable => "UnresolvedVariable",
            ActionFault::VariableOfNonMsgType => "VariableOfNonMsgType",
            ActionFault::SetVariableFailed => "SetVariableFailed",
        };
        format!("{prefix}.{name}")
    }
}
