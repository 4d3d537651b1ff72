//! Public and private keys, and their encodings.

use crate::der::{self, Reader};
use crate::encrypted;
use crate::pem;
use rsa::BoxedUint;
use std::fmt;

/// A key that verifies signatures.
#[derive(Clone, Debug)]
pub enum PublicKey {
    /// An RSA key.
    Rsa(Box<rsa::PublicKey>),
    /// A key on the curve P-256.
    P256(Box<p256::ecdsa::VerifyingKey>),
    /// A key on the curve P-384.
    P384(Box<p384::ecdsa::VerifyingKey>),
    /// A key on the curve P-521.
    P521(Box<p521::ecdsa::VerifyingKey>),
}

/// A key that signs.
#[derive(Clone)]
pub enum PrivateKey {
    /// An RSA key.
    Rsa(Box<rsa::PrivateKey>),
    /// A key on the curve P-256.
    P256(Box<p256::ecdsa::SigningKey>),
    /// A key on the curve P-384.
    P384(Box<p384::ecdsa::SigningKey>),
    /// A key on the curve P-521.
    P521(Box<p521::ecdsa::SigningKey>),
}

impl fmt::Debug for PrivateKey {
    /// Omits the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}

/// The sizes of RSA keys in bits: RFC 7518 requires 2048, and a larger key than 8192 would take too much time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The reason why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The text or the encoding is not a key of a known kind.
    Unreadable,
    /// The key is too small, too large or inconsistent.
    Unsuitable,
}

const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384_OID: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521_OID: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// A curve of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
}

impl Curve {
    fn of_oid(oid: &[u8]) -> Option<Curve> {
        [(P256_OID, Curve::P256), (P384_OID, Curve::P384), (P521_OID, Curve::P521)]
            .into_iter()
            .find_map(|(known, curve)| (known == oid).then_some(curve))
    }

    /// Finds a curve by its name in a JSON Web Key.
    pub(super) fn of_name(name: &str) -> Option<Curve> {
        match name {
            "P-256" => Some(Curve::P256),
            "P-384" => Some(Curve::P384),
            "P-521" => Some(Curve::P521),
            _ => None,
        }
    }

    /// The size of a coordinate in bytes.
    pub(super) fn bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

impl PublicKey {
    /// Reads a PEM text: a public key of X.509 or PKCS #1.
    ///
    /// # Errors
    /// The text is not a key of a known kind, or the key is not suitable.
    pub fn of_pem(text: &str) -> Result<PublicKey, KeyError> {
        let block = pem::block(text, &["PUBLIC KEY", "RSA PUBLIC KEY"]).ok_or(KeyError::Unreadable)?;
        match block.label {
            "RSA PUBLIC KEY" => PublicKey::of_pkcs1(&block.der),
            _ => PublicKey::of_spki(Reader::new(&block.der)),
        }
    }

    /// Reads the key of a certificate in PEM. The certificate itself is not checked, as in Apigee.
    ///
    /// # Errors
    /// The text is not a certificate with a key of a known kind, or the key is not suitable.
    pub fn of_certificate(text: &str) -> Result<PublicKey, KeyError> {
        let block = pem::block(text, &["CERTIFICATE"]).ok_or(KeyError::Unreadable)?;
        PublicKey::of_spki(certificate_key(&block.der).ok_or(KeyError::Unreadable)?)
    }

    /// `SubjectPublicKeyInfo` of X.509.
    fn of_spki(mut reader: Reader<'_>) -> Result<PublicKey, KeyError> {
        let (algorithm, mut info) = algorithm_of(&mut reader).ok_or(KeyError::Unreadable)?;
        let bits = info.bits().ok_or(KeyError::Unreadable)?;
        match algorithm {
            KeyKind::Rsa => PublicKey::of_pkcs1(bits),
            KeyKind::Ec(curve) => PublicKey::of_point(curve, bits),
        }
    }

    fn of_pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
        let mut sequence = Reader::new(der).sequence().ok_or(KeyError::Unreadable)?;
        let numbers = sequence.integer().and_then(|modulus| Some((modulus, sequence.integer()?)));
        let (modulus, exponent) = numbers.ok_or(KeyError::Unreadable)?;
        PublicKey::of_rsa(modulus, exponent)
    }

    /// An RSA key of its numbers in big-endian order.
    ///
    /// # Errors
    /// The key is not suitable.
    pub(super) fn of_rsa(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, KeyError> {
        let (modulus, exponent) = (number(modulus)?, number(exponent)?);
        let key = rsa::PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS);
        Ok(PublicKey::Rsa(Box::new(key.map_err(|_| KeyError::Unsuitable)?)))
    }

    /// A key of its point in the form of SEC 1.
    ///
    /// # Errors
    /// The point is not on the curve.
    pub(super) fn of_point(curve: Curve, point: &[u8]) -> Result<PublicKey, KeyError> {
        let key = match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(PublicKey::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(PublicKey::P384),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(PublicKey::P521),
        };
        key.map_err(|_| KeyError::Unsuitable)
    }
}

/// The kind of a key.
enum KeyKind {
    Rsa,
    Ec(Curve),
}

/// The kind of key in the next sequence, and the values after it.
fn algorithm_of<'d>(reader: &mut Reader<'d>) -> Option<(KeyKind, Reader<'d>)> {
    let mut info = reader.sequence()?;
    let kind = kind_of(&mut info)?;
    Some((kind, info))
}

/// `AlgorithmIdentifier` of X.509.
fn kind_of(info: &mut Reader<'_>) -> Option<KeyKind> {
    let mut algorithm = info.sequence()?;
    match algorithm.take(der::OBJECT_ID)? {
        RSA_OID | RSA_PSS_OID => Some(KeyKind::Rsa),
        EC_OID => Some(KeyKind::Ec(Curve::of_oid(algorithm.take(der::OBJECT_ID)?)?)),
        _ => None,
    }
}

/// The `SubjectPublicKeyInfo` of a certificate.
fn certificate_key(der: &[u8]) -> Option<Reader<'_>> {
    let mut certificate = Reader::new(der).sequence()?.sequence()?;
    // The version is absent in version 1.
    let _: Option<&[u8]> = certificate.take(der::FIELD_0);
    certificate.take(der::INTEGER)?;
    // Signature algorithm, issuer, validity and subject.
    for _ in 0..4 {
        certificate.sequence()?;
    }
    Some(certificate)
}

impl PrivateKey {
    /// Reads a PEM text: a private key of PKCS #8, which may be encrypted, of PKCS #1 or of SEC 1.
    ///
    /// # Errors
    /// The text is not a key of a known kind, the password is wrong, or the key is not suitable.
    pub fn of_pem(text: &str, password: &str) -> Result<PrivateKey, KeyError> {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
        let block = pem::block(text, &labels).ok_or(KeyError::Unreadable)?;
        match block.label {
            "RSA PRIVATE KEY" => PrivateKey::of_pkcs1(&block.der),
            "EC PRIVATE KEY" => PrivateKey::of_sec1(&block.der, None),
            "ENCRYPTED PRIVATE KEY" => {
                let plain = encrypted::decrypted(&block.der, password.as_bytes()).ok_or(KeyError::Unreadable)?;
                PrivateKey::of_pkcs8(&plain)
            }
            _ => PrivateKey::of_pkcs8(&block.der),
        }
    }

    /// `PrivateKeyInfo` of PKCS #8.
    pub(super) fn of_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyError> {
        let mut info = Reader::new(der).sequence().ok_or(KeyError::Unreadable)?;
        let parts = info.take(der::INTEGER).and_then(|_| Some((kind_of(&mut info)?, info.take(der::OCTET_STRING)?)));
        match parts.ok_or(KeyError::Unreadable)? {
            (KeyKind::Rsa, key) => PrivateKey::of_pkcs1(key),
            (KeyKind::Ec(curve), key) => PrivateKey::of_sec1(key, Some(curve)),
        }
    }

    fn of_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyError> {
        let mut sequence = Reader::new(der).sequence().ok_or(KeyError::Unreadable)?;
        sequence.take(der::INTEGER).ok_or(KeyError::Unreadable)?;
        let mut next = || number(sequence.integer().ok_or(KeyError::Unreadable)?);
        let (modulus, exponent, private) = (next()?, next()?, next()?);
        let primes = vec![next()?, next()?];
        let bits = usize::try_from(modulus.bit_width_vartime()).unwrap_or(usize::MAX);
        if !RSA_BITS.contains(&bits) {
            return Err(KeyError::Unsuitable);
        }
        let key = rsa::PrivateKey::from_components(modulus, exponent, private, primes);
        Ok(PrivateKey::Rsa(Box::new(key.map_err(|_| KeyError::Unsuitable)?)))
    }

    /// `ECPrivateKey` of SEC 1. PKCS #8 names the curve outside of it.
    fn of_sec1(der: &[u8], curve: Option<Curve>) -> Result<PrivateKey, KeyError> {
        let mut sequence = Reader::new(der).sequence().ok_or(KeyError::Unreadable)?;
        let scalar = sequence.take(der::INTEGER).and_then(|_| sequence.take(der::OCTET_STRING));
        let scalar = scalar.ok_or(KeyError::Unreadable)?;
        let own = || Curve::of_oid(Reader::new(sequence.take(der::FIELD_0)?).take(der::OBJECT_ID)?);
        let curve = curve.or_else(own).ok_or(KeyError::Unreadable)?;
        let key = match curve {
            Curve::P256 => p256::ecdsa::SigningKey::from_slice(scalar).map(Box::new).map(PrivateKey::P256),
            Curve::P384 => p384::ecdsa::SigningKey::from_slice(scalar).map(Box::new).map(PrivateKey::P384),
            Curve::P521 => p521::ecdsa::SigningKey::from_slice(scalar).map(Box::new).map(PrivateKey::P521),
        };
        key.map_err(|_| KeyError::Unsuitable)
    }
}

/// A number in big-endian order.
fn number(bytes: &[u8]) -> Result<BoxedUint, KeyError> {
    // The largest number is a modulus.
    if bytes.len().saturating_mul(8) > *RSA_BITS.end() {
        return Err(KeyError::Unsuitable);
    }
    Ok(BoxedUint::from_be_slice_vartime(bytes))
}
