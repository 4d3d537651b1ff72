//! Envoy's validation of a filter configuration.

use std::fs;
use std::process::Command;

use super::bootstrap::Bootstrap;
use super::{Cluster, Host, Listener, RunDirectory, envoy, host};

/// The outcome of `envoy --mode validate`.
#[derive(Clone, Debug)]
pub struct Validation {
    /// Whether Envoy accepts the configuration.
    pub ok: bool,
    /// Everything Envoy and the module logged.
    pub log: String,
}

impl Listener {
    /// Asks Envoy whether it takes this listener, our filter's configuration above all. Needs no running Envoy.
    pub fn validate(&self) -> Validation {
        let directory = RunDirectory::create();
        let upstream = Cluster::new().to_json("upstream", None);
        let listener = self.to_json("validated", "upstream", &directory.path().join("access.log"));
        let bootstrap =
            Bootstrap { runtime: Host::current().runtime(), listeners: vec![listener], clusters: vec![upstream] };
        let configuration = serde_json::to_vec_pretty(&bootstrap.to_json()).unwrap();
        Validation::of("bootstrap.json", &configuration, &directory)
    }
}

impl Validation {
    /// Asks Envoy about a whole configuration file of this name and content.
    pub(super) fn of(name: &str, configuration: &[u8], directory: &RunDirectory) -> Validation {
        let path = directory.path().join(name);
        fs::write(&path, configuration).unwrap();
        let output = Command::new(envoy::binary())
            .args(["--mode", "validate", "--disable-hot-restart"])
            .args([
                "--log-level",
                "warning",
                "--component-log-level",
                "wasm:info,dynamic_modules:info",
                "--config-path",
            ])
            .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", host::native_folder())
            .arg(&path)
            .output()
            .unwrap_or_else(|error| panic!("start Envoy: {error}"));
        Validation { ok: output.status.success(), log: String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}
