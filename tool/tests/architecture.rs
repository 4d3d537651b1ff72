//! Rules for the imports of the tool's modules and for the length of files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails at the first error")]

#[path = "../../tests/architecture/sources.rs"]
mod sources;

use sources::{assert_files_are_short, mentions, policy_types, sources, src};

/// Commands import the modules that read inputs, not the reverse.
#[test]
fn the_tools_modules_import_in_one_direction() {
    let shared = [
        "source",
        "document",
        "parsed",
        "finding",
        "bundle",
        "input",
        "configuration",
        "connection",
        "environment",
        "attachment",
        "needs",
        "routing",
        "policy_types",
    ];
    let forbidden = shared
        .into_iter()
        .flat_map(|module| [(module, "check"), (module, "render"), (module, "report")])
        .chain([("render", "check"), ("report", "render")])
        .chain([("report", "check"), ("source", "finding"), ("bundle", "configuration")]);
    let found: Vec<String> = forbidden.flat_map(|(module, other)| mentions(module, other)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Methods of the filter's `Policy` return what the tool needs, so that a new policy type needs no change here.
#[test]
fn no_module_matches_on_the_policy_types() {
    let found: Vec<String> = sources(&src()).into_iter().flat_map(|file| policy_types(&file)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_are_short() {
    assert_files_are_short();
}
