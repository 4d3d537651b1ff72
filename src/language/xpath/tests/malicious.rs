//! Expressions and documents that cause much work.

use super::*;

#[test]
fn malicious_expressions_are_rejected() {
    let deep = 100_000;
    for unit in ["(", "[", "a[", "/a", "-", "1+", "a|", "not(", "(//a)[", "a or ", "string(", "((//a)[1])/", "..", "a:"]
    {
        assert!(XPath::compile(&unit.repeat(deep), &[]).is_err(), "{unit}");
        let _ = XPath::compile(&unit.repeat(500), &[]);
        let _ = XPath::compile(&format!("{}a", unit.repeat(30)), &[]);
    }
    for (start, end) in [("(", ")"), ("not(", ")"), ("a[", "]"), ("(//a)[b][", "]")] {
        let _ = XPath::compile(&format!("{}1{}", start.repeat(40), end.repeat(40)), &[]);
        assert!(XPath::compile(&format!("{}1{}", start.repeat(300), end.repeat(300)), &[]).is_err(), "{start}");
    }
    assert!(XPath::compile(&format!("a{}", "/a".repeat(1500)), &[]).is_ok());
}

#[test]
fn malicious_documents_are_rejected_or_cost_little() {
    for xml in ["", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "<a>&b;</a>", "<x:a/>", "{\"a\":1}", "<a>\0</a>"] {
        assert!(matches!(XmlDocument::parse(xml), Err(XPathError::Document(_))), "{xml}");
    }
    assert!(XmlDocument::parse("\u{feff}<a/>").is_ok());
    assert!(XmlDocument::parse("<!DOCTYPE a><a/>").is_ok());
    let bomb = "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'>]><a>&c;</a>";
    assert!(XmlDocument::parse(bomb).is_err());
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(XmlDocument::parse(&deep(100_000)).is_err());
    assert!(XmlDocument::parse(&"<a>".repeat(100_000)).is_err());
    let nested = deep(500);
    let document = XmlDocument::parse(&nested).unwrap();
    let evaluate = |expression: &str| XPath::compile(expression, &[]).unwrap().evaluate(&document);
    assert_eq!(evaluate("count(//a)"), Ok(XPathResult::Number(500.0)));
    assert!(matches!(evaluate("//a"), Ok(XPathResult::Nodes(nodes)) if nodes.len() == 500));
    assert!(matches!(evaluate("//a//a//a//a//a"), Ok(XPathResult::Nodes(nodes)) if nodes.len() == 496));
    let wide = format!("<r>{}</r>", "<a/>".repeat(50_000));
    let document = XmlDocument::parse(&wide).unwrap();
    let evaluate = |expression: &str| XPath::compile(expression, &[]).unwrap().evaluate(&document);
    let too_much = XPathError::Evaluation("it visits more than 2000000 nodes".to_owned());
    for expression in ["//a[count(//a) > 1]", "//a/following-sibling::*[last()]", "//a[. != //a]"] {
        assert_eq!(evaluate(expression), Err(too_much.clone()), "{expression}");
    }
    let operations = XPathError::Evaluation("it runs more than 10000000 operations".to_owned());
    assert_eq!(evaluate(&format!("//a[b{}]", "/b".repeat(1000))), Err(operations));
    for (expression, result) in [
        ("count((//a | //b)/c)", 0.0),
        ("count((//a)[50000])", 1.0),
        ("count(//a/preceding-sibling::a[1])", 49_999.0),
        ("count(//a/following-sibling::a[1])", 49_999.0),
        ("count(//a/preceding-sibling::a)", 49_999.0),
        ("count(//a/following-sibling::a)", 49_999.0),
        ("count(//a/following::a)", 49_999.0),
        ("count(//a/preceding::a)", 49_999.0),
        ("count(//a/ancestor::*)", 1.0),
        ("count(//a/../a/../a)", 50_000.0),
    ] {
        assert_eq!(evaluate(expression), Ok(XPathResult::Number(result)), "{expression}");
    }
    assert_eq!(evaluate("//a = //a"), Ok(XPathResult::Boolean(true)));
    assert_eq!(evaluate("//a != //a"), Ok(XPathResult::Boolean(false)));
    assert_eq!(evaluate("//a < //a"), Ok(XPathResult::Boolean(false)));
}

#[test]
fn results_texts_and_trees_are_limited() {
    let large = format!("<r><t>{}</t></r>", "x".repeat(4_000_000));
    let document = XmlDocument::parse(&large).unwrap();
    let evaluate = |expression: &str| XPath::compile(expression, &[]).unwrap().evaluate(&document);
    assert_eq!(evaluate("string-length(//t)"), Ok(XPathResult::Number(4_000_000.0)));
    assert_eq!(
        evaluate("//node()"),
        Err(XPathError::Evaluation("the result is larger than 16777216 bytes".to_owned()))
    );
    let concat = format!("string-length(concat({}))", vec!["/"; 1000].join(","));
    assert_eq!(evaluate(&concat), Err(XPathError::Evaluation("it visits more than 2000000 nodes".to_owned())));
    let parse = |text: &str| XmlDocument::parse(text).err();
    for (text, reason) in [
        (
            format!("<r>{}</r>", "<a/>".repeat(2_000_000)),
            "not a well-formed XML document: the document takes more than 50331648 bytes of memory",
        ),
        ("<a>".repeat(2_000_000), "not a well-formed XML document: elements are nested deeper than 512 levels"),
        (format!("<a>{}</a>", "x".repeat(9_000_000)), "it is larger than 8388608 bytes"),
    ] {
        assert_eq!(parse(&text), Some(XPathError::Document(reason.to_owned())));
    }
    assert_eq!(parse(&format!("<r>{}</r>", "<item id='1'>text of an item</item>".repeat(200_000))), None);
}
