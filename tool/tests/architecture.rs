//! Rules for the imports of the tool's modules and for the length of files.
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

/// Methods of the filter's `Policy` return what the tool needs, so that a new policy type needs no change here.
#[test]
fn no_module_matches_on_the_policy_types() {
    let found: Vec<String> = sources(&src()).into_iter().flat_map(|file| policy_types(&file)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn files_are_short() {
    for file in sources(&src()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
    }
}
