//! What DecodeJWT, VerifyJWT and GenerateJWT have in common (docs/apigee-semantics.md 12.2).

mod claim;
mod decode;
mod duration;
mod generate;
mod key;
mod not_before;
mod text;
mod verify;

pub use claim::{Claim, ClaimType, Claims};
pub use decode::{DecodeJwt, TokenSource};
pub use duration::milliseconds;
pub use generate::{GenerateJwt, SigningKey};
pub use key::{Encoding, JwksUrl, PrivateKey, PublicKey, SecretKey};
pub use not_before::{NotBefore, not_before};
pub use text::{TextValue, list};
pub use verify::{MaxLifespan, VerifyJwt, VerifyingKey};

use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use std::time::Duration;

pub use envoy_callout_jose::{Algorithm, Family, HashSize};

/// The children that every policy may have.
const COMMON: [&str; 4] = ["DisplayName", "Description", "Properties", "FaultRules"];

/// Rejects `Type` with another value than `Signed`, and `Algorithms`, which select an encrypted token.
fn check_type(root: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    for name in ["Type", "Algorithms"] {
        let Some(element) = root.child(name) else { continue };
        let text = element.text();
        match (name, text.as_str()) {
            ("Type", "" | "Signed") => {}
            ("Type", other) if other != "Encrypted" => {
                let message = format!("Type must be Signed, got {other:?}");
                diagnostics.error(Code::InvalidValueForElement, element.position(), message);
            }
            _ => {
                let message = "encrypted tokens are not supported: the policy must have Algorithm and the Type Signed";
                diagnostics.error(Code::EncryptedToken, element.position(), message);
            }
        }
    }
}

/// The variable that is true after a failure of one of the policies.
pub const FAILED: &str = "JWT.failed";

/// Maximum time of a request for a set of public keys.
pub const JWKS_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
