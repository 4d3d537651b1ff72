//! `run` with a configuration of Envoy.

use super::run::{Running, can_run, checked_bundle, free_port, get, mock_envoy, program, server};
use super::{run_in, run_in_project, run_with, scratch};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Renders the bundle of a callout to a server. The module of the file does not exist.
fn rendered(name: &str, server: u16, port: u16) -> PathBuf {
    let path = checked_bundle(&format!("{name}-bundle"), server);
    let port = port.to_string();
    let gone = "/no/module.wasm";
    let rendered = run_in_project(&["render", &path, "--port", &port, "--admin-port", "0", "--module", gone]);
    assert_eq!(rendered.status, 0, "{}", rendered.errors);
    let file = scratch(name).join("envoy.yaml");
    fs::write(&file, rendered.output).unwrap();
    file
}

#[test]
fn a_file_runs_with_its_addresses_and_requests() {
    if !can_run() {
        return;
    }
    let (server, port) = (server(), free_port());
    let file = rendered("run-file", server, port);
    let running = Running::start(&[file.to_str().unwrap()]);
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));
    assert_eq!(get(port, "/a?name=good"), 200);
    let good = format!("GET /a?name=good -> 200\n  SC-Check http://127.0.0.1:{server}/check/good -> 200");
    assert_eq!(running.next_request(2), good);
    assert_eq!(running.end(), (Some(0), Vec::new()));

    let other = free_port();
    let running = Running::start(&[file.to_str().unwrap(), "--port", &other.to_string()]);
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{other}. Ctrl-C stops it."));
    assert_eq!(get(other, "/a?name=good"), 200);
    running.next_request(2);
    assert_eq!(running.end(), (Some(0), Vec::new()));
}

/// Whether `$CALLOUT_NATIVE` is set and Envoy is not older than 1.40.
fn can_run_native() -> bool {
    let Some(envoy) = std::env::var_os("ENVOY") else { return false };
    let version = std::process::Command::new(envoy).arg("--version").output().unwrap().stdout;
    std::env::var_os("CALLOUT_NATIVE").is_some() && !String::from_utf8(version).unwrap().contains("/1.3")
}

#[test]
fn bundles_and_files_run_with_the_native_module() {
    if !can_run() || !can_run_native() {
        return;
    }
    let (server, port) = (server(), free_port().to_string());
    let file = rendered("run-native-file", server, 1);
    let bundle = checked_bundle("run-native-bundle", server);
    let admin = free_port().to_string();
    for path in [file.to_str().unwrap(), &bundle] {
        let running = Running::start(&[path, "--host", "native", "--port", &port, "--admin-port", &admin]);
        assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));
        assert_eq!(get(port.parse().unwrap(), "/a?name=good"), 200);
        let good = format!("GET /a?name=good -> 200\n  SC-Check http://127.0.0.1:{server}/check/good -> 200");
        assert_eq!(running.next_request(2), good);
        assert_eq!(running.end(), (Some(0), Vec::new()));
    }
    let run = run_with(&["run", &bundle, "--host", "native"], &[("CALLOUT_NATIVE", "/no/libenvoy_callout.so")]);
    let error = "envoy-callout: no module at /no/libenvoy_callout.so: No such file or directory (os error 2)\n";
    assert_eq!((run.status, run.errors.as_str()), (2, error));
}

/// Envoy's own errors are shown.
#[test]
fn an_error_of_envoy_is_shown() {
    if !can_run() {
        return;
    }
    let file = scratch("run-bad-file").join("envoy.yaml");
    fs::write(&file, "static_resources: {listener: []}\n").unwrap();
    let run = super::run(&["run", file.to_str().unwrap()]);
    assert_eq!(run.status, 1, "{}", run.output);
    assert!(run.output.contains("listener"), "{}", run.output);
}

/// A failed call of a host without an address in DNS names the host.
#[test]
fn a_failed_lookup_is_the_reason_of_a_failed_call() {
    if !can_run() {
        return;
    }
    let (server, port) = (server(), free_port());
    let file = rendered("run-dns", server, port);
    let text = fs::read_to_string(&file).unwrap();
    // The last occurrence of the address is that of the cluster of the callout.
    let mut value: Value = serde_saphyr::from_str(&text).unwrap();
    for cluster in value["static_resources"]["clusters"].as_array_mut().unwrap() {
        cluster["type"] = json!("STRICT_DNS");
        cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["address"] =
            json!("gone.invalid");
    }
    fs::write(&file, value.to_string()).unwrap();
    let running = Running::start(&[file.to_str().unwrap()]);
    running.next();
    assert_eq!(get(port, "/a?name=good"), 500);
    let lines = [running.next(), running.next(), running.next(), running.next()];
    let warning = lines.iter().find(|line| line.starts_with("warning: call to cluster ")).unwrap();
    assert!(warning.ends_with(" failed: DNS has no address for gone.invalid"), "{warning}");
    assert_eq!(running.end().0, Some(0));
}

/// An Envoy that copies its configuration.
fn copying(name: &str) -> (String, PathBuf) {
    let (_, started) = mock_envoy(name);
    let copy = started.with_file_name("copy.yaml");
    (program(&started.with_file_name("envoy"), &format!("cp \"$2\" '{}'", copy.display())), copy)
}

/// The module in the copied configuration.
fn module_of(copy: &Path) -> String {
    let value: Value = serde_json::from_str(&fs::read_to_string(copy).unwrap()).unwrap();
    let mut modules = Vec::new();
    find(&value, "filename", &mut modules);
    modules.concat()
}

fn find(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(
                object.get(key).and_then(Value::as_str).filter(|text| text.ends_with(".wasm")).map(str::to_owned),
            );
            object.values().for_each(|value| find(value, key, found));
        }
        Value::Array(list) => list.iter().for_each(|value| find(value, key, found)),
        _ => {}
    }
}

#[test]
fn the_module_of_a_file_can_be_replaced() {
    let (envoy, copy) = copying("run-file-module");
    let file = rendered("run-module", 1, free_port());
    let file = file.to_str().unwrap();
    let folder = copy.parent().unwrap();
    let write = |name: &str| {
        let module = folder.join(name);
        fs::write(&module, "").unwrap();
        module.canonicalize().unwrap().to_str().unwrap().to_owned()
    };
    let (named, of_environment, default) =
        (write("named.wasm"), write("environment.wasm"), write("envoy_callout.wasm"));
    let run = |arguments: &[&str], wasm: &str| {
        let run = run_in(folder, &[&["run", file], arguments].concat(), &[("ENVOY", &envoy), ("CALLOUT_WASM", wasm)]);
        (module_of(&copy), run.errors)
    };
    assert_eq!(run(&["--module", &named], &of_environment), (named.clone(), String::new()));
    assert_eq!(run(&[], &of_environment), (of_environment, String::new()));
    let warning = format!("warning: no module at /no/module.wasm: {default} runs instead\n");
    assert_eq!(run(&[], ""), (default, warning));
    let text = fs::read_to_string(file).unwrap().replace("/no/module.wasm", &named);
    fs::write(file, text).unwrap();
    assert_eq!(run(&[], ""), (named, String::new()));
    let gone = run_in(folder, &["run", file, "--module", "gone.wasm"], &[("ENVOY", &envoy)]);
    assert_eq!(gone.status, 2);
    assert!(gone.errors.starts_with("envoy-callout: no module at gone.wasm: "), "{}", gone.errors);
}

#[test]
fn used_ports_of_a_file_are_reported() {
    let (envoy, started) = mock_envoy("run-file-port");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = listener.local_addr().unwrap().port();
    let file = rendered("run-taken", 1, taken);
    let text = file.to_str().unwrap();
    let run = run_with(&["run", text], &[("ENVOY", &envoy)]);
    let message = format!("envoy-callout: port {taken} is already in use; choose another with --port\n");
    assert_eq!((run.status, run.output.as_str(), run.errors), (2, "", message));
    let admin = run_with(
        &["run", text, "--port", &free_port().to_string(), "--admin-port", &taken.to_string()],
        &[("ENVOY", &envoy)],
    );
    let message = format!("envoy-callout: port {taken} is already in use; choose another with --admin-port\n");
    assert_eq!((admin.status, admin.errors), (2, message));
    // Other listeners are changed in the file.
    let mut value: Value = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let listeners = value["static_resources"]["listeners"].as_array_mut().unwrap();
    listeners.push(json!({"address": {"socket_address": {"address": "127.0.0.1", "port_value": taken}}}));
    fs::write(&file, value.to_string()).unwrap();
    let second = run_with(&["run", text, "--port", &free_port().to_string()], &[("ENVOY", &envoy)]);
    let message = format!("envoy-callout: port {taken} is already in use; change it in {text}\n");
    assert_eq!((second.status, second.errors), (2, message));
    assert!(!started.exists());
}

#[test]
fn a_file_with_problems_does_not_start_envoy() {
    let (envoy, started) = mock_envoy("run-file-problems");
    let file = started.with_file_name("envoy.yaml");
    let text = file.to_str().unwrap();
    let cases = [
        (
            "policies: []\n",
            "error: the file is not a configuration of Envoy: it has neither static_resources nor dynamic_resources\n",
        ),
        ("static_resources: {a: {policies: [<ServiceCallout name='S'/>]}}\n", "error[ConnectionInfoMissing]: "),
        ("static_resources: [\n", "error: the configuration is not valid YAML: "),
    ];
    for (content, error) in cases {
        fs::write(&file, content).unwrap();
        let run = run_with(&["run", text], &[("ENVOY", &envoy)]);
        assert_eq!((run.status, run.output.as_str()), (1, ""));
        assert!(run.errors.starts_with(error), "{}", run.errors);
    }
    assert!(!started.exists());
}

/// Messages of Envoy that follow from an error of the filter are hidden.
#[test]
fn messages_of_envoy_after_an_error_are_shown_on_request() {
    let folder = scratch("run-hidden");
    let lines =
        "echo 'error|wasm|wasm log a a: callout: SC: bad' >&2; echo 'critical|main|error initializing' >&2; exit 1";
    let envoy = program(&folder.join("envoy"), lines);
    let file = folder.join("envoy.yaml");
    fs::write(&file, "static_resources: {a: {policies: []}}\n").unwrap();
    let ended = format!("Envoy ({envoy}) ended: exit status: 1.\n");
    let run = run_with(&["run", file.to_str().unwrap()], &[("ENVOY", &envoy)]);
    let expected = format!("error: SC: bad\n{ended}--verbose shows the messages of Envoy.\n");
    assert_eq!((run.status, run.output), (1, expected));
    let run = run_with(&["run", "--verbose", file.to_str().unwrap()], &[("ENVOY", &envoy)]);
    assert_eq!(run.output, format!("error: SC: bad\ncritical: Envoy (main): error initializing\n{ended}"));
}
