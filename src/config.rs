//! The filter's configuration (contract 3.1): from bytes to a checked, compiled [`Plan`], every problem at once.

mod document;
mod keys;
mod steps;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::flow::value::Value;
use crate::plan::{Clusters, Needs, Plan, Publish, Step};
use crate::policy::Policy;
use crate::policy::origin::Origin;
use bytestring::ByteString;
use keys::Section;
use std::collections::BTreeMap;

/// A usable configuration.
#[derive(Debug)]
pub struct Loaded {
    /// What to do.
    pub plan: Plan,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
}

/// Every key of a configuration.
const KEYS: [&str; 9] = [
    "policies",
    "request",
    "response",
    "clusters",
    "proxy",
    "properties",
    "filter_state",
    "trace_headers",
    "max_response_bytes",
];

/// The keys of `proxy` and the variables they are behind.
const PROXY: [(&str, &[&str]); 5] = [
    ("organization", &["organization.name"]),
    ("environment", &["environment.name"]),
    ("name", &["apiproxy.name"]),
    ("revision", &["apiproxy.revision"]),
    ("base_path", &["proxy.basepath", "apiproxy.basepath"]),
];

/// A callout's answer may have this many bytes unless the configuration says otherwise: 10 MiB.
const DEFAULT_MAX_RESPONSE_BYTES: usize = 10 << 20;

/// Reads a configuration: JSON text, or a serialized `google.protobuf.Struct` of the same shape.
///
/// # Errors
/// Every problem found, warnings among them, when at least one is an error.
pub fn load(bytes: &[u8]) -> Result<Loaded, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let plan = match document::parse(bytes) {
        Ok(document) => {
            let section = Section::new("", &document, &mut diagnostics);
            section.map(|section| plan(section, &mut diagnostics))
        }
        Err(message) => {
            diagnostics.error(None, message);
            None
        }
    };
    match plan {
        Some(plan) if !diagnostics.has_errors() => Ok(Loaded { plan, warnings: diagnostics.into_vec() }),
        _ => Err(diagnostics.into_vec()),
    }
}

fn plan(section: Section<'_>, diagnostics: &mut Diagnostics) -> Plan {
    section.check_keys(&KEYS, diagnostics);
    let policies = policies(&section, diagnostics);
    let steps = steps::read(&section, &policies, diagnostics);
    let clusters = clusters(&section, diagnostics);
    let constants = constants(&section, diagnostics);
    let base_path = match constants.get("proxy.basepath").and_then(Value::render) {
        Some(base_path) => base_path,
        None => ByteString::new(),
    };
    let policies: Vec<Policy> = policies.into_iter().filter_map(|document| document.policy).collect();
    let attached = || steps.request.iter().chain(&steps.response).filter_map(|step| policies.get(step.policy));
    for policy in attached() {
        check_cluster(policy, &clusters, diagnostics);
    }
    let publish = Publish::new(attached(), &section.strings("filter_state", diagnostics));
    let needs = Needs {
        request_body: needs_body(&policies, &steps.request, "request"),
        response_body: needs_body(&policies, &steps.response, "response"),
    };
    Plan {
        trace_headers: section.boolean("trace_headers", diagnostics).unwrap_or(true),
        max_response_bytes: section.integer("max_response_bytes", diagnostics).unwrap_or(DEFAULT_MAX_RESPONSE_BYTES),
        request: steps.request,
        response: steps.response,
        policies,
        clusters,
        constants,
        base_path,
        publish,
        needs,
    }
}

/// A policy document of the configuration.
struct PolicyDocument {
    /// The policy, unless its document has errors.
    policy: Option<Policy>,
    /// The name in the document, when it can be read.
    name: Option<String>,
}

fn policies(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Vec<PolicyDocument> {
    if !section.has("policies") {
        diagnostics.error(None, "policies is required: a list of policy documents");
    }
    let mut documents: Vec<PolicyDocument> = Vec::new();
    for (index, text) in section.strings("policies", diagnostics).iter().enumerate() {
        let place = format!("policies[{index}]");
        let (policy, problems) = Policy::parse(text, &place);
        let name = match &policy {
            Some(policy) => Some(policy.attributes().name.to_string()),
            None => problems.last().map(|problem| problem.subject.clone()).filter(|subject| *subject != place),
        };
        diagnostics.extend(problems);
        if let Some(name) = name.as_deref().filter(|name| documents.iter().any(|other| other.is_named(name))) {
            diagnostics.set_subject(place);
            diagnostics.error(None, format!("there is another policy named {name}"));
            diagnostics.set_subject("");
        }
        documents.push(PolicyDocument { policy, name });
    }
    documents
}

impl PolicyDocument {
    fn is_named(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

fn clusters(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Clusters {
    let mut clusters = Clusters::default();
    for (key, cluster) in section.string_entries("clusters", diagnostics) {
        if key == "*" {
            clusters.set_any(cluster);
        } else if let Some(origin) = Origin::parse(&key) {
            clusters.insert(origin, cluster);
        } else {
            diagnostics
                .error(None, format!("clusters: {key:?} is neither an origin such as https://example.com:8443 nor *"));
        }
    }
    clusters
}

fn check_cluster(policy: &Policy, clusters: &Clusters, diagnostics: &mut Diagnostics) {
    let Policy::ServiceCallout(callout) = policy;
    let Some(origin) = &callout.url.origin else { return };
    if clusters.serving(origin).is_none() {
        diagnostics.set_subject(&*callout.attributes.name);
        diagnostics.error(callout.url.position, format!("no cluster serves {origin}: name one in clusters"));
        diagnostics.set_subject("");
    }
}

fn constants(section: &Section<'_>, diagnostics: &mut Diagnostics) -> BTreeMap<ByteString, Value> {
    let mut constants = section.constants("properties", diagnostics);
    if let Some(proxy) = section.section("proxy", diagnostics) {
        proxy.check_keys(&PROXY.map(|(key, _)| key), diagnostics);
        for (key, variables) in PROXY {
            if let Some(text) = proxy.text(key, diagnostics) {
                let text = ByteString::from(text);
                for variable in variables {
                    constants.insert(ByteString::from_static(variable), Value::String(text.clone()));
                }
            }
        }
    }
    constants
}

/// Whether the steps of a flow read or write the body of the message that is `ambient` there.
fn needs_body(policies: &[Policy], steps: &[Step], ambient: &str) -> bool {
    let mut enabled = steps.iter().filter_map(|step| policies.get(step.policy)).filter(|p| p.attributes().enabled);
    enabled.any(|policy| policy.uses_body(ambient))
}

/// Whether any of these problems is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

#[cfg(test)]
mod tests;
