//! `run`: bundles in Envoy, from its start to its end.

use super::render::bundle;
use super::{project, run_in, run_with, scratch, tool};
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum time of each action of Envoy.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether `$ENVOY` and `$CALLOUT_WASM` are set, as `make test` does.
pub(crate) fn can_run() -> bool {
    let has_all = ["ENVOY", "CALLOUT_WASM"].iter().all(|name| std::env::var_os(name).is_some());
    if !has_all {
        let _ = writeln!(std::io::stderr(), "skipped: $ENVOY and $CALLOUT_WASM are needed");
    }
    has_all
}

/// Starts a server that responds with 404 to paths with the suffix `bad`, else with 200. Returns its port.
pub(crate) fn server() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let head: Vec<String> = head(&connection);
            let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else { continue };
            let status = if path.ends_with("bad") { "404 Not Found" } else { "200 OK" };
            let _ = write!(connection, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi");
        }
    });
    port
}

fn head(connection: &TcpStream) -> Vec<String> {
    let lines = BufReader::new(connection).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect()
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The status of a request.
pub(crate) fn get(port: u16, path: &str) -> u16 {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.set_read_timeout(Some(LIMIT)).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n").unwrap();
    head(&connection).first().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

/// A running tool and its output lines. It is terminated when a test fails.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Running {
        let mut child = tool(&project(), &[&["run"], arguments].concat(), &[]).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output: Lines<BufReader<ChildStdout>> = BufReader::new(child.stdout.take().unwrap()).lines();
        thread::spawn(move || output.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Running { child, lines }
    }

    pub(crate) fn next(&self) -> String {
        self.lines.recv_timeout(LIMIT).unwrap()
    }

    /// The lines of one request, its duration left out.
    pub(crate) fn next_request(&self, count: usize) -> String {
        let lines: Vec<String> = (0..count).map(|_| self.next()).collect();
        let text = lines.join("\n");
        let (before, after) = text.split_once(", ").unwrap();
        let (milliseconds, after) = after.split_once(" ms").unwrap();
        assert!(milliseconds.parse::<u32>().is_ok(), "{text}");
        format!("{before}{after}")
    }

    fn terminate(&self) {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
    }

    /// Terminates the tool. Returns the exit status and the remaining lines.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        self.terminate();
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(20)),
            }
            assert!(began.elapsed() < LIMIT, "the tool does not end");
        };
        (status.code(), self.lines.iter().collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.terminate();
        }
    }
}

/// A bundle with a callout and a target to a server.
pub(crate) fn checked_bundle(name: &str, server: u16) -> String {
    let callout = format!(
        "<ServiceCallout name='SC-Check'><Response>checked</Response><HTTPTargetConnection>\
         <URL>http://127.0.0.1:{server}/check/{{request.queryparam.name}}</URL></HTTPTargetConnection></ServiceCallout>"
    );
    let route = format!("<RouteRule name='r'><URL>http://127.0.0.1:{server}</URL></RouteRule>");
    bundle(name, "<Step><Name>SC-Check</Name></Step>", &[&callout], &route)
}

#[test]
fn requests_are_logged_with_their_callouts_until_a_signal() {
    if !can_run() {
        return;
    }
    let (server, port) = (server(), free_port());
    let path = checked_bundle("run", server);
    let running = Running::start(&[&path, "--port", &port.to_string(), "--admin-port", "0"]);
    assert_eq!(running.next(), format!("Envoy listens on http://127.0.0.1:{port}. Ctrl-C stops it."));

    assert_eq!(get(port, "/a?name=good"), 200);
    let good = format!("GET /a?name=good -> 200\n  SC-Check http://127.0.0.1:{server}/check/good -> 200");
    assert_eq!(running.next_request(2), good);

    assert_eq!(get(port, "/a?name=bad"), 500);
    let bad = format!(
        "GET /a?name=bad -> 500\n  SC-Check http://127.0.0.1:{server}/check/bad -> 404, failed\n  fault ExecutionFailed: \
         Execution of ServiceCallout SC-Check failed. Reason: ResponseCode 404 is treated as error"
    );
    assert_eq!(running.next_request(3), bad);

    assert_eq!(running.end(), (Some(0), Vec::new()));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "a process still listens on the port");
}

/// A mock of Envoy that creates a file at its start, and the path of the file.
#[cfg(unix)]
pub(crate) fn mock_envoy(name: &str) -> (String, std::path::PathBuf) {
    let started = scratch(name).join("started");
    (program(&started.with_file_name("envoy"), &format!(": > '{}'", started.display())), started)
}

/// A program of one line.
#[cfg(unix)]
pub(crate) fn program(path: &Path, line: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_broken_bundle_does_not_start_envoy() {
    let (envoy, started) = mock_envoy("run-broken");
    let module = started.with_file_name("module.wasm");
    fs::write(&module, "").unwrap();
    let environment = [("ENVOY", envoy.as_str()), ("CALLOUT_WASM", module.to_str().unwrap())];
    let broken = bundle("run-broken-bundle", "<Step><Name>S</Name></Step>", &["<ServiceCallout name='S'/>"], "");
    let run = run_with(&["run", &broken], &environment);
    assert_eq!((run.status, run.output.as_str()), (1, ""));
    assert!(run.errors.contains("error[ConnectionInfoMissing]"), "{}", run.errors);
    assert!(!started.exists());
}

#[test]
fn missing_programs_and_modules_are_named() {
    let (envoy, started) = mock_envoy("run-missing");
    let missing = started.with_file_name("gone.wasm");
    let environment = [("ENVOY", envoy.as_str()), ("CALLOUT_WASM", "")];
    let run = run_in(&project(), &["run", "examples/weather", "--module", missing.to_str().unwrap()], &environment);
    let text = format!("envoy-callout: no module at {}: ", missing.display());
    assert_eq!((run.status, run.output.as_str()), (2, ""));
    assert!(run.errors.starts_with(&text), "{}", run.errors);
    assert!(!started.exists());
    let run =
        run_in(started.parent().unwrap(), &["run", project().join("examples/weather").to_str().unwrap()], &environment);
    let text = "envoy-callout: no module for Envoy: pass --module, set $CALLOUT_WASM, or install the tool with `make install`\n";
    assert_eq!((run.status, run.errors.as_str()), (2, text));

    fs::write(&missing, "").unwrap();
    let module = [("CALLOUT_WASM", missing.to_str().unwrap())];
    let port = free_port().to_string();
    let weather = ["run", "examples/weather", "--port", &port, "--admin-port", "0"];
    let run = run_in(&project(), &[&weather[..], &["--envoy", "no/such/envoy"]].concat(), &module);
    assert_eq!((run.status, run.output.as_str()), (2, ""));
    assert!(run.errors.contains("cannot start no/such/envoy: "), "{}", run.errors);

    let nothing = [module[0], ("ENVOY", ""), ("PATH", "")];
    let run = run_in(&project(), &weather, &nothing);
    let text = "envoy-callout: cannot start sh to download Envoy: No such file or directory (os error 2)\n";
    assert_eq!((run.status, run.errors.as_str()), (2, text));
}

#[cfg(unix)]
#[test]
fn the_end_of_envoy_without_a_signal_is_reported() {
    let folder = scratch("run-ended");
    let module = folder.join("module.wasm");
    fs::write(&module, "").unwrap();
    let module = module.to_str().unwrap();
    let cases = [("exit 0", "exit status: 0"), ("exit 7", "exit status: 7"), ("kill -9 $$", "signal: 9 (SIGKILL)")];
    for (line, status) in cases {
        let envoy = program(&folder.join("envoy"), line);
        let port = free_port().to_string();
        let arguments = ["--port", &port, "--admin-port", "0", "--module", module, "--envoy", &envoy];
        let run = run_in(&project(), &[&["run", "examples/weather"], &arguments[..]].concat(), &[]);
        let text = format!("Envoy ({envoy}) ended: {status}.\n");
        assert_eq!((run.status, run.output.as_str(), run.errors.as_str()), (1, text.as_str(), ""));
    }
}

#[cfg(unix)]
#[test]
fn ports_are_checked_before_envoy_starts() {
    let (envoy, started) = mock_envoy("run-port");
    let module = started.with_file_name("module.wasm");
    fs::write(&module, "").unwrap();
    let environment = [("ENVOY", envoy.as_str()), ("CALLOUT_WASM", module.to_str().unwrap())];
    let (listener, free) = (TcpListener::bind(("127.0.0.1", 0)).unwrap(), free_port().to_string());
    let taken = listener.local_addr().unwrap().port().to_string();
    for (port, admin_port, argument) in [(&taken, &free, "--port"), (&free, &taken, "--admin-port")] {
        let ports = ["run", "examples/weather", "--port", port, "--admin-port", admin_port];
        let run = run_in(&project(), &ports, &environment);
        let text = format!("envoy-callout: port {taken} is already in use; choose another with {argument}\n");
        assert_eq!((run.status, run.output.as_str(), run.errors), (2, "", text));
    }
    let none = run_in(&project(), &["run", "examples/weather", "--port", "0"], &environment);
    let text = "envoy-callout: --port must be from 1 to 65535, got 0\n";
    assert_eq!((none.status, none.output.as_str(), none.errors.as_str()), (2, "", text));
    assert!(!started.exists());
}
