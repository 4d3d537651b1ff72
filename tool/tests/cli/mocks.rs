//! `run --mocks`: errors of its file. `tests/blackbox/examples.rs` runs the examples with mocks.

use super::run::{Running, can_run, free_port, get};
use super::{run_in_project, scratch};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

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

/// An Envoy whose upstream is a mock.
const UPSTREAM: &str = r#"
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 1}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: proxy
          route_config:
            virtual_hosts:
            - name: any
              domains: ["*"]
              routes: [{match: {prefix: /}, route: {cluster: upstream, host_rewrite_literal: up.test}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: upstream
    type: STRICT_DNS
    load_assignment: {cluster_name: upstream, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: up.test, port_value: 80}}}}]}]}
"#;

/// The status and the body of a request.
fn response(port: u16, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn a_request_without_a_mock_is_named() {
    if !can_run() {
        return;
    }
    let folder = scratch("mocks-missing");
    let file = folder.join("envoy.yaml");
    fs::write(&file, UPSTREAM).unwrap();
    fs::write(folder.join("known.http"), "HTTP/1.1 404 Not Found\n\nknown").unwrap();
    let mocks = folder.join("mocks.yaml");
    fs::write(&mocks, "- {url: \"http://up.test/known\", response: known.http}\n").unwrap();
    let port = free_port();
    let number = port.to_string();
    let running = Running::start(&[file.to_str().unwrap(), "--port", &number, "--mocks", mocks.to_str().unwrap()]);
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));
    assert_eq!(response(port, "/known"), (404, "known".to_owned()));
    assert_eq!(response(port, "/a?b=1"), (404, "no mock of GET up.test/a?b=1\n".to_owned()));
}
