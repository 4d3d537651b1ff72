//! Details of findings that the filter does not know: shared flows that are not called.

use crate::bundle::{Kind, ParsedBundle};
use crate::configuration::PASS_BUNDLE;
use crate::finding::Finding;
use envoy_callout::suggestion;

/// The finding with a similar name among the given shared flows, if it is about one that is not given.
pub(super) fn with_shared_flow(finding: Finding, bundle: &ParsedBundle, given: &[&ParsedBundle]) -> Finding {
    let name = finding.text.strip_prefix("unknown shared flow ").and_then(|text| text.strip_suffix(PASS_BUNDLE));
    let Some(name) = name else { return finding };
    let others = given.iter().filter(|other| other.kind == Kind::SharedFlow && !std::ptr::eq(**other, bundle));
    let hint = suggestion::hint(name, others.map(|other| other.name.as_str()));
    if hint.is_empty() {
        return finding;
    }
    Finding { text: format!("unknown shared flow {name}{hint}"), ..finding }
}
