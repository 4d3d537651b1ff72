//! The evaluation of a condition does not panic for any condition and values of its variables.
#![no_main]

use envoy_callout::config;
use envoy_callout::flow::scripted::Scripted;
use envoy_callout::policy::condition::Condition;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const FAULT: &str = "<RaiseFault name='RF'/>";

fuzz_target!(|input: (&str, &str, &str)| {
    let (condition, path, value) = input;
    let _ = Condition::parse_published(condition);
    let step = json!({"step": "RF", "condition": condition});
    let configuration = json!({"policies": [FAULT], "request": [step], "clusters": {"*": "any"}});
    let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
    Scripted::client("GET", path, &[("x", value), ("y", condition)]).run(&loaded.plan);
});
