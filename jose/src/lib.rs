//! Signatures, keys and key sets of JSON Web Tokens (RFC 7515, 7517 and 7518).
//!
//! This is a crate of its own because the generic code of its dependencies is compiled with the crate that uses it: here
//! for size, in the filter for speed (docs/decisions/0008-json-web-tokens.md).

mod algorithm;
mod der;
mod encrypted;
mod jwks;
mod key;
mod pem;
mod signature;

pub use algorithm::{Algorithm, Family, HashSize, NAMES};
pub use jwks::Jwks;
pub use key::{KeyError, PrivateKey, PublicKey};
pub use signature::{SignatureError, code, is_code, sign, verify};

#[cfg(test)]
mod tests;
