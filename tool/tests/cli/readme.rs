//! The section of the README about one callout, with the configuration of the guide.

use super::run::{Running, can_run, free_port, get};
use super::{project, run_in, scratch};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A folder with the files of the section.
fn files(name: &str) -> PathBuf {
    let folder = scratch(name);
    let guide = fs::read_to_string(project().join("docs/guide/configuration.md")).unwrap();
    let (_, rest) = guide.split_once("```yaml\n").unwrap();
    fs::write(folder.join("envoy.yaml"), rest.split_once("```").unwrap().0).unwrap();
    let readme = fs::read_to_string(project().join("README.md")).unwrap();
    let (_, section) = readme.split_once("## One callout in your own Envoy").unwrap();
    let (_, rest) = section.split_once("2. Write a request").unwrap();
    let (_, script) = rest.split_once("```sh\n").unwrap();
    let script = script.split_once("```").unwrap().0;
    let lines: Vec<&str> = script.lines().map(|line| line.strip_prefix("   ").unwrap_or(line)).collect();
    let status = Command::new("sh").args(["-c", &lines.join("\n")]).current_dir(&folder).status().unwrap();
    assert!(status.success());
    folder
}

#[test]
fn the_example_can_be_checked_and_traced() {
    let folder = files("readme");
    let check = run_in(&folder, &["check", "envoy.yaml"], &[]);
    let warning = "warning: no module at /etc/envoy/envoy_callout.wasm on this machine";
    assert!(check.status == 0 && check.output.starts_with(warning), "{}", check.output);
    assert!(check.output.ends_with("\n1 warning in 1 file\n"), "{}", check.output);
    let options = ["--request", "request.http", "--reply", "SC-User=user.http"];
    let trace = run_in(&folder, &[&["trace", "envoy.yaml"], &options[..]].concat(), &[]);
    let upstream = "The upstream gets\n  GET http://127.0.0.1/hello?id=7\n  + X-User-Mail: ada@example.com\n";
    assert!(trace.status == 0 && trace.output.contains(upstream), "{}{}", trace.output, trace.errors);
}

#[test]
fn the_example_runs_with_mocks() {
    if !can_run() {
        return;
    }
    let folder = files("readme-run");
    let port = free_port();
    let path = |name: &str| folder.join(name).display().to_string();
    let (file, mocks, number) = (path("envoy.yaml"), path("mocks.yaml"), port.to_string());
    let running = Running::start(&[&file, "--mocks", &mocks, "--port", &number]);
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));
    // The host of the request is that of no mock. The callout runs before.
    assert_eq!(get(port, "/hello?id=7"), 404);
    assert_eq!(running.next_request(2), "GET /hello?id=7 -> 404\n  SC-User https://users.example.com -> 200");
}
