//! The evaluation of JSONPath does not panic for any path and JSON text.
#![no_main]

use envoy_callout::language::json_path::JsonPath;
use envoy_callout::language::json_text::JsonText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, json) = input;
    let Ok(path) = JsonPath::compile(path) else { return };
    for text in [r#"{"a":[1,{"b":"x"},[]],"a-b":null,"c":{"d":true}}"#, json] {
        let Ok(document) = JsonText::parse(text) else { continue };
        for value in path.find(&document) {
            let _ = value.text();
        }
    }
});
