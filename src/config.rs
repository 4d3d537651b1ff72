//! The filter's configuration (docs/guide/configuration.md): from bytes to a checked, compiled [`Plan`].
//!
//! All problems are reported together.

mod cache;
mod connections;
mod document;
mod endpoints;
mod groups;
mod identity;
mod key_value_maps;
mod keys;
pub mod known;
mod needs;
mod policies;
mod resources;
mod shared_flows;
mod skipped;
mod steps;

pub use skipped::NOT_ENFORCED;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Constant, Plan, Publish};
use crate::policy::Policy;
use crate::policy::endpoint::BasePath;
use crate::policy::spaced_names;
use crate::policy::variable::Variable;
use bytestring::ByteString;
use connections::Connections;
use identity::Google;
use keys::Section;
use needs::FlowUsage;
use policies::{Policies, Scope};
use skipped::Skipped;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A usable configuration.
#[derive(Debug)]
pub struct Loaded {
    /// The compiled plan.
    pub plan: Plan,
    /// Problems that are not errors.
    pub warnings: Vec<Diagnostic>,
}

/// The keys of `proxy` and the variables that they set.
const PROXY: [(&str, &[&str]); 5] = [
    ("organization", &["organization.name"]),
    ("environment", &["environment.name"]),
    ("name", &["apiproxy.name"]),
    ("revision", &["apiproxy.revision"]),
    ("base_path", &["proxy.basepath", "apiproxy.basepath"]),
];

/// The default of `max_response_bytes` in bytes: 10 MiB.
const DEFAULT_MAX_RESPONSE_BYTES: usize = 10 << 20;

/// The default of `body_memory_bytes` in bytes: 64 MiB.
const DEFAULT_BODY_MEMORY_BYTES: usize = 64 << 20;

/// Reads a configuration: JSON text, or a serialized `google.protobuf.Struct` of the same shape.
///
/// ```
/// use envoy_callout::config;
///
/// let loaded = config::load(br#"{"policies": ["<AssignMessage name='AM-Headers'/>"]}"#).unwrap();
/// assert_eq!(loaded.plan.policies.len(), 1);
///
/// let problems = config::load(br#"{"policies": ["<AssignMessage/>"]}"#).unwrap_err();
/// assert_eq!(
///     problems[0].to_string(),
///     "policies[0], line 1, column 1: MissingName: Required attribute name is missing in AssignMessage",
/// );
/// ```
///
/// # Errors
/// All problems, warnings included, when at least one is an error.
pub fn load(bytes: &[u8]) -> Result<Loaded, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let plan = match document::parse(bytes) {
        Ok(document) => {
            let section = Section::new("", &document, &mut diagnostics);
            let names = policies::names(&document);
            spaced_names::with(names, || section.and_then(|section| plan(section, bytes, &mut diagnostics)))
        }
        Err(message) => {
            diagnostics.error(Code::InvalidConfiguration, None, message);
            None
        }
    };
    match plan {
        Some(plan) if !diagnostics.has_errors() => Ok(Loaded { plan, warnings: diagnostics.into_vec() }),
        _ => Err(diagnostics.into_vec()),
    }
}

/// Compiles the configuration. `bytes` is its whole text.
fn plan(section: Section<'_>, bytes: &[u8], diagnostics: &mut Diagnostics) -> Option<Plan> {
    section.check_keys(&known::CONFIGURATION, diagnostics);
    let mut policies = Policies::read(&section, diagnostics);
    let proxy_endpoint = endpoints::proxy_endpoint(&section, diagnostics);
    let mut proxy = match &proxy_endpoint {
        Some(proxy) => endpoints::flows(proxy, &mut policies, diagnostics),
        None => steps::flows(&section, &mut policies, diagnostics),
    };
    let (mut routing, target_urls) =
        proxy_endpoint.as_ref().map(|proxy| endpoints::routing(&section, proxy, &mut policies, diagnostics)).unzip();
    let resources = resources::read(&section, diagnostics);
    let mut shared_flows = shared_flows::read(&section, &mut policies, &resources, diagnostics);
    resources::check(policies.attached_in(Scope::default()), &[&resources], diagnostics);
    let flows = cache::Flows { proxy: &proxy, routing: routing.as_ref(), shared_flows: &shared_flows };
    flows.check_response_caches(&policies, diagnostics);
    let key_value_maps = key_value_maps::read(&section, &policies, diagnostics);
    let skipped = Skipped::of(&policies);
    skipped.warn_of_authentication(diagnostics);
    skipped.check_proxy(&proxy, proxy_endpoint.is_some(), diagnostics);
    if let Some(routing) = &routing {
        skipped.check_routing(&proxy.name, routing, diagnostics);
    }

    let connections = Connections::read(&section, diagnostics);
    let google = Google::read(&section, diagnostics);
    let mut constants = constants(&section, diagnostics);
    if let (Some(routing), Some(urls)) = (&mut routing, &target_urls) {
        endpoints::fold_targets(routing, urls, &constants, &connections.clusters, diagnostics);
    }
    let project = google.project(&constants);
    let assigned: Vec<ByteString> = policies.attached().flat_map(Policy::assigned_variables).cloned().collect();
    let servers = policies.map_attached(|key, policy| {
        diagnostics.within(key, |diagnostics| {
            let servers = connections.servers(policy, &assigned, diagnostics);
            google.check(policy, project.is_some(), &constants, diagnostics);
            servers
        })
    });
    if let (Some(proxy), Some(routing)) = (&proxy_endpoint, &routing) {
        google.check_routing(proxy, routing, &constants, diagnostics);
    }
    let configured = section.strings("filter_state", diagnostics);
    let publish = Publish::new(policies.attached(), &configured);
    let published: Vec<Variable> =
        configured.iter().filter(|name| !name.ends_with('*')).map(|name| Variable::new(name)).collect();
    let ignores_charset = proxy_endpoint.as_ref().is_some_and(|proxy| proxy.ignores_charset);
    let base_path = base_path(proxy_endpoint.and_then(|proxy| proxy.base_path), &mut constants);
    let trace_headers = section.boolean("trace_headers", diagnostics).unwrap_or(true);
    let has_parallel_callouts = section.boolean("parallel_callouts", diagnostics).unwrap_or(false);
    let max_response_bytes = section.integer("max_response_bytes", diagnostics).unwrap_or(DEFAULT_MAX_RESPONSE_BYTES);
    let body_memory_bytes = section.integer("body_memory_bytes", diagnostics).unwrap_or(DEFAULT_BODY_MEMORY_BYTES);
    let (mut cache, coalesces) = cache::read(&section, &constants, body_memory_bytes, bytes, diagnostics);
    if diagnostics.has_errors() {
        // The indices of policies are valid only when every document is a policy.
        return None;
    }
    let policies = policies.into_policies();
    if has_parallel_callouts {
        groups::find(&policies, &mut proxy, routing.as_mut(), &mut shared_flows);
    }
    if coalesces {
        let flows = cache::Flows { proxy: &proxy, routing: routing.as_ref(), shared_flows: &shared_flows };
        cache.coalesced = flows.coalesced(&policies);
    }
    let reach = FlowUsage {
        policies: &policies,
        shared_flows: &shared_flows,
        proxy: &proxy,
        routing: routing.as_ref(),
        published: &published,
        prefixes: &publish.prefixes,
        names_version: needs::names_version(bytes),
        names_policy_times: needs::names_policy_times(bytes, &publish.prefixes),
        names_target_times: needs::names_target_times(bytes, &publish.prefixes),
    };
    let needs = reach.needs();
    Some(Plan {
        policies,
        servers,
        proxy,
        routing,
        shared_flows,
        clusters: connections.clusters,
        local_proxies: connections.local_proxies,
        allowed_hosts: connections.allowed_hosts,
        identity: google.identity.map(Arc::new),
        project,
        constants,
        ignores_charset,
        resources,
        key_value_maps,
        cache,
        base_path,
        publish,
        trace_headers,
        max_response_bytes,
        body_memory_bytes,
        needs,
    })
}

/// The base path of the ProxyEndpoint, which also becomes the value of `proxy.basepath`, or the one in `proxy`.
fn base_path(of_endpoint: Option<BasePath>, constants: &mut BTreeMap<ByteString, Constant>) -> BasePath {
    match of_endpoint {
        Some(base_path) => {
            for variable in ["proxy.basepath", "apiproxy.basepath"] {
                constants.insert(ByteString::from_static(variable), Constant::text(base_path.as_str()));
            }
            base_path
        }
        None => {
            let configured = constants.get("proxy.basepath").and_then(Constant::as_text);
            BasePath::new(configured.map_or("", |base_path| base_path))
        }
    }
}

fn constants(section: &Section<'_>, diagnostics: &mut Diagnostics) -> BTreeMap<ByteString, Constant> {
    let mut constants = section.constants("properties", diagnostics);
    if let Some(proxy) = section.section("proxy", diagnostics) {
        proxy.check_keys(&known::PROXY, diagnostics);
        for (key, variables) in PROXY {
            if let Some(text) = proxy.text(key, diagnostics) {
                let text = ByteString::from(text);
                for variable in variables {
                    constants.insert(ByteString::from_static(variable), Constant::String(text.clone()));
                }
            }
        }
    }
    constants
}

#[cfg(test)]
mod tests;
