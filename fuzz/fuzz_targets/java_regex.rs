//! Java's regular expressions do not panic for any pattern, text and replacement.
#![no_main]

use envoy_callout::language::java_regex::JavaRegex;
use libfuzzer_sys::fuzz_target;

const MAX_BYTES: usize = 1 << 20;

fuzz_target!(|input: (&str, &str, &str)| {
    let (pattern, text, replacement) = input;
    if let Ok(regex) = JavaRegex::compile(pattern) {
        let _ = regex.matches_whole(text);
    }
    if let Ok(regex) = JavaRegex::for_replacing(pattern) {
        let _ = regex.replace_first(text, replacement, MAX_BYTES);
        let _ = regex.replace_all(text, replacement, MAX_BYTES);
    }
    let _ = JavaRegex::check_for_making(pattern);
});
