//! The policy types of Apigee. They distinguish a type that the filter does not run from a type that does not exist.

use super::attachment::Attached;
use super::bundle::ParsedBundle;
use super::finding::{Code, Finding, Findings, Severity};
use super::parsed::Parsed;
use envoy_callout::config::NOT_ENFORCED;
use envoy_callout::suggestion;

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

/// Whether Apigee has policies with this root element.
pub(crate) fn is_known(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// Reports the attached policies whose type does not exist. Apigee rejects them (docs/apigee-semantics.md 1.2).
pub(crate) fn report_unknown(bundle: &ParsedBundle, findings: &mut Findings) {
    let attached = Attached::by(bundle);
    for Parsed { document, .. } in &bundle.policies {
        let Some(root) = document.root().filter(|root| attached.contains(&root.name)) else { continue };
        if !is_known(&root.element) {
            let finding =
                Finding::new(Severity::Error, Code::UnknownPolicyType, unknown(&root.element)).about_policy(&root.name);
            findings.add(finding.in_source(&document.source, Some(root.position)));
        }
    }
}

pub(crate) fn unknown(kind: &str) -> String {
    format!("unknown policy type {kind}{}", suggestion::hint(kind, TYPES))
}

/// The finding with the position of the first skipped policy that authenticates, if it is about these.
pub(crate) fn with_policy(finding: Finding, bundle: &ParsedBundle) -> Finding {
    if finding.source.is_some() || !finding.text.starts_with(NOT_ENFORCED) {
        return finding;
    }
    let attached = Attached::by(bundle);
    let found = bundle.policies.iter().find_map(|Parsed { document, content, .. }| {
        let policy = content.as_ref()?.unsupported().filter(|policy| policy.is_authentication())?;
        attached.contains(&policy.attributes.name).then(|| (document, document.position_in_file(policy.position)))
    });
    match found {
        Some((document, position)) => finding.in_source(&document.source, Some(position)),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_type_is_reported_with_a_similar_one() {
        let cases = [
            ("ServiceCalout", "unknown policy type ServiceCalout; did you mean ServiceCallout?"),
            ("JavaScript", "unknown policy type JavaScript; did you mean Javascript?"),
            ("policy", "unknown policy type policy"),
        ];
        for (kind, text) in cases {
            assert_eq!((is_known(kind), unknown(kind).as_str()), (false, text));
        }
        assert!(is_known("Quota"));
    }
}
