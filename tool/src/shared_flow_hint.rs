//! Names of shared flows that the filter does not know: those of the given bundles.

use super::bundle::{Kind, ParsedBundle};
use super::configuration::PASS_BUNDLE;
use super::finding::Finding;
use envoy_callout::suggestion;

/// The finding with a similar name among the given shared flows, if it is about one that is not given.
pub(crate) fn with_shared_flow(finding: Finding, bundle: &ParsedBundle, given: &[&ParsedBundle]) -> Finding {
    let name = finding.text.strip_prefix("unknown shared flow ").and_then(|text| text.strip_suffix(PASS_BUNDLE));
    let Some(name) = name else { return finding };
    let others = given.iter().filter(|other| other.kind == Kind::SharedFlow && !std::ptr::eq(**other, bundle));
    let hint = suggestion::hint(name, others.map(|other| other.name.as_str()));
    if hint.is_empty() {
        return finding;
    }
    Finding { text: format!("unknown shared flow {name}{hint}"), ..finding }
}
