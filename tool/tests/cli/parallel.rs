//! `parallel_callouts` of an environment file, in `check`, `render` and `trace`.

use super::render::bundle;
use super::{run, run_reading};

fn callout(name: &str) -> String {
    format!(
        "<ServiceCallout name='{name}'><Request variable='{name}.request'/><Response>{name}.response</Response>\
         <HTTPTargetConnection><URL>http://{name}.test/</URL></HTTPTargetConnection></ServiceCallout>"
    )
}

/// A bundle with two independent callouts, and an environment file.
fn parallel(name: &str, environment: &str) -> (String, String) {
    let steps = "<Step><Name>SC-A</Name></Step><Step><Name>SC-B</Name></Step>";
    let route = "<RouteRule name='r'><URL>http://10.0.0.1:8080/x/</URL></RouteRule>";
    let path = bundle(name, steps, &[&callout("SC-A"), &callout("SC-B")], route);
    let file = format!("{path}/environment.yaml");
    std::fs::write(&file, environment).unwrap();
    (path, file)
}

const NOTE: &str = "note: the calls of SC-A, SC-B start together";

#[test]
fn check_lists_the_groups() {
    let (path, file) = parallel("parallel-check", "parallel_callouts: true\n");
    let checked = run(&["check", &path, "--environment", &file]);
    assert_eq!((checked.status, checked.output.lines().next()), (0, Some(NOTE)), "{}", checked.output);
    let alone = run(&["check", &path]);
    assert!(!alone.output.contains("start together"), "{}", alone.output);
}

#[test]
fn check_of_a_filter_configuration_lists_the_groups() {
    let (path, file) = parallel("parallel-render", "parallel_callouts: true\n");
    let rendered = run(&["render", &path, "--environment", &file]);
    assert!(rendered.output.contains("parallel_callouts: true\n"), "{}", rendered.output);
    let envoy = format!("{path}/envoy.yaml");
    std::fs::write(&envoy, rendered.output).unwrap();
    let checked = run(&["check", &envoy]);
    let note = checked.output.lines().find(|line| line.starts_with("note"));
    assert_eq!(note, Some(NOTE), "{}", checked.output);
}

#[test]
fn a_trace_shows_where_a_group_starts() {
    let (path, file) = parallel("parallel-trace", "parallel_callouts: true\n");
    let traced = run_reading(&["trace", &path, "--environment", &file, "--request", "-"], "GET /a HTTP/1.1\n\n");
    let titles: Vec<&str> = traced.output.lines().filter(|line| line.contains("SC-")).take(2).collect();
    assert_eq!(titles, ["  The calls of SC-A, SC-B start together", "  1  SC-A (ServiceCallout) failed"]);
}

#[test]
fn the_value_must_be_a_boolean() {
    let (path, file) = parallel("parallel-wrong", "parallel_callouts: often\n");
    let checked = run(&["check", &path, "--environment", &file]);
    assert!(checked.output.starts_with("error: parallel_callouts must be true or false"), "{}", checked.output);
}
