use super::*;
use proptest::prelude::*;
use serde_json::Value as Tree;

#[test]
fn members_and_items() {
    let text = " {\"a\": [1, 2], \"b\": null, \"c\": \"\\u00e9\", \"c\": -1.50, \"d\": []}\n";
    let document = JsonText::parse(text).unwrap();
    let member = |name: &str| document.root().member(name);
    assert_eq!(document.root().as_str(), text.trim());
    assert_eq!(member("a").unwrap().first_item().unwrap().as_number(), Some("1"));
    assert!(member("a").unwrap().is_array());
    assert!(member("b").unwrap().is_null());
    assert_eq!(member("c").unwrap().as_number(), Some("-1.50"));
    assert_eq!(member("c").unwrap().as_text(), None);
    assert!(member("d").unwrap().first_item().is_none());
    assert!(member("e").is_none());
    assert!(member("a").unwrap().member("a").is_none());
    assert!(document.root().first_item().is_none());
    assert_eq!(format!("{:?}", member("d").unwrap()), "JsonSlice(\"[]\")");
    let document = JsonText::parse("\"a\\ud83d\\ude00\"").unwrap();
    assert_eq!(document.root().as_text().as_deref(), Some("a😀"));
}

#[test]
fn texts_that_are_not_json() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "1 2",
        "01",
        "+1",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "tru",
        "truex",
        "nulll",
        "'a'",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0061\"",
        "\"\n\"",
        "\"\u{0}\"",
        "\u{feff}1",
        "\u{a0}1",
    ] {
        assert_eq!(JsonText::parse(text).err(), Some(JsonError), "{text:?}");
        assert!(serde_json::from_str::<Tree>(text).is_err(), "{text:?}");
    }
    for text in ["0", "-0.0e-0", " [ ] ", "{}", "\"\u{7f}\"", "\"\\ud83d\\ude00\"", "true", "[{}]"] {
        assert!(JsonText::parse(text).is_ok(), "{text:?}");
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let scalar = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i32>().prop_map(Tree::from),
        "[a\\\\\"é\n]{0,40}".prop_map(Tree::from),
    ];
    scalar.prop_recursive(8, 200, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::from),
            prop::collection::vec(("[a-c\"]{0,2}", inner), 0..6)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_document_is_what_a_tree_is(text in prop::collection::vec(
        prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"", "\"a\"", "1", "0", "-", ".", " ", "e", "true", "nul", "\\u", "d83d", "\n"]),
        0..12,
    )) {
        let text = text.concat();
        prop_assert_eq!(JsonText::parse(&text).is_ok(), serde_json::from_str::<Tree>(&text).is_ok());
    }

    #[test]
    fn values_are_those_of_a_tree(tree in tree()) {
        for text in [tree.to_string(), serde_json::to_string_pretty(&tree).unwrap()] {
            let document = JsonText::parse(&text).unwrap();
            let expected = tree.as_str().map_or_else(|| (!tree.is_null()).then(|| tree.to_string()), |text| Some(text.to_owned()));
            prop_assert_eq!(document.root().text(), expected);
            prop_assert_eq!(document.root().as_str(), &*text);
            if let Tree::Object(members) = &tree {
                for (name, value) in members {
                    let found = document.root().member(name).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<Tree>(found.as_str()).unwrap(), value);
                }
            }
        }
    }
}
