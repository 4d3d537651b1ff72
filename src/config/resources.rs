//! `resources`: the texts that `ResourceURL` names.

use super::keys::Section;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::Resources;
use crate::policy::Policy;
use bytestring::ByteString;

/// Reads the key of a configuration or of a shared flow.
pub(super) fn read(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Resources {
    let entries = section.string_entries("resources", diagnostics).into_iter();
    entries.map(|(name, text)| (name, ByteString::from(text))).collect()
}

/// Warns of policies whose resource is fixed and missing. Each comes with the key of its document.
pub(super) fn check<'p>(
    policies: impl Iterator<Item = (&'p str, &'p Policy)>,
    resources: &[&Resources],
    diagnostics: &mut Diagnostics,
) {
    for (key, policy) in policies {
        for resource in policy.resources() {
            let Some(name) = resource.template.as_literal() else { continue };
            if !resources.iter().any(|resources| resources.contains_key(&*name)) {
                let message = format!("unknown resource {name}: add it to resources");
                diagnostics.within_about(key, &*policy.attributes().name, |diagnostics| {
                    diagnostics.warning(Code::UnknownResource, resource.position, message);
                });
            }
        }
    }
}
