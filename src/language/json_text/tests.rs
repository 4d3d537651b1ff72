use super::*;

#[test]
fn places_of_values() {
    let text = r#" {"a": [1, 2], "b": null} "#;
    let document = JsonText::parse(text).unwrap();
    assert_eq!(document.root().as_str(), text.trim());
    assert_eq!(document.root().member("a").unwrap().first_item().unwrap().as_number(), Some("1"));
    assert!(document.root().member("b").unwrap().is_null());
}
