//! The failures of the policies for JSON Web Tokens, and their faults.

use crate::flow::fault::Fault;
use crate::flow::jwt::token::TokenError;
use crate::flow::memory::TooLarge;
use crate::policy::jwt::HashSize;
use bytestring::ByteString;
use envoy_callout_jose::{KeyError, SignatureError};

/// A failure.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum JwtFailure {
    /// A variable does not resolve; `None` for the default of `Source`.
    Unresolved(Option<ByteString>),
    /// The text is not a token.
    FailedToDecode,
    /// The header or the payload is not a JSON object.
    InvalidJsonFormat,
    /// The header has no `alg`.
    NoAlgorithmFoundInHeader,
    /// The header's `alg` is not that of the policy.
    AlgorithmMismatch(String),
    /// The header's `alg` is not in the policy's list of several algorithms.
    AlgorithmNotPresent(String),
    /// `crit` is malformed or names an unknown header.
    UnhandledCriticalHeader(String),
    /// The signature is invalid.
    InvalidToken,
    /// The token has expired.
    TokenExpired,
    /// The token is not yet valid.
    TokenNotYetValid,
    /// A claim or a header is missing or has another value.
    InvalidClaim(String),
    /// `iss` has another value.
    IssuerMismatch,
    /// `sub` has another value.
    SubjectMismatch,
    /// `aud` has other values.
    AudienceMismatch,
    /// The header has no `kid`.
    KeyIdMissing,
    /// The set of keys has no key with this `kid`, or is not available.
    NoMatchingPublicKey(String),
    /// The public key cannot be read.
    KeyParsingFailed,
    /// The public key is not suitable.
    InvalidPublicKey,
    /// The private key is not usable.
    InvalidPrivateKey,
    /// The text of the secret key is not in its encoding.
    InvalidSecretKey,
    /// The secret key is too short for the hash function.
    InsufficientKeyLength(HashSize),
    /// The key's kind does not fit the algorithm.
    WrongKeyType,
    /// The key is on another curve.
    InvalidCurve,
    /// The signature cannot be computed.
    SigningFailed,
    /// A value for the token is invalid.
    GenerationFailed(String),
    /// The token cannot be written to this variable.
    NotWritable(ByteString),
    /// The token is larger than the memory for bodies.
    TooLarge,
}

impl JwtFailure {
    /// The fault of a policy with this type and name. The status is 401.
    #[cold]
    pub(super) fn into_fault(self, kind: &'static str, policy: &str) -> Fault {
        use crate::flow::fault::codes;
        let of_policy = |text: &str| format!("{text}: policy({policy})");
        let (code, reason) = match self {
            JwtFailure::TooLarge => return Fault::too_large(kind, policy),
            JwtFailure::Unresolved(variable) => {
                let variable = variable.as_deref().unwrap_or("null");
                let reason = format!("Failed to Resolve Variable : policy({policy}) variable({variable})");
                (codes::JWT_UNRESOLVED, reason)
            }
            JwtFailure::FailedToDecode => (codes::JWT_FAILED_TO_DECODE, of_policy("Failed to Decode Token")),
            JwtFailure::InvalidJsonFormat => (codes::JWT_INVALID_JSON, of_policy("Invalid JSON format")),
            JwtFailure::NoAlgorithmFoundInHeader => {
                (codes::JWT_NO_ALGORITHM, of_policy("No algorithm found in header"))
            }
            JwtFailure::AlgorithmMismatch(found) => (codes::JWT_ALGORITHM_MISMATCH, algorithm(policy, &found)),
            JwtFailure::AlgorithmNotPresent(found) => (codes::JWT_ALGORITHM_NOT_PRESENT, algorithm(policy, &found)),
            JwtFailure::UnhandledCriticalHeader(name) => {
                (codes::JWT_CRITICAL_HEADER, format!("{} header({name})", of_policy("Unhandled critical header")))
            }
            JwtFailure::InvalidToken => (codes::JWT_INVALID_TOKEN, of_policy("Invalid token")),
            JwtFailure::TokenExpired => (codes::JWT_EXPIRED, of_policy("The Token has expired")),
            JwtFailure::TokenNotYetValid => (codes::JWT_NOT_YET_VALID, of_policy("The Token is not yet valid")),
            JwtFailure::InvalidClaim(name) => {
                (codes::JWT_INVALID_CLAIM, format!("{} claim({name})", of_policy("Invalid Claim")))
            }
            JwtFailure::IssuerMismatch => (codes::JWT_ISSUER, of_policy("Issuer mismatch")),
            JwtFailure::SubjectMismatch => (codes::JWT_SUBJECT, of_policy("Subject mismatch")),
            JwtFailure::AudienceMismatch => (codes::JWT_AUDIENCE, of_policy("Audience mismatch")),
            JwtFailure::KeyIdMissing => (codes::JWT_KEY_ID_MISSING, of_policy("Key Id is missing in the header")),
            JwtFailure::NoMatchingPublicKey(id) => {
                (codes::JWT_NO_MATCHING_KEY, format!("{} kid({id})", of_policy("No matching public key")))
            }
            JwtFailure::KeyParsingFailed => (codes::JWT_KEY_PARSING, of_policy("Failed to parse the key")),
            JwtFailure::InvalidPublicKey => (codes::JWT_INVALID_PUBLIC_KEY, of_policy("Invalid public key")),
            JwtFailure::InvalidPrivateKey => (codes::JWT_INVALID_PRIVATE_KEY, of_policy("Invalid private key")),
            JwtFailure::InvalidSecretKey => (codes::JWT_INVALID_SECRET_KEY, of_policy("Invalid secret key")),
            JwtFailure::InsufficientKeyLength(hash) => {
                let text = format!("Insufficient key length, at least {} bytes are required", hash.bytes());
                (codes::JWT_KEY_LENGTH, of_policy(&text))
            }
            JwtFailure::WrongKeyType => (codes::JWT_WRONG_KEY_TYPE, of_policy("Wrong key type")),
            JwtFailure::InvalidCurve => (codes::JWT_INVALID_CURVE, of_policy("Invalid curve")),
            JwtFailure::SigningFailed => (codes::JWT_SIGNING_FAILED, of_policy("Signing failed")),
            JwtFailure::GenerationFailed(name) => {
                (codes::JWT_GENERATION_FAILED, format!("{} claim({name})", of_policy("Generation failed")))
            }
            JwtFailure::NotWritable(variable) => {
                (codes::JWT_GENERATION_FAILED, format!("{} variable({variable})", of_policy("Generation failed")))
            }
        };
        Fault { status: 401, ..Fault::new(code, reason) }
    }
}

fn algorithm(policy: &str, found: &str) -> String {
    let text = "Algorithm in header did not match any algorithm specified in Configuration";
    format!("{text}: policy({policy}) algorithm({found})")
}

impl From<TooLarge> for JwtFailure {
    fn from(_: TooLarge) -> JwtFailure {
        JwtFailure::TooLarge
    }
}

impl From<TokenError> for JwtFailure {
    fn from(error: TokenError) -> JwtFailure {
        match error {
            TokenError::Malformed => JwtFailure::FailedToDecode,
            TokenError::Json => JwtFailure::InvalidJsonFormat,
        }
    }
}

impl From<SignatureError> for JwtFailure {
    fn from(error: SignatureError) -> JwtFailure {
        match error {
            SignatureError::Invalid => JwtFailure::InvalidToken,
            SignatureError::WrongKeyType => JwtFailure::WrongKeyType,
            SignatureError::WrongCurve => JwtFailure::InvalidCurve,
            SignatureError::Failed => JwtFailure::SigningFailed,
        }
    }
}

/// The failure of a public key.
impl From<KeyError> for JwtFailure {
    fn from(error: KeyError) -> JwtFailure {
        match error {
            KeyError::Unreadable => JwtFailure::KeyParsingFailed,
            KeyError::Unsuitable => JwtFailure::InvalidPublicKey,
        }
    }
}
