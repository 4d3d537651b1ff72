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

pub(in crate::flow) const MAP_SET_FAILED: &str = "steps.keyvaluemapoperations.SetVariableFailed";

pub(in crate::flow) const ENTRY_NOT_CACHED: &str = "policies.populatecache.EntryCannotBeCached";

pub(in crate::flow) const RAISE_FAULT: &str = "steps.raisefault.RaiseFault";

pub(in crate::flow) const BASIC_SOURCE_INVALID: &str = "steps.basicauthentication.InvalidBasicAuthenticationSource";
pub(in crate::flow) const BASIC_UNRESOLVED: &str = "steps.basicauthentication.UnresolvedVariable";

pub(in crate::flow) const JWT_UNRESOLVED: &str = "steps.jwt.FailedToResolveVariable";
pub(in crate::flow) const JWT_FAILED_TO_DECODE: &str = "steps.jwt.FailedToDecode";
pub(in crate::flow) const JWT_INVALID_JSON: &str = "steps.jwt.InvalidJsonFormat";
pub(in crate::flow) const JWT_NO_ALGORITHM: &str = "steps.jwt.NoAlgorithmFoundInHeader";
pub(in crate::flow) const JWT_ALGORITHM_MISMATCH: &str = "steps.jwt.AlgorithmMismatch";
pub(in crate::flow) const JWT_ALGORITHM_NOT_PRESENT: &str = "steps.jwt.AlgorithmInTokenNotPresentInConfiguration";
pub(in crate::flow) const JWT_CRITICAL_HEADER: &str = "steps.jwt.UnhandledCriticalHeader";
pub(in crate::flow) const JWT_INVALID_TOKEN: &str = "steps.jwt.InvalidToken";
pub(in crate::flow) const JWT_EXPIRED: &str = "steps.jwt.TokenExpired";
pub(in crate::flow) const JWT_NOT_YET_VALID: &str = "steps.jwt.TokenNotYetValid";
pub(in crate::flow) const JWT_INVALID_CLAIM: &str = "steps.jwt.InvalidClaim";
pub(in crate::flow) const JWT_ISSUER: &str = "steps.jwt.JwtIssuerMismatch";
pub(in crate::flow) const JWT_SUBJECT: &str = "steps.jwt.JwtSubjectMismatch";
pub(in crate::flow) const JWT_AUDIENCE: &str = "steps.jwt.JwtAudienceMismatch";
pub(in crate::flow) const JWT_KEY_ID_MISSING: &str = "steps.jwt.KeyIdMissing";
pub(in crate::flow) const JWT_NO_MATCHING_KEY: &str = "steps.jwt.NoMatchingPublicKey";
pub(in crate::flow) const JWT_KEY_PARSING: &str = "steps.jwt.KeyParsingFailed";
pub(in crate::flow) const JWT_INVALID_PUBLIC_KEY: &str = "steps.jwt.InvalidPublicKey";
pub(in crate::flow) const JWT_INVALID_PRIVATE_KEY: &str = "steps.jwt.InvalidPrivateKey";
pub(in crate::flow) const JWT_INVALID_SECRET_KEY: &str = "steps.jwt.InvalidSecretKey";
pub(in crate::flow) const JWT_KEY_LENGTH: &str = "steps.jwt.InsufficientKeyLength";
pub(in crate::flow) const JWT_WRONG_KEY_TYPE: &str = "steps.jwt.WrongKeyType";
pub(in crate::flow) const JWT_INVALID_CURVE: &str = "steps.jwt.InvalidCurve";
pub(in crate::flow) const JWT_SIGNING_FAILED: &str = "steps.jwt.SigningFailed";
pub(in crate::flow) const JWT_GENERATION_FAILED: &str = "steps.jwt.GenerationFailed";

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
