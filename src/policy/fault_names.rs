//! The values of `fault.name`: the last segment of a fault's code.

/// The faults of actions on messages.
const ACTIONS: [&str; 3] = ["SetVariableFailed", "UnresolvedVariable", "VariableOfNonMsgType"];

/// The faults of each policy type that the filter runs.
pub(super) const OF_KINDS: [(&str, &[&str]); 14] = [
    ("AssignMessage", &ACTIONS),
    ("BasicAuthentication", &["InvalidBasicAuthenticationSource", "SetVariableFailed", "UnresolvedVariable"]),
    ("DecodeJWT", &["FailedToDecode", "FailedToResolveVariable", "InvalidToken"]),
    (
        "ExtractVariables",
        &[
            "ExecutionFailed",
            "ImmutableVariable",
            "InvalidJSONPath",
            "JsonPathParsingFailure",
            "SetVariableFailed",
            "SourceMessageNotAvailable",
            "UnableToCast",
        ],
    ),
    ("FlowCallout", &["UnresolvedVariable"]),
    (
        "GenerateJWT",
        &[
            "FailedToResolveVariable",
            "GenerationFailed",
            "InsufficientKeyLength",
            "InvalidCurve",
            "InvalidJsonFormat",
            "InvalidPrivateKey",
            "InvalidSecretKey",
            "SigningFailed",
            "WrongKeyType",
        ],
    ),
    (
        "IntegrationCallout",
        &[
            "ExecutionFailed",
            "NullRequestVariable",
            "RequestVariableNotMessageType",
            "RequestVariableNotRequestMessageType",
            "UnresolvedVariable",
        ],
    ),
    ("KeyValueMapOperations", &["SetVariableFailed"]),
    ("LookupCache", &["SetVariableFailed"]),
    ("PopulateCache", &["EntryCannotBeCached"]),
    ("RaiseFault", &["RaiseFault", "SetVariableFailed", "UnresolvedVariable", "VariableOfNonMsgType"]),
    (
        "ServiceCallout",
        &[
            "ExecutionFailed",
            "RequestVariableNotMessageType",
            "RequestVariableNotRequestMessageType",
            "SetVariableFailed",
            "UnresolvedVariable",
            "VariableOfNonMsgType",
        ],
    ),
    ("SetIntegrationRequest", &["ExecutionFailed", "UnresolvedVariable"]),
    (
        "VerifyJWT",
        &[
            "AlgorithmInTokenNotPresentInConfiguration",
            "AlgorithmMismatch",
            "FailedToDecode",
            "FailedToResolveVariable",
            "InsufficientKeyLength",
            "InvalidClaim",
            "InvalidCurve",
            "InvalidJsonFormat",
            "InvalidPublicKey",
            "InvalidSecretKey",
            "InvalidToken",
            "JwtAudienceMismatch",
            "JwtIssuerMismatch",
            "JwtSubjectMismatch",
            "KeyIdMissing",
            "KeyParsingFailed",
            "NoAlgorithmFoundInHeader",
            "NoMatchingPublicKey",
            "TokenExpired",
            "TokenNotYetValid",
            "UnhandledCriticalHeader",
            "WrongKeyType",
        ],
    ),
];

/// The faults that need no policy: of routes, targets, tokens and limits, here or in Apigee.
pub const OF_ANY_PROXY: [&str; 24] = [
    "ApplicationNotFound",
    "BadPath",
    "EmptyIDTokenAudience",
    "ErrorResponseCode",
    "GatewayTimeout",
    "GoogleTokenGenerationFailure",
    "IllegalAccess",
    "InternalServerError",
    "LengthRequired",
    "MalformedRequest",
    "NoActiveTargets",
    "NoRoutesMatched",
    "NotFound",
    "ReadTimeout",
    "RequestTimeout",
    "RequestTimeOut",
    "ServiceUnavailable",
    "SslHandshakeFailed",
    "TooBigBody",
    "TooBigHeaders",
    "TooBigLine",
    "UnexpectedEOF",
    "UnexpectedEOFAtTarget",
    "UnresolvedVariable",
];

/// The names of all faults, with repetitions.
pub fn all() -> impl Iterator<Item = &'static str> {
    OF_KINDS.iter().flat_map(|(_, names)| names.iter()).chain(&OF_ANY_PROXY).copied()
}

/// The faults of a policy type; none for a type that the filter does not run.
pub(super) fn of_kind(kind: &str) -> &'static [&'static str] {
    OF_KINDS.iter().find(|(name, _)| *name == kind).map_or(&[], |(_, names)| names)
}
