//! Findings that follow from others, which are the cause and are reported.

use super::placeholders;
use crate::attachment::NOT_ATTACHED;
use crate::finding::{Finding, Findings, Severity};
use crate::policy_types;
use envoy_callout::diagnostic::Diagnostic;

/// Whether a diagnostic is that of a step whose policy has a type that does not exist.
pub(super) fn is_of_unknown_type(diagnostic: &Diagnostic) -> bool {
    let kind = diagnostic.message.split_once("unsupported policy type ").map(|(_, kind)| kind);
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or(kind));
    kind.is_some_and(|kind| !policy_types::is_known(kind))
}

/// Removes the warnings that follow from other findings, and the errors that do.
pub(super) fn remove(findings: &mut Findings) {
    findings.remove_consequences();
    findings.remove_following(|cause, other| {
        other.severity == Severity::Warning && (quotes_placeholder(cause, other) || is_unattached_by(cause, other))
    });
}

/// Whether a finding quotes the unresolved placeholder that another one is about.
fn quotes_placeholder(cause: &Finding, other: &Finding) -> bool {
    let placeholder = cause.text.strip_suffix(placeholders::UNRESOLVED);
    placeholder.is_some_and(|placeholder| {
        other.source == cause.source && other.text != cause.text && other.text.contains(placeholder)
    })
}

/// Whether a policy is not attached because a step has a misspelt name, or because a flow has.
fn is_unattached_by(cause: &Finding, other: &Finding) -> bool {
    let policy = other.text.strip_prefix("policy ").and_then(|text| text.strip_suffix(NOT_ATTACHED));
    policy.is_some_and(|policy| {
        let is_element = cause.severity == Severity::Error && cause.text.starts_with("unknown element ");
        is_element || cause.text.ends_with(&format!("unknown policy; did you mean {policy}?"))
    })
}
