//! Loading a configuration does not panic for any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = envoy_callout::config::load(bytes);
});
