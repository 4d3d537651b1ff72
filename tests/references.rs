//! Every reference of a comment to a document of the project resolves: `docs/FILE.md`, `docs/FILE.md 4.3` for a
//! numbered heading, `docs/FILE.md F6.5` for a numbered fact, `docs/FILE.md#anchor` for a heading by its anchor.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails at the first error")]

use std::fs;
use std::path::{Path, PathBuf};

/// The documents at the top of the repository.
const TOP_DOCUMENTS: [&str; 4] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found
}

/// The anchor that a heading gets on GitHub.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| Some(line.strip_prefix('#')?.trim_start_matches('#').trim()))
}

/// Whether a document has a heading or a fact of that number.
fn has_number(text: &str, number: &str) -> bool {
    if number.starts_with('F') {
        return text.contains(&format!("**{number}")) && !number.ends_with('.');
    }
    headings(text)
        .any(|heading| heading.strip_prefix(number).is_some_and(|rest| rest.trim_start_matches('.').starts_with(' ')))
}

/// The numbers that follow a document's name: `4.3 and 4.4`, `2.4 to 2.12`.
fn numbers(rest: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    for word in rest.split_whitespace() {
        let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits = number.strip_prefix('F').unwrap_or(number);
        if digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
            numbers.push(number);
            if word.len() > number.len() && !word.ends_with(',') {
                break;
            }
        } else if word != "and" && word != "to" {
            break;
        }
    }
    numbers
}

/// What is wrong with the references in a text.
fn broken(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("docs/") {
        rest = &rest[at..];
        let Some(end) = rest.find(".md").map(|end| end + 3).filter(|end| !rest[..*end].contains(char::is_whitespace))
        else {
            rest = &rest[5..];
            continue;
        };
        let (name, after) = rest.split_at(end);
        rest = after;
        let Ok(document) = fs::read_to_string(project().join(name)) else {
            broken.push(format!("{name} does not exist"));
            continue;
        };
        if let Some(fragment) = after.strip_prefix('#') {
            let fragment = fragment.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').next().unwrap();
            if !headings(&document).any(|heading| anchor(heading) == fragment) {
                broken.push(format!("{name} has no heading #{fragment}"));
            }
        }
        // A comment continues on the next line.
        let line = after.replace("///", " ").replace("//!", " ").replace("//", " ");
        for number in numbers(&line) {
            if !has_number(&document, number) {
                broken.push(format!("{name} has no heading {number}"));
            }
        }
    }
    broken
}

#[test]
fn references_to_documents_resolve() {
    let folders = ["src", "tool", "tests", "benches"];
    let mut found = Vec::new();
    for file in folders.iter().flat_map(|folder| files(&project().join(folder), "rs")) {
        if file.ends_with("tests/references.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        found.extend(broken(&text).into_iter().map(|problem| format!("{}: {problem}", file.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn links_between_documents_resolve() {
    let mut found = Vec::new();
    let mut documents = files(&project().join("docs"), "md");
    documents.extend(TOP_DOCUMENTS.map(|name| project().join(name)));
    for file in documents {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") || path.contains(' ') {
                continue;
            }
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let is_heading = || {
                let text = fs::read_to_string(&target).unwrap();
                headings(&text).any(|heading| anchor(heading) == fragment)
            };
            if !target.exists() || !(fragment.is_empty() || is_heading()) {
                found.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The paths of the repository in backticks. A path with a variable part, such as `NAME`, is a pattern.
fn quoted_paths(text: &str) -> impl Iterator<Item = &str> {
    let folders = ["src/", "tool/", "tests/", "docs/", "examples/", "envoy/", "scripts/", "fuzz/", "benches/"];
    // Every second part is inside of backticks.
    let spans = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    spans.filter(move |span| {
        let is_path = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        is_path
            && !["NAME", "FILE"].iter().any(|part| span.contains(part))
            && folders.iter().any(|f| span.starts_with(f))
    })
}

#[test]
fn quoted_paths_exist() {
    let mut documents = files(&project().join("docs"), "md");
    documents.extend(TOP_DOCUMENTS.map(|name| project().join(name)));
    let mut found = Vec::new();
    for file in documents {
        let text = fs::read_to_string(&file).unwrap();
        // Rust modules are cited without their extension.
        let exists = |path: &str| project().join(path).exists() || project().join(format!("{path}.rs")).exists();
        found
            .extend(quoted_paths(&text).filter(|path| !exists(path)).map(|path| format!("{}: {path}", file.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(quoted_paths("`src/none.rs`, `src/NAME.rs`, `cargo test`").collect::<Vec<_>>(), ["src/none.rs"]);
}

#[test]
fn a_broken_reference_is_found() {
    for (text, problems) in [
        ("(docs/apigee-semantics.md 4.3 and 4.4)", 0),
        ("/// docs/apigee-semantics.md\n/// 2.4 to 2.12", 0),
        ("docs/envoy-host-facts.md F6.5.", 0),
        ("docs/guide/variables.md#filter-state", 0),
        ("docs/apigee-semantics.md 4.99", 1),
        ("docs/envoy-host-facts.md F99.1", 1),
        ("docs/guide/variables.md#none", 1),
        ("docs/none.md", 1),
    ] {
        assert_eq!(broken(text).len(), problems, "{text}");
    }
}
