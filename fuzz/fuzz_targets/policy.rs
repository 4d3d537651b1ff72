//! Parsing a policy, a condition or a template does not panic for any text.
#![no_main]

use envoy_callout::policy::Policy;
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::template::{Syntax, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Policy::parse(text, "policies[0]");
    let _ = Condition::parse(text);
    let _ = Template::parse(text, Syntax::URL);
});
