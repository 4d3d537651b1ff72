//! Errors that follow from others, for `check` and `render`.

use super::{Code, Finding, Findings, Severity};
use envoy_callout::diagnostic::Code as FilterCode;

/// The elements of a target endpoint with its URL.
const CONNECTIONS: [&str; 2] = ["HTTPTargetConnection?", "LocalTargetConnection?"];

impl Findings {
    /// Removes the findings that say again what another one says, and the errors that follow from a misspelt element.
    pub(crate) fn remove_consequences(&mut self) {
        self.remove_following(|cause, other| {
            is_milder(cause, other) || is_of_unknown_type(cause, other) || is_of_misspelt_connection(cause, other)
        });
    }
}

/// Whether both findings say the same, and the other one is not an error.
fn is_milder(cause: &Finding, other: &Finding) -> bool {
    (cause.code, &cause.text, &cause.source) == (other.code, &other.text, &other.source)
        && cause.severity == Severity::Error
        && other.severity == Severity::Warning
}

/// Whether the other finding is about a step whose policy has a type that does not exist.
fn is_of_unknown_type(cause: &Finding, other: &Finding) -> bool {
    let kind = cause.text.strip_prefix("unknown policy type ").and_then(|kind| kind.split(';').next());
    let step = other.text.split_once("unsupported policy type ").and_then(|(_, kind)| kind.split(';').next());
    cause.code == Code::UnknownPolicyType && kind.is_some() && kind == step
}

/// Whether a target has no URL because its connection is misspelt.
fn is_of_misspelt_connection(cause: &Finding, other: &Finding) -> bool {
    cause.code == FilterCode::UnknownFlowElement.into()
        && other.code == Code::MissingTarget
        && cause.source == other.source
        && CONNECTIONS.iter().any(|name| cause.text.ends_with(name))
}
