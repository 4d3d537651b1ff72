//! Unresolved placeholders of deployment tools: `{{ HOST }}`, `{% if … %}`, `@HOST@`.
//!
//! Bundles are often templates. The filter reads `{{ HOST }}` as a variable in braces.

use crate::document::Document;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::position;

/// The end of the warning about a placeholder.
pub(super) const UNRESOLVED: &str = " looks like an unresolved placeholder";

/// Warns once of each placeholder of a document.
pub(super) fn check(document: &Document, findings: &mut Findings) {
    let text = &document.source.text;
    let mut known: Vec<&str> = Vec::new();
    for (at, placeholder) in find(text) {
        if known.contains(&placeholder) {
            continue;
        }
        known.push(placeholder);
        let warning = format!("{placeholder}{UNRESOLVED}");
        let finding = Finding::new(Severity::Warning, Code::Placeholder, warning);
        findings.add(finding.in_source(&document.source, Some(position(text, at))));
    }
}

/// The placeholders of a text with their byte offsets.
pub(super) fn find(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at: usize = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(start) = rest.find(['{', '@']) else { break };
        let start = at.saturating_add(start);
        let rest = text.get(start..).unwrap_or_default();
        match between(rest, "{{", "}}").or_else(|| between(rest, "{%", "%}")).or_else(|| at_signs(rest)) {
            Some(placeholder) => {
                found.push((start, placeholder));
                at = start.saturating_add(placeholder.len());
            }
            None => at = start.saturating_add(1),
        }
    }
    found
}

/// A placeholder in double braces: a name or an expression in one line. Nested braces of JSON are not a placeholder.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let inner = text.strip_prefix(open)?;
    let end = inner.find(close)?;
    let content = inner.get(..end)?.trim();
    let is_expression = content.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-'))
        && !content.contains(['{', '\n']);
    let length = open.len().saturating_add(end).saturating_add(close.len());
    is_expression.then(|| text.get(..length)).flatten()
}

/// A placeholder of Maven's plugins, `@HOST@`.
fn at_signs(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('@')?;
    let end = inner.find('@')?;
    let name = inner.get(..end)?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_name.then(|| text.get(..end.saturating_add(2))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_differ_from_templates_of_apigee() {
        let cases: [(&str, &[&str]); 9] = [
            ("https://{{ HOST }}/{path}", &["{{ HOST }}"]),
            ("{{proxy.base_path | default('x')}}", &["{{proxy.base_path | default('x')}}"]),
            ("{% if a %}x{% endif %}", &["{% if a %}", "{% endif %}"]),
            ("<URL>https://@Host.Name@/v1</URL>", &["@Host.Name@"]),
            ("{\"a\":{\"b\":{}}}", &[]),
            ("{{\"a\": 1}}", &[]),
            ("a@example.com, b@example.com", &[]),
            ("@request.header.a#, @b#", &[]),
            ("{a} { b }", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = find(text).into_iter().map(|(_, placeholder)| placeholder).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
