//! Placeholders of the template of `render --environment-template` that a file still contains.

use crate::finding::{Code, Finding, Severity};
use crate::source::Source;
use crate::tree::{Content, Node};
use std::rc::Rc;

/// The placeholders that the template writes below a key.
const PLACEHOLDERS: [(&str, &[&str]); 9] = [
    ("organization", &["ORGANIZATION"]),
    ("environment", &["ENVIRONMENT"]),
    ("target_servers", &["HOST"]),
    ("local_proxies", &["HOST", "/PATH"]),
    ("property_sets", &["VALUE"]),
    ("key_value_maps", &["VALUE"]),
    ("properties", &["VALUE"]),
    ("google", &["NAME@PROJECT.iam.gserviceaccount.com"]),
    ("allowed_hosts", &["HOST", "*.SUFFIX"]),
];

/// A warning of each value that is a placeholder of the template.
pub(super) fn find(root: &Node, source: &Rc<Source>) -> Vec<Finding> {
    let mut found = Vec::new();
    let Content::Object(entries) = &root.content else { return found };
    for entry in entries {
        let of_key = PLACEHOLDERS.iter().find(|(key, _)| *key == entry.key);
        if let Some((key, placeholders)) = of_key {
            add(key, &entry.value, placeholders, source, &mut found);
        }
    }
    found
}

fn add(path: &str, node: &Node, placeholders: &[&str], source: &Rc<Source>, found: &mut Vec<Finding>) {
    match &node.content {
        Content::Scalar(text) if placeholders.contains(&text.as_str()) => {
            let text = format!("{path} contains the placeholder {text} of the template");
            let finding = Finding::new(Severity::Warning, Code::Placeholder, text);
            found.push(finding.in_source(source, Some(node.position)));
        }
        Content::Object(entries) => {
            for entry in entries {
                add(&format!("{path}.{}", entry.key), &entry.value, placeholders, source, found);
            }
        }
        Content::List(items) => {
            for (index, item) in items.iter().enumerate() {
                add(&format!("{path}[{index}]"), item, placeholders, source, found);
            }
        }
        Content::Null | Content::Scalar(_) => {}
    }
}
