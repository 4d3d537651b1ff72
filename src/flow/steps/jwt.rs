//! DecodeJWT, VerifyJWT and GenerateJWT at run time (docs/apigee-semantics.md 12.2).

mod claims;
mod conditions;
mod decode;
mod failure;
mod generate;
mod public_key;
mod variables;
mod verify;

use crate::flow::functions::{decode_base64, decode_base64_url, decode_hex};
use crate::flow::host::Host;
use crate::flow::jwt::token::{MAX_BYTES, Token};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::jwt::{Encoding, FAILED, HashSize, SecretKey, TextValue, TokenSource};
use crate::policy::variable::Variable;
use bytestring::ByteString;
use failure::JwtFailure;
use variables::is_of_token;

/// Maximum memory of a token and its claims relative to its text.
const TOKEN_COPIES: usize = 8;

/// The word before a token in the header `Authorization`.
const BEARER: &str = "Bearer ";

impl<H: Host> Transaction<'_, H> {
    /// Marks the failure of one of the policies.
    #[cold]
    fn jwt_failed(&mut self) {
        self.set(ByteString::from_static(FAILED), Value::Boolean(true));
    }

    /// The value of a text. `None` for a reference that does not resolve, without a text, when the policy ignores that.
    fn jwt_text(&mut self, value: &TextValue, ignore: bool) -> Result<Option<ByteString>, JwtFailure> {
        let referenced = value.reference.as_ref().and_then(|variable| self.text(variable));
        match (referenced.or_else(|| value.text.clone()), &value.reference) {
            (None, Some(variable)) if !ignore => Err(JwtFailure::Unresolved(Some(variable.name().clone()))),
            (text, _) => Ok(text),
        }
    }

    /// The token of a source, and its variables.
    fn jwt_token(&mut self, source: &TokenSource, policy: &str) -> Result<Token, JwtFailure> {
        let prefix = format!("jwt.{policy}.");
        self.variables.retain(|name| !name.strip_prefix(&*prefix).is_some_and(is_of_token));
        let Some(text) = self.text(&source.variable) else {
            // Apigee writes null for the default. `[obs]`
            return Err(JwtFailure::Unresolved((!source.is_default).then(|| source.variable.name().clone())));
        };
        let bearer = text.get(..BEARER.len()).filter(|start| start.eq_ignore_ascii_case(BEARER));
        let text = match bearer.filter(|_| source.is_authorization()) {
            Some(_) => text.slice_ref(text.get(BEARER.len()..).unwrap_or_default()),
            None if source.is_default => return Err(JwtFailure::InvalidToken),
            None => text,
        };
        self.check_memory(text.len().min(MAX_BYTES).saturating_mul(TOKEN_COPIES))?;
        let token = Token::parse(&text)?;
        self.set_token_variables(policy, &token);
        Ok(token)
    }

    /// The value of a variable that a key needs.
    fn key_text(&mut self, variable: &Variable, ignore: bool) -> Result<ByteString, JwtFailure> {
        match self.text(variable) {
            None if !ignore => Err(JwtFailure::Unresolved(Some(variable.name().clone()))),
            text => Ok(text.unwrap_or_default()),
        }
    }

    /// The bytes of a secret key, which are at least as long as a digest.
    fn secret_key(&mut self, key: &SecretKey, hash: HashSize, ignore: bool) -> Result<Vec<u8>, JwtFailure> {
        let text = self.key_text(&key.value, ignore)?;
        let bytes = match key.encoding {
            Encoding::Utf8 => Some(text.as_bytes().to_vec()),
            Encoding::Hex => decode_hex(&text.split_ascii_whitespace().collect::<String>()),
            Encoding::Base64 => decode_base64(text.trim()),
            Encoding::Base64Url => decode_base64_url(text.trim()),
        };
        let bytes = bytes.ok_or(JwtFailure::InvalidSecretKey)?;
        if bytes.len() < hash.bytes() { Err(JwtFailure::InsufficientKeyLength(hash)) } else { Ok(bytes) }
    }
}
