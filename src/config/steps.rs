//! `request` and `response`: the lists of steps.

use super::PolicyDocument;
use super::keys::Section;
use crate::diagnostic::Diagnostics;
use crate::plan::Step;

/// The steps of both flows.
pub(super) struct Steps {
    pub(super) request: Vec<Step>,
    pub(super) response: Vec<Step>,
}

/// Reads both lists. With neither, every policy runs in the request flow in listed order.
pub(super) fn read(section: &Section<'_>, documents: &[PolicyDocument], diagnostics: &mut Diagnostics) -> Steps {
    let usable: Vec<&str> =
        documents.iter().filter(|document| document.policy.is_some()).filter_map(|d| d.name.as_deref()).collect();
    if !section.has("request") && !section.has("response") {
        let request = (0..usable.len()).map(|policy| Step { policy }).collect();
        return Steps { request, response: Vec::new() };
    }
    let mut list = |key: &str| {
        let mut steps = Vec::new();
        for (index, name) in section.strings(key, diagnostics).iter().enumerate() {
            if let Some(policy) = usable.iter().position(|usable| usable == name) {
                steps.push(Step { policy });
            } else if !documents.iter().any(|document| document.is_named(name)) {
                // A policy that has errors has told of them already.
                diagnostics.error(None, format!("{key}[{index}] ({name}): there is no policy of that name"));
            }
        }
        steps
    };
    Steps { request: list("request"), response: list("response") }
}
