//! What token is asked for.

use crate::plan::Identity;
use crate::policy::authentication::DEFAULT_LIFETIME;
use bytestring::ByteString;
use std::rc::Rc;
use std::time::Duration;

/// A token of an identity.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) struct TokenRequest {
    /// Whose.
    pub(in crate::flow) identity: Rc<Identity>,
    /// Which.
    pub(in crate::flow) kind: TokenKind,
    /// How long each call for it may take.
    pub(in crate::flow) timeout: Duration,
}

/// The kinds of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) enum TokenKind {
    /// An OAuth access token.
    Access {
        /// Its scopes, at least one.
        scopes: Vec<String>,
        /// How long it is to live, in seconds.
        lifetime: u32,
    },
    /// An OpenID Connect token.
    Id {
        /// Whom it is for.
        audience: ByteString,
        /// Whether it tells the e-mail address.
        include_email: bool,
    },
}

/// The scope of everything that IAM allows the identity.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A call for a token takes no longer than this, so that a request does not wait for its policy's whole timeout.
const LONGEST: Duration = Duration::from_secs(5);

impl TokenKind {
    /// An access token for Google's APIs.
    pub(in crate::flow) fn cloud_platform() -> TokenKind {
        TokenKind::Access { scopes: vec![CLOUD_PLATFORM.to_owned()], lifetime: DEFAULT_LIFETIME }
    }
}

impl TokenRequest {
    /// A token for a call that may take so long.
    pub(in crate::flow) fn new(identity: Rc<Identity>, kind: TokenKind, timeout: Duration) -> TokenRequest {
        TokenRequest { identity, kind, timeout: timeout.min(LONGEST) }
    }

    /// The workload's own token, with which it asks for the service account's.
    pub(super) fn of_workload(&self) -> TokenRequest {
        let identity = Identity { impersonated: None, ..Identity::clone(&self.identity) };
        TokenRequest::new(Rc::new(identity), TokenKind::cloud_platform(), self.timeout)
    }

    /// What makes two requests the same.
    pub(super) fn key(&self) -> ByteString {
        let who = match &self.identity.impersonated {
            Some(impersonated) => &*impersonated.service_account,
            None => "",
        };
        let source = &self.identity.metadata_cluster;
        match &self.kind {
            TokenKind::Access { scopes, lifetime } => {
                format!("access {source} {who} {lifetime} {}", scopes.join(" ")).into()
            }
            TokenKind::Id { audience, include_email } => format!("id {source} {who} {include_email} {audience}").into(),
        }
    }
}
