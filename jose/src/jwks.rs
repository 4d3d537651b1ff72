//! Sets of public keys as JSON (RFC 7517).

use crate::algorithm::{Algorithm, Family, HashSize};
use crate::key::{Curve, KeyError, PublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

/// Maximum number of keys in a set. Later ones are ignored.
const MAX_KEYS: usize = 100;

/// A set of keys.
#[derive(Debug, Default)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

/// A key of a set.
#[derive(Debug)]
struct Jwk {
    id: String,
    /// `alg`, if given.
    algorithm: Option<String>,
    key: Result<PublicKey, KeyError>,
}

impl Jwks {
    /// Reads a set. Keys without `kid`, keys that are not for signatures and unknown types of keys are ignored, as
    /// RFC 7517 recommends.
    ///
    /// # Errors
    /// The text is not a JSON object with `keys`.
    pub fn parse(text: &[u8]) -> Result<Jwks, KeyError> {
        let set: Map<String, Json> = serde_json::from_slice(text).map_err(|_| KeyError::Unreadable)?;
        let keys = set.get("keys").and_then(Json::as_array).ok_or(KeyError::Unreadable)?;
        Ok(Jwks { keys: keys.iter().take(MAX_KEYS).filter_map(Jwk::parse).collect() })
    }

    /// Whether a key has this `kid`.
    pub fn contains(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// The key with this `kid`. Several keys may have it: one that fits the algorithm comes first.
    pub fn key(&self, id: &str, algorithm: Algorithm) -> Option<&Result<PublicKey, KeyError>> {
        let named = || self.keys.iter().filter(|key| key.id == id && key.allows(algorithm));
        let first = named().find(|key| key.fits(algorithm));
        first.or_else(|| named().next()).map(|key| &key.key)
    }
}

impl Jwk {
    fn parse(json: &Json) -> Option<Jwk> {
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let is_for_signatures = text("use").is_none_or(|purpose| purpose == "sig");
        let id = text("kid").filter(|_| is_for_signatures)?.to_owned();
        let bytes = |name: &str| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        let key = match text("kty")? {
            "RSA" => match (bytes("n"), bytes("e")) {
                (Some(modulus), Some(exponent)) => PublicKey::of_rsa(trimmed(&modulus), trimmed(&exponent)),
                _ => Err(KeyError::Unreadable),
            },
            "EC" => {
                let curve = Curve::of_name(text("crv")?)?;
                let point = bytes("x").zip(bytes("y")).and_then(|(x, y)| point(curve, &x, &y));
                point.map_or(Err(KeyError::Unreadable), |point| PublicKey::of_point(curve, &point))
            }
            _ => return None,
        };
        Some(Jwk { id, algorithm: text("alg").map(str::to_owned), key })
    }

    /// Whether its own `alg` does not exclude an algorithm.
    fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithm.as_ref().is_none_or(|own| *own == algorithm.to_string())
    }

    /// Whether its type and curve are those of an algorithm.
    fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (algorithm.family, algorithm.hash, &self.key),
            (Family::Rs | Family::Ps, _, Ok(PublicKey::Rsa(_)))
                | (Family::Es, HashSize::Sha256, Ok(PublicKey::P256(_)))
                | (Family::Es, HashSize::Sha384, Ok(PublicKey::P384(_)))
                | (Family::Es, HashSize::Sha512, Ok(PublicKey::P521(_)))
        )
    }
}

/// Bytes without leading zeros.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// An uncompressed point in the form of SEC 1. `None` when a coordinate is too long.
fn point(curve: Curve, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let mut point = vec![4];
    for coordinate in [x, y] {
        let missing = curve.bytes().checked_sub(coordinate.len())?;
        point.extend(std::iter::repeat_n(0, missing));
        point.extend_from_slice(coordinate);
    }
    Some(point)
}
