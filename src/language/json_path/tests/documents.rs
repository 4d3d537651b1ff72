//! Documents with repeated names, spellings of numbers, and depth.

use super::*;

fn texts(document: &str, path: &str) -> Vec<Option<String>> {
    let path = JsonPath::compile(path).unwrap();
    path.find(&JsonText::parse(document).unwrap()).iter().map(JsonSlice::text).collect()
}

fn text(document: &str, path: &str) -> Option<String> {
    texts(document, path).pop().unwrap()
}

/// A repeated name has its last value and its first position.
#[test]
fn the_last_value_of_a_name_counts() {
    let document = r#"{"a": 1, "b": {"c": 2}, "\u0061": 3, "b": {"c": 4, "d": 5, "c": 6}, "e": 7}"#;
    assert_eq!(parts(document, "$.a"), ["3"]);
    assert_eq!(parts(document, "$['e','a']"), ["7", "3"]);
    assert_eq!(parts(document, "$.b.c"), ["6"]);
    assert_eq!(parts(document, "$..c"), ["6"]);
    assert_eq!(parts(document, "$.b.*"), ["6", "5"]);
    assert_eq!(parts(document, "$.*.d"), ["5"]);
    assert_eq!(parts(document, "$..[?(@ < 6)]"), ["3", "5"]);
    assert_eq!(text(document, "$").unwrap(), r#"{"a":3,"b":{"c":6,"d":5},"e":7}"#);
    assert_eq!(parts(r#"[{"a":{"x":1,"x":2}}]"#, "$[?(@.a == @['a'])].a.x"), ["2"]);
}

#[test]
fn values_keep_their_spelling() {
    let document = r#"{"n": [ 1E5 , 1.50, -0, 0e-0, 123456789012345678901234567890, 1e999 ],
        "s" : "a\u00e9\/\n\"\ud83d\ude00" , "o" : { "x y" : [ ] , "\u00e9\t" : { } } , "t" : true, "z" : null }"#;
    assert_eq!(text(document, "$.n").unwrap(), "[1E5,1.50,-0,0e-0,123456789012345678901234567890,1e999]");
    assert_eq!(text(document, "$.n[0]").unwrap(), "1E5");
    assert_eq!(text(document, "$.s").unwrap(), "aé/\n\"😀");
    assert_eq!(text(document, "$.o").unwrap(), r#"{"x y":[],"é\t":{}}"#);
    assert_eq!(text(document, "$.t").unwrap(), "true");
    assert_eq!(text(document, "$.z"), None);
    let all = |path: &str| JsonPath::compile(path).unwrap().text_of_all(&JsonText::parse(document).unwrap());
    assert_eq!(all("$['s','z','t']").unwrap(), r#"["aé/\n\"😀",null,true]"#);
    assert_eq!(all("$.o.*").unwrap(), "[[],{}]");
    assert_eq!(all("$.missing"), None);
}

#[test]
fn the_first_value_ends_the_search() {
    let first = |document: &str, path: &str| {
        let document = JsonText::parse(document).unwrap();
        JsonPath::compile(path).unwrap().first(&document).map(|found| found.as_str().to_owned())
    };
    assert_eq!(first("[1, 2]", "$[*]").as_deref(), Some("1"));
    assert_eq!(first(r#"[{"a": 1}, {"a": 2}]"#, "$..a").as_deref(), Some("1"));
    assert_eq!(first("[1, 2]", "$[?(@ > 1)]").as_deref(), Some("2"));
    assert_eq!(first("[1, 2]", "$[7]"), None);
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(parts(&nested(127), "$..*").len(), 127);
    assert_eq!(parts(&nested(127), &format!("${}", "[0]".repeat(127))), ["1"]);
    assert_eq!(parts(&nested(127), &format!("${}", "[*]".repeat(127))), ["1"]);
    assert_eq!(parts(&nested(127), &"[0]".repeat(5000)).len(), 0);
    assert!(JsonText::parse(&nested(128)).is_err());
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    assert_eq!(parts(&objects(127), "$..a").len(), 127);
    assert_eq!(text(&objects(127), "$"), Some(objects(127)));
    assert!(JsonText::parse(&objects(128)).is_err());
}
