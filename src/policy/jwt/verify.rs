//! The VerifyJWT policy.

use super::claim::Claims;
use super::decode::TokenSource;
use super::duration::milliseconds;
use super::key::{PublicKey, SecretKey, reject};
use super::text::{TextValue, list};
use super::{COMMON, FAILED, check_type};
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{Attributes, boolean_attribute, boolean_child, single_child, warn_unknown_children};
use crate::policy::usage::Read;
use crate::policy::{Callee, PolicyData};
use envoy_callout_jose::{Algorithm, Family, NAMES};

/// A checked VerifyJWT.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyJwt {
    /// Name and switches.
    pub attributes: Attributes,
    /// The accepted algorithms: either all of the family HS, or none.
    pub algorithms: Vec<Algorithm>,
    /// The key.
    pub key: VerifyingKey,
    /// The variable of the token.
    pub source: TokenSource,
    /// Whether an unresolved variable counts as empty text.
    pub ignore_unresolved: bool,
    /// `Subject`: the required `sub`.
    pub subject: Option<TextValue>,
    /// `Issuer`: the required `iss`.
    pub issuer: Option<TextValue>,
    /// `Audience`: a comma-separated list, one of which must be in `aud`.
    pub audience: Option<TextValue>,
    /// `Id`: the required `jti`.
    pub id: Option<TextValue>,
    /// `AdditionalClaims`: further required claims.
    pub claims: Claims,
    /// `AdditionalHeaders`: required headers.
    pub headers: Claims,
    /// `KnownHeaders`: a comma-separated list of the headers that `crit` may name.
    pub known_headers: Option<TextValue>,
    /// Whether `crit` is not checked.
    pub ignores_critical_headers: bool,
    /// Whether an `iat` in the future is accepted.
    pub ignores_issued_at: bool,
    /// `TimeAllowance`: the tolerance for times in milliseconds.
    pub time_allowance: u64,
    /// `MaxLifespan`.
    pub max_lifespan: Option<MaxLifespan>,
}

/// The key of VerifyJWT.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyingKey {
    /// For HS algorithms.
    Secret(SecretKey),
    /// For all others.
    Public(PublicKey),
}

/// `MaxLifespan`: the longest accepted lifetime of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxLifespan {
    /// The duration.
    pub value: TextValue,
    /// `useIssueTime`: whether the lifetime starts at `iat` and not at `nbf`.
    pub from_issue: bool,
}

/// The unit of `TimeAllowance` and `MaxLifespan` without a unit. `[inferred]`
const UNIT: &str = "s";

impl VerifyJwt {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<VerifyJwt> {
        let attributes = Attributes::parse(root, diagnostics);
        let name = &attributes.name;
        let known = [
            "Type",
            "Algorithm",
            "Algorithms",
            "SecretKey",
            "PublicKey",
            "Source",
            "IgnoreUnresolvedVariables",
            "Subject",
            "Issuer",
            "Audience",
            "Id",
            "AdditionalClaims",
            "AdditionalHeaders",
            "CustomClaims",
            "KnownHeaders",
            "IgnoreCriticalHeaders",
            "IgnoreIssuedAt",
            "TimeAllowance",
            "MaxLifespan",
        ];
        warn_unknown_children(root, &[&COMMON[..], &known].concat(), diagnostics);
        check_type(root, diagnostics);
        let algorithms = algorithms(root, name, diagnostics);
        let key = algorithms.as_ref().and_then(|algorithms| key(root, algorithms, name, diagnostics));
        let source = TokenSource::parse(root, name, diagnostics);
        let max_lifespan = single_child(root, "MaxLifespan", diagnostics).and_then(|element| {
            let value = TextValue::with(Some(element), &["ref", "useIssueTime"], diagnostics)?;
            check_duration("MaxLifespan", element, &value, diagnostics);
            Some(MaxLifespan { value, from_issue: boolean_attribute(element, "useIssueTime", false, diagnostics) })
        });
        let time_allowance = single_child(root, "TimeAllowance", diagnostics).and_then(|element| {
            let value = TextValue { reference: None, ..TextValue::with(Some(element), &[], diagnostics)? };
            check_duration("TimeAllowance", element, &value, diagnostics);
            milliseconds(value.text.as_deref()?, UNIT)
        });
        let mut text = |name: &str| TextValue::of(root.child(name), diagnostics);
        let (subject, issuer, audience) = (text("Subject"), text("Issuer"), text("Audience"));
        let (id, known_headers) = (text("Id"), text("KnownHeaders"));
        let policy = VerifyJwt {
            source,
            ignore_unresolved: boolean_child(root, "IgnoreUnresolvedVariables", false, diagnostics),
            subject,
            issuer,
            audience,
            id,
            claims: Claims::of_payload(root, name, diagnostics),
            headers: Claims::of_header(root, name, diagnostics),
            known_headers,
            ignores_critical_headers: boolean_child(root, "IgnoreCriticalHeaders", false, diagnostics),
            ignores_issued_at: boolean_child(root, "IgnoreIssuedAt", false, diagnostics),
            time_allowance: time_allowance.unwrap_or(0),
            max_lifespan,
            algorithms: algorithms?,
            key: key?,
            attributes,
        };
        Some(policy)
    }

    fn texts(&self) -> impl Iterator<Item = &TextValue> {
        let lifespan = self.max_lifespan.as_ref().map(|lifespan| &lifespan.value);
        let optional = [&self.subject, &self.issuer, &self.audience, &self.id, &self.known_headers].map(Option::as_ref);
        let key = match &self.key {
            VerifyingKey::Public(key) => Some(key.value()),
            VerifyingKey::Secret(_) => None,
        };
        optional.into_iter().chain([lifespan, key]).flatten()
    }
}

/// Reports a fixed duration that is not one.
fn check_duration(name: &str, element: Element<'_, '_>, value: &TextValue, diagnostics: &mut Diagnostics) {
    if let Some(text) = value.text.as_ref().filter(|text| milliseconds(text, UNIT).is_none()) {
        let message = format!("{name} must be a number with one of the units s, m, h, d and w, got {text:?}");
        diagnostics.error(Code::InvalidTimeFormat, element.position(), message);
    }
}

/// The algorithms of a comma-separated list.
fn algorithms(root: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Option<Vec<Algorithm>> {
    let element = single_child(root, "Algorithm", diagnostics);
    let text = element.map(Element::text).unwrap_or_default();
    let Some(element) = element.filter(|_| !text.is_empty()) else {
        let detail = ("element", "Algorithm");
        let text = "Missing configuration element";
        reject(Code::MissingConfigurationElement, root.position(), text, policy, detail, diagnostics);
        return None;
    };
    let mut algorithms = Vec::new();
    for name in list(&text) {
        match Algorithm::parse(name) {
            Some(algorithm) => algorithms.push(algorithm),
            None => {
                let message = format!(
                    "Invalid value for element : policy({policy}) element(Algorithm) value({name}); the algorithms are {}",
                    NAMES.join(", ")
                );
                diagnostics.error(Code::InvalidValueForElement, element.position(), message);
                return None;
            }
        }
    }
    let secret = algorithms.iter().filter(|algorithm| algorithm.family == Family::Hs).count();
    if secret != 0 && secret != algorithms.len() {
        let message = format!(
            "Invalid families for algorithm : policy({policy}) element(Algorithm) value({text}); HS algorithms need a \
             SecretKey, all others a PublicKey"
        );
        diagnostics.error(Code::InvalidFamiliesForAlgorithm, element.position(), message);
        return None;
    }
    Some(algorithms)
}

/// The key that fits the algorithms.
fn key(
    root: Element<'_, '_>,
    algorithms: &[Algorithm],
    policy: &str,
    diagnostics: &mut Diagnostics,
) -> Option<VerifyingKey> {
    let is_secret = algorithms.iter().all(|algorithm| algorithm.family == Family::Hs);
    let (expected, other) = if is_secret { ("SecretKey", "PublicKey") } else { ("PublicKey", "SecretKey") };
    let element = key_element(root, expected, other, policy, diagnostics)?;
    match is_secret {
        true => {
            if let Some(id) = element.child("Id") {
                diagnostics.warning(Code::NoEffect, id.position(), "Id has no effect in VerifyJWT");
            }
            SecretKey::parse(element, policy, diagnostics).map(VerifyingKey::Secret)
        }
        false => PublicKey::parse(element, policy, diagnostics).map(VerifyingKey::Public),
    }
}

/// The element of the key that an algorithm needs. Reports the element that it excludes.
pub(super) fn key_element<'a, 'input>(
    root: Element<'a, 'input>,
    expected: &str,
    other: &str,
    policy: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Element<'a, 'input>> {
    if let Some(element) = root.child(other) {
        let text = "Invalid configuration for action and algorithm";
        let code = Code::InvalidConfigurationForActionAndAlgorithm;
        reject(code, element.position(), text, policy, ("element", other), diagnostics);
        return None;
    }
    let element = single_child(root, expected, diagnostics);
    if element.is_none() {
        let text = "Missing configuration element";
        let detail = ("element", expected);
        reject(Code::MissingConfigurationElement, root.position(), text, policy, detail, diagnostics);
    }
    element
}

impl PolicyData for VerifyJwt {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.source.variable.is_body_of(names)
            || self.texts().any(|text| text.uses_body(names))
            || self.claims.uses_body(names)
            || self.headers.uses_body(names)
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let secret = match &self.key {
            VerifyingKey::Secret(key) => key.reads().collect(),
            VerifyingKey::Public(_) => Vec::new(),
        };
        let source = std::iter::once(Read::value(&self.source.variable));
        let texts = self.texts().flat_map(TextValue::reads);
        source.chain(secret).chain(texts).chain(self.claims.reads()).chain(self.headers.reads()).collect()
    }

    fn made(&self) -> Vec<&str> {
        vec![FAILED]
    }

    fn callee(&self) -> Option<Callee<'_>> {
        match &self.key {
            VerifyingKey::Public(PublicKey::JwksUrl(url)) => Some(Callee::Jwks(self, url)),
            VerifyingKey::Public(_) | VerifyingKey::Secret(_) => None,
        }
    }
}
