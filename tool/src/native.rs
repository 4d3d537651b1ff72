//! The native module of `--host native`: a dynamic module of Envoy.

use serde_json::{Value, json};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The host of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Host {
    /// The WebAssembly module, for Envoy, Istio and Envoy Gateway
    Wasm,
    /// The dynamic module libenvoy_callout.so, for Envoy 1.40 and later
    Native,
}

/// The type of the filter's typed configuration.
pub(crate) const TYPE: &str = "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter";

/// The name of the module, also in the file of the WebAssembly module. Envoy searches for `lib` + NAME + `.so`.
pub(crate) const NAME: &str = "envoy_callout";

/// The file of the module.
pub(crate) const FILE: &str = "libenvoy_callout.so";

/// The environment variable of Envoy with the folders of modules.
pub(crate) const SEARCH_PATH: &str = "ENVOY_DYNAMIC_MODULES_SEARCH_PATH";

/// The file that `make native` builds.
const BUILT: &str = "target/native/libenvoy_callout.so";

/// The typed configuration of the filter, without its type. `configuration` is a typed value.
pub(crate) fn filter(name: &str, configuration: &Value) -> Value {
    json!({
        // Worker threads have data of the module, so Envoy must not unload it.
        "dynamic_module_config": {"name": NAME, "do_not_close": true},
        "filter_name": name,
        "filter_config": configuration,
    })
}

/// The runtime with which the names of metrics for Prometheus are those of the WebAssembly module.
pub(crate) fn runtime() -> Value {
    let flags = json!({"envoy.reloadable_features.dynamic_modules_strip_custom_stat_prefix": true});
    json!({"layers": [{"name": "callout", "static_layer": flags}]})
}

/// The absolute path of the module.
///
/// # Errors
/// The module does not exist.
pub(crate) fn find(named: Option<&Path>) -> io::Result<PathBuf> {
    let variable: Option<OsString> = std::env::var_os("CALLOUT_NATIVE").filter(|value| !value.is_empty());
    if let Some(named) = named.map(Path::to_owned).or(variable.map(PathBuf::from)) {
        return named
            .canonicalize()
            .map_err(|error| io::Error::new(error.kind(), format!("no module at {}: {error}", named.display())));
    }
    let program_folder = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join(FILE)));
    let candidates = [Some(PathBuf::from(FILE)), program_folder, Some(PathBuf::from(BUILT))];
    let found = candidates.into_iter().flatten().find(|path| path.is_file());
    let missing = || {
        let text = format!("no {FILE}: pass --module, set $CALLOUT_NATIVE, or run `make native`");
        io::Error::new(io::ErrorKind::NotFound, text)
    };
    found.ok_or_else(missing)?.canonicalize()
}
