//! `policies`: the policy documents, and the steps that refer to them by name. A shared flow can have its own list.

use super::keys::Section;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Document;
use crate::plan::{PolicyId, Step};
use crate::policy::endpoint::StepReference;
use crate::policy::flow_callout::FlowCallout;
use crate::policy::unsupported::Unsupported;
use crate::policy::{Callee, Policy};
use crate::suggestion;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The names of the policies in a configuration and in its shared flows. Documents with problems are reported later.
pub(super) fn names(configuration: &Json) -> Vec<String> {
    fn list<'a>(object: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
        object.get(key).and_then(Json::as_array).into_iter().flatten()
    }
    let of_shared_flows = list(configuration, "shared_flows").flat_map(|flow| list(flow, "policies"));
    let documents = list(configuration, "policies").chain(of_shared_flows);
    documents.filter_map(Json::as_str).filter_map(first_name).collect()
}

/// The name in the first tag of a document, which may have errors after it.
fn first_name(text: &str) -> Option<String> {
    let document = Document::parse_first_tag(text).ok()?;
    document.root().attribute("name").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The policy documents of a configuration while its steps are resolved.
#[derive(Default)]
pub(super) struct Policies {
    documents: Vec<PolicyDocument>,
    /// Whether steps of unsupported policy types are skipped with a warning; otherwise they are errors.
    skip_unsupported: bool,
    /// The indices of the policies that a step refers to.
    attached: BTreeSet<usize>,
    /// The indices of the unsupported policies whose steps are skipped.
    skipped: BTreeSet<usize>,
}

/// A list of policies, in which names are unique: that of the configuration, or that of the shared flow with an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope(Option<usize>);

struct PolicyDocument {
    /// The list that contains it.
    scope: Scope,
    /// Its key in the configuration: `policies[0]`.
    key: String,
    /// The policy, unless its document has errors.
    policy: Option<Policy>,
    /// The name in the document, when it can be read.
    name: Option<String>,
    /// The text of a document without a name.
    unreadable: Option<String>,
}

impl Policies {
    pub(super) fn read(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Policies {
        if !section.has("policies") && !section.has_similar("policies") {
            diagnostics.error(Code::MissingKey, None, "policies is required: a list of policy documents");
        }
        let skip_unsupported = match section.string("unsupported_policies", diagnostics).as_deref() {
            Some("skip") => true,
            Some("reject") | None => false,
            Some(other) => {
                let message = format!("unsupported_policies must be \"reject\" or \"skip\", not {other:?}");
                diagnostics.error(Code::InvalidValue, None, message);
                false
            }
        };
        let mut policies = Policies { skip_unsupported, ..Policies::default() };
        policies.add("", Scope::default(), section, diagnostics);
        policies
    }

    /// Reads the `policies` of the shared flow with an index, whose steps refer to no others.
    pub(super) fn add_of_shared_flow(
        &mut self,
        index: usize,
        section: &Section<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Scope {
        let scope = Scope(Some(index));
        self.add(&format!("shared_flows[{index}]."), scope, section, diagnostics);
        scope
    }

    fn add(&mut self, prefix: &str, scope: Scope, section: &Section<'_>, diagnostics: &mut Diagnostics) {
        let first = self.documents.len();
        for (index, text) in section.strings("policies", diagnostics).iter().enumerate() {
            let key = format!("{prefix}policies[{index}]");
            let (policy, problems) = Policy::parse(text, &key);
            let name = match &policy {
                Some(policy) => Some(policy.attributes().name.to_string()),
                None => {
                    let subject = problems.last().map(|problem| problem.subject.clone());
                    subject.filter(|subject| *subject != key).or_else(|| first_name(text))
                }
            };
            diagnostics.extend(problems);
            let mut known = self.documents.iter().skip(first);
            if let Some(name) = name.as_deref().filter(|name| known.any(|other| other.is_named(scope, name))) {
                let message = format!("duplicate policy {name}");
                diagnostics
                    .within_about(&key, &key, |diagnostics| diagnostics.error(Code::DuplicateName, None, message));
            }
            let unreadable = name.is_none().then(|| text.clone());
            self.documents.push(PolicyDocument { scope, key, policy, name, unreadable });
        }
    }

    /// A step of every policy, in listed order.
    pub(super) fn all_steps(&self) -> Vec<StepReference> {
        let names = self.documents.iter().filter_map(|document| document.name.clone());
        names.map(|policy| StepReference { policy, condition: None, label: String::new(), position: None }).collect()
    }

    /// The step of a reference. `None` when the policy is unknown, has errors or has an unsupported type. Reports
    /// unknown policies and unsupported types; errors in the policy have been reported already.
    pub(super) fn resolve(&mut self, reference: StepReference, diagnostics: &mut Diagnostics) -> Option<Step> {
        self.resolve_in(Scope::default(), reference, diagnostics)
    }

    /// Like [`Policies::resolve`], for a step of a shared flow.
    pub(super) fn resolve_in(
        &mut self,
        scope: Scope,
        reference: StepReference,
        diagnostics: &mut Diagnostics,
    ) -> Option<Step> {
        let StepReference { policy: name, condition, label, position } = reference;
        let Some(index) = self.documents.iter().position(|document| document.is_named(scope, &name)) else {
            if !self.may_be_unreadable(scope, &name) {
                let hint = suggestion::hint(&name, self.names_in(scope));
                diagnostics.error(Code::UnknownPolicy, position, format!("{label}: unknown policy{hint}"));
            }
            return None;
        };
        let document = self.documents.get(index)?;
        let policy = document.policy.as_ref()?;
        if let Some(unsupported) = policy.unsupported() {
            if unsupported.attributes.enabled {
                if self.skip_unsupported {
                    self.skipped.insert(index);
                }
                let message = format!("unsupported policy type {}", unsupported.kind);
                // A policy that no list of steps names is reported by its own document.
                let report = |position: Option<Position>, message: String, diagnostics: &mut Diagnostics| match self
                    .skip_unsupported
                {
                    true => diagnostics.warning(
                        Code::UnsupportedPolicy,
                        position,
                        format!("{message}; the step is skipped"),
                    ),
                    false => diagnostics.error(Code::UnsupportedPolicy, position, message),
                };
                match label.is_empty() {
                    true => diagnostics.within_about(&document.key, name, |diagnostics| {
                        report(Some(unsupported.position), message, diagnostics);
                    }),
                    false => report(position, format!("{label}: {message}"), diagnostics),
                }
            }
            return None;
        }
        self.attached.insert(index);
        Some(Step { policy: PolicyId(index), condition, group_size: 1 })
    }

    /// The names of the policies of a list.
    fn names_in(&self, scope: Scope) -> impl Iterator<Item = &str> {
        let documents = self.documents.iter().filter(move |document| document.scope == scope);
        documents.filter_map(|document| document.name.as_deref())
    }

    /// Whether the policy with a name may be a document of a list whose name cannot be read: its error is the cause.
    fn may_be_unreadable(&self, scope: Scope, name: &str) -> bool {
        let documents = self.documents.iter().filter(|document| document.scope == scope);
        documents.filter_map(|document| document.unreadable.as_deref()).any(|text| text.contains(name))
    }

    /// The policies that steps refer to.
    pub(super) fn attached(&self) -> impl Iterator<Item = &Policy> {
        self.attached.iter().filter_map(|index| self.documents.get(*index)?.policy.as_ref())
    }

    /// The policies of a list that steps refer to, each with the key of its document.
    pub(super) fn attached_in(&self, scope: Scope) -> impl Iterator<Item = (&str, &Policy)> {
        let documents = self.attached.iter().filter_map(|index| self.documents.get(*index));
        let documents = documents.filter(move |document| document.scope == scope);
        documents.filter_map(|document| Some((document.key.as_str(), document.policy.as_ref()?)))
    }

    /// The FlowCallouts that steps refer to, each with the key of its document.
    pub(super) fn flow_callouts(&self) -> impl Iterator<Item = (&str, &FlowCallout)> {
        let documents = self.attached.iter().filter_map(|index| self.documents.get(*index));
        documents.filter_map(|document| match document.policy.as_ref()?.callee()? {
            Callee::SharedFlow(callout) => Some((document.key.as_str(), callout)),
            Callee::Service(_) | Callee::Integration(_) | Callee::Jwks(..) => None,
        })
    }

    /// The policy of a step.
    pub(super) fn policy_of(&self, step: &Step) -> Option<&Policy> {
        self.documents.get(step.policy.0)?.policy.as_ref()
    }

    /// The unsupported policies whose steps are skipped.
    pub(super) fn skipped(&self) -> impl Iterator<Item = &Unsupported> {
        let documents = self.skipped.iter().filter_map(|index| self.documents.get(*index));
        documents.filter_map(|document| document.policy.as_ref()?.unsupported())
    }

    /// A value for each policy: of `link` for the policies that steps refer to, each with the key of its document, and
    /// the default for all others.
    pub(super) fn map_attached<T: Default>(&self, mut link: impl FnMut(&str, &Policy) -> T) -> Vec<T> {
        let documents = self.documents.iter().enumerate();
        let values = documents.map(|(index, document)| match &document.policy {
            Some(policy) if self.attached.contains(&index) => link(&document.key, policy),
            _ => T::default(),
        });
        values.collect()
    }

    /// All policies by index. A document with errors makes the whole configuration unusable, so it may be missing.
    pub(super) fn into_policies(self) -> Vec<Policy> {
        self.documents.into_iter().filter_map(|document| document.policy).collect()
    }
}

impl PolicyDocument {
    fn is_named(&self, scope: Scope, name: &str) -> bool {
        self.scope == scope && self.name.as_deref() == Some(name)
    }
}
