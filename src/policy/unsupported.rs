//! Policies of types that the filter does not run. A skipped one enforces nothing and sets no variables.

use super::PolicyData;
use super::attributes::Attributes;
use super::usage::Read;
use super::variable::Variable;
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
const AUTHENTICATION: [&str; 9] = [
    "AccessControl",
    "HMAC",
    "Ldap",
    "OAuthV1",
    "OAuthV2",
    "ValidateSAMLAssertion",
    "VerifyAPIKey",
    "VerifyIAM",
    "VerifyJWS",
];

/// The variables that policies of a type set in addition to those that contain the name of the policy.
const FAMILIES: [(&str, &[&str]); 5] = [
    ("AccessEntity", &["accessentity"]),
    ("OAuthV2", &["oauthv2", "accesstoken", "apiproduct", "developer"]),
    ("Quota", &["ratelimit"]),
    ("SpikeArrest", &["ratelimit"]),
    ("VerifyAPIKey", &["verifyapikey", "apiproduct", "developer"]),
];

/// The types that run a program, which can set any variable.
const PROGRAMS: [&str; 5] = ["ExternalCallout", "JavaCallout", "Javascript", "PythonScript", "Script"];

/// The first segments of variables that policies of a type may set, in addition to [`FAMILIES`], and variables without
/// a segment. Some are attributes of the credentials, whose names only Apigee's store knows.
const OTHERS: [(&str, &[&str]); 16] = [
    ("DecodeJWS", &["jws", "jwt"]),
    ("GenerateJWS", &["jws", "jwt"]),
    ("GetOAuthV1Info", OAUTH),
    ("GetOAuthV2Info", OAUTH),
    ("GraphQL", &["graphql"]),
    ("HMAC", &["hmac"]),
    ("LLMTokenQuota", &["llm", "ratelimit"]),
    ("Ldap", &["ldap"]),
    ("MonetizationLimitsCheck", &["mint"]),
    ("OAuthV1", OAUTH),
    ("OAuthV2", OAUTH),
    ("ParseDialogflowRequest", &["dialogflow", "google"]),
    ("SetOAuthV2Info", OAUTH),
    ("ValidateSAMLAssertion", &["saml"]),
    ("VerifyAPIKey", OAUTH),
    ("VerifyJWS", &["jws", "jwt"]),
];

/// The variables of credentials.
const OAUTH: &[&str] = &[
    "access_token",
    "accesstoken",
    "apigee",
    "apiproduct",
    "app",
    "app_id",
    "app_name",
    "appgroup",
    "client_id",
    "client_secret",
    "company",
    "developer",
    "expires_in",
    "grant_type",
    "issued_at",
    "oauthv1",
    "oauthv2",
    "oauthv2accesstoken",
    "oauthv2authcode",
    "oauthv2authorizationcode",
    "oauthv2client",
    "oauthv2refreshtoken",
    "organization_id",
    "organization_name",
    "redirect_uri",
    "refresh_count",
    "refresh_token",
    "response_type",
    "scope",
    "state",
    "status",
    "token_type",
    "verifyapikey",
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

    /// Whether the policy runs a program, which can set any variable.
    pub fn sets_anything(&self) -> bool {
        PROGRAMS.contains(&&*self.kind)
    }

    /// Whether Apigee's policy may set a variable: one of [`Unsupported::sets`], a part of a message that it names as
    /// its result, or one that only some policies of its type set.
    pub fn may_set(&self, variable: &Variable) -> bool {
        let family = variable.name().split('.').next().unwrap_or_default();
        let mut others = OTHERS.iter().filter(|(kind, _)| *kind == self.kind).flat_map(|(_, families)| *families);
        self.sets_anything()
            || self.sets(variable.name())
            || family.eq_ignore_ascii_case(&self.kind)
            || others.any(|known| known.eq_ignore_ascii_case(family))
    }

    /// Whether the policy would set a variable: one that contains its name, such as `ratelimit.NAME.failed`, one that it
    /// names as its result, or one that all policies of its type set.
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
    // It is not known.
    fn reads(&self) -> Vec<Read<'_>> {
        Vec::new()
    }

    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, _names: &[&str]) -> bool {
        false
    }
}

/// The variables in `AssignTo`, `Output` and `OutputVariable` elements and in `assignTo` attributes.
fn results(root: Element<'_, '_>) -> Vec<String> {
    let mut results = Vec::new();
    let mut next = vec![root];
    while let Some(element) = next.pop() {
        let text = matches!(element.name(), "AssignTo" | "Output" | "OutputVariable").then(|| element.text());
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
        for kind in ["VerifyAPIKey", "OAuthV2", "VerifyJWS", "HMAC", "AccessControl"] {
            assert!(parse(&format!("<{kind} name='P'/>")).is_authentication(), "{kind}");
        }
        for kind in ["Quota", "DecodeJWS", "Javascript", "GenerateSAMLAssertion", "GetOAuthV2Info"] {
            assert!(!parse(&format!("<{kind} name='P'/>")).is_authentication(), "{kind}");
        }
    }

    #[test]
    fn variables_belong_to_the_policy_that_sets_them() {
        let map = "<AccessEntity name='KV.1'><Get assignTo=' kv.url '><Key/></Get></AccessEntity>";
        let cache = "<SemanticCacheLookup name='LC'><AssignTo>cached</AssignTo></SemanticCacheLookup>";
        let cases = [
            ("<Quota name='Q-1'/>", "ratelimit.Q-1.exceed.count", true),
            ("<Quota name='Q-1'/>", "ratelimit.common.used.count", true),
            ("<Quota name='Q-1'/>", "ratelimit", false),
            ("<Quota name='Q-1'/>", "other.Q-10.failed", false),
            ("<Javascript name='JS'/>", "javascript.JS.failed", true),
            ("<Javascript name='JS'/>", "JS", false),
            ("<OAuthV2 name='OA'/>", "accesstoken.scope", true),
            ("<OAuthV2 name='OA'/>", "oauthV2.failed", true),
            (map, "kv.url", true),
            (map, "kv.urls", false),
            (map, "accessentity.KV.1.failed", true),
            (cache, "cached", true),
            (cache, "cached.content", true),
            (cache, "semanticcachelookup.LC.cachehit", true),
            (cache, "request.header.lc", false),
        ];
        for (text, variable, expected) in cases {
            assert_eq!(parse(text).sets(variable), expected, "{text} {variable}");
        }
    }
}
