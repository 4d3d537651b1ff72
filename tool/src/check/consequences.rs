//! Findings that follow from others, which are the cause and are reported.

use super::placeholders;
use crate::finding::{Findings, Severity};
use crate::policy_types;
use envoy_callout::diagnostic::Diagnostic;

/// Whether a diagnostic is that of a step whose policy has a type that does not exist.
pub(super) fn is_of_unknown_type(diagnostic: &Diagnostic) -> bool {
    let kind = diagnostic.message.split_once("unsupported policy type ").map(|(_, kind)| kind);
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or(kind));
    kind.is_some_and(|kind| !policy_types::is_known(kind))
}

/// Removes the warnings that quote an unresolved placeholder. Errors stay, because the filter rejects them.
pub(super) fn remove_of_placeholders(findings: &mut Findings) {
    findings.remove_following(|cause, other| {
        let placeholder = cause.text.strip_suffix(placeholders::UNRESOLVED);
        placeholder.is_some_and(|placeholder| {
            other.severity == Severity::Warning
                && other.source == cause.source
                && other.text != cause.text
                && other.text.contains(placeholder)
        })
    });
}
