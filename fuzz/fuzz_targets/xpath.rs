//! The evaluation of XPath does not panic for any expression and XML document.
#![no_main]

use envoy_callout::language::xpath::{XPath, XmlDocument};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (expression, xml) = input;
    let namespaces = [("p".to_owned(), "urn:p".to_owned())];
    let Ok(path) = XPath::compile(expression, &namespaces) else { return };
    let _ = path.evaluate(&XmlDocument::parse("<a b='1'><p:c xmlns:p='urn:p'>2</p:c><!-- d --></a>").unwrap());
    let Ok(document) = XmlDocument::parse(xml) else { return };
    let _ = path.evaluate(&document);
});
