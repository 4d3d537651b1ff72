//! Checks of filter configurations.

use super::variables;
use super::{envoy, idle};
use crate::embedded::{self, Embedded, Parsed};
use crate::envoy_file::EnvoyFile;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::Source;
use envoy_callout::config;
use envoy_callout::policy::endpoint::{TARGET_HEADER, URL_HAS_NO_EFFECT};
use std::rc::Rc;

/// Loads every filter configuration of a JSON or YAML file with the code of the filter.
pub(super) fn check(source: &Source, findings: &mut Findings) {
    let source = Rc::new(source.clone());
    match embedded::parse(&source) {
        Err(finding) => findings.add(*finding),
        Ok(file) => check_value(&source, &file, findings),
    }
}

/// Checks the value of a file.
pub(super) fn check_value(source: &Rc<Source>, file: &Parsed, findings: &mut Findings) {
    let envoy = EnvoyFile::of(&file.value);
    let configurations = match envoy {
        Some(_) => embedded::of_envoy(file),
        None => embedded::of(file),
    };
    // A route for the header sends requests to the URL of a route rule.
    let has_route = envoy.is_some() && source.text.contains(TARGET_HEADER);
    match configurations.as_slice() {
        [] => {
            let text =
                "the Envoy configuration contains no configuration of the filter: an object with the list policies";
            let warning = Finding::new(Severity::Warning, Code::NoFilter, text.to_owned());
            findings.add(warning.in_source(source, None));
        }
        [configuration] => load(source, configuration, "", has_route, findings),
        several => {
            for (index, configuration) in several.iter().enumerate() {
                let prefix = format!("configuration {}: ", index.saturating_add(1));
                load(source, configuration, &prefix, has_route, findings);
            }
        }
    }
    if let Some(envoy) = &envoy {
        envoy::check(envoy, file.tree.as_ref(), source, findings);
        idle::check(file, source, findings);
    }
}

fn load(source: &Rc<Source>, configuration: &Embedded, prefix: &str, has_route: bool, findings: &mut Findings) {
    let diagnostics = match config::load(configuration.value.to_string().as_bytes()) {
        Ok(loaded) => {
            variables::check_plan(source, configuration, prefix, &loaded.plan, findings);
            for note in Finding::of_groups(&loaded.plan) {
                findings.add(note.in_source(source, None));
            }
            loaded.warnings
        }
        Err(problems) => problems,
    };
    for diagnostic in diagnostics.iter().filter(|found| !has_route || found.message != URL_HAS_NO_EFFECT) {
        findings.add(configuration.finding(source, prefix, diagnostic));
    }
}
