//! `SecretKey`, `PrivateKey` and `PublicKey`.

use super::text::TextValue;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::attributes::{reference_of, single_child, warn_unknown_attributes, warn_unknown_children};
use crate::policy::origin::{Origin, Scheme};
use crate::policy::usage::Read;
use crate::policy::variable::{Variable, is_private};
use bytestring::ByteString;

/// `SecretKey`.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretKey {
    /// The variable of the key.
    pub value: Variable,
    /// The encoding of its text.
    pub encoding: Encoding,
    /// `Id`: the name of the key.
    pub id: Option<TextValue>,
}

/// The encoding of a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The bytes of the text.
    Utf8,
    /// Pairs of hexadecimal digits, with optional white space between them.
    Hex,
    /// Base64.
    Base64,
    /// Base64 for URLs.
    Base64Url,
}

/// `PrivateKey`.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateKey {
    /// The variable of the key in PEM.
    pub value: Variable,
    /// The variable of the password.
    pub password: Option<Variable>,
    /// `Id`: the name of the key.
    pub id: Option<TextValue>,
}

/// `PublicKey`.
#[derive(Clone, Debug, PartialEq)]
pub enum PublicKey {
    /// `Value`: a key in PEM.
    Value(TextValue),
    /// `Certificate` in PEM.
    Certificate(TextValue),
    /// `JWKS`: a set of keys as JSON.
    Jwks(TextValue),
    /// `JWKS` with `uri` or `uriRef`.
    JwksUrl(JwksUrl),
}

/// The URL of a set of keys.
#[derive(Clone, Debug, PartialEq)]
pub struct JwksUrl {
    /// `uri` or the variable in `uriRef`.
    pub value: TextValue,
    /// The origin of `uri`.
    pub origin: Option<Origin>,
    /// The position in the document.
    pub position: Position,
}

/// An error of Apigee's deployment: `Invalid key configuration : policy(NAME) element(ELEMENT).` `[inferred]`
pub(super) fn reject(
    code: Code,
    position: Position,
    text: &str,
    policy: &str,
    detail: (&str, &str),
    diagnostics: &mut Diagnostics,
) {
    let (what, name) = detail;
    diagnostics.error(code, position, format!("{text} : policy({policy}) {what}({name})."));
}

/// The variable of a secret. Its name must start with `private.`, and the document must not contain the secret.
fn private_reference(
    element: Element<'_, '_>,
    policy: &str,
    empty: Option<Code>,
    diagnostics: &mut Diagnostics,
) -> Option<Variable> {
    let detail = ("element", element.name());
    let position = element.position();
    warn_unknown_attributes(element, &["encoding", "ref"], diagnostics);
    let Some(variable) = reference_of(element) else {
        if !element.text().is_empty() {
            let text = "Invalid secret in configuration";
            reject(Code::InvalidSecretInConfig, position, text, policy, detail, diagnostics);
        } else if let Some(code) = empty {
            reject(code, position, "Empty element for key configuration", policy, detail, diagnostics);
        }
        return None;
    };
    if !is_private(variable.name()) {
        let position = element.attribute_position("ref");
        let text = "Invalid variable name for secret";
        let message = format!("{text} : policy({policy}) variable({variable}). The name must start with private.");
        diagnostics.error(Code::InvalidVariableNameForSecret, position, message);
        return None;
    }
    Some(variable)
}

/// The variable in the `Value` of a key.
fn value_of(key: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<Variable> {
    let Some(value) = single_child(key, "Value", diagnostics) else {
        let detail = ("element", key.name());
        reject(Code::InvalidKeyConfiguration, key.position(), "Invalid key configuration", policy, detail, diagnostics);
        return None;
    };
    private_reference(value, policy, Some(Code::EmptyElementForKeyConfiguration), diagnostics)
}

impl SecretKey {
    pub(super) fn parse(key: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<SecretKey> {
        warn_unknown_attributes(key, &["encoding"], diagnostics);
        warn_unknown_children(key, &["Value", "Id"], diagnostics);
        let value = value_of(key, policy, diagnostics);
        // The documentation has the attribute on `SecretKey`, and on `Value` of other keys.
        let owner = [Some(key), key.child("Value")].into_iter().flatten();
        let given = owner.filter_map(|element| Some((element, element.attribute("encoding")?.trim()))).next();
        let encoding = match given {
            None | Some((_, "")) => Encoding::Utf8,
            Some((_, "hex" | "base16")) => Encoding::Hex,
            Some((_, "base64")) => Encoding::Base64,
            Some((_, "base64url")) => Encoding::Base64Url,
            Some((element, other)) => {
                let message = format!("encoding must be hex, base16, base64 or base64url, got {other:?}");
                diagnostics.error(Code::InvalidAttribute, element.attribute_position("encoding"), message);
                return None;
            }
        };
        Some(SecretKey { value: value?, encoding, id: TextValue::of(key.child("Id"), diagnostics) })
    }

    pub(super) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        std::iter::once(Read::value(&self.value)).chain(self.id.iter().flat_map(TextValue::reads))
    }
}

impl PrivateKey {
    pub(super) fn parse(key: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<PrivateKey> {
        warn_unknown_attributes(key, &[], diagnostics);
        warn_unknown_children(key, &["Value", "Password", "Id"], diagnostics);
        let value = value_of(key, policy, diagnostics);
        let password = single_child(key, "Password", diagnostics);
        let password = password.and_then(|element| private_reference(element, policy, None, diagnostics));
        Some(PrivateKey { value: value?, password, id: TextValue::of(key.child("Id"), diagnostics) })
    }

    pub(super) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let password = self.password.iter().map(Read::optional);
        std::iter::once(Read::value(&self.value)).chain(password).chain(self.id.iter().flat_map(TextValue::reads))
    }
}

impl PublicKey {
    pub(super) fn parse(key: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<PublicKey> {
        warn_unknown_attributes(key, &[], diagnostics);
        warn_unknown_children(key, &["Value", "Certificate", "JWKS", "Id"], diagnostics);
        let found: Vec<Element<'_, '_>> =
            ["Value", "Certificate", "JWKS"].into_iter().filter_map(|name| key.child(name)).collect();
        let [source] = found.as_slice() else {
            let text = "Invalid key configuration";
            let detail = ("element", key.name());
            reject(Code::InvalidKeyConfiguration, key.position(), text, policy, detail, diagnostics);
            return None;
        };
        let attributes: &[&str] =
            if source.name() == "JWKS" { &["ref", "uri", "uriRef"] } else { &["encoding", "ref"] };
        let has_url = source.attribute("uri").is_some() || source.attribute("uriRef").is_some();
        if source.name() == "JWKS" && has_url {
            return JwksUrl::parse(*source, policy, diagnostics).map(PublicKey::JwksUrl);
        }
        let Some(value) = TextValue::with(Some(*source), attributes, diagnostics) else {
            let text = "Empty element for key configuration";
            let detail = ("element", source.name());
            reject(Code::EmptyElementForKeyConfiguration, source.position(), text, policy, detail, diagnostics);
            return None;
        };
        Some(match source.name() {
            "Value" => PublicKey::Value(value),
            "Certificate" => PublicKey::Certificate(value),
            _ => PublicKey::Jwks(value),
        })
    }

    /// The text or the URL of the key.
    pub fn value(&self) -> &TextValue {
        match self {
            PublicKey::Value(value) | PublicKey::Certificate(value) | PublicKey::Jwks(value) => value,
            PublicKey::JwksUrl(url) => &url.value,
        }
    }
}

impl JwksUrl {
    fn parse(jwks: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<JwksUrl> {
        warn_unknown_attributes(jwks, &["ref", "uri", "uriRef"], diagnostics);
        let attribute = |name: &str| jwks.attribute(name).map(str::trim).filter(|text| !text.is_empty());
        let reference = attribute("uriRef").map(Variable::new);
        let Some(url) = attribute("uri") else {
            if reference.is_none() {
                let text = "Empty element for key configuration";
                let detail = ("element", jwks.name());
                reject(Code::EmptyElementForKeyConfiguration, jwks.position(), text, policy, detail, diagnostics);
                return None;
            }
            return Some(JwksUrl {
                value: TextValue { reference, text: None },
                origin: None,
                position: jwks.position(),
            });
        };
        let position = jwks.attribute_position("uri");
        let origin = Scheme::split(url).and_then(|(scheme, rest)| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            Origin::new(scheme, authority)
        });
        if origin.is_none() {
            let message = format!("the uri of a JWKS must be a URL with http:// or https://, got {url:?}");
            diagnostics.error(Code::InvalidUrl, position, message);
            return None;
        }
        Some(JwksUrl { value: TextValue { reference, text: Some(ByteString::from(url)) }, origin, position })
    }
}
