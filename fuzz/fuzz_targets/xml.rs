//! The XML reader and a walk over its elements do not panic for any text.
#![no_main]

use envoy_callout::language::xml::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text) else { return };
    let mut elements = vec![document.root()];
    while let Some(element) = elements.pop() {
        let _ = (element.name(), element.position(), element.text(), element.content(), element.attribute("name"));
        let _ = (element.attribute_position("name"), element.text_position(1));
        elements.extend(element.children());
    }
});
