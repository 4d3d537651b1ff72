//! Signatures of other implementations: the examples of RFC 7515 and RFC 7520, and tokens in `tests/keys`, which
//! Python's `cryptography` made.

use crate::algorithm::{Algorithm, Family};
use crate::jwks::Jwks;
use crate::key::{KeyError, PrivateKey, PublicKey};
use crate::signature::{SignatureError, code, is_code, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

macro_rules! key_file {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/keys/", $name))
    };
}

fn algorithm(name: &str) -> Algorithm {
    Algorithm::parse(name).unwrap()
}

/// A token: its key's name, the signed text and the signature.
struct Token {
    id: String,
    text: String,
    signature: Vec<u8>,
}

fn token(text: &str) -> Token {
    let (text, signature) = text.rsplit_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(text.split_once('.').unwrap().0)).unwrap();
    Token { id: header["kid"].as_str().unwrap().to_owned(), text: text.to_owned(), signature: decode(signature) }
}

fn tokens() -> Vec<(String, Token)> {
    let tokens: Value = serde_json::from_str(key_file!("tokens.json")).unwrap();
    let tokens = tokens.as_object().unwrap().iter();
    let tokens = tokens.filter(|(name, _)| *name != "next");
    tokens.map(|(name, text)| (name.clone(), token(text.as_str().unwrap()))).collect()
}

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The payload of RFC 7515, appendices A.1 to A.3.
const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// The payload of RFC 7520, section 4.
const BILBO: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg\
    cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9m\
    ZiB0by4";

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[test]
fn the_examples_of_the_standards_are_valid() {
    let cases = [
        (
            "RS256",
            format!("eyJhbGciOiJSUzI1NiJ9.{JOE}"),
            json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4\
                qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
                ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D\
                WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}),
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9C\
             UAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6\
             _dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp\
             0igcN_IoypGlUPQGe77Rw",
        ),
        (
            "ES256",
            format!("eyJhbGciOiJFUzI1NiJ9.{JOE}"),
            json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            "ES512",
            "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA".to_owned(),
            json!({"kty": "EC", "crv": "P-521",
                "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
                "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}),
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y\
             BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        ),
        (
            "PS384",
            format!("eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{BILBO}"),
            json!({"kty": "RSA", "e": "AQAB", "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJW\
                TDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpP\
                e7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKn\
                S2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"}),
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1O\
             LPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9s\
             hnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWj\
             wZ6oD4ifKo8DYM-X72Eaw",
        ),
    ];
    for (name, text, mut key, signature) in cases {
        key["kid"] = json!("k");
        let set = Jwks::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
        let key = set.key("k", algorithm(name)).unwrap().as_ref().unwrap();
        let signature = decode(signature);
        assert_eq!(verify(algorithm(name), key, text.as_bytes(), &signature), Ok(()), "{name}");
        let other = [text.as_bytes(), b"x"].concat();
        assert_eq!(verify(algorithm(name), key, &other, &signature), Err(SignatureError::Invalid), "{name}");
    }
    let key = decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    let text = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}");
    let expected = decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(code(algorithm("HS256").hash, &key, text.as_bytes()), Some(expected));
}

#[test]
fn tokens_of_another_implementation_are_valid_for_their_key_only() {
    let set = Jwks::parse(key_file!("jwks.json").as_bytes()).unwrap();
    for (name, token) in tokens() {
        let algorithm = algorithm(&name);
        let text = token.text.as_bytes();
        if algorithm.family == Family::Hs {
            assert!(is_code(algorithm.hash, SECRET, text, &token.signature), "{name}");
            let truncated = token.signature.get(1..).unwrap();
            for wrong in [&[][..], truncated, &[0; 64][..algorithm.hash.bytes()]] {
                assert!(!is_code(algorithm.hash, SECRET, text, wrong), "{name}");
            }
            continue;
        }
        let id = token.id.as_str();
        let key = set.key(id, algorithm).unwrap().as_ref().unwrap();
        assert_eq!(verify(algorithm, key, text, &token.signature), Ok(()), "{name}");
        // Changed, truncated, extended and trivial signatures.
        let mut changed = token.signature.clone();
        *changed.last_mut().unwrap() ^= 1;
        let truncated = token.signature.get(1..).unwrap().to_vec();
        let extended = [&token.signature[..], &[0]].concat();
        let zero = vec![0; token.signature.len()];
        for wrong in [changed, truncated, extended, zero, Vec::new()] {
            assert_eq!(verify(algorithm, key, text, &wrong), Err(SignatureError::Invalid), "{name}");
        }
        // Another key, or another algorithm of the same key.
        for other in ["rsa", "p256", "p384", "p521"].into_iter().filter(|other| *other != id) {
            let key = set.key(other, algorithm).unwrap().as_ref().unwrap();
            assert!(verify(algorithm, key, text, &token.signature).is_err(), "{name} {other}");
        }
        for other in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256"] {
            if other != name {
                let other = self::algorithm(other);
                assert!(verify(other, key, text, &token.signature).is_err(), "{name} {other}");
            }
        }
    }
}

#[test]
fn keys_are_read_from_every_encoding() {
    let (_, token) = tokens().into_iter().find(|(name, _)| name == "RS256").unwrap();
    let check = |key: &PublicKey| verify(algorithm("RS256"), key, token.text.as_bytes(), &token.signature);
    for text in [key_file!("rsa-public.pem"), key_file!("rsa-public-pkcs1.pem")] {
        assert_eq!(check(&PublicKey::of_pem(text).unwrap()), Ok(()), "{text}");
    }
    assert_eq!(check(&PublicKey::of_certificate(key_file!("rsa-certificate.pem")).unwrap()), Ok(()));
    let signed = |text: &str, name: &str| {
        let key = PrivateKey::of_pem(text, "sesame").map_err(|_| SignatureError::Failed)?;
        sign(algorithm(name), &key, b"text", &|buffer| buffer.fill(7))
    };
    assert_eq!(signed(key_file!("rsa.pem"), "RS256"), signed(key_file!("rsa-pkcs1.pem"), "RS256"));
    assert_eq!(signed(key_file!("rsa.pem"), "RS256"), signed(key_file!("rsa-encrypted.pem"), "RS256"));
    assert_eq!(signed(key_file!("rsa.pem"), "RS256"), signed(key_file!("rsa-encrypted-sha1-aes128.pem"), "RS256"));
    assert_eq!(signed(key_file!("p256.pem"), "ES256"), signed(key_file!("p256-sec1.pem"), "ES256"));
    let errors = [
        ("", KeyError::Unreadable),
        ("text", KeyError::Unreadable),
        (key_file!("rsa-certificate.pem"), KeyError::Unreadable),
        (key_file!("rsa.pem"), KeyError::Unreadable),
        (key_file!("rsa-1024-public.pem"), KeyError::Unsuitable),
        ("-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----", KeyError::Unreadable),
    ];
    for (text, error) in errors {
        assert_eq!(PublicKey::of_pem(text).err(), Some(error), "{text}");
    }
    let errors = [
        ("", KeyError::Unreadable),
        (key_file!("rsa-public.pem"), KeyError::Unreadable),
        (key_file!("rsa-1024.pem"), KeyError::Unsuitable),
        (key_file!("rsa-encrypted.pem"), KeyError::Unreadable),
    ];
    for (text, error) in errors {
        assert_eq!(PrivateKey::of_pem(text, "wrong").err(), Some(error), "{text}");
    }
    assert_eq!(PublicKey::of_certificate(key_file!("rsa-public.pem")).err(), Some(KeyError::Unreadable));
}

#[test]
fn own_signatures_are_valid() {
    let keys = [
        (
            key_file!("rsa.pem"),
            key_file!("rsa-public.pem"),
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..],
        ),
        (key_file!("p256.pem"), key_file!("p256-public.pem"), &["ES256"]),
        (key_file!("p384.pem"), key_file!("p384-public.pem"), &["ES384"]),
        (key_file!("p521.pem"), key_file!("p521-public.pem"), &["ES512"]),
    ];
    for (private, public, names) in keys {
        let (private, public) = (PrivateKey::of_pem(private, "").unwrap(), PublicKey::of_pem(public).unwrap());
        for name in names {
            let sign = |fill: u8| sign(algorithm(name), &private, b"text", &|buffer| buffer.fill(fill)).unwrap();
            let signature = sign(7);
            assert_eq!(verify(algorithm(name), &public, b"text", &signature), Ok(()), "{name}");
            // Only the salt of PS depends on the random bytes.
            assert_eq!(signature == sign(8), !name.starts_with("PS"), "{name}");
        }
    }
    let rsa = PrivateKey::of_pem(key_file!("rsa.pem"), "").unwrap();
    let p256 = PrivateKey::of_pem(key_file!("p256.pem"), "").unwrap();
    let cases = [
        (&rsa, "ES256", SignatureError::WrongKeyType),
        (&rsa, "HS256", SignatureError::WrongKeyType),
        (&p256, "RS256", SignatureError::WrongKeyType),
        (&p256, "PS512", SignatureError::WrongKeyType),
        (&p256, "ES384", SignatureError::WrongCurve),
    ];
    for (key, name, error) in cases {
        assert_eq!(sign(algorithm(name), key, b"text", &|buffer| buffer.fill(7)), Err(error), "{name}");
    }
}

#[test]
fn sets_of_keys_skip_what_they_do_not_know() {
    let rsa = json!({"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"});
    let ec = json!({"kty": "EC", "kid": "b", "crv": "P-256", "x": "AQ", "y": "AQ"});
    let set = json!({"keys": [
        rsa,
        ec,
        {"kty": "oct", "kid": "c", "k": "AQ"},
        {"kty": "RSA", "kid": "d", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "e", "alg": "RS512", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "f"},
        {"kty": "EC", "kid": "g", "crv": "secp256k1", "x": "AQ", "y": "AQ"},
        7,
    ]});
    let set = Jwks::parse(set.to_string().as_bytes()).unwrap();
    let found = |id: &str| set.key(id, algorithm("RS256")).map(|key| key.as_ref().err().copied());
    let cases = [
        ("a", Some(Some(KeyError::Unsuitable))),
        ("b", Some(Some(KeyError::Unsuitable))),
        ("c", None),
        ("d", None),
        ("e", None),
        ("f", Some(Some(KeyError::Unreadable))),
        ("g", None),
        ("", None),
    ];
    for (id, expected) in cases {
        assert_eq!(found(id), expected, "{id}");
    }
    assert!(set.contains("e") && !set.contains("c"));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
        assert_eq!(Jwks::parse(text.as_bytes()).err(), Some(KeyError::Unreadable), "{text}");
    }
    // Of two keys with one name, that of the algorithm is used.
    let keys: Value = serde_json::from_str(key_file!("jwks.json")).unwrap();
    let mut keys = keys["keys"].as_array().unwrap().clone();
    keys.iter_mut().for_each(|key| key["kid"] = json!("same"));
    keys.reverse();
    let set = Jwks::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap();
    assert!(matches!(set.key("same", algorithm("PS256")), Some(Ok(PublicKey::Rsa(_)))));
    assert!(matches!(set.key("same", algorithm("ES256")), Some(Ok(PublicKey::P256(_)))));
    assert!(matches!(set.key("same", algorithm("ES512")), Some(Ok(PublicKey::P521(_)))));
}
