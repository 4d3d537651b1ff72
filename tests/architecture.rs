//! Rules for the imports of modules, for policy types and fault codes, and for the length of files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails at the first error")]

use std::fs;
use std::path::{Path, PathBuf};

/// Maximum number of lines of a file.
const MAX_LINES: usize = 400;

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a module: `name.rs` and everything below `name/`.
fn module(name: &str) -> Vec<PathBuf> {
    let folder = src().join(name);
    let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
    files.push(src().join(format!("{name}.rs")));
    files
}

/// Lines of a module's files that name another module, without comments.
fn mentions(module_name: &str, other: &str) -> Vec<String> {
    let needle = format!("crate::{other}");
    let mut found = Vec::new();
    for file in module(module_name) {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains(&needle) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn modules_import_in_one_direction() {
    let forbidden = [
        ("language", "policy"),
        ("language", "plan"),
        ("language", "config"),
        ("language", "flow"),
        ("language", "filter"),
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

/// The lines of a file that name a variant of `Policy`, without comments.
fn policy_types(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let names_type = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        code.match_indices("Policy::").any(|(at, path)| {
            let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            is_whole && code[at + path.len()..].starts_with(|c: char| c.is_uppercase() || matches!(c, '*' | '{'))
        })
    };
    text.lines().filter(|line| names_type(line)).map(|line| format!("{}: {}", file.display(), line.trim())).collect()
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
    for file in sources(&src()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
    }
}
