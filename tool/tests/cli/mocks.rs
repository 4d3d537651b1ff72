//! `run --mocks`: errors of its file. `tests/blackbox/examples.rs` runs the examples with mocks.

use super::run::{Running, can_run, free_port, get};
use super::{run_in_project, scratch};
use std::fs;

#[test]
fn an_error_names_the_file() {
    let folder = scratch("mocks");
    let file = folder.join("mocks.yaml");
    fs::write(folder.join("text.http"), "hello\n").unwrap();
    let (path, in_folder) = (file.display().to_string(), |name: &str| folder.join(name).display().to_string());
    let cases = [
        (
            "- {url: \"https://a.test/\", response: no.http}\n",
            format!("cannot read {}: No such file or directory (os error 2)", in_folder("no.http")),
        ),
        (
            "- {url: \"https://a.test/\", response: text.http}\n",
            format!("{}, line 1: a response starts with a line such as HTTP/1.1 200 OK", in_folder("text.http")),
        ),
    ];
    for (text, expected) in cases {
        fs::write(&file, text).unwrap();
        let run = run_in_project(&["run", "examples/weather", "--mocks", &path]);
        assert_eq!((run.status, run.errors.as_str()), (2, format!("envoy-callout: {expected}\n").as_str()));
    }
    fs::write(&file, "- {uri: a}\n").unwrap();
    let run = run_in_project(&["run", "examples/weather", "--mocks", &path]);
    assert_eq!(run.status, 2);
    assert!(run.errors.starts_with(&format!("envoy-callout: {path}: ")), "{}", run.errors);
    assert!(run.errors.contains("unknown field `uri`"), "{}", run.errors);
}

#[test]
fn a_configuration_of_envoy_runs_with_mocks() {
    if !can_run() {
        return;
    }
    let folder = scratch("mocks-of-a-file");
    let file = folder.join("envoy.yaml");
    let rendered = run_in_project(&["render", "examples/weather"]);
    fs::write(&file, rendered.output).unwrap();
    let port = free_port();
    let (file, number) = (file.display().to_string(), port.to_string());
    let options = ["--port", &number, "--admin-port", "0", "--mocks", "examples/weather/mocks.yaml"];
    let running = Running::start(&[&[file.as_str()], &options[..]].concat());
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));
    assert_eq!(get(port, "/weather/forecast?code=7"), 200);
    assert_eq!(get(port, "/weather/forecast?code=8"), 404);
    assert_eq!(get(port, "/weather/other"), 404);
}
