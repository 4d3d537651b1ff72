//! `shared_flows`: the flows that FlowCallouts run, as documents or as objects with their own policies and properties.

use super::keys::Section;
use super::known;
use super::policies::{Policies, Scope};
use super::resources;
use super::skipped::Skipped;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{self, Constant, Resources, Step};
use crate::policy::Callee;
use crate::policy::endpoint::{SharedFlow, StepReference};
use crate::policy::flow_callout::FlowCallout;
use crate::suggestion;
use bytestring::ByteString;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A shared flow of the configuration.
struct Document {
    /// Its key: `shared_flows[0]`.
    key: String,
    steps: Vec<StepReference>,
    /// The policies that its steps refer to.
    scope: Scope,
    constants: BTreeMap<ByteString, Constant>,
    resources: Resources,
}

/// Reads the shared flows. Reports FlowCallouts of unknown shared flows, and shared flows that call themselves.
pub(super) fn read(
    section: &Section<'_>,
    policies: &mut Policies,
    resources: &Resources,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, plan::SharedFlow> {
    let mut documents = documents(section, policies, diagnostics);
    let count = section.list("shared_flows", &mut Diagnostics::default()).len();
    let resolved = resolve(&documents, count, policies, diagnostics);
    for (name, document) in documents.iter().filter(|(name, _)| resolved.contains_key(*name)) {
        if calls_itself(name, &resolved, policies) {
            diagnostics.within_about(&document.key, format!("SharedFlow {name}"), |diagnostics| {
                diagnostics.error(Code::RecursiveSharedFlow, None, "the shared flow calls itself");
            });
        }
    }
    let skipped = Skipped::of(policies);
    for (name, steps) in &resolved {
        let Some(Document { key, scope, resources: own, .. }) = documents.get(name) else { continue };
        if *scope != Scope::default() {
            resources::check(policies.attached_in(*scope), &[own, resources], diagnostics);
        }
        diagnostics.within_about(key, format!("SharedFlow {name}"), |diagnostics| {
            skipped.check_steps(steps, diagnostics);
        });
    }
    let flows = resolved.into_iter().map(|(name, steps)| {
        let document = documents.remove(&name).map(|document| (document.constants, document.resources));
        let (constants, resources) = document.unwrap_or_default();
        (name, plan::SharedFlow { steps, constants, resources })
    });
    flows.collect()
}

fn documents(
    section: &Section<'_>,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Document> {
    let mut documents = BTreeMap::new();
    for (index, item) in section.list("shared_flows", diagnostics).iter().enumerate() {
        let key = format!("shared_flows[{index}]");
        let (flow, scope, constants, resources) = match item {
            Json::String(text) => {
                let (flow, problems) = SharedFlow::parse(text, &key);
                diagnostics.extend(problems);
                (flow, Scope::default(), BTreeMap::new(), Resources::new())
            }
            item => {
                let expected = "a document or an object with xml and policies";
                let Some(section) = Section::of(&key, item, expected, diagnostics) else { continue };
                section.check_keys(&known::SHARED_FLOW, diagnostics);
                let scope = match section.has("policies") {
                    true => policies.add_of_shared_flow(index, &section, diagnostics),
                    false => Scope::default(),
                };
                let name = section.string("name", diagnostics);
                let flow = section.required_string("xml", diagnostics).and_then(|text| {
                    let (flow, problems) = SharedFlow::parse_named(&text, &key, name.as_deref());
                    diagnostics.extend(problems);
                    flow
                });
                let constants = section.constants("properties", diagnostics);
                (flow, scope, constants, resources::read(&section, diagnostics))
            }
        };
        let Some(SharedFlow { name, steps }) = flow else { continue };
        if documents.contains_key(&name) {
            let message = format!("duplicate shared flow {name}");
            diagnostics.within_about(&key, &key, |diagnostics| diagnostics.error(Code::DuplicateName, None, message));
        }
        documents.insert(name, Document { key, steps, scope, constants, resources });
    }
    documents
}

/// The steps of the shared flows that a flow calls. Others may belong to another proxy. `section_length` is the number
/// of listed shared flows; those with errors have no document.
fn resolve(
    documents: &BTreeMap<String, Document>,
    section_length: usize,
    policies: &mut Policies,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Vec<Step>> {
    let mut resolved: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    loop {
        let callouts = policies.flow_callouts().map(|(key, callout)| (key.to_owned(), callout.clone()));
        let wanted: Vec<(String, FlowCallout)> =
            callouts.filter(|(_, callout)| !resolved.contains_key(&*callout.shared_flow)).collect();
        if wanted.is_empty() {
            return resolved;
        }
        for (policy_key, callout) in wanted {
            let name = callout.shared_flow.to_string();
            let steps = match documents.get(&name) {
                Some(Document { key, steps, scope, .. }) => {
                    diagnostics.within_about(key, format!("SharedFlow {name}"), |diagnostics| {
                        let steps = steps.iter().cloned();
                        steps.filter_map(|step| policies.resolve_in(*scope, step, diagnostics)).collect()
                    })
                }
                // A document with errors may be the one.
                None if documents.len() < section_length => Vec::new(),
                None => {
                    let hint = suggestion::hint(&name, documents.keys().map(String::as_str));
                    let (policy, message) = (&*callout.attributes.name, format!("unknown shared flow {name}{hint}"));
                    diagnostics.within_about(&policy_key, policy, |diagnostics| {
                        diagnostics.error(Code::UnknownSharedFlow, callout.position, message);
                    });
                    Vec::new()
                }
            };
            resolved.insert(name, steps);
        }
    }
}

fn calls_itself(start: &str, resolved: &BTreeMap<String, Vec<Step>>, policies: &Policies) -> bool {
    let called_by = |name: &str| -> Vec<String> {
        let steps = resolved.get(name).into_iter().flatten();
        let called = steps.filter_map(|step| match policies.policy_of(step)?.callee()? {
            Callee::SharedFlow(callout) => Some(callout.shared_flow.to_string()),
            Callee::Service(_) | Callee::Integration(_) | Callee::Jwks(..) => None,
        });
        called.collect()
    };
    let mut seen: Vec<String> = Vec::new();
    let mut next = called_by(start);
    while let Some(name) = next.pop() {
        if name == start {
            return true;
        }
        if !seen.contains(&name) {
            next.extend(called_by(&name));
            seen.push(name);
        }
    }
    false
}
