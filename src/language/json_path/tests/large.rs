//! Documents of 10 MB and searches that would take too long.

use super::*;

const SIZE: usize = 10_000_000;

/// An array of at least a number of bytes, with equal items.
fn array(item: &str) -> (String, usize) {
    let count = SIZE.div_ceil(item.len() + 1);
    (format!("[{}{item}]", format!("{item},").repeat(count - 1)), count)
}

fn count(document: &JsonText<'_>, path: &str) -> usize {
    JsonPath::compile(path).unwrap().find(document).len()
}

#[test]
fn large_arrays_of_numbers() {
    let (text, items) = array("7");
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$[*]"), items);
    assert_eq!(JsonPath::compile("$[*]").unwrap().text_of_all(&document), Some(text.clone()));
}

#[test]
fn large_arrays_of_empty_arrays() {
    let (text, items) = array("[]");
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$..*"), items);
}

#[test]
fn large_arrays_of_objects() {
    let (text, items) = array(r#"{"id":1,"tags":["a"],"at":{"x":1}}"#);
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$..x"), items);
    assert_eq!(count(&document, "$[?(@.id == 1 && @.at.x)].tags[0]"), items);
}

/// The work does not grow with the depth: here every byte has a hundred ancestors.
#[test]
fn large_arrays_of_deep_values() {
    let inner = format!("[{}1]", r#"{"a":"text","b":"text"},"#.repeat(SIZE / 24));
    let text = format!("{}{inner}{}", "[".repeat(100), "]".repeat(100));
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$..a"), SIZE / 24);
    let item = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    let text = format!("[{}{item}]", format!("{item},").repeat(1000));
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$..a"), 1001 * 100);
    assert_eq!(count(&document, &format!("$[*]{}", ".a".repeat(100))), 1001);
}

#[test]
fn large_objects() {
    let members: Vec<String> =
        (0..SIZE / 140).map(|number| format!("\"k{number:07}\":\"{}\"", "x".repeat(126))).collect();
    let text = format!("{{{}}}", members.join(","));
    let document = JsonText::parse(&text).unwrap();
    assert_eq!(count(&document, "$.*"), members.len());
    assert_eq!(count(&document, "$.k0000007"), 1);
    let text = format!("{{{}\"a\":2}}", r#""a":1,"#.repeat(100_000));
    assert_eq!(parts(&text, "$..*"), ["2"]);
    assert_eq!(JsonText::parse(&text).unwrap().root().text().unwrap(), r#"{"a":2}"#);
}

/// Every comparison reads the whole object.
#[test]
fn too_much_work_finds_nothing() {
    let document = format!("[{{{}\"z\":1}}]", r#""a":1,"#.repeat(20_000));
    let filter = |terms: usize| format!("$[?({}@.z == 1)].z", "@.a == 2 || ".repeat(terms));
    assert_eq!(parts(&document, &filter(10)), ["1"]);
    assert_eq!(parts(&document, &filter(300)), [""; 0]);
    let text = JsonText::parse(&document).unwrap();
    let path = JsonPath::compile(&filter(300)).unwrap();
    assert_eq!(path.text_of_all(&text), None);
}
