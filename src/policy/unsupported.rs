//! Policies of types that the filter does not run. A skipped one enforces nothing and sets no variables.

use super::PolicyData;
use super::attributes::Attributes;
use crate::diagnostic::{Diagnostics, Position};
use crate::language::xml::Element;

/// A policy of an unsupported type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Name and switches.
    pub attributes: Attributes,
    /// The policy type: the name of the document's root element.
    pub kind: String,
    /// The position of the root element.
    pub position: Position,
    /// The variables that it names as its results.
    results: Vec<String>,
}

/// The types that decide who may call a proxy.
const AUTHENTICATION: [&str; 11] = [
    "AccessControl",
    "BasicAuthentication",
    "HMAC",
    "Ldap",
    "OAuthV1",
    "OAuthV2",
    "ValidateSAMLAssertion",
    "VerifyAPIKey",
    "VerifyIAM",
    "VerifyJWS",
    "VerifyJWT",
];

/// The variables that policies of a type set in addition to those that contain the name of the policy.
const FAMILIES: [(&str, &[&str]); 7] = [
    ("AccessEntity", &["accessentity"]),
    ("DecodeJWT", &["jwt"]),
    ("OAuthV2", &["oauthv2", "accesstoken", "apiproduct", "developer"]),
    ("Quota", &["ratelimit"]),
    ("SpikeArrest", &["ratelimit"]),
    ("VerifyAPIKey", &["verifyapikey", "apiproduct", "developer"]),
    ("VerifyJWT", &["jwt"]),
];

impl Unsupported {
    pub(super) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Unsupported {
        Unsupported {
            attributes: Attributes::parse(root, diagnostics),
            kind: root.name().to_owned(),
            position: root.position(),
            results: results(root),
        }
    }

    /// Whether the policy decides who may call the proxy.
    pub fn is_authentication(&self) -> bool {
        AUTHENTICATION.contains(&&*self.kind)
    }

    /// Whether the policy would set a variable: one that contains its name, such as `ratelimit.NAME.failed`, one that
    /// it names as its result, or one that all policies of its type set.
    pub fn sets(&self, variable: &str) -> bool {
        let is_part_of = |owner: &str, variable: &str| {
            variable.strip_prefix(owner).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let (family, rest) = variable.split_once('.').unwrap_or((variable, ""));
        let mut families = FAMILIES.iter().filter(|(kind, _)| *kind == self.kind).flat_map(|(_, families)| *families);
        is_part_of(&self.attributes.name, rest)
            || self.results.iter().any(|result| is_part_of(result, variable))
            || (!rest.is_empty() && families.any(|known| known.eq_ignore_ascii_case(family)))
    }
}

impl PolicyData for Unsupported {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, _names: &[&str]) -> bool {
        false
    }
}

/// The variables in `AssignTo` and `OutputVariable` elements and in `assignTo` attributes.
fn results(root: Element<'_, '_>) -> Vec<String> {
    let mut results = Vec::new();
    let mut next = vec![root];
    while let Some(element) = next.pop() {
        let text = matches!(element.name(), "AssignTo" | "OutputVariable").then(|| element.text());
        let attribute = element.attribute("assignTo").map(|name| name.trim().to_owned());
        results.extend(text.into_iter().chain(attribute).filter(|name| !name.is_empty()));
        next.extend(element.children());
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn parse(text: &str) -> Unsupported {
        match Policy::parse(text, "policies[0]").0 {
            Some(Policy::Unsupported(unsupported)) => unsupported,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn types_that_authenticate_are_known() {
        for kind in ["VerifyAPIKey", "OAuthV2", "BasicAuthentication", "VerifyJWT", "HMAC", "AccessControl"] {
            assert!(parse(&format!("<{kind} name='P'/>")).is_authentication(), "{kind}");
        }
        for kind in ["Quota", "DecodeJWT", "Javascript", "GenerateSAMLAssertion", "GetOAuthV2Info"] {
            assert!(!parse(&format!("<{kind} name='P'/>")).is_authentication(), "{kind}");
        }
    }

    #[test]
    fn variables_belong_to_the_policy_that_sets_them() {
        let map = "<KeyValueMapOperations name='KV.1'><Get assignTo=' kv.url '><Key/></Get></KeyValueMapOperations>";
        let cache = "<LookupCache name='LC'><AssignTo>cached</AssignTo></LookupCache>";
        let cases = [
            ("<Quota name='Q-1'/>", "ratelimit.Q-1.exceed.count", true),
            ("<Quota name='Q-1'/>", "ratelimit.common.used.count", true),
            ("<Quota name='Q-1'/>", "ratelimit", false),
            ("<Quota name='Q-1'/>", "other.Q-10.failed", false),
            ("<Javascript name='JS'/>", "javascript.JS.failed", true),
            ("<Javascript name='JS'/>", "JS", false),
            ("<OAuthV2 name='OA'/>", "accesstoken.scope", true),
            ("<OAuthV2 name='OA'/>", "oauthV2.failed", true),
            ("<VerifyJWT name='VJ'/>", "JWT.failed", true),
            (map, "kv.url", true),
            (map, "kv.urls", false),
            (map, "keyvaluemapoperations.KV.1.failed", true),
            (cache, "cached", true),
            (cache, "cached.content", true),
            (cache, "lookupcache.LC.cachehit", true),
            (cache, "request.header.lc", false),
        ];
        for (text, variable, expected) in cases {
            assert_eq!(parse(text).sets(variable), expected, "{text} {variable}");
        }
    }
}
