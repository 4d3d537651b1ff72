//! The algorithms of signatures (RFC 7518, section 3.1).

use std::fmt;

/// An algorithm such as `RS256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// The first two letters.
    pub family: Family,
    /// The number.
    pub hash: HashSize,
}

/// The family of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// HMAC with a secret key.
    Hs,
    /// RSASSA-PKCS1-v1_5.
    Rs,
    /// RSASSA-PSS.
    Ps,
    /// ECDSA.
    Es,
}

/// The hash function of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashSize {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The names of all algorithms.
pub const NAMES: [&str; 12] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

impl Algorithm {
    /// Finds an algorithm by its name, which is case-sensitive. `none` is not an algorithm.
    pub fn parse(name: &str) -> Option<Algorithm> {
        let (family, hash) = name.split_at_checked(2)?;
        let family = match family {
            "HS" => Family::Hs,
            "RS" => Family::Rs,
            "PS" => Family::Ps,
            "ES" => Family::Es,
            _ => return None,
        };
        let hash = match hash {
            "256" => HashSize::Sha256,
            "384" => HashSize::Sha384,
            "512" => HashSize::Sha512,
            _ => return None,
        };
        Some(Algorithm { family, hash })
    }
}

impl HashSize {
    /// The size of a digest in bytes, which is the minimum size of a secret key.
    pub fn bytes(self) -> usize {
        match self {
            HashSize::Sha256 => 32,
            HashSize::Sha384 => 48,
            HashSize::Sha512 => 64,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            Family::Hs => "HS",
            Family::Rs => "RS",
            Family::Ps => "PS",
            Family::Es => "ES",
        };
        write!(formatter, "{family}{}", self.hash.bytes().saturating_mul(8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_exact_names() {
        for name in NAMES {
            assert_eq!(Algorithm::parse(name).map(|algorithm| algorithm.to_string()).as_deref(), Some(name));
        }
        for name in ["", "none", "None", "rs256", "RS", "RS1", "RS2567", "ES256K", "EdDSA", "é256", "A128KW"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
