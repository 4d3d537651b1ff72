//! An Envoy of its own for one of the examples, on ports of the lab's.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::client::exchange;
use super::envoy::Envoy;
use super::validate::Validation;
use super::{ClientResponse, Request, RunDirectory, envoy_log, filter};

const LOG_LIMIT: Duration = Duration::from_secs(5);

/// The ports that the examples are written with.
const ADMIN: &str = "9901";
const PROXY: &str = "10000";
const MOCKS: &str = "10001";
const MODULE: &str = "target/wasm32-wasip1/release/envoy_callout.wasm";

/// A running example.
pub struct Example {
    envoy: Envoy,
    directory: RunDirectory,
    commands: Vec<Command>,
    // The port of the mocks is part of the configuration, so no other process may take it.
    _reserved: Option<TcpSocket>,
}

/// A curl command of the example's `try.sh`.
#[derive(Clone, Debug)]
pub struct Command {
    /// The unchanged line.
    pub text: String,
    port: String,
    request: Request,
}

impl Example {
    /// Starts `examples/NAME/envoy.yaml`.
    pub async fn start(name: &str) -> Example {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let read = |file| fs::read_to_string(example.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let reserved = TcpSocket::new_v4().unwrap();
        // Envoy's listeners share their ports too, so that it can listen where this socket only is.
        reserved.set_reuseport(true).unwrap();
        reserved.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let mocks = reserved.local_addr().unwrap().port().to_string();
        let mocks = (format!("port_value: {MOCKS}}}"), format!("port_value: {mocks}}}"));
        let configuration = replaced(read("envoy.yaml"), &own_ports().into_iter().chain([mocks]).collect::<Vec<_>>());
        let directory = RunDirectory::create();
        let envoy = Envoy::start("envoy.yaml", configuration.as_bytes(), 2, &directory).await;
        Example { envoy, directory, commands: commands(&example), _reserved: Some(reserved) }
    }

    /// Starts a file of this repository that needs no mocks.
    pub async fn start_alone(file: &str) -> Example {
        let directory = RunDirectory::create();
        let envoy = Envoy::start("envoy.yaml", alone(file).as_bytes(), 1, &directory).await;
        Example { envoy, directory, commands: Vec::new(), _reserved: None }
    }

    /// Asks Envoy whether it takes such a file.
    pub fn validate(file: &str) -> Validation {
        Validation::of("envoy.yaml", alone(file).as_bytes(), &RunDirectory::create())
    }

    /// The output of `try.sh`, in order.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    pub async fn run(&self, command: &Command) -> ClientResponse {
        let address = match command.port.as_str() {
            ADMIN => self.envoy.addresses().admin,
            PROXY => self.proxy(),
            other => panic!("nothing of the example listens on port {other}"),
        };
        exchange(address, command.request.clone()).await.unwrap_or_else(|error| panic!("{}: {error}", command.text))
    }

    pub async fn send(&self, request: Request) -> ClientResponse {
        exchange(self.proxy(), request).await.unwrap()
    }

    /// Waits until the mocks have printed this many lines that contain `text`.
    pub async fn wait_for_mocks(&self, text: &str, count: usize) {
        let printed = || {
            let output = fs::read_to_string(self.directory.path().join("stdout")).unwrap_or_default();
            output.lines().filter(|line| line.starts_with("mock got: ") && line.contains(text)).count()
        };
        let enough = async {
            while printed() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(LOG_LIMIT, enough).await;
        assert_eq!(printed(), count, "lines with {text:?}");
    }

    /// Stops Envoy and looks for failed VMs in its log.
    pub fn stop(self) {
        drop(self.envoy);
        envoy_log::no_vm_failed(self.directory.path()).unwrap();
    }

    fn proxy(&self) -> SocketAddr {
        self.envoy.addresses().listeners["proxy"]
    }
}

/// The curl commands of the `try.sh` in a folder.
pub(super) fn commands(example: &Path) -> Vec<Command> {
    let text = fs::read_to_string(example.join("try.sh")).unwrap();
    text.lines().filter(|line| line.starts_with("curl ")).map(Command::parse).collect()
}

fn alone(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    replaced(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}")), &own_ports())
}

/// The addresses in every example, and their replacements in the lab.
fn own_ports() -> [(String, String); 3] {
    [
        (format!("port_value: {ADMIN}"), "port_value: 0".to_owned()),
        (format!("port_value: {PROXY}}}"), "port_value: 0}".to_owned()),
        (MODULE.to_owned(), filter::module().display().to_string()),
    ]
}

fn replaced(mut configuration: String, replacements: &[(String, String)]) -> String {
    for (written, replacement) in replacements {
        assert!(configuration.contains(written), "the example has no {written}");
        configuration = configuration.replace(written, replacement);
    }
    configuration
}

impl Command {
    pub(super) fn request(&self) -> Request {
        self.request.clone()
    }

    /// Reads `curl -i -X METHOD -H "Name: value" "http://127.0.0.1:PORT/path"`.
    fn parse(line: &str) -> Command {
        let quoted: Vec<&str> = line.split('"').collect();
        let url = quoted
            .iter()
            .rev()
            .find_map(|text| text.strip_prefix("http://127.0.0.1:"))
            .unwrap_or_else(|| panic!("{line}"));
        let (port, path) = url.split_once('/').unwrap_or((url, ""));
        let method = line.split_once("-X ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("GET");
        let mut request = Request::new(method, &format!("/{path}"));
        for pair in quoted.windows(2) {
            if pair[0].ends_with("-H ") {
                let (name, value) = pair[1].split_once(": ").unwrap();
                request = request.header(name, value);
            }
        }
        Command { text: line.to_owned(), port: port.to_owned(), request }
    }
}
