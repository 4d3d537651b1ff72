//! DecodeJWT, VerifyJWT and GenerateJWT in transactions.

mod decode;
mod generate;
mod key_sets;
mod verify;

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;

macro_rules! key_file {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/", $name))
    };
}
use key_file;

/// A time in the lifetime of the tokens in `tests/keys`.
const NOW: Duration = Duration::from_secs(1_800_000_000);

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A token of `tests/keys/tokens.json`.
fn token(name: &str) -> String {
    let tokens: Value = serde_json::from_str(key_file!("tokens.json")).unwrap();
    tokens[name].as_str().unwrap().to_owned()
}

/// A token with a signature of HS256 under [`SECRET`].
fn signed(header: &Value, payload: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(header), part(payload));
    let hash = crate::policy::jwt::HashSize::Sha256;
    let code = envoy_callout_jose::code(hash, SECRET.as_bytes(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(code))
}

/// The constants with all keys.
fn properties() -> Value {
    json!({
        "private.secret": SECRET,
        "private.secret.hex": SECRET.bytes().map(|byte| format!("{byte:02X} ")).collect::<String>(),
        "private.secret.base64": base64::engine::general_purpose::STANDARD.encode(SECRET),
        "private.secret.base64url": URL_SAFE_NO_PAD.encode(SECRET),
        "private.short": "0123456789abcdef0123456789abcde",
        "private.middle": "0123456789abcdef0123456789abcdef",
        "private.rsa": key_file!("rsa.pem"),
        "private.rsa.encrypted": key_file!("rsa-encrypted.pem"),
        "private.password": "sesame",
        "private.rsa.small": key_file!("rsa-1024.pem"),
        "private.p256": key_file!("p256.pem"),
        "private.p384": key_file!("p384.pem"),
        "private.p521": key_file!("p521.pem"),
        "public.rsa": key_file!("rsa-public.pem"),
        "public.rsa.small": key_file!("rsa-1024-public.pem"),
        "public.p256": key_file!("p256-public.pem"),
        "public.p384": key_file!("p384-public.pem"),
        "public.p521": key_file!("p521-public.pem"),
        "public.certificate": key_file!("rsa-certificate.pem"),
        "public.jwks": key_file!("jwks.json"),
    })
}

/// Runs policies on a request with a token in `Authorization`.
fn run(policies: &[&str], token: Option<&str>, more: &Value) -> Effects {
    let authorization = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
    run_with(policies, &headers, more)
}

/// Runs policies on a request with headers. `more` are further constants.
fn run_with(policies: &[&str], headers: &[(&str, &str)], more: &Value) -> Effects {
    let host = Scripted { now: NOW, ..Scripted::client("GET", "/", headers) };
    let mut properties = properties();
    for (name, value) in more.as_object().into_iter().flatten() {
        properties[name] = value.clone();
    }
    host.run(&plan(&json!({"policies": policies, "properties": properties})))
}

/// An AssignMessage that shows variables in the header `x` of the upstream request.
fn show(template: &str) -> String {
    format!(
        "<AssignMessage name='show'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
         <Set><Headers><Header name='x'>{template}</Header></Headers></Set></AssignMessage>"
    )
}

/// The header of [`show`].
fn shown(done: &Effects) -> String {
    let changes = done.changes(Direction::Request);
    let shown = changes.iter().find_map(|change| change.strip_prefix("x: "));
    shown.unwrap_or_else(|| panic!("{changes:?} {:?}", done.reply)).to_owned()
}

/// Asserts a fault of the policies: status 401, the end of the code, and the text.
#[track_caller]
fn assert_fault(done: &Effects, name: &str, text: &str) {
    let body =
        json!({"fault": {"faultstring": text, "detail": {"errorcode": format!("steps.jwt.{name}")}}}).to_string();
    assert_eq!(done.reply_status_and_body(), (401, body.as_str()));
}
