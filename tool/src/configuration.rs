//! From a bundle to the configuration of the filter, with the way back from the filter's complaints to the files.

use super::bundle::{Kind, ParsedBundle};
use super::document::Document;
use super::finding::{Finding, Severity};
use super::parsed::Parsed;
use envoy_callout::config::{self, Loaded};
use envoy_callout::diagnostic::Diagnostic;
use envoy_callout::policy::Policy;
use envoy_callout::policy::endpoint::ProxyEndpoint;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A filter configuration made of a bundle's documents.
#[derive(Debug, Default)]
pub(crate) struct Configuration<'a> {
    keys: Map<String, Value>,
    /// The documents by their keys: `policies[0]`.
    documents: BTreeMap<String, &'a Document>,
    /// What is wrong with the bundles together, which the filter cannot see.
    pub(crate) clashes: Vec<Finding>,
}

impl<'a> Configuration<'a> {
    /// What a bundle's flows share: policies, properties and the shared flows that they call.
    fn of_bundle(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        let mut configuration = Configuration::default();
        let bundles = || std::iter::once(bundle).chain(shared.iter().copied());
        configuration.set("policies", json!([]));
        for document in configuration.policies_once(bundles()) {
            configuration.push("policies", document);
        }
        let broken = bundles().flat_map(|bundle| &bundle.broken_policies).filter(|name| is_attribute(name));
        for name in broken {
            // The file's own error is enough: steps that name its policy are not wrong.
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

    /// The policies of all bundles. One that two bundles hold alike is one policy; two of one name are told.
    fn policies_once(&mut self, bundles: impl Iterator<Item = &'a ParsedBundle>) -> Vec<&'a Document> {
        let mut policies: Vec<(&Document, String)> = Vec::new();
        for bundle in bundles {
            // Within one bundle the filter tells of it.
            let others = policies.len();
            for Parsed { document, .. } in &bundle.policies {
                let name = document.root().map(|root| root.name.clone()).filter(|name| !name.is_empty());
                let named = || policies.iter().take(others).find(|(_, other)| Some(other) == name.as_ref());
                match named() {
                    None => policies.push((document, name.unwrap_or_default())),
                    Some((other, name)) if !is_alike(other, document) => {
                        let text = format!(
                            "another policy is called {name} in {}: a proxy and its shared flows are one list of \
                             policies here, so rename one of the two and the steps that name it",
                            other.source.file
                        );
                        self.clashes.push(Finding::error_in(&document.source, text).about_policy(name));
                    }
                    Some(_) => {}
                }
            }
        }
        policies.into_iter().map(|(document, _)| document).collect()
    }

    /// The properties of all bundles, of which there is one list. Those of the last bundle win.
    fn properties_of(&mut self, bundles: impl Iterator<Item = &'a ParsedBundle>) -> BTreeMap<&'a String, &'a String> {
        let mut properties: BTreeMap<&String, (&String, &ParsedBundle)> = BTreeMap::new();
        for bundle in bundles {
            for (name, value) in &bundle.properties {
                if let Some((other, holder)) =
                    properties.insert(name, (value, bundle)).filter(|(other, _)| *other != value)
                {
                    let text = format!(
                        "{name} is {other:?} in {} and {value:?} in {}: both read {value:?}",
                        holder.name, bundle.name
                    );
                    self.clashes.push(Finding::new(Severity::Warning, text));
                }
            }
        }
        properties.into_iter().map(|(name, (value, _))| (name, value)).collect()
    }

    /// One configuration for every proxy endpoint. A bundle without any still has policies to check.
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
        // Apigee numbers every revision; a bundle that tells none is taken for the first.
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

    /// A configuration that runs nothing but the bundle's shared flow, or nothing at all when it has none.
    pub(crate) fn of_shared_flow(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        /// No document can have this name by accident: `$` is legal and unheard of.
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

    /// Adds entries to an object; those that are there already stay.
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

    /// The configuration as it goes to the filter.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.keys.clone())
    }

    fn push(&mut self, list: &str, document: &'a Document) {
        let index = self.append(list, document.text().into_owned());
        self.documents.insert(format!("{list}[{index}]"), document);
    }

    /// Adds a text to a list and tells its place.
    fn append(&mut self, list: &str, text: String) -> usize {
        let items = self.keys.entry(list).or_insert_with(|| json!([]));
        let Value::Array(items) = items else { return 0 };
        items.push(Value::String(text));
        items.len().saturating_sub(1)
    }

    /// Loads it as the filter does.
    ///
    /// # Errors
    /// Every problem, when the filter would refuse it.
    pub(crate) fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        config::load(self.to_value().to_string().as_bytes())
    }

    /// What a diagnostic says about the files.
    pub(crate) fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let key = diagnostic.document.as_deref();
        match key.and_then(|key| self.documents.get(key)) {
            Some(document) => document.finding(diagnostic),
            None => Finding::from(diagnostic),
        }
    }
}

/// Whether two documents are the same but for the ends of their lines.
fn is_alike(one: &Document, other: &Document) -> bool {
    one.text().lines().eq(other.text().lines())
}

/// Whether a name can stand in an attribute as it is.
fn is_attribute(name: &str) -> bool {
    !name.contains(['"', '<', '&'])
}

/// The bundles of the shared flows that a bundle calls, and those that they call.
pub(crate) fn called_by<'a>(bundle: &'a ParsedBundle, given: &[&'a ParsedBundle]) -> Vec<&'a ParsedBundle> {
    let mut called: Vec<&ParsedBundle> = Vec::new();
    let mut next = vec![bundle];
    while let Some(caller) = next.pop() {
        for policy in caller.policies() {
            let Policy::FlowCallout(callout) = policy else { continue };
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
