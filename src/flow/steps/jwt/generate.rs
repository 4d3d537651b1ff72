//! GenerateJWT: a new token in a variable.

use super::failure::JwtFailure;
use crate::flow::fault::Fault;
use crate::flow::functions::random::uuid;
use crate::flow::host::Host;
use crate::flow::jwt::token::{signed_text, with_signature};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::jwt::{GenerateJwt, HashSize, NotBefore, SigningKey, TextValue, list, milliseconds, not_before};
use envoy_callout_jose::{KeyError, SignatureError};
use serde_json::{Map, Value as Json};

/// The size of a token and its intermediate texts relative to its claims.
const COPIES: usize = 8;

impl<H: Host> Transaction<'_, H> {
    pub(in crate::flow::steps) fn generate_jwt(&mut self, policy: &GenerateJwt) -> Result<(), Fault> {
        self.generated(policy).map_err(|failure| {
            self.jwt_failed();
            failure.into_fault("GenerateJWT", &policy.attributes.name)
        })
    }

    fn generated(&mut self, policy: &GenerateJwt) -> Result<(), JwtFailure> {
        let header = self.new_header(policy)?;
        let payload = self.new_payload(policy)?;
        self.check_memory(length_of(&header).saturating_add(length_of(&payload)).saturating_mul(COPIES))?;
        let text = signed_text(&header, &payload);
        let signature = self.new_signature(policy, text.as_bytes())?;
        let token = with_signature(&text, &signature);
        let name = policy.output.name();
        if self.is_read_only(&policy.output) || self.assign(&policy.output, Value::text(token)).is_err() {
            return Err(JwtFailure::NotWritable(name.clone()));
        }
        Ok(())
    }

    fn new_header(&mut self, policy: &GenerateJwt) -> Result<Map<String, Json>, JwtFailure> {
        let ignore = policy.ignore_unresolved;
        let mut header = Map::new();
        header.insert("typ".to_owned(), Json::from("JWT"));
        header.insert("alg".to_owned(), Json::from(policy.algorithm.to_string()));
        let id = match &policy.key {
            SigningKey::Secret(key) => key.id.as_ref(),
            SigningKey::Private(key) => key.id.as_ref(),
        };
        self.add_text(&mut header, "kid", id, ignore)?;
        if let Some(critical) = &policy.critical_headers
            && let Some(critical) = self.jwt_text(critical, ignore)?
        {
            header.insert("crit".to_owned(), list(&critical).map(Json::from).collect());
        }
        for (name, value) in self.claim_values(&policy.headers, ignore, false)? {
            // The object of a variable must not replace what the policy says.
            header.entry(name).or_insert(value);
        }
        Ok(header)
    }

    fn new_payload(&mut self, policy: &GenerateJwt) -> Result<Map<String, Json>, JwtFailure> {
        let ignore = policy.ignore_unresolved;
        let mut payload = Map::new();
        self.add_text(&mut payload, "sub", policy.subject.as_ref(), ignore)?;
        self.add_text(&mut payload, "iss", policy.issuer.as_ref(), ignore)?;
        if let Some(audience) = &policy.audience
            && let Some(audience) = self.jwt_text(audience, ignore)?
        {
            let audiences: Vec<&str> = list(&audience).collect();
            let value = match audiences.as_slice() {
                [only] => Json::from(*only),
                all => all.iter().copied().map(Json::from).collect(),
            };
            payload.insert("aud".to_owned(), value);
        }
        let now = u64::try_from(self.host.now().as_millis()).unwrap_or(u64::MAX);
        let seconds = |milliseconds: u64| Json::from(milliseconds.div_euclid(1000));
        payload.insert("iat".to_owned(), seconds(now));
        if let Some(life) = &policy.expires_in
            && let Some(life) = self.jwt_text(life, ignore)?
        {
            let life = milliseconds(&life, "ms").ok_or_else(|| JwtFailure::GenerationFailed("exp".to_owned()))?;
            payload.insert("exp".to_owned(), seconds(now.saturating_add(life)));
        }
        if let Some(start) = &policy.not_before
            && let Some(start) = self.jwt_text(start, ignore)?
        {
            let start = match not_before(&start) {
                Some(NotBefore::After(milliseconds)) => seconds(now.saturating_add(milliseconds)),
                Some(NotBefore::At(seconds)) => Json::from(seconds),
                None => return Err(JwtFailure::GenerationFailed("nbf".to_owned())),
            };
            payload.insert("nbf".to_owned(), start);
        }
        match &policy.id {
            Some(TextValue { reference: None, text: None }) => {
                payload.insert("jti".to_owned(), Json::from(uuid(&|buffer| self.host.random(buffer))));
            }
            id => self.add_text(&mut payload, "jti", id.as_ref(), ignore)?,
        }
        for (name, value) in self.claim_values(&policy.claims, ignore, false)? {
            // The object of a variable must not replace what the policy says.
            payload.entry(name).or_insert(value);
        }
        Ok(payload)
    }

    /// Adds a member with a text, unless its variable does not resolve and the policy ignores that.
    fn add_text(
        &mut self,
        members: &mut Map<String, Json>,
        name: &str,
        value: Option<&TextValue>,
        ignore: bool,
    ) -> Result<(), JwtFailure> {
        if let Some(value) = value
            && let Some(text) = self.jwt_text(value, ignore)?
        {
            members.insert(name.to_owned(), Json::from(&*text));
        }
        Ok(())
    }

    fn new_signature(&mut self, policy: &GenerateJwt, text: &[u8]) -> Result<Vec<u8>, JwtFailure> {
        let hash = policy.algorithm.hash;
        match &policy.key {
            SigningKey::Secret(key) => {
                let key = self.secret_key(key, hash, policy.ignore_unresolved).map_err(|failure| match failure {
                    // The documentation has another fault for HS384 and HS512.
                    JwtFailure::InsufficientKeyLength(hash) if hash != HashSize::Sha256 => JwtFailure::SigningFailed,
                    failure => failure,
                })?;
                envoy_callout_jose::code(hash, &key, text).ok_or(JwtFailure::SigningFailed)
            }
            SigningKey::Private(key) => {
                let pem = self.key_text(&key.value, policy.ignore_unresolved)?;
                let password = match &key.password {
                    Some(password) => self.key_text(password, policy.ignore_unresolved)?,
                    None => "".into(),
                };
                let worker = self.worker;
                let key = worker.keys.private(pem, password);
                let key = key.map_err(|_: KeyError| JwtFailure::InvalidPrivateKey)?;
                let random = |buffer: &mut [u8]| self.host.random(buffer);
                envoy_callout_jose::sign(policy.algorithm, &key, text, &random).map_err(SignatureError::into)
            }
        }
    }
}

/// The approximate length of members in bytes.
fn length_of(members: &Map<String, Json>) -> usize {
    members.iter().fold(0, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(length(value)))
}

/// The approximate length of a value in bytes.
fn length(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(length).sum(),
        Json::Object(members) => length_of(members),
        Json::Null | Json::Bool(_) | Json::Number(_) => size_of::<Json>(),
    }
}
