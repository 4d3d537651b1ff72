mod documents;
mod large;
mod segments;

use super::*;
use crate::language::json_text::JsonText;
use serde_json::{Value, json};

fn store() -> Value {
    json!({
        "store": {
            "book": [
                {"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95, "tags": ["a", "b"]},
                {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99},
                {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "price": 8.99, "isbn": "0-553"},
            ],
            "bicycle": {"color": "red", "price": 19.95},
        },
        "access-token": "t", "a b": 1, "été": "é", "it's": "q", "length": 7, "id": "42", "n": 42,
        "nothing": null, "x.y": "dotted",
    })
}

fn found(path: &str) -> Value {
    found_in(&store(), path)
}

fn found_in(document: &Value, path: &str) -> Value {
    let path = JsonPath::compile(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = document.to_string();
    let document = JsonText::parse(&text).unwrap();
    path.find(&document).into_iter().map(|found| serde_json::from_str::<Value>(found.as_str()).unwrap()).collect()
}

/// The found parts of a document.
fn parts(document: &str, path: &str) -> Vec<String> {
    let path = JsonPath::compile(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let document = JsonText::parse(document).unwrap();
    path.find(&document).into_iter().map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn keys() {
    for (path, result) in [
        ("$.store.bicycle.color", json!(["red"])),
        ("store.bicycle.color", json!(["red"])),
        ("['store'].bicycle", json!([{"color": "red", "price": 19.95}])),
        (".store.bicycle.price", json!([19.95])),
        ("$['store']['bicycle'][\"color\"]", json!(["red"])),
        ("$.['store'].['bicycle'].color", json!(["red"])),
        (" $.store.bicycle.color \n", json!(["red"])),
        ("$.access-token", json!(["t"])),
        ("access-token", json!(["t"])),
        ("$.a b", json!([1])),
        ("$.été", json!(["é"])),
        ("$['it\\'s']", json!(["q"])),
        ("$[\"it's\"]", json!(["q"])),
        ("$['\\u00e9t\\u00e9']", json!(["é"])),
        ("$['x.y']", json!(["dotted"])),
        ("$.length", json!([7])),
        ("$.nothing", json!([null])),
        ("$.missing", json!([])),
        ("$.missing[0].x", json!([])),
        ("$.store.book[0].title", json!(["Sayings"])),
        ("$.store.book[-1].title", json!(["Moby Dick"])),
        ("$.store.book[(@.length-1)].title", json!(["Moby Dick"])),
        ("$.store.book[ (@.length - 1) ].title", json!(["Moby Dick"])),
        ("$.store.book[9].title", json!([])),
        ("$.store.book[0,2].title", json!(["Sayings", "Moby Dick"])),
        ("$.store.book[0:2].title", json!(["Sayings", "Sword"])),
        ("$.store.book[-2:].title", json!(["Sword", "Moby Dick"])),
        ("$.store.book[:1].title", json!(["Sayings"])),
        ("$.store.book[::2].title", json!(["Sayings", "Moby Dick"])),
        ("$.store.book[*].title", json!(["Sayings", "Sword", "Moby Dick"])),
        ("$.store.book.*.title", json!(["Sayings", "Sword", "Moby Dick"])),
        ("$..title", json!(["Sayings", "Sword", "Moby Dick"])),
        ("$..book[1].author", json!(["Evelyn Waugh"])),
        ("$..['color']", json!(["red"])),
        ("$..book..price", json!([8.95, 12.99, 8.99])),
        ("$.store.bicycle['color','price']", json!(["red", 19.95])),
        ("$.store.bicycle[ 'color' , 'price' ]", json!(["red", 19.95])),
    ] {
        assert_eq!(found(path), result, "{path}");
    }
    assert_eq!(found("$"), json!([store()]));
    assert_eq!(found("$.*").as_array().unwrap().len(), 10);
}

#[test]
fn filters() {
    for (filter, titles) in [
        ("?(@.price < 10)", "Sayings,Moby Dick"),
        ("?(@.price<10&&@.category=='fiction')", "Moby Dick"),
        ("? ( @.price >= 12.99 || @.isbn )", "Sword,Moby Dick"),
        ("?(@.category == \"reference\")", "Sayings"),
        ("?(@['category'] != 'fiction')", "Sayings"),
        ("?(@.isbn)", "Moby Dick"),
        ("?(!@.isbn)", "Sayings,Sword"),
        ("?(!(@.isbn || @.tags))", "Sword"),
        ("?(!!@.isbn)", "Moby Dick"),
        ("?((@.isbn || @.tags) && @.price < 8.97)", "Sayings"),
        ("?(@.tags[0] == 'a')", "Sayings"),
        ("?(@.tags[?(@ == 'b')])", "Sayings"),
        ("?(@.isbn == null)", ""),
        ("?(@.isbn != 'x')", "Sayings,Sword,Moby Dick"),
        ("?(@.price == '8.95')", "Sayings"),
        ("?('8.95' == @.price)", "Sayings"),
        ("?(@.price != '8.95')", "Sword,Moby Dick"),
        ("?(@.price > '8.95')", ""),
        ("?(@.title in ['Sword', \"Sayings\"])", "Sayings,Sword"),
        ("?(@.title nin ['Sword','Sayings'])", "Moby Dick"),
        ("?(@.title in [])", ""),
        ("?(@.title nin [])", "Sayings,Sword,Moby Dick"),
        ("?(@.title in ['Sword'] && @.price > 1)", "Sword"),
        ("?(@.title =~ /S.*/)", "Sayings,Sword"),
        ("?(@.title =~ /s.*D/i)", "Sword"),
        ("?(@.title =~ /word/)", ""),
        ("?(@.author =~ /(?!H).*M\\w+/ && @.price)", ""),
        ("?(@.author =~ /\\w+ M\\w+/)", "Moby Dick"),
        ("?(@.title =~ /a\\/b|Moby.Dick/)", "Moby Dick"),
        ("?(@.title =~ 'Sw.*')", "Sword"),
        ("?(!(@.title =~ /S.*/))", "Moby Dick"),
        ("?(@.price =~ /.*/)", ""),
        ("?(@.price < $.store.bicycle.price)", "Sayings,Sword,Moby Dick"),
        ("?(@.title=='Moby Dick')", "Moby Dick"),
        ("?('x' == 'x')", "Sayings,Sword,Moby Dick"),
        ("?@.isbn", "Moby Dick"),
    ] {
        for path in [format!("$.store.book[{filter}].title"), format!("$.store.book.[{filter}].title")] {
            let found = found(&path);
            let found: Vec<_> = found.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(found.join(","), titles, "{path}");
        }
    }
    // A number and the same number as text are equal.
    assert_eq!(found("$..[?(@ == 42)]"), json!(["42", 42]));
    assert_eq!(found("$..[?(@ == '42')]"), json!(["42", 42]));
    assert_eq!(found("$[?(@ == 't\\'')]"), json!([]));
    assert_eq!(found("$..[?(@.color == 'red')].price"), json!([19.95]));
}

/// The forms of paths in real policies.
#[test]
fn paths_of_real_policies() {
    let document = json!({
        "error_description": "no", "data": [{"id": 7, "customerId": "c-1", "links": {"self-ref": "u"}}],
        "0": {"Name": "n"}, "developer": {"attributes": [{"name": "tier", "value": "gold"}]},
    });
    for (path, result) in [
        ("$.error_description", json!(["no"])),
        ("error_description", json!(["no"])),
        ("$.data[?(@.customerId == 'c-1')].id", json!([7])),
        ("$.data[?(@.customerId == \"c-1\" && @.id == 7)].links.self-ref", json!(["u"])),
        ("$.data.[?(@.id == 7)].customerId", json!(["c-1"])),
        ("$.data[?(@.id == '7')].customerId", json!(["c-1"])),
        ("$..attributes[?(@.name=='tier')].value", json!(["gold"])),
        ("$.data[-1].id", json!([7])),
        ("$.0.Name", json!(["n"])),
    ] {
        assert_eq!(found_in(&document, path), result, "{path}");
    }
    assert_eq!(found_in(&document, "$"), json!([document]));
}

#[test]
fn numbers_keep_their_text() {
    let document = r#"[{"lat": 37.42291810, "big": 12345678901234567890123}]"#;
    let text = |path: &str| parts(document, path).concat();
    assert_eq!(text("$[0].lat"), "37.42291810");
    assert_eq!(text("$[?(@.lat > 37)].big"), "12345678901234567890123");
}

/// Paths of published policies.
#[test]
fn filters_test_objects_and_bare_words() {
    let keys = json!([{"k": "kEy-123_Z", "s": 1}, {"k": "01", "s": 2}, {"s": 3}]);
    let usage = json!({"candidates": [], "usage": {"count": 7}});
    let nested = json!({"a": [{"b": {"c": 1, "d": "x"}}, {"b": [{"c": 1, "d": "y"}, {"c": 2, "d": "z"}]}]});
    let cases = [
        (&keys, "$[?(@.k == kEy-123_Z)].s", json!([1])),
        (&keys, "$[?(@.k == 01)].s", json!([2])),
        (&keys, "$[?(@.k == )].s", json!([])),
        (&keys, "$[?(@.k==)].s", json!([])),
        (&keys, "$[?(@.k != )].s", json!([1, 2, 3])),
        (&usage, "$.[?(@.usage.count > 0)].usage.count", json!([7])),
        (&usage, "$[?(@.usage.count > 7)].usage.count", json!([])),
        (&usage, "$.usage[?(@.count)].count", json!([7])),
        (&nested, "$.a[*].b[?(@.c == 1)].d", json!(["x", "y"])),
        (&nested, "$.a[?(@.b.c == 1)].b[?(@.d)].c", json!([1])),
        (&nested, "$..[?(@.c == 2)].d", json!(["z"])),
        (&nested, "$.a[1].b[?(@.c == $.a[0].b.c)].d", json!(["y"])),
    ];
    for (document, path, expected) in cases {
        assert_eq!(found_in(document, path), expected, "{path}");
    }
}

#[test]
fn definite_paths_select_one_value() {
    for path in ["$", "$.a", "a.b", "$['a']['b,c']", "$.a[0]", "$.a[-1]", "$.a[(@.length-1)]", "$['*']", "$['a:b..?']"]
    {
        assert!(JsonPath::compile(path).unwrap().is_definite(), "{path}");
    }
    for path in ["$.*", "$[*]", "$..a", "$[?(@.a)]", "$[0:1]", "$[0,1]", "$['a','b']", "*", "$.a[*].b"] {
        assert!(!JsonPath::compile(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn errors_name_the_construct() {
    for (path, reason) in [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("$.", "a dot without a name"),
        ("$..", "a dot without a name"),
        ("$.a.", "a dot without a name"),
        ("$...a", "a dot without a name"),
        ("$[", "`[]`"),
        ("$[]", "`[]`"),
        ("$[a]", "`[a]`"),
        ("$[1", "unmatched `[`"),
        ("$['a", "unclosed quotation"),
        ("$['a'", "unmatched `[`"),
        ("$['\\ud800']", "`\\u` with an invalid character code"),
        ("$[1:2:3:4]", "`[1:2:3:4]`"),
        ("$[*,*]", "unmatched `[`"),
        ("$.a]", "unexpected `]`"),
        ("$x", "unexpected `x`"),
        ("$.a.length()", "the function `length()` is not supported"),
        ("$[(@.length-2)]", "the script `(@.length-2)` is not supported"),
        ("$[?(@.a]", "unmatched `(` in a filter"),
        ("$[?()]", "a filter has nothing to compare"),
        ("$[?(abc)]", "a filter has nothing to compare"),
        ("$[?(1)]", "a filter has nothing to compare"),
        ("$[?(@.a size 2)]", "the operator `size` is not supported"),
        ("$[?(@.a = 2)]", "the operator `=` is not supported"),
        ("$[?(@.a in @.b)]", "`in` and `nin` require a list"),
        ("$[?(@.a in ['x')]", "unclosed list in a filter"),
        ("$[?(@.a =~ x)]", "`=~` requires a pattern between slashes"),
        ("$[?('a' =~ /x/)]", "the left operand of `=~` must be a path"),
        ("$[?(@.a =~ /(/)]", "`(`: invalid regular expression: unclosed group"),
        ("$[?(@.a =~ /(?<=a)b/)]", "`(?<=a)b`: invalid regular expression: look-behind is not supported"),
        ("$[?(@.a == $..b)]", "a root path in a filter must select a single value"),
        ("$..a..b..c..d..e", "more than 4 `..`"),
    ] {
        let error = JsonPath::compile(path).unwrap_err().to_string();
        assert_eq!(error, format!("invalid JSONPath: {reason}"), "{path}");
    }
    for path in ["$[99999999999999999]", "$[?(@..a == 1)]", "$[?(@.a[*] == 1)]"] {
        assert!(JsonPath::compile(path).is_err(), "{path}");
    }
}

#[test]
fn malicious_paths_are_rejected() {
    let deep = 100_000;
    for unit in ["(", "[?(", "$[?(@", "$[?((((", "$[?(!", "..", "['a'", "[0]", ".a", "$[?(@.a =~ /", "[0,0]", "'", "\\"]
    {
        assert!(JsonPath::compile(&unit.repeat(deep)).is_err(), "{unit}");
        let _ = JsonPath::compile(&unit.repeat(1000));
        let _ = JsonPath::compile(&unit.repeat(20));
    }
    let filter = |levels: usize| format!("$[?{}@.a{}]", "(".repeat(levels), ")".repeat(levels));
    assert!(JsonPath::compile(&filter(20)).is_ok());
    assert!(JsonPath::compile(&filter(2000)).is_err());
    let mixed = format!("$[?{}@.a{}]", "(@.b && (@.c || ".repeat(11), "))".repeat(11));
    assert!(JsonPath::compile(&mixed).is_ok());
    let nested = |levels: usize| format!("${}@.a{}", "[?(@.b".repeat(levels), ")]".repeat(levels));
    assert!(JsonPath::compile(&nested(30)).is_err());
    assert!(JsonPath::compile(&format!("$[{}0]", "0,".repeat(5000))).is_err());
    assert!(JsonPath::compile(&"[0,0]".repeat(20)).is_err());
    assert!(JsonPath::compile(&"[0]".repeat(5000)).is_ok());
    assert!(JsonPath::compile(&format!("$[?(@.a in [{}0])]", "0,".repeat(2000))).is_ok());
}

#[test]
fn results_inside_each_other_are_given_up_when_they_are_too_large() {
    let nested = |levels: usize, text: &str| (0..levels).fold(Value::from(text), |inner, _| json!({"item": inner}));
    let path = JsonPath::compile("$..item").unwrap();
    let text = |document: Value| path.text_of_all(&JsonText::parse(&document.to_string()).unwrap());
    assert_eq!(text(nested(3, "x")).unwrap(), r#"[{"item":{"item":"x"}},{"item":"x"},"x"]"#);
    assert_eq!(text(nested(100, &"x".repeat(1 << 20))), None);
}

#[test]
fn malicious_documents_cost_little() {
    let mut document = Value::from((0..20_000).collect::<Vec<_>>());
    for _ in 0..120 {
        document = Value::from(vec![document]);
    }
    let document = document.to_string();
    assert_eq!(parts(&document, "$..*").len(), 20_120);
    assert_eq!(parts(&document, "$..*..*").len(), 0);
    assert_eq!(parts(r#"{"a": {"b": 1}}"#, "$..a..b"), ["1"]);
    let long = json!(["a".repeat(5000), "aab"]);
    assert_eq!(found_in(&long, "$[?(@ =~ /(a+)+b/)]"), json!(["aab"]));
}
