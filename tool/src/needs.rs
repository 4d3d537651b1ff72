//! The entries that bundles need in their environment.

use super::attachment::Attached;
use super::bundle::ParsedBundle;
use super::configuration::Configuration;
use super::document::Document;
use super::environment::Environment;
use super::finding::{Code, Finding, Findings, Severity};
use super::local_proxies;
use super::parsed::Parsed;
use super::source::Source;
use envoy_callout::diagnostic::Position;
use envoy_callout::policy::connection::{LocalDestination, LocalTarget, Target};
use envoy_callout::policy::endpoint::{ProxyEndpoint, Route, TargetEndpoint, TargetKind};
use envoy_callout::policy::key_value_map_operations::{Operation, fixed_key};
use envoy_callout::policy::{Callee, Policy};
use regex_lite::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The needs of the added bundles.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The target servers of load balancers.
    pub(crate) servers: BTreeMap<String, Vec<User>>,
    /// The fixed targets of LocalTargetConnection.
    pub(crate) local_proxies: BTreeMap<Local, Vec<User>>,
    /// The users of Google tokens.
    pub(crate) google: Vec<User>,
    /// The properties that a bundle uses and does not contain: set and key.
    pub(crate) properties: BTreeSet<(String, String)>,
    /// The fixed keys of the key value maps that policies read.
    pub(crate) maps: BTreeMap<String, Map>,
    /// The variables of [`NAMES`] that the bundles use.
    pub(crate) names: BTreeSet<&'static str>,
}

/// Variables that always have a value in Apigee. Here the environment file contains them.
const NAMES: [&str; 2] = ["organization.name", "environment.name"];

/// The use of a key value map.
#[derive(Debug, Default)]
pub(crate) struct Map {
    /// Whether only private variables get its values.
    pub(crate) is_private: bool,
    /// The fixed keys.
    pub(crate) keys: BTreeSet<String>,
}

/// A proxy of the same environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Local {
    /// Name of the proxy and name of its endpoint.
    Named(String, String),
    /// Path.
    Path(String),
}

/// A policy or an endpoint with the position of its need.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Name.
    pub(crate) name: String,
    source: Rc<Source>,
    position: Option<Position>,
}

impl User {
    fn at(name: String, document: &Document, position: Position) -> User {
        User { name, source: document.source.clone(), position: Some(document.position_in_file(position)) }
    }
}

impl Needs {
    /// Adds the needs of the endpoints of a bundle and of its attached policies.
    pub(crate) fn add(&mut self, bundle: &ParsedBundle) {
        let attached = Attached::by(bundle);
        for endpoint in &bundle.proxy_endpoints {
            self.add_proxy(endpoint);
        }
        for target in &bundle.target_endpoints {
            self.add_target(target);
        }
        for document in bundle.documents() {
            let text = document.text();
            self.add_properties(&text, bundle);
            self.names.extend(NAMES.iter().filter(|name| text.contains(**name)));
        }
        for Parsed { document, content, .. } in &bundle.policies {
            let Some(policy) = content else { continue };
            if policy.attributes().enabled && attached.contains(&policy.attributes().name) {
                self.add_policy(policy, document);
            }
        }
    }

    /// A route rule with an integration endpoint needs an identity.
    fn add_proxy(&mut self, Parsed { document, content, .. }: &Parsed<ProxyEndpoint>) {
        let Some(proxy) = content else { return };
        let name = format!("the proxy endpoint {}", proxy.endpoint.name);
        for rule in &proxy.route_rules {
            if let Route::Integration(_, position) = &rule.route {
                add(&mut self.google, User::at(name.clone(), document, *position));
            }
        }
    }

    fn add_target(&mut self, Parsed { document, content, .. }: &Parsed<TargetEndpoint>) {
        let authentication = content.as_ref().and_then(|target| {
            let name = format!("the target endpoint {}", target.endpoint.name);
            target.authentication.as_ref().map(|found| User::at(name, document, found.authentication.position))
        });
        if let Some(user) = authentication {
            add(&mut self.google, user);
        }
        let name = document.root().map(|root| format!("the target endpoint {}", root.name)).unwrap_or_default();
        match content.as_ref().and_then(|target| target.connection.target.as_ref()) {
            Some(TargetKind::LoadBalancer(balancer)) => {
                for server in balancer.servers.iter().filter(|server| server.is_enabled) {
                    let user = User { name: name.clone(), source: document.source.clone(), position: None };
                    add(self.servers.entry(server.name.to_string()).or_default(), user);
                }
            }
            Some(TargetKind::Local(local)) => self.add_local(local, User::at(name, document, local.position)),
            _ => {}
        }
    }

    /// A local proxy whose name or path is fixed.
    fn add_local(&mut self, local: &LocalTarget, user: User) {
        let target = match &local.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
                let named = api_proxy.as_literal().zip(proxy_endpoint.as_literal());
                named.map(|(proxy, endpoint)| Local::Named(proxy.trim().to_owned(), endpoint.trim().to_owned()))
            }
            LocalDestination::Path(path) => path.as_literal().map(|path| Local::Path(path.to_string())),
        };
        if let Some(target) = target {
            add(self.local_proxies.entry(target).or_default(), user);
        }
    }

    fn add_policy(&mut self, policy: &Policy, document: &Document) {
        let user = |position| User::at(policy.attributes().name.to_string(), document, position);
        for position in policy.identity_positions() {
            add(&mut self.google, user(position));
        }
        self.add_map(policy);
        let Some(Callee::Service(callout)) = policy.callee() else { return };
        match &callout.connection.target {
            Target::Url(_) => {}
            Target::LoadBalancer(balancer) => {
                for server in &balancer.servers {
                    add(self.servers.entry(server.name.to_string()).or_default(), user(server.position));
                }
            }
            Target::Local(local) => self.add_local(local, user(local.position)),
        }
    }

    /// The map with a fixed name from which a policy reads.
    fn add_map(&mut self, policy: &Policy) {
        let Some(operations) = policy.map_operations() else { return };
        let Some(name) = operations.map.as_literal() else { return };
        for operation in &operations.operations {
            let Operation::Get { key, assign_to, .. } = operation else { continue };
            let known = self.maps.contains_key(&**name);
            let map = self.maps.entry(name.to_string()).or_default();
            map.is_private = assign_to.is_private() && (map.is_private || !known);
            map.keys.extend(fixed_key(key));
        }
    }

    fn add_properties(&mut self, text: &str, bundle: &ParsedBundle) {
        let Ok(pattern) = Regex::new(r"\bpropertyset\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_.-]*[A-Za-z0-9_-])") else {
            return;
        };
        for found in pattern.captures_iter(text) {
            let part = |index| found.get(index).map(|part| part.as_str().to_owned()).unwrap_or_default();
            let is_known = bundle.properties.contains_key(found.get(0).map(|all| all.as_str()).unwrap_or_default());
            if !is_known {
                self.properties.insert((part(1), part(2)));
            }
        }
    }

    /// Adds mocks of all needs to a configuration, so that it loads without an environment.
    pub(crate) fn mock(&self, configuration: &mut Configuration<'_>) {
        let is_host = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let server = |name: &str| {
            let host = if is_host(name) { name } else { "mock" };
            json!({"host": host, "port": 80, "cluster": "any"})
        };
        let servers: BTreeMap<&String, Value> = self.servers.keys().map(|name| (name, server(name))).collect();
        configuration.set("target_servers", json!(servers));
        let proxies = self.local_proxies.keys().map(|local| match local {
            Local::Named(proxy, endpoint) => {
                json!({"api_proxy": proxy, "proxy_endpoint": endpoint, "base_path": "/", "cluster": "any"})
            }
            Local::Path(_) => json!({"base_path": "/", "cluster": "any"}),
        });
        configuration.set("local_proxies", proxies.collect());
        configuration.set("google", json!({"metadata_cluster": "any", "project": "any"}));
    }

    /// Removes the local proxies that are among the bundles.
    pub(crate) fn remove_given(&mut self, bundles: &[&ParsedBundle]) {
        let environment = local_proxies::with_given(&Environment::default(), bundles);
        self.local_proxies.retain(|local, _| !local_proxies::serves(local, &environment));
    }

    /// Reports the needs. `severity` is that of the entries without which the filter rejects the configuration.
    pub(crate) fn report(&self, severity: Severity, findings: &mut Findings) {
        for (server, users) in &self.servers {
            report(&format!("target_servers.{server}"), users, "uses", severity, findings);
        }
        for (local, users) in &self.local_proxies {
            let proxy = match local {
                Local::Named(proxy, endpoint) => format!("the endpoint {endpoint} of {proxy} in local_proxies"),
                Local::Path(path) => format!("a proxy for the path {path} in local_proxies"),
            };
            report(&proxy, users, "calls", severity, findings);
        }
        report("google", &self.google, "needs", severity, findings);
        if !self.names.is_empty() {
            let names: Vec<&str> = self.names.iter().copied().collect();
            let keys: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
            let text = format!("{FILE} should contain {}: policies read {}", keys.join(" and "), names.join(" and "));
            findings.add(Finding::new(Severity::Note, Code::EnvironmentEntry, text));
        }
        if !self.properties.is_empty() {
            let names = self.properties.iter().map(|(set, key)| format!("property_sets.{set}.{key}"));
            let names: Vec<String> = names.collect();
            let text = format!("{FILE} should contain {}", names.join(", "));
            findings.add(Finding::new(Severity::Note, Code::EnvironmentEntry, text));
        }
    }
}

/// The file in messages.
const FILE: &str = "the environment file (--environment)";

fn add(users: &mut Vec<User>, user: User) {
    if !users.iter().any(|other| other.name == user.name && other.source == user.source) {
        users.push(user);
    }
}

/// Reports `the environment file must contain NEED: A, B use it` at the position of the first user.
fn report(need: &str, users: &[User], verb: &str, severity: Severity, findings: &mut Findings) {
    let Some(first) = users.first() else { return };
    let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    let verb = if names.len() == 1 { verb } else { verb.trim_end_matches('s') };
    let text = format!("{FILE} must contain {need}: {} {verb} it", names.join(", "));
    let finding = Finding::new(severity, Code::EnvironmentEntry, text);
    findings.add(finding.in_source(&first.source, first.position));
}
