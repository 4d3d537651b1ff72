//! The filter configuration of a bundle. Maps diagnostics of the filter to the files of the bundle.

use super::bundle::{Kind, ParsedBundle};
use super::document::Document;
use super::finding::{Finding, Severity};
use super::parsed::Parsed;
use envoy_callout::config::{self, Loaded};
use envoy_callout::diagnostic::Diagnostic;
use envoy_callout::policy::Callee;
use envoy_callout::policy::endpoint::ProxyEndpoint;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A filter configuration with the documents of a bundle.
#[derive(Debug, Default)]
pub(crate) struct Configuration<'a> {
    keys: Map<String, Value>,
    /// The documents by key: `policies[0]`.
    documents: BTreeMap<String, &'a Document>,
    /// The conflicts between the bundles.
    pub(crate) conflicts: Vec<Finding>,
}

impl<'a> Configuration<'a> {
    /// The policies, properties and shared flows of a bundle.
    fn of_bundle(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        let mut configuration = Configuration::default();
        let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
        configuration.set("policies", json!([]));
        for document in configuration.policies_once(bundles()) {
            configuration.push("policies", document);
        }
        let broken = bundles().flat_map(|bundle| &bundle.broken_policies).filter(|name| is_attribute(name));
        for name in broken {
            // The error of the file is reported once. Its policy exists, so steps that name it are valid.
            configuration.append("policies", format!("<Broken name=\"{name}\" enabled=\"false\"/>"));
        }
        for shared_flow in bundles().flat_map(|bundle| &bundle.shared_flows) {
            configuration.push("shared_flows", &shared_flow.document);
        }
        let properties = configuration.properties_of(bundles());
        if !properties.is_empty() {
            configuration.set("properties", json!(properties));
        }
        configuration
    }

    /// The policies of all bundles. A policy that is identical in two bundles is one policy. Different policies with
    /// the same name are a conflict.
    fn policies_once(&mut self, bundles: impl Iterator<Item = &'a ParsedBundle>) -> Vec<&'a Document> {
        let mut policies: Vec<(&Document, String)> = Vec::new();
        for bundle in bundles {
            // The filter reports two policies of one bundle with the same name.
            let others = policies.len();
            for Parsed { document, .. } in &bundle.policies {
                let name = document.root().map(|root| root.name.clone()).filter(|name| !name.is_empty());
                let named = || policies.iter().take(others).find(|(_, other)| Some(other) == name.as_ref());
                match named() {
                    None => policies.push((document, name.unwrap_or_default())),
                    Some((other, name)) if !is_equal(other, document) => {
                        let text = format!(
                            "{} contains another policy {name}: a proxy and its shared flows share one list of policies; \
                             rename one of them",
                            other.source.file
                        );
                        self.conflicts.push(Finding::error_in(&document.source, text).about_policy(name));
                    }
                    Some(_) => {}
                }
            }
        }
        policies.into_iter().map(|(document, _)| document).collect()
    }

    /// The properties of all bundles in one list. The last bundle has precedence.
    fn properties_of(&mut self, bundles: impl Iterator<Item = &'a ParsedBundle>) -> BTreeMap<&'a String, &'a String> {
        let mut properties: BTreeMap<&String, (&String, &ParsedBundle)> = BTreeMap::new();
        for bundle in bundles {
            for (name, value) in &bundle.properties {
                if let Some((other, owner)) =
                    properties.insert(name, (value, bundle)).filter(|(other, _)| *other != value)
                {
                    let text = format!(
                        "{name} is {other:?} in {} and {value:?} in {}; both use {value:?}",
                        owner.name, bundle.name
                    );
                    self.conflicts.push(Finding::new(Severity::Warning, text));
                }
            }
        }
        properties.into_iter().map(|(name, (value, _))| (name, value)).collect()
    }

    /// One configuration for each proxy endpoint. A bundle without proxy endpoints has one for its policies.
    pub(crate) fn all_of(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Vec<Configuration<'a>> {
        match bundle.kind {
            Kind::Proxy if !bundle.proxy_endpoints.is_empty() => {
                let endpoints = bundle.proxy_endpoints.iter();
                endpoints.map(|endpoint| Configuration::of_proxy(bundle, endpoint, shared)).collect()
            }
            Kind::Proxy | Kind::SharedFlow => vec![Configuration::of_shared_flow(bundle, shared)],
        }
    }

    /// The configuration of one proxy endpoint.
    pub(crate) fn of_proxy(
        bundle: &'a ParsedBundle,
        endpoint: &'a Parsed<ProxyEndpoint>,
        shared: &[&'a ParsedBundle],
    ) -> Configuration<'a> {
        let mut configuration = Configuration::of_bundle(bundle, shared);
        // Apigee numbers every revision. Revision 1 is the default.
        let revision = bundle.revision.as_deref().unwrap_or("1");
        configuration.set("proxy", json!({"name": bundle.name, "revision": revision}));
        configuration.set("proxy_endpoint", json!(endpoint.document.text()));
        configuration.documents.insert("proxy_endpoint".to_owned(), &endpoint.document);
        for target in &bundle.target_endpoints {
            configuration.push("target_endpoints", &target.document);
        }
        for integration in &bundle.integration_endpoints {
            configuration.push("integration_endpoints", &integration.document);
        }
        configuration
    }

    /// A configuration that runs the shared flow of the bundle, or no step when the bundle has none.
    pub(crate) fn of_shared_flow(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        /// The name of the calling policy. `$` is valid and unusual in names, which avoids conflicts.
        const CALLER: &str = "$shared-flow";
        let mut configuration = Configuration::of_bundle(bundle, shared);
        let mut request = Vec::new();
        if !bundle.shared_flows.is_empty() {
            let name = bundle.name.replace('&', "&amp;").replace('<', "&lt;");
            let caller =
                format!("<FlowCallout name='{CALLER}'><SharedFlowBundle>{name}</SharedFlowBundle></FlowCallout>");
            configuration.append("policies", caller);
            request.push(CALLER);
        }
        configuration.set("request", json!(request));
        configuration
    }

    /// Sets a key.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.keys.insert(key.to_owned(), value);
    }

    /// Adds entries to an object. Existing entries are kept.
    pub(crate) fn add_to(&mut self, key: &str, entries: Map<String, Value>) {
        if entries.is_empty() {
            return;
        }
        if let Value::Object(object) = self.keys.entry(key).or_insert_with(|| json!({})) {
            for (name, value) in entries {
                object.entry(name).or_insert(value);
            }
        }
    }

    /// The configuration for the filter.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.keys.clone())
    }

    fn push(&mut self, list: &str, document: &'a Document) {
        let index = self.append(list, document.text().into_owned());
        self.documents.insert(format!("{list}[{index}]"), document);
    }

    /// Adds a text to a list and returns its index.
    fn append(&mut self, list: &str, text: String) -> usize {
        let items = self.keys.entry(list).or_insert_with(|| json!([]));
        let Value::Array(items) = items else { return 0 };
        items.push(Value::String(text));
        items.len().saturating_sub(1)
    }

    /// Loads the configuration with the code of the filter.
    ///
    /// # Errors
    /// All problems of a configuration that the filter rejects.
    pub(crate) fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        config::load(self.to_value().to_string().as_bytes())
    }

    /// The finding of a diagnostic, with the file of its document.
    pub(crate) fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let key = diagnostic.document.as_deref();
        match key.and_then(|key| self.documents.get(key)) {
            Some(document) => document.finding(diagnostic),
            None => Finding::from(diagnostic),
        }
    }
}

/// Whether two documents are equal except for their line endings.
fn is_equal(one: &Document, other: &Document) -> bool {
    one.text().lines().eq(other.text().lines())
}

/// Whether a name needs no escapes in an attribute.
fn is_attribute(name: &str) -> bool {
    !name.contains(['"', '<', '&'])
}

/// The bundles of the shared flows that a bundle calls directly or through other shared flows.
pub(crate) fn called_by<'a>(bundle: &'a ParsedBundle, given: &[&'a ParsedBundle]) -> Vec<&'a ParsedBundle> {
    let mut called: Vec<&ParsedBundle> = Vec::new();
    let mut next = vec![bundle];
    while let Some(caller) = next.pop() {
        for policy in caller.policies() {
            let Some(Callee::SharedFlow(callout)) = policy.callee() else { continue };
            let is_called = |other: &&&ParsedBundle| {
                other.kind == Kind::SharedFlow && *other.name == *callout.shared_flow && !std::ptr::eq(**other, bundle)
            };
            let Some(flow) = given.iter().find(is_called) else { continue };
            if !called.iter().any(|other| std::ptr::eq(*other, *flow)) {
                called.push(flow);
                next.push(flow);
            }
        }
    }
    called
}
