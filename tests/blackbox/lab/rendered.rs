//! The output of `render`, in its own Envoy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::net::TcpListener;

use super::certificates::Authority;
use super::client::exchange;
use super::envoy::{self, Envoy};
use super::{Backend, ClientResponse, Host, MockResponse, Received, Request, RunDirectory, envoy_log, filter, host};

/// A running Envoy with a rendered configuration.
pub struct Rendered {
    envoy: Envoy,
    directory: RunDirectory,
}

/// The tool, which cargo builds next to the folder of this test.
pub(super) fn tool() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("envoy-callout");
    assert!(path.is_file(), "no tool at {}: `cargo build` builds it", path.display());
    path
}

/// Runs `render` in the project's folder. The listeners get ports of their own.
pub fn render(arguments: &[&str]) -> String {
    let output = Command::new(tool())
        .arg("render")
        .args(arguments)
        .args(["--port", "0", "--admin-port", "0"])
        .args(match Host::current() {
            Host::Wasm => vec!["--module".to_owned(), filter::module().display().to_string()],
            Host::Native => vec!["--host".to_owned(), "native".to_owned()],
        })
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "render {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The example of that name with its environment, if it has one, as arguments of `render`. `adapt` changes the
/// environment; its key stores are made.
pub fn example(name: &str, directory: &RunDirectory, adapt: impl Fn(&str) -> String) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let mut arguments = vec![folder.display().to_string()];
    let children = fs::read_dir(&folder).unwrap().map(|child| child.unwrap().path());
    let shared_flows = children.filter(|child| child.join("sharedflowbundle").is_dir());
    arguments.extend(shared_flows.map(|child| child.display().to_string()));
    if let Ok(environment) = fs::read_to_string(folder.join("environment.yaml")) {
        let stores = directory.path().join("tls");
        let (authority, write) = (Authority::new(), |file: &str, pem: String| {
            let file = stores.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, pem).unwrap();
        });
        let client = authority.issue("shop");
        write("orders-keys/shop.crt", client.pem());
        write("orders-keys/shop.key", client.key_pem());
        write("orders-trust/ca.crt", authority.pem());
        let file = directory.path().join("environment.yaml");
        fs::write(&file, format!("{}tls: {{stores: {}}}\n", adapt(&environment), stores.display())).unwrap();
        arguments.extend(["--environment".to_owned(), file.display().to_string()]);
    }
    arguments
}

/// Envoy's errors for a configuration that it rejects.
pub fn validate(configuration: &str, directory: &RunDirectory) -> Result<(), String> {
    let file = directory.path().join("validated.yaml");
    fs::write(&file, configuration).unwrap();
    let output = Command::new(envoy::binary())
        .args(["--mode", "validate", "--log-level", "warning", "--config-path"])
        .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", host::native_folder())
        .arg(&file)
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A server and its port.
pub async fn server(handler: impl Fn(&Received) -> MockResponse + Send + Sync + 'static) -> (Backend, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (Backend::serve(format!("port {port}"), listener, None, handler), port)
}

impl Rendered {
    pub async fn start(configuration: &str) -> Rendered {
        let directory = RunDirectory::create();
        let envoy = Envoy::start("envoy.yaml", configuration.as_bytes(), 1, &directory).await;
        Rendered { envoy, directory }
    }

    pub async fn send(&self, request: Request) -> ClientResponse {
        exchange(self.envoy.addresses().listeners["proxy"], request).await.unwrap()
    }

    /// Stops Envoy and looks for failed VMs in its log.
    pub fn stop(self) {
        drop(self.envoy);
        envoy_log::no_vm_failed(self.directory.path()).unwrap();
    }
}
