//! Rules for the native module.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails at the first error")]

#[path = "../../tests/architecture/sources.rs"]
mod sources;

use sources::{assert_files_are_short, mentions, policy_types, sources, src};
use std::fs;

/// The module is a host: it matches on no policy type.
#[test]
fn no_module_matches_on_the_policy_types() {
    let found: Vec<String> = sources(&src()).into_iter().flat_map(|file| policy_types(&file)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The rest calls Envoy through safe functions.
#[test]
fn unsafe_code_is_limited() {
    let unsafe_files = ["abi", "allocator", "call", "config", "entry_points", "logger", "schedule", "span", "stream"];
    let folder = src().join("entry_points");
    for file in sources(&src()) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let may_be_unsafe = unsafe_files.contains(&&*name) || file.starts_with(&folder);
        let text = fs::read_to_string(&file).unwrap();
        assert!(may_be_unsafe || !text.contains("unsafe {"), "{}", file.display());
    }
}

/// Everything else goes through the entry points.
#[test]
fn no_module_imports_the_entry_points() {
    let modules = ["courier", "filter", "host", "tasks", "background", "stream", "call"];
    let found: Vec<String> = modules.iter().flat_map(|module| mentions(module, "entry_points")).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_are_short() {
    assert_files_are_short();
}
