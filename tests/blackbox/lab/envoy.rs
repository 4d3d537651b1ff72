//! The Envoy process.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::exchange;
use super::host;
use super::message::Message;
use super::{Request, RunDirectory};

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Envoy's binary, which `$ENVOY` names.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("ENVOY")
        .map(PathBuf::from)
        .expect("no Envoy in $ENVOY: `make test` gets one and runs these tests");
    assert!(path.is_file(), "$ENVOY names {}, which is no file", path.display());
    path
}

/// The minor version of the Envoy under test: 40 of 1.40.0. Some configuration is unknown to older ones.
pub fn minor_version() -> u32 {
    let printed = Command::new(binary()).arg("--version").output().unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    let version = printed.split('/').find(|part| part.starts_with("1."));
    let minor = version.and_then(|version| version.split('.').nth(1)?.parse().ok());
    minor.unwrap_or_else(|| panic!("no version in {printed:?}"))
}

/// The addresses of a running Envoy.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub process: u32,
    pub admin: SocketAddr,
    pub listeners: HashMap<String, SocketAddr>,
}

/// A running Envoy, stopped when dropped, and also when this process is killed.
pub struct Envoy {
    process: Child,
    guard: Guard,
    addresses: Addresses,
}

impl Envoy {
    /// Starts Envoy with a configuration file of this name and content, and waits until it serves every listener.
    pub async fn start(name: &str, configuration: &[u8], listeners: usize, directory: &RunDirectory) -> Envoy {
        Envoy::start_with(name, configuration, listeners, directory, &[]).await
    }

    /// Like `start`, with further arguments of Envoy.
    pub async fn start_with(
        name: &str,
        configuration: &[u8],
        listeners: usize,
        directory: &RunDirectory,
        arguments: &[&str],
    ) -> Envoy {
        let path = |name| directory.path().join(name);
        let (file, admin_address, log) = (path(name), path("admin-address"), path("envoy.log"));
        fs::write(&file, configuration).unwrap();
        let process = Command::new(binary())
            .arg("--config-path")
            .arg(&file)
            .arg("--admin-address-path")
            .arg(&admin_address)
            .args(["--disable-hot-restart", "--concurrency", "2", "--file-flush-interval-msec", "20"])
            .args(["--log-level", "warning", "--component-log-level", "wasm:info,dynamic_modules:info"])
            .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", host::native_folder())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(path("stdout")).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("start Envoy: {error}"));
        let guard = Guard::over(process.id());
        let id = process.id();
        let nowhere = Addresses { process: id, admin: ([127, 0, 0, 1], 0).into(), listeners: HashMap::new() };
        let mut envoy = Envoy { process, guard, addresses: nowhere };

        let started = Instant::now();
        envoy.addresses = loop {
            let exited = envoy.process.try_wait().unwrap();
            if let Some(addresses) = ready(id, &admin_address, listeners).await {
                break addresses;
            }
            if exited.is_some() || started.elapsed() > START_LIMIT {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!(
                    "Envoy did not start ({exited:?} after {:?}), its log ends with:\n{}",
                    started.elapsed(),
                    tail(&log)
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        envoy
    }

    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            // The standard library can only kill. Every POSIX shell has `kill`.
            let _ = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &self.process.id().to_string()]).status();
        }
        let asked = Instant::now();
        while asked.elapsed() < STOP_LIMIT && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.guard.dismiss();
    }
}

/// A shell that kills Envoy when its standard input ends without a line, which happens when this process dies.
struct Guard {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    fn over(envoy: u32) -> Guard {
        let mut shell = Command::new("sh")
            .args(["-c", "read _ || kill -KILL \"$1\"", "sh", &envoy.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("start the guard: {error}"));
        Guard { lifeline: shell.stdin.take(), shell }
    }

    fn dismiss(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            let _ = std::io::Write::write_all(&mut lifeline, b"stopped\n");
        }
        let _ = self.shell.wait();
    }
}

/// The addresses, once Envoy is live and listens on all of them.
async fn ready(process: u32, admin_address: &Path, listeners: usize) -> Option<Addresses> {
    let admin: SocketAddr = fs::read_to_string(admin_address).ok()?.trim().parse().ok()?;
    let get = |path: &'static str| async move {
        exchange(admin, Request::get(path)).await.ok().filter(|reply| reply.status == 200)
    };
    get("/ready").await?;
    let listening = addresses_by_name(&get("/listeners?format=json").await?.json());
    (listening.len() == listeners).then_some(Addresses { process, admin, listeners: listening })
}

fn addresses_by_name(listeners: &Value) -> HashMap<String, SocketAddr> {
    let statuses = listeners["listener_statuses"].as_array().into_iter().flatten();
    let listening = statuses.filter_map(|status| {
        let port = status["local_address"]["socket_address"]["port_value"].as_u64().filter(|port| *port != 0)?;
        Some((status["name"].as_str()?.to_owned(), SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).ok()?))))
    });
    listening.collect()
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
