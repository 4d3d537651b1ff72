//! Rules for the imports of modules, for policy types and fault codes, and for the length of files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails at the first error")]

#[path = "architecture/sources.rs"]
mod sources;

use sources::{assert_files_are_short, mentions, module, policy_types, sources, src};
use std::fs;

#[test]
fn modules_import_in_one_direction() {
    let forbidden = [
        ("language", "policy"),
        ("language", "plan"),
        ("language", "config"),
        ("language", "flow"),
        ("language", "filter"),
        ("envoy", "filter"),
        ("flow", "envoy"),
        ("policy", "envoy"),
        ("config", "envoy"),
        ("plan", "envoy"),
        ("policy", "flow"),
        ("stream", "filter"),
        ("flow", "stream"),
        ("policy", "filter"),
        ("policy", "plan"),
        ("policy", "config"),
        ("flow", "filter"),
        ("plan", "flow"),
        ("plan", "filter"),
        ("plan", "config"),
        ("config", "flow"),
        ("config", "filter"),
    ];
    let found: Vec<String> = forbidden.iter().flat_map(|(module, other)| mentions(module, other)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Methods of `Policy` return what other modules need, so that the compiler and `src/policy` guide a new policy type.
#[test]
fn only_the_policies_and_the_dispatch_of_steps_know_the_policy_types() {
    let policy = module("policy");
    let dispatch = src().join("flow/steps.rs");
    let others = sources(&src()).into_iter().filter(|file| !policy.contains(file) && *file != dispatch);
    let found: Vec<String> = others.flat_map(|file| policy_types(&file)).collect();
    assert!(found.is_empty(), "{found:#?}");
    let text = fs::read_to_string(&dispatch).unwrap();
    let (_, arms) = text.split_once("match policy {\n").unwrap();
    let (arms, rest) = arms.split_once("\n        }\n").unwrap();
    assert_eq!(arms.matches(" Policy::").count(), arms.lines().count(), "every arm names one policy type");
    assert_eq!(policy_types(&dispatch).len(), arms.lines().count(), "{rest}");
}

/// `policy/kind.rs` has the prefixes of the policy types, `flow/fault/codes.rs` has the codes.
#[test]
fn fault_codes_are_in_one_catalogue() {
    for file in sources(&src()) {
        let is_test = file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
        if is_test || file.ends_with("policy/kind.rs") || file.ends_with("flow/fault/codes.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let found = ["\"steps.", "\"messaging.", "\"googletoken."].into_iter().find(|prefix| code.contains(*prefix));
        assert_eq!(found, None, "{}", file.display());
    }
}

#[test]
fn only_raw_host_calls_and_the_allocator_are_unsafe() {
    for file in sources(&src()) {
        let may_be_unsafe = file.ends_with("filter/hostcalls.rs") || file.ends_with("src/allocator.rs");
        let text = fs::read_to_string(&file).unwrap();
        assert!(may_be_unsafe || !text.contains("allow(unsafe_code)"), "{}", file.display());
    }
}

#[test]
fn files_are_short() {
    assert_files_are_short();
}
