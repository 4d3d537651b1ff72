//! The policy types of Apigee, to tell a type that does not run here from one that does not exist.

use super::attachment::Attached;
use super::bundle::ParsedBundle;
use super::finding::{Finding, Findings};
use super::parsed::Parsed;

/// The root elements of Apigee's policies.
const TYPES: [&str; 72] = [
    "AccessControl",
    "AccessEntity",
    "AssertCondition",
    "AssignMessage",
    "BasicAuthentication",
    "CORS",
    "ConcurrentRateLimit",
    "ConcurrentRatelimit",
    "ConnectorCallout",
    "DataCapture",
    "DecodeJWS",
    "DecodeJWT",
    "DeleteOAuthV1Info",
    "DeleteOAuthV2Info",
    "ExternalCallout",
    "ExtractVariables",
    "FlowCallout",
    "GenerateJWS",
    "GenerateJWT",
    "GenerateSAMLAssertion",
    "GetOAuthV1Info",
    "GetOAuthV2Info",
    "GraphQL",
    "HMAC",
    "HTTPModifier",
    "IntegrationCallout",
    "InvalidateCache",
    "JSONThreatProtection",
    "JSONToXML",
    "JavaCallout",
    "Javascript",
    "KeyValueMapOperations",
    "LLMTokenQuota",
    "Ldap",
    "LookupCache",
    "MessageLogging",
    "MessageValidation",
    "MonetizationLimitsCheck",
    "OASValidation",
    "OAuthV1",
    "OAuthV2",
    "ParseDialogflowRequest",
    "PopulateCache",
    "PromptTokenLimit",
    "PublishMessage",
    "Quota",
    "RaiseFault",
    "ReadPropertySet",
    "RegularExpressionProtection",
    "ResetQuota",
    "ResponseCache",
    "RevokeOAuthV2",
    "SanitizeModelResponse",
    "SanitizeUserPrompt",
    "Script",
    "SemanticCacheLookup",
    "SemanticCachePopulate",
    "ServiceCallout",
    "SetDialogflowResponse",
    "SetIntegrationRequest",
    "SetOAuthV2Info",
    "SpikeArrest",
    "StatisticsCollector",
    "TraceCapture",
    "ValidateSAMLAssertion",
    "VerifyAPIKey",
    "VerifyIAM",
    "VerifyJWS",
    "VerifyJWT",
    "XMLThreatProtection",
    "XMLToJSON",
    "XSL",
];

/// Names that are less alike are not what was meant.
const ALIKE: f64 = 0.85;

/// Whether Apigee has policies with that root element.
pub(crate) fn is_known(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// Tells of the attached policies whose type does not exist: Apigee refuses them (docs/apigee-semantics.md 1.2).
pub(crate) fn report_unknown(bundle: &ParsedBundle, findings: &mut Findings) {
    let attached = Attached::by(bundle);
    for Parsed { document, .. } in &bundle.policies {
        let Some(root) = document.root().filter(|root| attached.contains(&root.name)) else { continue };
        if !is_known(&root.element) {
            let finding = Finding::error_in(&document.source, unknown(&root.element)).about_policy(&root.name);
            findings.add(finding.in_source(&document.source, Some(root.position)));
        }
    }
}

fn unknown(kind: &str) -> String {
    let likeness = |name: &str| strsim::jaro(name, kind);
    let nearest = TYPES.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let nearest = nearest.filter(|nearest| likeness(nearest) > ALIKE);
    let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    format!("{kind} is no policy type of Apigee's{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_type_is_told_with_the_nearest() {
        let cases = [
            ("ServiceCalout", "ServiceCalout is no policy type of Apigee's; did you mean ServiceCallout?"),
            ("JavaScript", "JavaScript is no policy type of Apigee's; did you mean Javascript?"),
            ("policy", "policy is no policy type of Apigee's"),
        ];
        for (kind, text) in cases {
            assert_eq!((is_known(kind), unknown(kind).as_str()), (false, text));
        }
        assert!(is_known("Quota"));
    }
}
