//! Signatures of the algorithms of RFC 7518. The key's kind has to fit the algorithm.

use crate::algorithm::{Algorithm, Family, HashSize};
use crate::key::{PrivateKey, PublicKey};
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::convert::Infallible;

/// The reason why a signature cannot be computed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The signature does not fit the text.
    Invalid,
    /// The key is an RSA key and the algorithm needs a curve, or the reverse.
    WrongKeyType,
    /// The key is on another curve than the algorithm needs.
    WrongCurve,
    /// The computation failed.
    Failed,
}

/// Checks a signature with a public key.
///
/// # Errors
/// The signature is invalid, or the key does not fit the algorithm.
pub fn verify(algorithm: Algorithm, key: &PublicKey, text: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let hashed = digest(algorithm.hash, text);
    let hashed = hashed.as_slice();
    let is_valid =
        match (algorithm.family, key) {
            (Family::Rs, PublicKey::Rsa(key)) => {
                let scheme = match algorithm.hash {
                    HashSize::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    HashSize::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    HashSize::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                key.verify(scheme, hashed, signature).is_ok()
            }
            (Family::Ps, PublicKey::Rsa(key)) => match algorithm.hash {
                HashSize::Sha256 => key.verify(Pss::<Sha256>::new(), hashed, signature),
                HashSize::Sha384 => key.verify(Pss::<Sha384>::new(), hashed, signature),
                HashSize::Sha512 => key.verify(Pss::<Sha512>::new(), hashed, signature),
            }
            .is_ok(),
            (Family::Es, PublicKey::Rsa(_)) => return Err(SignatureError::WrongKeyType),
            (Family::Es, key) => match (algorithm.hash, key) {
                (HashSize::Sha256, PublicKey::P256(key)) => p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|it| key.verify_prehash(hashed, &it).is_ok()),
                (HashSize::Sha384, PublicKey::P384(key)) => p384::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|it| key.verify_prehash(hashed, &it).is_ok()),
                (HashSize::Sha512, PublicKey::P521(key)) => p521::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|it| key.verify_prehash(hashed, &it).is_ok()),
                _ => return Err(SignatureError::WrongCurve),
            },
            (Family::Rs | Family::Ps | Family::Hs, _) => return Err(SignatureError::WrongKeyType),
        };
    if is_valid { Ok(()) } else { Err(SignatureError::Invalid) }
}

/// Signs a text with a private key.
///
/// # Errors
/// The key does not fit the algorithm, or the computation failed.
pub fn sign(
    algorithm: Algorithm,
    key: &PrivateKey,
    text: &[u8],
    random: &dyn Fn(&mut [u8]),
) -> Result<Vec<u8>, SignatureError> {
    let hashed = digest(algorithm.hash, text);
    let hashed = hashed.as_slice();
    let mut random = HostRandom(random);
    let failed = |_| SignatureError::Failed;
    match (algorithm.family, key) {
        (Family::Rs, PrivateKey::Rsa(key)) => {
            let scheme = match algorithm.hash {
                HashSize::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                HashSize::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                HashSize::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
            };
            // The random bytes blind the computation. They do not change the signature.
            key.sign_with_rng(&mut random, scheme, hashed).map_err(failed)
        }
        (Family::Ps, PrivateKey::Rsa(key)) => match algorithm.hash {
            HashSize::Sha256 => key.sign_with_rng(&mut random, Pss::<Sha256>::new(), hashed),
            HashSize::Sha384 => key.sign_with_rng(&mut random, Pss::<Sha384>::new(), hashed),
            HashSize::Sha512 => key.sign_with_rng(&mut random, Pss::<Sha512>::new(), hashed),
        }
        .map_err(failed),
        (Family::Es, PrivateKey::Rsa(_)) => Err(SignatureError::WrongKeyType),
        (Family::Es, key) => match (algorithm.hash, key) {
            (HashSize::Sha256, PrivateKey::P256(key)) => {
                let signature: Result<p256::ecdsa::Signature, _> = key.sign_prehash(hashed);
                signature.map(|signature| signature.to_bytes().to_vec()).map_err(|_| SignatureError::Failed)
            }
            (HashSize::Sha384, PrivateKey::P384(key)) => {
                let signature: Result<p384::ecdsa::Signature, _> = key.sign_prehash(hashed);
                signature.map(|signature| signature.to_bytes().to_vec()).map_err(|_| SignatureError::Failed)
            }
            (HashSize::Sha512, PrivateKey::P521(key)) => {
                let signature: Result<p521::ecdsa::Signature, _> = key.sign_prehash(hashed);
                signature.map(|signature| signature.to_bytes().to_vec()).map_err(|_| SignatureError::Failed)
            }
            _ => Err(SignatureError::WrongCurve),
        },
        (Family::Rs | Family::Ps | Family::Hs, _) => Err(SignatureError::WrongKeyType),
    }
}

/// The message authentication code of a text.
pub fn code(hash: HashSize, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    fn of<D: EagerHash>(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let mut code = Hmac::<D>::new_from_slice(key).ok()?;
        code.update(text);
        Some(code.finalize().into_bytes().to_vec())
    }
    match hash {
        HashSize::Sha256 => of::<Sha256>(key, text),
        HashSize::Sha384 => of::<Sha384>(key, text),
        HashSize::Sha512 => of::<Sha512>(key, text),
    }
}

/// Whether a message authentication code is that of a text. The time does not depend on where they differ.
pub fn is_code(hash: HashSize, key: &[u8], text: &[u8], found: &[u8]) -> bool {
    fn of<D: EagerHash>(key: &[u8], text: &[u8], found: &[u8]) -> bool {
        let Ok(mut code) = Hmac::<D>::new_from_slice(key) else { return false };
        code.update(text);
        code.verify_slice(found).is_ok()
    }
    match hash {
        HashSize::Sha256 => of::<Sha256>(key, text, found),
        HashSize::Sha384 => of::<Sha384>(key, text, found),
        HashSize::Sha512 => of::<Sha512>(key, text, found),
    }
}

fn digest(hash: HashSize, text: &[u8]) -> Vec<u8> {
    match hash {
        HashSize::Sha256 => Sha256::digest(text).to_vec(),
        HashSize::Sha384 => Sha384::digest(text).to_vec(),
        HashSize::Sha512 => Sha512::digest(text).to_vec(),
    }
}

/// The random bytes of the host.
struct HostRandom<'r>(&'r dyn Fn(&mut [u8]));

impl TryRng for HostRandom<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(buffer);
        Ok(())
    }
}

impl TryCryptoRng for HostRandom<'_> {}
