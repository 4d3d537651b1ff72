//! `AdditionalClaims` and `AdditionalHeaders`.

use super::key::reject;
use super::text::TextValue;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::{reference_of, warn_unknown_attributes, warn_unknown_children};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;
use crate::policy::usage::Read;
use crate::policy::variable::Variable;

/// `AdditionalClaims` or `AdditionalHeaders`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// `ref`: the variable of a JSON object with claims.
    pub reference: Option<Variable>,
    /// `Claim` elements in their order.
    pub list: Vec<Claim>,
}

/// `Claim`: a name with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ClaimType,
    /// Whether the value is a comma-separated list of values of the type.
    pub is_array: bool,
    /// The value.
    pub value: TextValue,
    /// The text as a template, for a map.
    pub template: Option<Template>,
}

/// The type of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimType {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A JSON object.
    Map,
}

/// The claims that have elements of their own.
const REGISTERED: [&str; 8] = ["kid", "iss", "sub", "aud", "iat", "exp", "nbf", "jti"];

/// The headers that the policy sets itself.
const OWN_HEADERS: [&str; 2] = ["alg", "typ"];

/// The texts of the deployment errors of a list of claims. Only that of a claim's name is documented.
struct Texts {
    reserved: &'static [&'static str],
    what: &'static str,
    missing_name: Code,
    invalid_name: Code,
    invalid_type: Code,
}

const OF_CLAIMS: Texts = Texts {
    reserved: &REGISTERED,
    what: "claim",
    missing_name: Code::MissingNameForAdditionalClaim,
    invalid_name: Code::InvalidNameForAdditionalClaim,
    invalid_type: Code::InvalidTypeForAdditionalClaim,
};

const OF_HEADERS: Texts = Texts {
    reserved: &OWN_HEADERS,
    what: "header",
    missing_name: Code::MissingNameForAdditionalHeader,
    invalid_name: Code::InvalidNameForAdditionalHeader,
    invalid_type: Code::InvalidTypeForAdditionalHeader,
};

impl Claims {
    /// Reads `AdditionalClaims`.
    pub(super) fn of_payload(root: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Claims {
        Claims::parse(root.child("AdditionalClaims"), policy, &OF_CLAIMS, diagnostics)
    }

    /// Reads `AdditionalHeaders`.
    pub(super) fn of_header(root: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> Claims {
        Claims::parse(root.child("AdditionalHeaders"), policy, &OF_HEADERS, diagnostics)
    }

    fn parse(element: Option<Element<'_, '_>>, policy: &str, texts: &Texts, diagnostics: &mut Diagnostics) -> Claims {
        let Some(element) = element else { return Claims::default() };
        warn_unknown_attributes(element, &["ref"], diagnostics);
        warn_unknown_children(element, &["Claim"], diagnostics);
        let list = element.children_named("Claim").filter_map(|claim| Claim::parse(claim, policy, texts, diagnostics));
        Claims { list: list.collect(), reference: reference_of(element) }
    }

    pub(super) fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        let of_list = self.list.iter().flat_map(|claim| {
            claim.value.reads().chain(claim.template.iter().flat_map(Template::reads)).collect::<Vec<_>>()
        });
        self.reference.iter().map(Read::value).chain(of_list)
    }

    pub(super) fn uses_body(&self, names: &[&str]) -> bool {
        let of_claim = |claim: &Claim| {
            claim.value.uses_body(names) || claim.template.as_ref().is_some_and(|template| template.uses_body(names))
        };
        self.reference.as_ref().is_some_and(|variable| variable.is_body_of(names)) || self.list.iter().any(of_claim)
    }
}

impl Claim {
    fn parse(element: Element<'_, '_>, policy: &str, texts: &Texts, diagnostics: &mut Diagnostics) -> Option<Claim> {
        warn_unknown_attributes(element, &["array", "name", "ref", "type"], diagnostics);
        let what = texts.what;
        let name = element.attribute("name").map(str::trim).unwrap_or_default();
        if name.is_empty() {
            let message = format!("Missing name for additional {what} : policy({policy}).");
            diagnostics.error(texts.missing_name, element.position(), message);
            return None;
        }
        if texts.reserved.contains(&name) {
            let text = format!("Invalid name for additional {what}");
            let position = element.attribute_position("name");
            reject(texts.invalid_name, position, &text, policy, (what, name), diagnostics);
        }
        let kind = match element.attribute("type").map(str::trim).unwrap_or_default() {
            "" | "string" => ClaimType::String,
            "number" => ClaimType::Number,
            "boolean" => ClaimType::Boolean,
            "map" => ClaimType::Map,
            other => {
                let text =
                    format!("Invalid type for additional {what} : policy({policy}) {what}({name}) type({other}).");
                diagnostics.error(texts.invalid_type, element.attribute_position("type"), text);
                return None;
            }
        };
        let is_array = match element.attribute("array").map(str::trim).unwrap_or_default() {
            "" | "false" => false,
            "true" => true,
            _ => {
                let text = "Invalid value of array attribute";
                let position = element.attribute_position("array");
                reject(Code::InvalidValueOfArrayAttribute, position, text, policy, (what, name), diagnostics);
                return None;
            }
        };
        let value = TextValue::parse(element);
        let template = match (&value.text, kind) {
            (Some(text), ClaimType::Map) => template_of(element, text, Syntax::BRACES, diagnostics),
            _ => None,
        };
        Some(Claim { name: name.to_owned(), kind, is_array, value, template })
    }
}
