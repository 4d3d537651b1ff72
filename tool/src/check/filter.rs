//! Checks of filter configurations.

use super::variables;
use crate::embedded;
use crate::finding::Findings;
use crate::source::Source;
use envoy_callout::config;
use serde_json::Value;
use std::rc::Rc;

/// Loads every filter configuration of a JSON or YAML file with the code of the filter.
pub(super) fn check(source: &Source, findings: &mut Findings) {
    let source = Rc::new(source.clone());
    match embedded::read(&source) {
        Err(finding) => findings.add(*finding),
        Ok(configurations) => match configurations.as_slice() {
            [configuration] => load(&source, configuration, "", findings),
            several => {
                for (index, configuration) in several.iter().enumerate() {
                    let prefix = format!("configuration {}: ", index.saturating_add(1));
                    load(&source, configuration, &prefix, findings);
                }
            }
        },
    }
}

fn load(source: &Rc<Source>, configuration: &Value, prefix: &str, findings: &mut Findings) {
    let diagnostics = match config::load(configuration.to_string().as_bytes()) {
        Ok(loaded) => {
            variables::check_plan(source, configuration, prefix, &loaded.plan, findings);
            loaded.warnings
        }
        Err(problems) => problems,
    };
    for diagnostic in &diagnostics {
        findings.add(embedded::finding(source, configuration, prefix, diagnostic));
    }
}
