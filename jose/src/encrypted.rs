//! Encrypted private keys: PBES2 of PKCS #5 with PBKDF2 and AES in CBC mode, which `openssl` writes by default.

use crate::der::{self, Reader};
use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use hmac::{EagerHash, Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Maximum number of iterations of PBKDF2. A worker processes nothing else meanwhile.
const MAX_ITERATIONS: u32 = 100_000;

/// The size of a block of AES in bytes.
const BLOCK: usize = 16;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `hmacWithSHA…` without the last byte.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// `aes…-CBC` without the last byte.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];

/// The `PrivateKeyInfo` in an `EncryptedPrivateKeyInfo`. `None` for another encryption and for a wrong password, which the
/// padding does not always reveal.
pub(crate) fn decrypted(der: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let mut info = Reader::new(der).sequence()?;
    let mut algorithm = info.sequence()?;
    let text = info.take(der::OCTET_STRING)?;
    if algorithm.take(der::OBJECT_ID)? != PBES2 {
        return None;
    }
    let mut parameters = algorithm.sequence()?;
    let (mut derivation, mut cipher) = (parameters.sequence()?, parameters.sequence()?);
    if derivation.take(der::OBJECT_ID)? != PBKDF2 {
        return None;
    }
    let mut derivation = derivation.sequence()?;
    let salt = derivation.take(der::OCTET_STRING)?;
    let iterations = derivation.integer().filter(|bytes| bytes.len() <= 4)?;
    let iterations = iterations.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    // The length of the key follows from the cipher.
    let _: Option<&[u8]> = derivation.integer();
    let hash = match derivation.sequence() {
        None => 7,
        Some(mut hash) => *hash.take(der::OBJECT_ID)?.strip_prefix(HMAC)?.first()?,
    };
    let size = match cipher.take(der::OBJECT_ID)?.strip_prefix(AES)? {
        [2] => 16,
        [22] => 24,
        [42] => 32,
        _ => return None,
    };
    let first = cipher.take(der::OCTET_STRING)?;
    if iterations == 0 || iterations > MAX_ITERATIONS || first.len() != BLOCK {
        return None;
    }
    let key = match hash {
        7 => derived::<Sha1>(password, salt, iterations, size),
        9 => derived::<Sha256>(password, salt, iterations, size),
        10 => derived::<Sha384>(password, salt, iterations, size),
        11 => derived::<Sha512>(password, salt, iterations, size),
        _ => None,
    }?;
    match size {
        16 => chained(&Aes128::new_from_slice(&key).ok()?, first, text),
        24 => chained(&Aes192::new_from_slice(&key).ok()?, first, text),
        _ => chained(&Aes256::new_from_slice(&key).ok()?, first, text),
    }
}

/// PBKDF2 (RFC 8018, section 5.2).
fn derived<D: EagerHash>(password: &[u8], salt: &[u8], iterations: u32, size: usize) -> Option<Vec<u8>> {
    let keyed = <Hmac<D> as hmac::KeyInit>::new_from_slice(password).ok()?;
    let mut key = Vec::new();
    let mut number = 1_u32;
    while key.len() < size {
        let mut code = keyed.clone();
        code.update(salt);
        code.update(&number.to_be_bytes());
        let mut last = code.finalize().into_bytes();
        let mut sum = last.to_vec();
        for _ in 1..iterations {
            let mut code = keyed.clone();
            code.update(&last);
            last = code.finalize().into_bytes();
            sum.iter_mut().zip(last.iter()).for_each(|(sum, byte)| *sum ^= byte);
        }
        key.extend_from_slice(&sum);
        number = number.checked_add(1)?;
    }
    key.truncate(size);
    Some(key)
}

/// Decrypts in CBC mode and removes the padding of PKCS #7.
fn chained<C: BlockCipherDecrypt>(cipher: &C, first: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut before = first;
    for chunk in text.chunks_exact(BLOCK) {
        let mut block: Array<u8, C::BlockSize> = Array::try_from(chunk).ok()?;
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = chunk;
    }
    let padding = usize::from(*plain.last()?);
    let end = plain.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
    let is_padding = plain.get(end..)?.iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(end);
    is_padding.then_some(plain)
}
