//! The GenerateJWT policy.

use super::claim::Claims;
use super::duration::milliseconds;
use super::key::{PrivateKey, SecretKey, reject};
use super::not_before::not_before;
use super::text::TextValue;
use super::verify::key_element;
use super::{COMMON, FAILED, check_type};
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::PolicyData;
use crate::policy::attributes::{
    Attributes, boolean_child, single_child, warn_unknown_attributes, warn_unknown_children,
};
use crate::policy::usage::Read;
use crate::policy::variable::Variable;
use envoy_callout_jose::{Algorithm, Family, NAMES};

/// A checked GenerateJWT.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateJwt {
    /// Name and switches.
    pub attributes: Attributes,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The key.
    pub key: SigningKey,
    /// Whether an unresolved variable counts as absent.
    pub ignore_unresolved: bool,
    /// `Subject`: the claim `sub`.
    pub subject: Option<TextValue>,
    /// `Issuer`: the claim `iss`.
    pub issuer: Option<TextValue>,
    /// `Audience`: the claim `aud`, a comma-separated list.
    pub audience: Option<TextValue>,
    /// `Id`: the claim `jti`. Without a text and a variable, it is a random UUID.
    pub id: Option<TextValue>,
    /// `ExpiresIn`: the lifetime.
    pub expires_in: Option<TextValue>,
    /// `NotBefore`: the claim `nbf`.
    pub not_before: Option<TextValue>,
    /// `AdditionalClaims`.
    pub claims: Claims,
    /// `AdditionalHeaders`.
    pub headers: Claims,
    /// `CriticalHeaders`: the header `crit`, a comma-separated list.
    pub critical_headers: Option<TextValue>,
    /// The variable of the token.
    pub output: Variable,
}

/// The key of GenerateJWT.
#[derive(Clone, Debug, PartialEq)]
pub enum SigningKey {
    /// For HS algorithms.
    Secret(SecretKey),
    /// For all others.
    Private(PrivateKey),
}

impl GenerateJwt {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<GenerateJwt> {
        let attributes = Attributes::parse(root, diagnostics);
        let name = &attributes.name;
        let known = [
            "Type",
            "Algorithm",
            "Algorithms",
            "SecretKey",
            "PrivateKey",
            "IgnoreUnresolvedVariables",
            "Subject",
            "Issuer",
            "Audience",
            "Id",
            "ExpiresIn",
            "NotBefore",
            "AdditionalClaims",
            "AdditionalHeaders",
            "CustomClaims",
            "CriticalHeaders",
            "OutputVariable",
        ];
        warn_unknown_children(root, &[&COMMON[..], &known].concat(), diagnostics);
        check_type(root, diagnostics);
        let algorithm = algorithm(root, name, diagnostics);
        let key = algorithm.and_then(|algorithm| key(root, algorithm, name, diagnostics));
        let mut text = |name: &str| TextValue::of(single_child(root, name, diagnostics), diagnostics);
        let (subject, issuer, audience) = (text("Subject"), text("Issuer"), text("Audience"));
        let (expires_in, not_before_value) = (text("ExpiresIn"), text("NotBefore"));
        let (critical_headers, output) = (text("CriticalHeaders"), text("OutputVariable"));
        let is_time = |text: &str| not_before(text).is_some();
        check_time(root, "NotBefore", not_before_value.as_ref(), is_time, name, diagnostics);
        let is_duration = |text: &str| milliseconds(text, "ms").is_some();
        check_time(root, "ExpiresIn", expires_in.as_ref(), is_duration, name, diagnostics);
        let output = output.and_then(|output| output.text);
        let output = output.map_or_else(|| format!("jwt.{name}.generated_jwt"), |output| output.to_string());
        Some(GenerateJwt {
            ignore_unresolved: boolean_child(root, "IgnoreUnresolvedVariables", false, diagnostics),
            subject,
            issuer,
            audience,
            id: root.child("Id").map(|id| {
                warn_unknown_attributes(id, &["ref"], diagnostics);
                TextValue::parse(id)
            }),
            expires_in,
            not_before: not_before_value,
            claims: Claims::of_payload(root, name, diagnostics),
            headers: Claims::of_header(root, name, diagnostics),
            critical_headers,
            output: Variable::new(&output),
            algorithm: algorithm?,
            key: key?,
            attributes,
        })
    }

    fn texts(&self) -> impl Iterator<Item = &TextValue> {
        let optional = [
            &self.subject,
            &self.issuer,
            &self.audience,
            &self.id,
            &self.expires_in,
            &self.not_before,
            &self.critical_headers,
        ];
        optional.into_iter().flatten()
    }
}

/// Reports a fixed time that has no valid format.
fn check_time(
    root: Element<'_, '_>,
    name: &str,
    value: Option<&TextValue>,
    is_valid: impl Fn(&str) -> bool,
    policy: &str,
    diagnostics: &mut Diagnostics,
) {
    let (Some(element), Some(text)) = (root.child(name), value.and_then(|value| value.text.as_ref())) else { return };
    if !is_valid(text) {
        let message = format!("Invalid time format : policy({policy}) element({name}) value({text}).");
        diagnostics.error(Code::InvalidTimeFormat, element.position(), message);
    }
}

fn algorithm(root: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<Algorithm> {
    let element = single_child(root, "Algorithm", diagnostics);
    let text = element.map(Element::text).unwrap_or_default();
    let Some(element) = element.filter(|_| !text.is_empty()) else {
        let detail = ("element", "Algorithm");
        let text = "Missing configuration element";
        reject(Code::MissingConfigurationElement, root.position(), text, policy, detail, diagnostics);
        return None;
    };
    let algorithm = Algorithm::parse(&text);
    if algorithm.is_none() {
        let message = format!(
            "Invalid value for element : policy({policy}) element(Algorithm) value({text}); the algorithms are {}",
            NAMES.join(", ")
        );
        diagnostics.error(Code::InvalidValueForElement, element.position(), message);
    }
    algorithm
}

/// The key that fits the algorithm.
fn key(root: Element<'_, '_>, algorithm: Algorithm, policy: &str, diagnostics: &mut Diagnostics) -> Option<SigningKey> {
    match algorithm.family {
        Family::Hs => {
            let element = key_element(root, "SecretKey", "PrivateKey", policy, diagnostics)?;
            SecretKey::parse(element, policy, diagnostics).map(SigningKey::Secret)
        }
        Family::Rs | Family::Ps | Family::Es => {
            let element = key_element(root, "PrivateKey", "SecretKey", policy, diagnostics)?;
            PrivateKey::parse(element, policy, diagnostics).map(SigningKey::Private)
        }
    }
}

impl PolicyData for GenerateJwt {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.output.is_body_of(names)
            || self.texts().any(|text| text.uses_body(names))
            || self.claims.uses_body(names)
            || self.headers.uses_body(names)
    }

    fn extracted(&self) -> Vec<&Variable> {
        vec![&self.output]
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let key: Vec<Read<'_>> = match &self.key {
            SigningKey::Secret(key) => key.reads().collect(),
            SigningKey::Private(key) => key.reads().collect(),
        };
        let texts = self.texts().flat_map(TextValue::reads);
        key.into_iter().chain(texts).chain(self.claims.reads()).chain(self.headers.reads()).collect()
    }

    fn made(&self) -> Vec<&str> {
        vec![FAILED]
    }
}
