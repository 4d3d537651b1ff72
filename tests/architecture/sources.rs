//! The source files of the tested crate, and what the architecture tests of both crates read in them.

#![allow(unreachable_pub, reason = "`pub` marks what the tests use")]

use std::fs;
use std::path::{Path, PathBuf};

/// Maximum number of lines of a file.
const MAX_LINES: usize = 400;

/// The Rust files in a folder and its subfolders.
pub fn sources(directory: &Path) -> Vec<PathBuf> {
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

/// The folder `src` of the crate.
pub fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a module: `name.rs` and everything below `name/`.
pub fn module(name: &str) -> Vec<PathBuf> {
    let folder = src().join(name);
    let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
    files.push(src().join(format!("{name}.rs")));
    files
}

/// Lines of a module's files that name another module, without comments.
pub fn mentions(module_name: &str, other: &str) -> Vec<String> {
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

/// The lines of a file that name a variant of `Policy`, without comments.
pub fn policy_types(file: &Path) -> Vec<String> {
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

/// Checks the length of every source and test file.
pub fn assert_files_are_short() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in sources(&src()).into_iter().chain(sources(&tests)) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
    }
}
