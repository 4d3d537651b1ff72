//! Properties for every input of the readers of keys: no text and no changed encoding makes them panic, and a changed
//! signature or text is never valid.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails at the first error")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use envoy_callout_jose::{Algorithm, Jwks, PrivateKey, PublicKey, verify};
use proptest::prelude::*;

const LABELS: [&str; 7] = [
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
];

const KEYS: [&str; 9] = [
    include_str!("keys/rsa-pkcs1.pem"),
    include_str!("keys/rsa-public.pem"),
    include_str!("keys/rsa-public-pkcs1.pem"),
    include_str!("keys/rsa-certificate.pem"),
    include_str!("keys/p256-public.pem"),
    include_str!("keys/p256.pem"),
    include_str!("keys/p256-sec1.pem"),
    include_str!("keys/p521.pem"),
    include_str!("keys/rsa-encrypted.pem"),
];

fn read_all(text: &str) {
    let _ = PublicKey::of_pem(text);
    let _ = PublicKey::of_certificate(text);
    let _ = PrivateKey::of_pem(text, "sesame");
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// The label and the bytes of a PEM text.
fn parts(text: &str) -> (String, Vec<u8>) {
    let label = text.lines().next().unwrap().replace("-----BEGIN ", "").replace("-----", "");
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    (label, STANDARD.decode(body).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_a_reader_panic(
        text: String,
        label in prop::sample::select(LABELS.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        read_all(&text);
        read_all(&pem(label, &bytes));
        let _ = Jwks::parse(&bytes);
        let _ = Jwks::parse(text.as_bytes());
    }

    #[test]
    fn no_changed_encoding_makes_a_reader_panic(
        key in prop::sample::select(KEYS.to_vec()),
        at: prop::sample::Index,
        // The first bytes contain the structure.
        is_start: bool,
        byte: u8,
        length: prop::sample::Index,
    ) {
        let (label, mut der) = parts(key);
        let at = at.index(if is_start { 40 } else { der.len() });
        der[at] = byte;
        read_all(&pem(&label, &der));
        der.truncate(length.index(der.len()));
        read_all(&pem(&label, &der));
    }

    #[test]
    fn a_changed_signature_or_text_is_not_valid(
        name in prop::sample::select(vec!["RS256", "PS384", "ES256", "ES384", "ES512"]),
        at: prop::sample::Index,
        change in 1_u8..,
        is_text: bool,
    ) {
        let tokens: serde_json::Value = serde_json::from_str(include_str!("keys/tokens.json")).unwrap();
        let (text, signature) = tokens[name].as_str().unwrap().rsplit_once('.').unwrap();
        let id = if name.starts_with("ES") { name.replace("ES256", "p256").replace("ES384", "p384").replace("ES512", "p521") } else { "rsa".to_owned() };
        let algorithm = Algorithm::parse(name).unwrap();
        let set = Jwks::parse(include_bytes!("keys/jwks.json")).unwrap();
        let key = set.key(&id, algorithm).unwrap().as_ref().unwrap();
        let mut text = text.as_bytes().to_vec();
        let mut signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
        prop_assert!(verify(algorithm, key, &text, &signature).is_ok());
        let changed = if is_text { &mut text } else { &mut signature };
        let at = at.index(changed.len());
        changed[at] ^= change;
        prop_assert!(verify(algorithm, key, &text, &signature).is_err());
    }
}
