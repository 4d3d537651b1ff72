//! Digests and message authentication codes.

use crate::policy::template::Function;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// The MD5 digest of the text's UTF-8 bytes.
pub(super) fn md5(text: &str) -> [u8; 16] {
    Md5::digest(text).into()
}

/// The SHA-1 digest of the text's UTF-8 bytes.
pub(super) fn sha1(text: &str) -> [u8; 20] {
    Sha1::digest(text).into()
}

/// The SHA-256 digest of the text's UTF-8 bytes.
pub(super) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// The SHA-384 digest of the text's UTF-8 bytes.
pub(super) fn sha384(text: &str) -> [u8; 48] {
    Sha384::digest(text).into()
}

/// The SHA-512 digest of the text's UTF-8 bytes.
pub(super) fn sha512(text: &str) -> [u8; 64] {
    Sha512::digest(text).into()
}

/// The code of the text's UTF-8 bytes under one of the `hmac…` functions.
///
/// `None` for an empty key, which Java's `SecretKeySpec` rejects. Otherwise a key that does not resolve would result in
/// a code that anyone can compute. `[inferred]`
pub(super) fn hmac(function: Function, key: &[u8], text: &str) -> Option<Vec<u8>> {
    if key.is_empty() {
        return None;
    }
    match function {
        Function::HmacMd5 => code::<Md5>(key, text),
        Function::HmacSha1 => code::<Sha1>(key, text),
        Function::HmacSha224 => code::<Sha224>(key, text),
        Function::HmacSha256 => code::<Sha256>(key, text),
        Function::HmacSha384 => code::<Sha384>(key, text),
        Function::HmacSha512 => code::<Sha512>(key, text),
        _ => None,
    }
}

fn code<D: EagerHash>(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut code = Hmac::<D>::new_from_slice(key).ok()?;
    code.update(text.as_bytes());
    Some(code.finalize().into_bytes().to_vec())
}
