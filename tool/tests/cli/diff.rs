//! `diff`: changes between two revisions, and the exit status.

use super::{Run, run_in_project, scratch};
use std::fs;
use std::path::{Path, PathBuf};

const WEATHER: &str = "examples/weather";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// A copy of the weather bundle with one text replaced in a file.
fn revision(name: &str, file: &str, replaced: (&str, &str)) -> PathBuf {
    let folder = scratch(name);
    copy(&super::project().join(WEATHER), &folder);
    let file = folder.join("apiproxy").join(file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(replaced.0));
    fs::write(file, text.replace(replaced.0, replaced.1)).unwrap();
    folder
}

fn diff(before: &str, after: &Path, more: &[&str]) -> Run {
    run_in_project(&[&["diff", before, after.to_str().unwrap()], more].concat())
}

#[test]
fn equal_revisions_have_no_changes() {
    let run = diff(WEATHER, Path::new(WEATHER), &[]);
    assert_eq!((run.status, run.output.as_str(), run.errors.as_str()), (0, "no changes\n", ""));
    let run = diff(WEATHER, Path::new(WEATHER), &["--format", "json"]);
    assert_eq!((run.status, run.output.as_str()), (0, "{\n  \"changes\": []\n}\n"));
}

#[test]
fn changes_have_locations_in_clusters_routes_and_policies() {
    let host = revision(
        "diff-host",
        "policies/SC-Place.xml",
        ("https://mocktarget.apigee.net/json", "https://places.example.com/v1"),
    );
    let run = diff(WEATHER, &host, &[]);
    let filter = "listeners/proxy/http_filters/callout.weather.default";
    let expected = format!(
        "changed  {filter}/policies/SC-Place/HTTPTargetConnection/URL: https://mocktarget.apigee.net/json -> \
         https://places.example.com/v1\n\
         removed  {filter}/clusters/https://mocktarget.apigee.net: mocktarget.apigee.net_443\n\
         added    {filter}/clusters/https://places.example.com: places.example.com_443\n\
         removed  clusters/mocktarget.apigee.net_443\n\
         added    clusters/places.example.com_443\n\n\
         2 added, 2 removed, 1 changed\n"
    );
    assert_eq!((run.status, run.output.as_str(), run.errors.as_str()), (1, expected.as_str(), ""));

    let path = revision("diff-path", "proxies/default.xml", ("/weather<", "/forecast<"));
    let run = diff(WEATHER, &path, &[]);
    assert_eq!(run.status, 1);
    for line in [
        "removed  listeners/proxy/proxies/routes/[path_separated_prefix /weather, x-callout-target=default]\n"
            .to_owned(),
        "added    listeners/proxy/proxies/routes/[path_separated_prefix /forecast, x-callout-target=default]\n"
            .to_owned(),
        format!("changed  {filter}/proxy_endpoint/HTTPProxyConnection/BasePath: /weather -> /forecast\n"),
    ] {
        assert!(run.output.contains(&line), "{line}{}", run.output);
    }
}

#[test]
fn json_contains_the_values() {
    let timeout = revision("diff-json", "policies/SC-Place.xml", ("<Timeout>2000</Timeout>", ""));
    let run = diff(WEATHER, &timeout, &["--format", "json"]);
    let changes: serde_json::Value = serde_json::from_str(&run.output).unwrap();
    let path = "listeners/proxy/http_filters/callout.weather.default/policies/SC-Place/Timeout";
    let expected = serde_json::json!({"changes": [{"change": "removed", "path": path, "before": "2000"}]});
    assert_eq!((run.status, changes), (1, expected));
}

#[test]
fn a_rendered_file_is_compared_without_module_and_ports() {
    let file = scratch("diff-file").join("envoy.yaml");
    let rendered = run_in_project(&["render", WEATHER, "--port", "9000", "--module", "/a.wasm"]);
    fs::write(&file, &rendered.output).unwrap();
    assert_eq!(diff(file.to_str().unwrap(), Path::new(WEATHER), &[]).output, "no changes\n");
    let other = scratch("diff-other").join("envoy.yaml");
    fs::write(&other, rendered.output.replace("9000", "9001")).unwrap();
    let expected =
        "changed  listeners/proxy/address/socket_address/port_value: 9000 -> 9001\n\n0 added, 0 removed, 1 changed\n";
    assert_eq!(diff(file.to_str().unwrap(), &other, &[]).output, expected);
}

#[test]
fn an_environment_can_differ() {
    let folder = scratch("diff-environment");
    let shop = fs::read_to_string(super::project().join("examples/shop/environment.yaml")).unwrap();
    let later = folder.join("later.yaml");
    fs::write(&later, shop.replace("warehouse: north", "warehouse: south")).unwrap();
    let environments =
        ["--environment", "examples/shop/environment.yaml", "--environment-after", later.to_str().unwrap()];
    let run = diff(
        "examples/shop",
        Path::new("examples/shop"),
        &[&["--with", "examples/shop/trace"], &environments[..]].concat(),
    );
    let changed = "properties/propertyset.shop.warehouse: north -> south\n";
    assert_eq!((run.status, run.output.matches(changed).count()), (1, 2), "{}{}", run.output, run.errors);
}

#[test]
fn a_revision_with_errors_is_not_compared() {
    let broken =
        revision("diff-broken", "policies/SC-Place.xml", ("<URL>https://mocktarget.apigee.net/json</URL>", ""));
    let run = diff(WEATHER, &broken, &[]);
    assert_eq!((run.status, run.output.as_str()), (2, ""));
    assert!(run.errors.ends_with("envoy-callout: nothing to compare: a revision has errors\n"), "{}", run.errors);
    let missing = diff(WEATHER, Path::new("nowhere"), &[]);
    assert_eq!(missing.status, 2);
}
