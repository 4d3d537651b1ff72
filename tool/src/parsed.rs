//! Documents of a bundle as the parsers of the filter read them. Each document is parsed once.

use super::connection::{self, Connection};
use super::document::Document;
use super::finding::Finding;
use envoy_callout::diagnostic::Diagnostic;
use envoy_callout::policy::Policy;
use envoy_callout::policy::endpoint::{IntegrationEndpoint, ProxyEndpoint, SharedFlow, TargetEndpoint};

/// A document with its content and its problems.
#[derive(Debug)]
pub(crate) struct Parsed<T> {
    /// The document.
    pub(crate) document: Document,
    /// The content. `None` when the document has errors.
    pub(crate) content: Option<T>,
    /// The cluster settings of the `HTTPTargetConnection` of a target endpoint or a ServiceCallout.
    pub(crate) connection: Connection,
    diagnostics: Vec<Diagnostic>,
}

/// A parser of the filter. It gets the text and the key of the document in a configuration.
type Parser<T> = fn(&str, &str) -> (Option<T>, Vec<Diagnostic>);

impl<T> Parsed<T> {
    fn new(document: Document, key: &str, parse: Parser<T>) -> Parsed<T> {
        let text = document.text();
        let (content, diagnostics) = parse(&text, key);
        let element = document.root().map(|root| root.element.as_str()).unwrap_or_default();
        let has_connection = matches!(element, "ServiceCallout" | "TargetEndpoint" | "TargetEndPoint");
        let connection = has_connection.then(|| connection::of_document(&text)).flatten().unwrap_or_default();
        Parsed { content, connection, diagnostics, document }
    }

    /// The problems with their positions in the file.
    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.diagnostics.iter().map(|diagnostic| self.document.finding(diagnostic))
    }
}

impl Parsed<Policy> {
    /// Parses a policy. `index` is its position in the list of policies.
    pub(crate) fn policy(document: Document, index: usize) -> Parsed<Policy> {
        Parsed::new(document, &format!("policies[{index}]"), Policy::parse)
    }
}

impl Parsed<ProxyEndpoint> {
    /// Parses a proxy endpoint.
    pub(crate) fn proxy_endpoint(document: Document) -> Parsed<ProxyEndpoint> {
        Parsed::new(document, "proxy_endpoint", ProxyEndpoint::parse)
    }
}

impl Parsed<TargetEndpoint> {
    /// Parses a target endpoint. `index` is its position in the list of target endpoints.
    pub(crate) fn target_endpoint(document: Document, index: usize) -> Parsed<TargetEndpoint> {
        let mut parsed = Parsed::new(document, &format!("target_endpoints[{index}]"), TargetEndpoint::parse);
        let problems = parsed.content.iter().flat_map(|target| &target.connection.problems);
        parsed.diagnostics.extend(problems.cloned());
        parsed
    }
}

impl Parsed<IntegrationEndpoint> {
    /// Parses an integration endpoint. `index` is its position in the list of integration endpoints.
    pub(crate) fn integration_endpoint(document: Document, index: usize) -> Parsed<IntegrationEndpoint> {
        Parsed::new(document, &format!("integration_endpoints[{index}]"), IntegrationEndpoint::parse)
    }
}

impl Parsed<SharedFlow> {
    /// Parses a shared flow. `index` is its position in the list of shared flows.
    pub(crate) fn shared_flow(document: Document, index: usize) -> Parsed<SharedFlow> {
        Parsed::new(document, &format!("shared_flows[{index}]"), SharedFlow::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use std::rc::Rc;

    fn document(text: &str) -> Document {
        Document::named_after_file(Rc::new(Source::new("policies/SC.xml".to_owned(), text.as_bytes()).0))
    }

    #[test]
    fn a_policy_with_errors_has_findings_and_no_content() {
        let parsed = Parsed::policy(document("<ServiceCallout async='true'/>"), 0);
        assert!(parsed.content.is_none());
        let findings: Vec<Finding> = parsed.findings().collect();
        let found: Vec<_> = findings
            .iter()
            .map(|finding| {
                (finding.code.apigee_name(), finding.policy.as_deref(), finding.position.map(|at| (at.line, at.column)))
            })
            .collect();
        assert_eq!(found, [(Some("ConnectionInfoMissing"), Some("SC"), Some((1, 1)))]);
    }

    #[test]
    fn a_service_callout_has_a_connection() {
        let text = "<ServiceCallout><HTTPTargetConnection><URL>https://a.test</URL><Properties><Property name='connect.timeout.millis'>7\
             </Property></Properties></HTTPTargetConnection></ServiceCallout>";
        let parsed = Parsed::policy(document(text), 0);
        assert_eq!(parsed.content.as_ref().map(Policy::kind), Some("ServiceCallout"));
        assert_eq!(parsed.connection.connect_timeout_ms, Some(7));
    }
}
