//! Policies whose name differs from that of their file.

use crate::document::Document;
use crate::finding::{Code, Finding, Findings, Severity};

/// Warns of a policy that Apigee X rejects at import because of its name.
pub(super) fn check(document: &Document, findings: &mut Findings) {
    let file = document.source.stem();
    let Some(root) = document.root().filter(|root| !root.name.is_empty() && root.name != file) else { return };
    let text = format!("the policy {} is in a file with another name: Apigee X rejects it at import", root.name);
    let warning = Finding::new(Severity::Warning, Code::NameOfFile, text).about_policy(&root.name);
    findings.add(warning.in_source(&document.source, Some(root.position)));
}
