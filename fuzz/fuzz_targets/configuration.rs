//! No bytes that Envoy may hand over as a configuration make the module panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = envoy_callout::config::load(bytes);
});
