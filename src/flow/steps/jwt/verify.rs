//! VerifyJWT: the signature, the times and the claims of a token.

use super::failure::JwtFailure;
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::jwt::token::Token;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::plan::PolicyId;
use crate::policy::jwt::{Algorithm, VerifyJwt, VerifyingKey};

impl<H: Host> Transaction<'_, H> {
    pub(in crate::flow::steps) async fn verify_jwt(&mut self, id: PolicyId, policy: &VerifyJwt) -> Result<(), Fault> {
        let name = &policy.attributes.name;
        let verified = self.verified(id, policy).await;
        self.set(format!("jwt.{name}.valid").into(), Value::Boolean(verified.is_ok()));
        verified.map_err(|failure| {
            self.jwt_failed();
            failure.into_fault("VerifyJWT", name)
        })
    }

    /// Checks the token. Its variables are set even when a check fails, as in Apigee, and `valid` is false then.
    async fn verified(&mut self, id: PolicyId, policy: &VerifyJwt) -> Result<(), JwtFailure> {
        let token = self.jwt_token(&policy.source, &policy.attributes.name)?;
        let algorithm = accepted(policy, &token)?;
        self.check_critical_headers(policy, &token)?;
        match &policy.key {
            VerifyingKey::Secret(key) => {
                let key = self.secret_key(key, algorithm.hash, policy.ignore_unresolved)?;
                if !envoy_callout_jose::is_code(algorithm.hash, &key, token.signed.as_bytes(), &token.signature) {
                    return Err(JwtFailure::InvalidToken);
                }
            }
            VerifyingKey::Public(key) => self.check_public_signature(id, policy, key, &token, algorithm).await?,
        }
        self.check_times(policy, &token)?;
        self.check_claims(policy, &token)
    }
}

/// The algorithm of a token, which has to be one of the policy: the token cannot choose another one, and `none` is never
/// accepted.
fn accepted(policy: &VerifyJwt, token: &Token) -> Result<Algorithm, JwtFailure> {
    let name = token.header_text("alg").ok_or(JwtFailure::NoAlgorithmFoundInHeader)?;
    let found = Algorithm::parse(name).filter(|found| policy.algorithms.contains(found));
    found.ok_or_else(|| match policy.algorithms.len() {
        1 => JwtFailure::AlgorithmMismatch(name.to_owned()),
        _ => JwtFailure::AlgorithmNotPresent(name.to_owned()),
    })
}
