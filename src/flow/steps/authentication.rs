//! `<Authentication>` at run time: a header with a token (docs/apigee-semantics.md 2.12).

use super::actions::{PolicyContext, TOKEN_TIMEOUT};
use crate::flow::call::Call;
use crate::flow::fault::codes::ActionFault;
use crate::flow::fault::{Fault, codes};
use crate::flow::google::{AuthorizedSend, TokenFailure, TokenKind, TokenRequest};
use crate::flow::host::{Background, Host};
use crate::flow::transaction::Transaction;
use crate::plan::PolicyId;
use crate::policy::authentication::{Authentication, DEFAULT_LIFETIME, GoogleToken, lifetime};
use crate::policy::endpoint::TargetAuthentication;
use crate::policy::referenced::Referenced;
use bytes::Bytes;
use bytestring::ByteString;
use http::HeaderName;
use std::rc::Rc;
use std::time::Duration;

/// A header with a token.
pub(super) struct TokenHeader {
    pub(super) name: ByteString,
    pub(super) value: Bytes,
}

/// The request for a token that a call needs, and the name of the token's header.
pub(super) struct NeededToken {
    pub(super) header: ByteString,
    pub(super) request: TokenRequest,
}

/// The header of a token without `HeaderName`, in lower case.
pub(super) const AUTHORIZATION: &str = "authorization";

impl<H: Host> Transaction<'_, H> {
    /// Obtains the header with the token. `target_url` is the URL of the call, if there is one.
    ///
    /// # Errors
    /// No token can be obtained, or a variable does not resolve.
    pub(super) async fn authenticate(
        &mut self,
        context: PolicyContext<'_>,
        authentication: &Authentication,
        target_url: Option<&str>,
        timeout: Duration,
    ) -> Result<TokenHeader, Fault> {
        let NeededToken { header, request } = self.needed_token(context, authentication, target_url, timeout)?;
        Ok(TokenHeader { name: header, value: self.bearer(request).await? })
    }

    /// The request for a token, and the name of the token's header.
    ///
    /// # Errors
    /// A variable does not resolve, or the configuration has no identity.
    pub(super) fn needed_token(
        &mut self,
        context: PolicyContext<'_>,
        authentication: &Authentication,
        target_url: Option<&str>,
        timeout: Duration,
    ) -> Result<NeededToken, Fault> {
        let header = self.header_name(context, authentication.header_name.as_ref())?;
        let kind = self.token_kind(context, &authentication.token, target_url)?;
        Ok(NeededToken { header, request: self.token_of_identity(kind, timeout)? })
    }

    /// Sets the header of a call that is reserved for a token.
    ///
    /// # Errors
    /// GoogleTokenGenerationFailure.
    pub(super) async fn authorize(&mut self, call: &mut Call, token: NeededToken) -> Result<(), Fault> {
        let value = self.bearer(token.request).await?;
        call.set_header(&token.header, value);
        Ok(())
    }

    /// Sends a call as soon as its token is available. A detached task does this, because the stream may end before.
    pub(super) fn send_when_authorized(&self, id: PolicyId, call: Call, token: NeededToken) {
        let send = AuthorizedSend { policy: id, call, header: token.header, request: token.request };
        self.host.background().send_authorized(self.worker, send);
    }

    /// The request for a token of the configured identity.
    pub(super) fn token_of_identity(&self, kind: TokenKind, timeout: Duration) -> Result<TokenRequest, Fault> {
        // Loading rejects a configuration without an identity when its policies need one.
        let identity = self.plan.identity.clone().ok_or_else(|| token_fault(TokenFailure))?;
        Ok(TokenRequest::new(identity, kind, timeout))
    }

    /// Sets the token of a target endpoint in the request to the target.
    ///
    /// # Errors
    /// No token can be obtained, or a variable does not resolve.
    pub(in crate::flow) async fn authenticate_target(
        &mut self,
        name: &str,
        target: &TargetAuthentication,
    ) -> Result<(), Fault> {
        let context = PolicyContext { kind: "TargetEndpoint", faults: codes::TARGET_ENDPOINT, name, ignore: true };
        let url = target.url.as_ref().and_then(|url| self.expand(url, true).ok());
        let url = url.as_deref().map(|url| url.split(['?', '#']).next().unwrap_or_default());
        let header = self.authenticate(context, &target.authentication, url, TOKEN_TIMEOUT).await?;
        if let Some(request) = self.message_named("request").and_then(|id| self.message_mut(id)) {
            request.headers.set(&header.name, header.value);
        }
        Ok(())
    }

    /// The header value `Bearer TOKEN`.
    ///
    /// # Errors
    /// GoogleTokenGenerationFailure.
    pub(super) async fn bearer(&mut self, request: TokenRequest) -> Result<Bytes, Fault> {
        let tokens = Rc::clone(&self.worker.tokens);
        let token = tokens.obtain(self.host.background(), request).await.map_err(token_fault)?;
        Ok(token.bearer())
    }

    fn header_name(&mut self, context: PolicyContext<'_>, value: Option<&Referenced>) -> Result<ByteString, Fault> {
        let name = match value {
            Some(value) => self.referenced(context, value)?.filter(|name| !name.trim().is_empty()),
            None => None,
        };
        let Some(name) = name else { return Ok(ByteString::from_static(AUTHORIZATION)) };
        match HeaderName::from_bytes(name.trim().as_bytes()) {
            Ok(name) => Ok(name.as_str().into()),
            Err(_) => {
                let (kind, policy) = (context.kind, context.name);
                let reason = format!("{kind}[{policy}]: {name:?} cannot be the name of a header");
                Err(Fault::new(ActionFault::SetVariableFailed.code(context.faults), reason))
            }
        }
    }

    fn token_kind(
        &mut self,
        context: PolicyContext<'_>,
        token: &GoogleToken,
        target_url: Option<&str>,
    ) -> Result<TokenKind, Fault> {
        match token {
            GoogleToken::Access { scopes, lifetime: wanted } => {
                let lifetime = wanted.as_ref().map(|wanted| self.lifetime_of(context, wanted)).transpose()?.flatten();
                let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME);
                Ok(TokenKind::Access { scopes: scopes.clone(), lifetime })
            }
            GoogleToken::Id { audience, use_target_url, include_email } => {
                let audience = audience.as_ref().map(|audience| self.referenced(context, audience)).transpose()?;
                let audience = audience.flatten().map(|audience| ByteString::from(audience.trim()));
                let target = || target_url.filter(|_| *use_target_url).map(ByteString::from);
                let audience = audience.filter(|audience| !audience.is_empty()).or_else(target);
                let audience = audience.ok_or_else(|| empty_audience(context))?;
                let include = include_email.as_ref().map(|include| self.referenced(context, include)).transpose()?;
                let include_email = include.flatten().is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
                Ok(TokenKind::Id { audience, include_email })
            }
        }
    }

    /// The lifetime of a token in seconds: the variable if it is a valid number, or else the text.
    fn lifetime_of(&mut self, context: PolicyContext<'_>, value: &Referenced) -> Result<Option<u32>, Fault> {
        let referenced = value.reference.as_ref().and_then(|variable| self.text(variable));
        if let Some(seconds) = referenced.and_then(|text| lifetime(&text)) {
            return Ok(Some(seconds));
        }
        let text = Referenced { reference: None, text: value.text.clone() };
        Ok(self.referenced(context, &text)?.and_then(|text| lifetime(&text)))
    }

    /// The value of an element with `ref` and text: that of the variable if it resolves, or else the text. `None`
    /// without both.
    ///
    /// # Errors
    /// A variable in the text does not resolve and the policy does not ignore that.
    pub(super) fn referenced(
        &mut self,
        context: PolicyContext<'_>,
        value: &Referenced,
    ) -> Result<Option<ByteString>, Fault> {
        if let Some(text) = value.reference.as_ref().and_then(|variable| self.text(variable)) {
            return Ok(Some(text));
        }
        let Some(text) = &value.text else { return Ok(None) };
        let text = self.expand(text, context.ignore).map_err(|error| error.into_fault(context.kind, context.name))?;
        Ok(Some(text))
    }
}

fn empty_audience(context: PolicyContext<'_>) -> Fault {
    let reason = format!("Audience is empty for GoogleIDToken in {} {}", context.kind, context.name);
    Fault::new(codes::EMPTY_AUDIENCE, reason)
}

fn token_fault(_: TokenFailure) -> Fault {
    Fault::new(codes::TOKEN_FAILED, "Google token generation failed")
}
