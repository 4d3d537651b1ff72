//! The public key of VerifyJWT, and the destination of a request for a set of keys.

use super::failure::JwtFailure;
use crate::flow::boxed::boxed;
use crate::flow::call::Outcome;
use crate::flow::host::Host;
use crate::flow::jwt::key_sets::SetRequest;
use crate::flow::jwt::keys::Form;
use crate::flow::jwt::token::Token;
use crate::flow::transaction::Transaction;
use crate::flow::url;
use crate::plan::{PolicyId, Server};
use crate::policy::jwt::{Algorithm, JwksUrl, PublicKey, VerifyJwt};
use crate::policy::origin::{Origin, Scheme, split_url};
use bytestring::ByteString;
use envoy_callout_jose::{PublicKey as Key, SignatureError};
use std::rc::Rc;

impl<H: Host> Transaction<'_, H> {
    /// Checks the signature of a token with the public key of a policy.
    pub(super) async fn check_public_signature(
        &mut self,
        id: PolicyId,
        policy: &VerifyJwt,
        key: &PublicKey,
        token: &Token,
        algorithm: Algorithm,
    ) -> Result<(), JwtFailure> {
        let worker = self.worker;
        let check = |key: &Key| {
            let checked = envoy_callout_jose::verify(algorithm, key, token.signed.as_bytes(), &token.signature);
            checked.map_err(SignatureError::into)
        };
        let set = match key {
            PublicKey::Value(_) | PublicKey::Certificate(_) => {
                let form = if matches!(key, PublicKey::Value(_)) { Form::Pem } else { Form::Certificate };
                let text = self.jwt_text(key.value(), policy.ignore_unresolved)?.unwrap_or_default();
                return check(&*worker.keys.public(form, text)?);
            }
            PublicKey::Jwks(value) => {
                let text = self.jwt_text(value, policy.ignore_unresolved)?.unwrap_or_default();
                Some(worker.keys.set(text)?)
            }
            PublicKey::JwksUrl(_) => None,
        };
        let kid = token.header_text("kid").ok_or(JwtFailure::KeyIdMissing)?;
        let missing = || JwtFailure::NoMatchingPublicKey(kid.to_owned());
        let set = match (set, key) {
            (Some(set), _) => set,
            (None, PublicKey::JwksUrl(url)) => {
                let request = self.set_request(id, policy, url)?.ok_or_else(missing)?;
                let sets = Rc::clone(&worker.key_sets);
                // The client does not wait for a fetch after its response.
                let waits = !self.is_client_served;
                boxed(sets.obtain(self.host.background(), request, kid, waits)).await.ok_or_else(missing)?
            }
            (None, _) => return Err(missing()),
        };
        match set.key(kid, algorithm) {
            Some(Ok(key)) => check(key),
            Some(Err(error)) => Err((*error).into()),
            None => Err(missing()),
        }
    }

    /// The request for a set of keys. `None` when its URL is malformed or its host is not allowed or has no cluster.
    fn set_request(
        &mut self,
        id: PolicyId,
        policy: &VerifyJwt,
        jwks: &JwksUrl,
    ) -> Result<Option<SetRequest>, JwtFailure> {
        let text = self.jwt_text(&jwks.value, policy.ignore_unresolved)?.unwrap_or_default();
        let text = ByteString::from(text.trim());
        let is_fixed = jwks.value.text.as_deref() == Some(&*text);
        let fixed = self.plan.fixed_server(id).filter(|_| is_fixed).cloned();
        let Some(server) = fixed.or_else(|| self.set_server(id, &text)) else { return Ok(None) };
        let Some((_, path, query)) = split_url(&text) else { return Ok(None) };
        let path = if path.is_empty() { "/" } else { path };
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let path_and_query = url::legal(format!("{path}{query}")).into();
        Ok(Some(SetRequest { policy: id, name: policy.attributes.name.clone(), url: text, server, path_and_query }))
    }

    /// The server of a URL that came with the request. Its host has to be allowed and has to have a cluster.
    fn set_server(&self, id: PolicyId, text: &str) -> Option<Server> {
        let plan = self.plan;
        let origin = Scheme::split(text).and_then(|(scheme, _)| Origin::new(scheme, split_url(text)?.0));
        let Some(origin) = origin else {
            self.host.count(id, Outcome::Unreachable);
            return None;
        };
        if !plan.clusters.names(&origin) && !plan.allowed_hosts.allows(&origin.host) {
            self.host.count(id, Outcome::HostNotAllowed);
            return None;
        }
        let server = plan.clusters.server(&origin);
        if server.is_none() {
            self.host.count(id, Outcome::Unreachable);
        }
        server
    }
}
