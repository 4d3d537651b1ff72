//! Details of findings that the filter does not know: files of policies, and shared flows that are not called.

use crate::attachment::Attached;
use crate::bundle::{Kind, ParsedBundle};
use crate::finding::Finding;
use crate::parsed::Parsed;
use envoy_callout::config::NOT_ENFORCED;
use envoy_callout::suggestion;

/// The finding with the position of the first skipped policy that authenticates, if it is about these.
pub(super) fn with_policy(finding: Finding, bundle: &ParsedBundle) -> Finding {
    if finding.source.is_some() || !finding.text.starts_with(NOT_ENFORCED) {
        return finding;
    }
    let attached = Attached::by(bundle);
    let found = bundle.policies.iter().find_map(|Parsed { document, content, .. }| {
        let policy = content.as_ref()?.unsupported().filter(|policy| policy.is_authentication())?;
        attached.contains(&policy.attributes.name).then(|| (document, document.position_in_file(policy.position)))
    });
    match found {
        Some((document, position)) => finding.in_source(&document.source, Some(position)),
        None => finding,
    }
}

/// The finding with a similar name among the given shared flows, if it is about one that is not given.
pub(super) fn with_shared_flow(finding: Finding, bundle: &ParsedBundle, given: &[&ParsedBundle]) -> Finding {
    let Some(name) = finding.text.strip_prefix("unknown shared flow ").filter(|name| !name.contains(';')) else {
        return finding;
    };
    let others = given.iter().filter(|other| other.kind == Kind::SharedFlow && !std::ptr::eq(**other, bundle));
    let hint = suggestion::hint(name, others.map(|other| other.name.as_str()));
    Finding { text: format!("{}{hint}", finding.text), ..finding }
}
