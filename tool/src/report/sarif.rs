//! Reports in the Static Analysis Results Interchange Format, version 2.1.0.

use super::span;
use crate::finding::{Code, Finding, Findings, Severity};
use serde_json::{Value, json};

/// The schema of the format.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log with one run.
pub(super) fn log(findings: &Findings) -> Value {
    let sorted = findings.sorted();
    let mut rules: Vec<Code> = Vec::new();
    for finding in &sorted {
        if !rules.contains(&finding.code) {
            rules.push(finding.code);
        }
    }
    let results: Vec<Value> = sorted.iter().map(|finding| result(finding, &rules)).collect();
    let rules: Vec<Value> = rules.iter().map(|code| rule(*code)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "envoy-callout",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let mut rule = json!({"id": code.as_str(), "shortDescription": {"text": code.explanation()}});
    if let (Some(name), Some(rule)) = (code.apigee_name(), rule.as_object_mut()) {
        rule.insert("name".to_owned(), json!(name));
    }
    rule
}

fn result(finding: &Finding, rules: &[Code]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rules.iter().position(|code| *code == finding.code),
        "level": level,
        "message": {"text": finding.text},
        "locations": location(finding).into_iter().collect::<Vec<Value>>(),
    })
}

/// The location. A document whose lines are not those of the file has only the location of the file.
fn location(finding: &Finding) -> Option<Value> {
    let (source, position) = finding.place();
    let source = source?;
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": uri(&source.file)}}});
    let position = position.filter(|_| source.key.is_none());
    let region = match position {
        Some(position) => {
            let end = span::end(&source.text, position);
            json!({
                "startLine": position.line, "startColumn": position.column,
                "endLine": end.line, "endColumn": end.column,
            })
        }
        // A region is required by many readers.
        None => json!({"startLine": 1}),
    };
    if let Some(physical) = location.get_mut("physicalLocation").and_then(Value::as_object_mut) {
        physical.insert("region".to_owned(), region);
    }
    if let (Some(key), Some(location)) = (&source.key, location.as_object_mut()) {
        location.insert("logicalLocations".to_owned(), json!([{"fullyQualifiedName": key}]));
    }
    Some(location)
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const ESCAPED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b'\\');
    let encoded = utf8_percent_encode(path, ESCAPED).to_string();
    match path.starts_with('/') {
        true => format!("file://{encoded}"),
        false => encoded,
    }
}
