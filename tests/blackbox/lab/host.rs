//! The host of the filter under test: the WebAssembly module, or the native module with `HOST=native`.

use std::path::PathBuf;

use serde_json::{Value, json};

/// A host of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The module `envoy_callout.wasm`.
    Wasm,
    /// The dynamic module `libenvoy_callout.so`.
    Native,
}

/// The cases that do not hold on the native host, with the reason (docs/guide/native.md).
const NOT_NATIVE: [(&str, &str); 6] = [
    ("bodies::body_needed_without_body_callbacks", NO_SETTING),
    ("bodies::too_large_with_body_not_read", NO_SETTING),
    ("lifecycle::client_leaves", CANCELS),
    ("lifecycle::client_disconnects_http2", CANCELS),
    ("lifecycle::client_disconnects_with_body_callbacks", CANCELS),
    ("parallel_callouts::a_client_that_disconnects_leaves_the_others_alone", CANCELS),
];

const NO_SETTING: &str = "dynamic modules have no allow_on_headers_stop_iteration";
const CANCELS: &str = "Envoy cancels the callouts of a stream that ends; native::ends_with_its_client checks this";

impl Host {
    /// The host that `$HOST` names.
    pub fn current() -> Host {
        match std::env::var("HOST").as_deref() {
            Err(_) | Ok("" | "wasm") => Host::Wasm,
            Ok("native") => Host::Native,
            Ok(other) => panic!("$HOST is {other:?}; allowed: wasm, native"),
        }
    }

    pub fn is_native(self) -> bool {
        self == Host::Native
    }

    /// The reason why a case does not hold on this host.
    pub fn skips(self, case: &str) -> Option<&'static str> {
        let skipped = NOT_NATIVE.iter().find(|(name, _)| self.is_native() && *name == case);
        skipped.map(|(_, reason)| *reason)
    }

    /// The skipped cases that do not exist.
    pub fn unknown_skips(cases: &[String]) -> Vec<&'static str> {
        NOT_NATIVE.iter().map(|(name, _)| *name).filter(|name| !cases.iter().any(|case| case == name)).collect()
    }

    /// Envoy's runtime flags in the lab.
    pub fn runtime(self) -> Value {
        let mut flags = json!({"tracing.zipkin.min_flush_spans": 1});
        if self.is_native() {
            // The names for Prometheus are then those of the WebAssembly module.
            flags["envoy.reloadable_features.dynamic_modules_strip_custom_stat_prefix"] = json!(true);
        }
        flags
    }

    /// The name of a metric of the filter, which cases write as that of the WebAssembly module.
    pub fn stat(self, name: &str) -> String {
        match (self, name.strip_prefix(WASM_STATS)) {
            (Host::Native, Some(rest)) => format!("{NATIVE_STATS}{rest}"),
            _ => name.to_owned(),
        }
    }

    /// The inverse of [`Host::stat`].
    pub fn written_stat(self, name: &str) -> String {
        match (self, name.strip_prefix(NATIVE_STATS)) {
            (Host::Native, Some(rest)) => format!("{WASM_STATS}{rest}"),
            _ => name.to_owned(),
        }
    }
}

const WASM_STATS: &str = "wasmcustom.";
const NATIVE_STATS: &str = "dynamicmodulescustom.";

/// The folder of the native module: of `$CALLOUT_NATIVE`, or of the output of `make native`.
pub fn native_folder() -> PathBuf {
    let built = || concat!(env!("CARGO_MANIFEST_DIR"), "/target/native/libenvoy_callout.so").into();
    let mut module = std::env::var_os("CALLOUT_NATIVE").map_or_else(built, PathBuf::from);
    module.pop();
    module
}
