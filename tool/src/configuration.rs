//! The filter configuration of a bundle. Maps diagnostics of the filter to the files of the bundle.

use super::bundle::{Kind, ParsedBundle};
use super::document::Document;
use super::environment::Environment;
use super::finding::Finding;
use super::parsed::Parsed;
use super::routing::{self, DEFAULT_REVISION};
use envoy_callout::config::{self, Loaded};
use envoy_callout::diagnostic::{Code, Diagnostic};
use envoy_callout::policy::Callee;
use envoy_callout::policy::endpoint::ProxyEndpoint;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The hint about a shared flow whose bundle is not among the paths.
pub(crate) const PASS_BUNDLE: &str = "; pass its bundle as a further path";

/// The hints of the filter, which name its configuration keys, and those for the user of a bundle. An empty one is added.
const HINTS: [(Code, &str, &str); 8] = [
    (Code::UnknownTargetServer, "add it to target_servers", "add it to target_servers of the environment"),
    (Code::UnknownMap, "add it to key_value_maps", "add it to key_value_maps of the environment"),
    (Code::UnknownLocalProxy, "add it to local_proxies", "add it to local_proxies of the environment"),
    (Code::MissingIdentity, "set google.metadata_cluster", "add google to the environment"),
    (Code::MissingProject, "google.project are missing", "google.project of the environment are missing"),
    (Code::UnknownIntegration, "add it to integration_endpoints", "the bundle has no such integration endpoint"),
    (Code::UnknownResource, "add it to resources", "the bundle has no such file in resources"),
    (Code::UnknownSharedFlow, "", PASS_BUNDLE),
];

/// A filter configuration with the documents of a bundle.
#[derive(Debug, Default)]
pub(crate) struct Configuration<'a> {
    keys: Map<String, Value>,
    /// The documents by key: `policies[0]`.
    documents: BTreeMap<String, &'a Document>,
}

impl<'a> Configuration<'a> {
    /// The policies, properties and shared flows of a bundle.
    fn of_bundle(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        let mut configuration = Configuration::default();
        let policies = configuration.policies_of(bundle, "");
        configuration.set("policies", policies);
        if !bundle.properties.is_empty() {
            configuration.set("properties", json!(bundle.properties));
        }
        let resources = bundle.read_resources();
        if !resources.is_empty() {
            configuration.set("resources", json!(resources));
        }
        configuration.add_called(bundle, shared);
        configuration
    }

    /// Adds the shared flows that a bundle calls.
    fn add_called(&mut self, bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) {
        for bundle in shared {
            self.add_shared_flows(bundle, None);
        }
        let mut known: BTreeSet<&str> = shared.iter().map(|bundle| bundle.name.as_str()).collect();
        for name in std::iter::once(&bundle).chain(shared).flat_map(|bundle| callouts_of(bundle)) {
            if let Some(bundle) = flow_named(name, shared).filter(|_| known.insert(name)) {
                self.add_shared_flows(bundle, Some(name));
            }
        }
    }

    /// Adds the shared flows of a bundle with their own policies and properties. With an alias, adds only the one that
    /// has the name of the bundle, under the alias.
    fn add_shared_flows(&mut self, bundle: &'a ParsedBundle, alias: Option<&str>) {
        let is_entry = |document: &Document| document.root().is_some_and(|root| root.name == bundle.name);
        for Parsed { document, .. } in &bundle.shared_flows {
            if alias.is_some() && !is_entry(document) {
                continue;
            }
            let index = self.keys.get("shared_flows").and_then(Value::as_array).map_or(0, Vec::len);
            let key = format!("shared_flows[{index}]");
            let policies = self.policies_of(bundle, &format!("{key}."));
            let mut flow = json!({"xml": document.text(), "policies": policies});
            if let Some(object) = flow.as_object_mut() {
                if !bundle.properties.is_empty() {
                    object.insert("properties".to_owned(), json!(bundle.properties));
                }
                let resources = bundle.read_resources();
                if !resources.is_empty() {
                    object.insert("resources".to_owned(), json!(resources));
                }
                if let Some(alias) = alias {
                    object.insert("name".to_owned(), json!(alias));
                }
            }
            self.append("shared_flows", flow);
            self.documents.insert(key, document);
        }
    }

    /// The list of the policies of a bundle. `prefix` is the start of its key.
    fn policies_of(&mut self, bundle: &'a ParsedBundle, prefix: &str) -> Value {
        let mut policies: Vec<String> = Vec::new();
        for Parsed { document, .. } in &bundle.policies {
            self.documents.insert(format!("{prefix}policies[{}]", policies.len()), document);
            policies.push(document.text().into_owned());
        }
        for name in bundle.broken_policies().filter(|name| is_attribute(name)) {
            // The error of the file is reported once. Its policy exists, so steps that name it are valid.
            policies.push(format!("<Broken name=\"{name}\" enabled=\"false\"/>"));
        }
        json!(policies)
    }

    /// One configuration for each proxy endpoint. A bundle without proxy endpoints has one for its policies.
    pub(crate) fn all_of(
        bundle: &'a ParsedBundle,
        shared: &[&'a ParsedBundle],
        environment: Option<&Environment>,
    ) -> Vec<Configuration<'a>> {
        match bundle.kind {
            Kind::Proxy if !bundle.proxy_endpoints.is_empty() => {
                let endpoints = bundle.proxy_endpoints.iter();
                endpoints.map(|endpoint| Configuration::of_proxy(bundle, endpoint, shared, environment)).collect()
            }
            Kind::Proxy | Kind::SharedFlow => vec![Configuration::of_shared_flow(bundle, shared)],
        }
    }

    /// The configuration of one proxy endpoint.
    pub(crate) fn of_proxy(
        bundle: &'a ParsedBundle,
        endpoint: &'a Parsed<ProxyEndpoint>,
        shared: &[&'a ParsedBundle],
        environment: Option<&Environment>,
    ) -> Configuration<'a> {
        let mut configuration = Configuration::of_bundle(bundle, shared);
        let revision = bundle.revision.as_deref().unwrap_or(DEFAULT_REVISION);
        configuration.set("proxy", json!({"name": bundle.name, "revision": revision}));
        configuration.set("proxy_endpoint", json!(endpoint.document.text()));
        configuration.documents.insert("proxy_endpoint".to_owned(), &endpoint.document);
        for target in &bundle.target_endpoints {
            configuration.push("target_endpoints", &target.document);
        }
        let variable_targets = routing::variable_targets(bundle, endpoint, environment);
        if !variable_targets.is_empty() {
            configuration.set("variable_targets", json!(variable_targets));
        }
        for integration in &bundle.integration_endpoints {
            configuration.push("integration_endpoints", &integration.document);
        }
        configuration
    }

    /// A configuration that runs the shared flow of the bundle, or no step when the bundle has none.
    pub(crate) fn of_shared_flow(bundle: &'a ParsedBundle, shared: &[&'a ParsedBundle]) -> Configuration<'a> {
        /// The name of the calling policy.
        const CALLER: &str = "$shared-flow";
        if bundle.shared_flows.is_empty() {
            let mut configuration = Configuration::of_bundle(bundle, shared);
            configuration.set("request", json!([]));
            return configuration;
        }
        let mut configuration = Configuration::default();
        let name = bundle.name.replace('&', "&amp;").replace('<', "&lt;");
        let caller = format!("<FlowCallout name='{CALLER}'><SharedFlowBundle>{name}</SharedFlowBundle></FlowCallout>");
        configuration.set("policies", json!([caller]));
        configuration.set("request", json!([CALLER]));
        configuration.add_shared_flows(bundle, None);
        configuration.add_called(bundle, shared);
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
        let index = self.append(list, Value::String(document.text().into_owned()));
        self.documents.insert(format!("{list}[{index}]"), document);
    }

    /// Adds a value to a list and returns its index.
    fn append(&mut self, list: &str, value: Value) -> usize {
        let items = self.keys.entry(list).or_insert_with(|| json!([]));
        let Value::Array(items) = items else { return 0 };
        items.push(value);
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
        let mut finding = match key.and_then(|key| self.documents.get(key)) {
            Some(document) => document.finding(diagnostic),
            None => Finding::from(diagnostic),
        };
        for (_, of_filter, of_bundle) in HINTS.iter().filter(|(code, ..)| *code == diagnostic.code) {
            finding.text = match of_filter.is_empty() {
                true => format!("{}{of_bundle}", finding.text),
                false => finding.text.replace(of_filter, of_bundle),
            };
        }
        finding
    }
}

/// Whether a name needs no escapes in an attribute.
fn is_attribute(name: &str) -> bool {
    !name.contains(['"', '<', '&'])
}

/// The bundles of the shared flows that a bundle calls directly or through other shared flows.
pub(crate) fn called_by<'a>(bundle: &'a ParsedBundle, given: &[&'a ParsedBundle]) -> Vec<&'a ParsedBundle> {
    let others: Vec<&ParsedBundle> = given.iter().copied().filter(|other| !std::ptr::eq(*other, bundle)).collect();
    let mut called: Vec<&ParsedBundle> = Vec::new();
    let mut next = vec![bundle];
    while let Some(caller) = next.pop() {
        for name in callouts_of(caller) {
            let Some(flow) = flow_named(name, &others) else { continue };
            if !called.iter().any(|other| std::ptr::eq(*other, flow)) {
                called.push(flow);
                next.push(flow);
            }
        }
    }
    called
}

/// The names of the shared flows that the FlowCallouts of a bundle call.
fn callouts_of(bundle: &ParsedBundle) -> impl Iterator<Item = &str> {
    bundle.policies().filter_map(|policy| match policy.callee()? {
        Callee::SharedFlow(callout) => Some(&*callout.shared_flow),
        Callee::Service(_) | Callee::Integration(_) | Callee::Jwks(..) => None,
    })
}

/// The bundle of the shared flow with a name. The name of a bundle has precedence over those of its folder and its
/// documents.
fn flow_named<'a>(name: &str, bundles: &[&'a ParsedBundle]) -> Option<&'a ParsedBundle> {
    let flows = || bundles.iter().copied().filter(|bundle| bundle.kind == Kind::SharedFlow);
    flows().find(|bundle| bundle.name == name).or_else(|| flows().find(|bundle| bundle.has_alias(name)))
}
