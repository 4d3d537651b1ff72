//! The measured Envoy: one worker thread, one listener for each variant, no access log.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::Request;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bootstrap::{Bootstrap, any_port};
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::filter;
use crate::servers::Servers;
use crate::variants::{CALLOUT, Variant};

const UPSTREAM: &str = "upstream";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running Envoy. It stops when dropped, and also when this process is killed.
pub struct Envoy {
    process: Child,
    /// A shell that kills Envoy when its standard input ends.
    guard: Child,
    listeners: HashMap<String, SocketAddr>,
}

impl Envoy {
    /// Starts the Envoy in `$ENVOY` and waits until all listeners are active.
    pub fn start(variants: &[Variant], servers: &Servers, directory: &Path, runtime: &Runtime) -> Envoy {
        let bootstrap = Bootstrap {
            runtime: json!({}),
            listeners: variants.iter().map(listener).collect(),
            clusters: vec![
                Cluster::new().to_json(UPSTREAM, Some(servers.upstream)),
                Cluster::new().to_json(CALLOUT, Some(servers.callout)),
            ],
        };
        let path = |name| directory.join(name);
        let (configuration, admin, log) =
            (path("envoy-bootstrap.json"), path("envoy-admin-address"), path("envoy.log"));
        fs::write(&configuration, serde_json::to_vec_pretty(&bootstrap.to_json()).unwrap()).unwrap();
        let _ = fs::remove_file(&admin);
        let process = Command::new(binary())
            .args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"])
            .arg("--config-path")
            .arg(&configuration)
            .arg("--admin-address-path")
            .arg(&admin)
            .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", native_folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("start Envoy: {error}"));
        let guard = guard(process.id());
        let mut envoy = Envoy { process, guard, listeners: HashMap::new() };

        let started = Instant::now();
        while envoy.listeners.len() < variants.len() {
            if envoy.process.try_wait().unwrap().is_some() || started.elapsed() > START_LIMIT {
                panic!("Envoy did not start:\n{}", fs::read_to_string(&log).unwrap());
            }
            std::thread::sleep(Duration::from_millis(50));
            let address = fs::read_to_string(&admin).ok().and_then(|address| address.trim().parse().ok());
            if let Some(address) = address {
                envoy.listeners = runtime.block_on(listening(address));
            }
        }
        envoy
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The address of a variant's listener.
    pub fn listener(&self, variant: &Variant) -> SocketAddr {
        self.listeners[variant.name]
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        let _ = self.process.wait();
    }
}

/// The folder of the native module in `$CALLOUT_NATIVE`.
fn native_folder() -> PathBuf {
    let mut module = PathBuf::from(std::env::var_os("CALLOUT_NATIVE").unwrap_or_default());
    module.pop();
    module
}

/// The version in the output of `envoy --version`: `… version: <commit>/1.40.0/…`.
pub fn version() -> String {
    let output = Command::new(binary()).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split("version: ").nth(1).and_then(|version| version.split('/').nth(1));
    version.unwrap_or(text.trim()).to_owned()
}

fn binary() -> std::ffi::OsString {
    std::env::var_os("ENVOY").expect("$ENVOY is not set; `make bench` sets it")
}

fn guard(process: u32) -> Child {
    Command::new("sh")
        .args(["-c", "read _; kill -KILL \"$1\"", "sh", &process.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("start the guard: {error}"))
}

fn listener(variant: &Variant) -> Value {
    let http_filters: Vec<Value> = variant.filter.iter().cloned().chain([filter::router()]).collect();
    let route = json!({
        "match": {"prefix": "/"},
        "route": {"cluster": UPSTREAM},
    });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": variant.name,
        "route_config": {"virtual_hosts": [{"name": "site", "domains": ["*"], "routes": [route]}]},
        "http_filters": http_filters,
    });
    json!({
        "name": variant.name,
        "address": any_port(),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    })
}

/// The listeners that Envoy serves, by name.
async fn listening(admin: SocketAddr) -> HashMap<String, SocketAddr> {
    let request = Request::get("/listeners?format=json").header("host", "admin").body(Empty::new()).unwrap();
    let (_, body) = Connection::open(admin).await.send(request).await;
    let listeners: Value = serde_json::from_slice(&body).unwrap_or_default();
    let statuses = listeners["listener_statuses"].as_array().into_iter().flatten();
    let addresses = statuses.filter_map(|status| {
        let port = status["local_address"]["socket_address"]["port_value"].as_u64().filter(|port| *port != 0)?;
        Some((status["name"].as_str()?.to_owned(), SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).ok()?))))
    });
    addresses.collect()
}
