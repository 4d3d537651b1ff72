//! Expressions of policies.

mod axes;
mod functions;
mod malicious;
mod operators;

use super::*;

const LIBRARY: &str = "<?xml version='1.0'?><!-- c --><lib xmlns:s='urn:s' name=\"L &amp; M\">\
    <book id='1' lang='en'><title>One</title><price>10.5</price></book>\
    <book id='2'><title>Two<![CDATA[ & a half]]></title><price>20</price></book>\
    <s:shelf s:no='7'><book id='3'><title>Three</title><s:note>n</s:note></book></s:shelf>\
    <empty/><été>é</été></lib>";

fn namespaces() -> Vec<(String, String)> {
    vec![("t".to_owned(), "urn:s".to_owned()), ("soap".to_owned(), "http://soap".to_owned())]
}

fn run(expression: &str, xml: &str) -> Result<XPathResult, XPathError> {
    XPath::compile(expression, &namespaces())?.evaluate(&XmlDocument::parse(xml)?)
}

fn texts(expression: &str, xml: &str) -> Vec<String> {
    match run(expression, xml) {
        Ok(XPathResult::Nodes(nodes)) => nodes.into_iter().map(|node| node.text).collect(),
        other => panic!("{expression}: {other:?}"),
    }
}

#[test]
fn paths() {
    for (expression, result) in [
        ("/lib/book/title", "One|Two & a half"),
        ("lib/book/title", "One|Two & a half"),
        ("//title", "One|Two & a half|Three"),
        ("//book[2]/title", "Two & a half"),
        ("//book[@id='3']/title", "Three"),
        ("//book[@id='1' and @lang]/title", "One"),
        ("//book[@id='1' or @id='2']/@id", "1|2"),
        ("//book[price > 15]/title", "Two & a half"),
        ("//book[last()]/@id", "2|3"),
        ("//book[position() < 2]/@id", "1|3"),
        ("//book[not(@lang)]/@id", "2|3"),
        ("//book[contains(title, 'hre')]/@id", "3"),
        ("//book[starts-with(title,'T')]/@id", "2|3"),
        ("//book[title[text()='One']]/@id", "1"),
        ("/lib/@name", "L & M"),
        ("//@id", "1|2|3"),
        ("/lib/book[1]/title/text()", "One"),
        ("/lib/book/title/text()", "One|Two| & a half"),
        ("//*[local-name()='note']", "n"),
        ("//t:shelf/book/t:note", "n"),
        ("//t:*/@t:no", "7"),
        ("//*[local-name()='shelf' and namespace-uri()='urn:s']/@*", "7"),
        ("/lib/été", "é"),
        ("(//été)[1] | //*/@été | //t:été[1]", "é"),
        ("//title | //price", "One|10.5|Two & a half|20|Three"),
        ("//note", ""),
        ("//title/../@id", "1|2|3"),
        ("//t:note/ancestor::book/@id", "3"),
        ("//book[1]/following-sibling::book/@id", "2"),
        ("/lib/comment() | /comment()", " c "),
        ("//div/and", ""),
        ("/lib/div | //t:mod | lib/@or | //title[1 = 1 and and or not(or)][1]", "One|Two & a half|Three"),
    ] {
        assert_eq!(texts(expression, LIBRARY).join("|"), result, "{expression}");
    }
}

#[test]
fn parentheses_with_predicates_or_paths() {
    for (expression, result) in [
        ("(//book)[1]/@id", "1"),
        ("(//book)[3]/title", "Three"),
        ("(//book)[last()]/@id", "3"),
        ("( //book ) [ 2 ]", "Two & a half20"),
        ("(//book)[9]", ""),
        ("(//book)[0]", ""),
        ("(//book)[1.5]", ""),
        ("(//book[2])[1]/@id", "2"),
        ("(//book/title)[2]", "Two & a half"),
        ("(//book/title)[last()]", "Three"),
        ("(//title | //price)[2]", "10.5"),
        ("(//title | //price)[. > 15]", "20"),
        ("(//book)[@lang][1]/@id", "1"),
        ("(//book/title)[contains(., 'T')][2]", "Three"),
        ("(//book | //t:shelf)/title", "One|Two & a half|Three"),
        ("(/lib | /lib/t:shelf)//title", "One|Two & a half|Three"),
        ("(//*[local-name()='title'])[1]", "One"),
        ("(//*[local-name()='title'][.='Three'])[1]", "Three"),
        ("(//book/title)", "One|Two & a half|Three"),
        ("((//book/title)[2])[1]", "Two & a half"),
        ("((//book/title)[2])[2]", ""),
        ("(//book/title)[position() < 3]", "One|Two & a half"),
        ("(//book)[@id > 1]/title[1]", "Two & a half|Three"),
        ("(//book[1] | //t:note)[last()]/..//title", "Three"),
        ("//book[(title | price)[2] = 20]/@id", "2"),
    ] {
        assert_eq!(texts(expression, LIBRARY).join("|"), result, "{expression}");
    }
    for (expression, result) in [
        ("string((//title)[2])", "Two & a half"),
        ("string((//*[local-name()='title'])[1])", "One"),
        ("concat((//title)[1], '-', (//title)[last()])", "One-Three"),
        ("normalize-space((//book)[1]/title)", "One"),
    ] {
        assert_eq!(run(expression, LIBRARY), Ok(XPathResult::String(result.to_owned())), "{expression}");
    }
}

#[test]
fn values() {
    let text = |text: &str| XPathResult::String(text.to_owned());
    for (expression, result) in [
        ("count(//book)", XPathResult::Number(3.0)),
        ("sum(//price)", XPathResult::Number(30.5)),
        ("number(//price)", XPathResult::Number(10.5)),
        ("1 + 2 * 3 div 2 - 4 mod 3", XPathResult::Number(3.0)),
        ("string(//title)", text("One")),
        ("concat(//title, ':', local-name(/*))", text("One:lib")),
        ("normalize-space('  a  b ')", text("a b")),
        ("substring('12345', 2, 3)", text("234")),
        ("translate('abc', 'ab', 'AB')", text("ABc")),
        ("string-length(//été)", XPathResult::Number(1.0)),
        ("boolean(//nothing)", XPathResult::Boolean(false)),
        ("//price = 20", XPathResult::Boolean(true)),
        ("not(//book/@id = '9')", XPathResult::Boolean(true)),
        ("count(//book[(@id = '1') or(@id = '2') and (1)])", XPathResult::Number(2.0)),
        ("(7) mod (4) div (2)", XPathResult::Number(1.5)),
    ] {
        assert_eq!(run(expression, LIBRARY), Ok(result), "{expression}");
    }
    assert!(matches!(run("number('x')", LIBRARY), Ok(XPathResult::Number(number)) if number.is_nan()));
}

#[test]
fn markup_is_complete() {
    let soap = "<soap:Envelope xmlns:soap='http://soap' xmlns='urn:d' xmlns:u='urn:un&amp;used'><soap:Body>\
        <a k='&lt;&quot;'>x &amp; y<soap:b/><c xmlns=''/><d xmlns:u='urn:u2' u:k='1'/></a>\
        <u:e/><plain xmlns=''>1</plain></soap:Body></soap:Envelope>";
    for (expression, xml, markup) in [
        ("//tagid", "<r><tagid>250397</tagid></r>", "<tagid>250397</tagid>"),
        ("/lib/empty", LIBRARY, "<empty/>"),
        ("//@id", LIBRARY, "1|2|3"),
        ("//book[2]/title/text()", LIBRARY, "Two| & a half"),
        ("//t:note", LIBRARY, "<s:note xmlns:s=\"urn:s\">n</s:note>"),
        (
            "//*[local-name()='a']",
            soap,
            "<a xmlns=\"urn:d\" xmlns:soap=\"http://soap\" k=\"&lt;&quot;\">x &amp; y<soap:b/><c xmlns=\"\"/>\
             <d xmlns:u=\"urn:u2\" u:k=\"1\"/></a>",
        ),
        ("//*[local-name()='e']", soap, "<u:e xmlns:u=\"urn:un&amp;used\"/>"),
        ("//plain", soap, "<plain xmlns=\"\">1</plain>"),
        ("/", "<?xml version='1.0'?><!-- c --><a>1</a>", "<a>1</a>"),
        ("//comment()", "<a><!-- c --></a>", "<!-- c -->"),
    ] {
        let Ok(XPathResult::Nodes(nodes)) = run(expression, xml) else { panic!("{expression}") };
        let found: Vec<_> = nodes.into_iter().map(|node| node.markup).collect();
        assert_eq!(found.join("|"), markup, "{expression}");
    }
}

#[test]
fn errors_name_the_construct() {
    for (expression, reason) in [
        ("//x:a", "the prefix `x` has no namespace"),
        ("//a[@x:b]", "the prefix `x` has no namespace"),
        ("x:f(1)", "unknown function `x:f`"),
        ("//a[upper-case(.)='A']", "unknown function `upper-case`"),
        ("matches(/a, 'x')", "unknown function `matches`"),
        ("$v/a", "variables are not supported"),
        ("'a", "unclosed quotation"),
        ("a # b", "unexpected `#`"),
        ("//a[", "unexpected end"),
        ("//a]", "unexpected `]`"),
        ("a b", "unexpected `b`"),
        ("foo::a", "unknown axis `foo`"),
        ("a/foo()", "unknown node test `foo()`"),
        ("processing-instruction(a)", "unexpected `a`"),
        ("1 | a", "an operand of `|` is not a node set"),
        ("'a'[1]", "the expression before a predicate or `/` is not a node set"),
        ("string(a)/b", "the expression before a predicate or `/` is not a node set"),
        ("count('a')", "an argument of `count` is not a node set"),
        ("sum(1)", "an argument of `sum` is not a node set"),
        ("//a[substring(.)]", "the function `substring` does not take 1 arguments"),
        ("true(1)", "the function `true` does not take 1 arguments"),
        ("concat('a')", "the function `concat` does not take 1 arguments"),
    ] {
        let error = XPath::compile(expression, &namespaces()).unwrap_err();
        assert_eq!(error, XPathError::Expression(reason.to_owned()), "{expression}");
    }
    for expression in [
        "", " ", "/a/", "//", "a[", "a]", "(a", "a)", "a[]", "a b", "count(", "foo::a", "a and", "@", "()", "()[1]",
        "(1)[1]/",
    ] {
        let error = XPath::compile(expression, &namespaces());
        assert!(matches!(error, Err(XPathError::Expression(_))), "{expression}: {error:?}");
    }
    assert_eq!(format!("{:?}", XPath::compile("//a", &[]).unwrap().clone()), "XPath(\"//a\")");
}

/// A value as text.
fn value(expression: &str, xml: &str) -> String {
    match run(expression, xml).unwrap() {
        XPathResult::Number(number) => number_text(number),
        XPathResult::String(text) => text,
        XPathResult::Boolean(value) => value.to_string(),
        XPathResult::Nodes(nodes) => panic!("{expression}: {nodes:?}"),
    }
}

#[test]
fn the_type_of_the_result_does_not_depend_on_the_document() {
    for (expression, finds_nodes) in [
        ("/a", true),
        ("a | b", true),
        ("(a)[1]", true),
        ("id('a')", true),
        ("1", false),
        ("'a'", false),
        ("-a", false),
        ("a = b", false),
        ("count(a)", false),
    ] {
        assert_eq!(XPath::compile(expression, &[]).unwrap().finds_nodes(), finds_nodes, "{expression}");
    }
}
