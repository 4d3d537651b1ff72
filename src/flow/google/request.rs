//! The request for a token.

use crate::plan::{Identity, Impersonated};
use crate::policy::authentication::DEFAULT_LIFETIME;
use bytestring::ByteString;
use std::sync::Arc;
use std::time::Duration;

/// The request for a token of an identity.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) struct TokenRequest {
    /// The identity.
    pub(in crate::flow) identity: Arc<Identity>,
    /// The kind of token.
    pub(in crate::flow) kind: TokenKind,
    /// The timeout of each call for it.
    pub(in crate::flow) timeout: Duration,
}

/// The kinds of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) enum TokenKind {
    /// An OAuth access token.
    Access {
        /// Its scopes, at least one.
        scopes: Vec<String>,
        /// Its lifetime in seconds.
        lifetime: u32,
    },
    /// An OpenID Connect token.
    Id {
        /// Its audience.
        audience: ByteString,
        /// Whether it contains the e-mail address.
        include_email: bool,
    },
}

/// The scope of all APIs that IAM allows the identity.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Maximum timeout of a call for a token, so that a request does not wait for its policy's whole timeout.
const MAX_CALL_TIMEOUT: Duration = Duration::from_secs(5);

impl TokenKind {
    /// An access token for Google's APIs.
    pub(in crate::flow) fn cloud_platform() -> TokenKind {
        TokenKind::Access { scopes: vec![CLOUD_PLATFORM.to_owned()], lifetime: DEFAULT_LIFETIME }
    }
}

impl TokenRequest {
    /// The request for a token. `timeout` is that of the call that needs it.
    pub(in crate::flow) fn new(identity: Arc<Identity>, kind: TokenKind, timeout: Duration) -> TokenRequest {
        TokenRequest { identity, kind, timeout: timeout.min(MAX_CALL_TIMEOUT) }
    }

    /// The request for the workload's own token, which authorizes the request for the service account's token.
    pub(super) fn of_workload(&self) -> TokenRequest {
        let identity = Identity { impersonated: None, ..Identity::clone(&self.identity) };
        TokenRequest::new(Arc::new(identity), TokenKind::cloud_platform(), self.timeout)
    }

    /// A copy that shares no memory with this one.
    pub(super) fn separate(&self) -> TokenRequest {
        let copy = |text: &ByteString| ByteString::from(text.to_string());
        let identity = Identity {
            metadata_cluster: copy(&self.identity.metadata_cluster),
            impersonated: self.identity.impersonated.as_ref().map(|impersonated| Impersonated {
                service_account: copy(&impersonated.service_account),
                iam_cluster: copy(&impersonated.iam_cluster),
            }),
        };
        let kind = match &self.kind {
            TokenKind::Access { scopes, lifetime } => TokenKind::Access { scopes: scopes.clone(), lifetime: *lifetime },
            TokenKind::Id { audience, include_email } => {
                TokenKind::Id { audience: copy(audience), include_email: *include_email }
            }
        };
        TokenRequest { identity: Arc::new(identity), kind, timeout: self.timeout }
    }

    /// The cache key of the request.
    pub(super) fn key(&self) -> ByteString {
        let account = match &self.identity.impersonated {
            Some(impersonated) => &*impersonated.service_account,
            None => "",
        };
        let source = &self.identity.metadata_cluster;
        match &self.kind {
            TokenKind::Access { scopes, lifetime } => {
                format!("access {source} {account} {lifetime} {}", scopes.join(" ")).into()
            }
            TokenKind::Id { audience, include_email } => {
                format!("id {source} {account} {include_email} {audience}").into()
            }
        }
    }
}
