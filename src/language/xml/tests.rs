use super::*;

fn content(text: &str) -> String {
    Document::parse(text).unwrap().root().content()
}

#[test]
fn texts_are_joined_around_comments() {
    let document = Document::parse("<Path> /a<!-- x -->b\n</Path>").unwrap();
    assert_eq!(document.root().text(), "/ab");
    assert_eq!(document.root().raw_text(), " /ab\n");
}

#[test]
fn the_first_tag_is_read_without_the_rest() {
    let name = |text: &str| {
        let document = Document::parse_first_tag(text).ok()?;
        let root = document.root();
        assert_eq!((root.text().as_str(), root.children().count()), ("", 0), "{text}");
        Some(format!("{} {}", root.name(), root.attribute("name").unwrap_or_default()))
    };
    for (text, expected) in [
        ("\u{feff}<?xml version='1.0'?><!-- <B> --><A name='a &amp; > b'>c<B></A>", Some("A a & > b")),
        ("<A name='a'/><", Some("A a")),
        ("<p:A xmlns:p='u' name='a'></p:A>", Some("A a")),
        ("<A name='a' name='b'></A>", None),
        ("<!-- <A/>", None),
        ("text <A/>", None),
        ("", None),
    ] {
        assert_eq!(name(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn positions_count_from_one() {
    let document = Document::parse("\u{feff}<A>\n  <B c='1'/>\n</A>").unwrap();
    let child = document.root().child("B").unwrap();
    assert_eq!(child.position(), Position { line: 2, column: 3 });
    assert_eq!(child.attribute_position("c"), Position { line: 2, column: 6 });
}

#[test]
fn a_character_of_a_text_has_a_position_when_it_is_written_as_read() {
    let at = |text: &str, index| Document::parse(text).unwrap().root().text_position(index);
    assert_eq!(at("<A>é\n b</A>", 3), Some(Position { line: 2, column: 2 }));
    assert_eq!(at("<A>ab</A>", 2), Some(Position { line: 1, column: 6 }));
    for text in ["<A>&lt;b</A>", "<A>a<!-- x -->b</A>", "<A><![CDATA[b]]></A>", "<A>a\r\nb</A>", "<A/>", "<A>a<B/></A>"]
    {
        assert_eq!(at(text, 0), None, "{text}");
    }
}

#[test]
fn content_is_text_or_markup_as_written() {
    assert_eq!(content("<P>{\"a\": \"&lt;\"}</P>"), "{\"a\": \"<\"}");
    assert_eq!(content("<P><![CDATA[<html>{x}</html>]]></P>"), "<html>{x}</html>");
    assert_eq!(content("<P> <a b='1'>x &amp; y<!-- no --> z</a>\n</P>"), " <a b='1'>x &amp; y z</a>\n");
}

#[test]
fn prefixes_declared_outside_survive() {
    assert_eq!(
        content("<P xmlns:s='urn:s' xmlns:t='urn:t'><s:a><s:b/></s:a></P>"),
        "<s:a xmlns:s=\"urn:s\"><s:b/></s:a>"
    );
    assert_eq!(content("<P><s:a xmlns:s='urn:s'>1</s:a></P>"), "<s:a xmlns:s='urn:s'>1</s:a>");
}

#[test]
fn names_have_no_namespace() {
    let document = Document::parse("<ServiceCallout xmlns='http://www.sap.com/apimgmt' name='a'/>").unwrap();
    assert_eq!(document.root().name(), "ServiceCallout");
    assert_eq!(document.root().attribute("name"), Some("a"));
}

#[test]
fn a_text_that_is_not_one_document_is_rejected() {
    for text in ["", "<a/><b/>", "<a>", "<!DOCTYPE a><a/>", "<!-- x --><?xml version='1.0'?><a/>", "<a b=1/>"] {
        assert!(Document::parse(text).is_err(), "{text}");
    }
}

#[test]
fn deep_documents_do_not_overflow_the_stack() {
    let depth = 20_000;
    let text = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let _ = Document::parse(&text);
}

#[test]
fn malformed_documents_have_a_position_and_a_reason() {
    for (text, line, column, reason) in [
        ("", 1, 1, "the document has no root element"),
        ("<!-- x -->", 1, 1, "the document has no root element"),
        ("<a", 1, 1, "the document has no root element"),
        ("<a>", 1, 1, "the root element is not closed"),
        ("<a><b></a>", 1, 7, "expected 'b' tag, not 'a'; 'b' is opened at line 1"),
        ("<a>\n <b>\n  <c/>\n <d></d>\n</a>", 5, 1, "expected 'b' tag, not 'a'; 'b' is opened at line 2"),
        ("<a></ a>", 1, 4, "expected 'a' tag, not ' a'; 'a' is opened at line 1"),
        ("<a></a b='1'>", 1, 4, "expected 'a' tag, not 'a b='1''; 'a' is opened at line 1"),
        ("<p:a xmlns:p='u' xmlns:q='u'></q:a>", 1, 30, "expected 'p:a' tag, not 'q:a'; 'p:a' is opened at line 1"),
        ("<a/><b/>", 1, 5, "unknown token"),
        ("<a/>\n x", 2, 2, "unknown token"),
        ("x<a/>", 1, 1, "unknown token"),
        ("<a/>&#32;", 1, 5, "unknown token"),
        ("<a/><![CDATA[]]>", 1, 5, "unknown token"),
        ("<a/></a>", 1, 5, "unexpected end tag 'a'"),
        ("<a><!x></a>", 1, 4, "unknown token"),
        ("<a><!-></a>", 1, 4, "a comment is not closed"),
        ("<a><!--></a>", 1, 4, "a comment is not closed"),
        ("<a><!---></a>", 1, 4, "a comment is not closed"),
        ("<a><!-- - -- --></a>", 1, 4, "a comment contains '--'"),
        ("<a><![CDATA[x]></a>", 1, 4, "a CDATA section is not closed"),
        ("<a><![cdata[x]]></a>", 1, 4, "a CDATA section is not closed"),
        ("<a><b", 1, 4, "a tag is not closed"),
        ("<a><b c='></a>", 1, 4, "the value of an attribute is not closed"),
        ("<a><?b", 1, 4, "a processing instruction is not closed"),
        ("<a><??></a>", 1, 4, "invalid name ''"),
        ("<a><?1?></a>", 1, 4, "invalid name '1'"),
        ("<a><?XML?></a>", 1, 4, "invalid name 'XML'"),
        (" <?xml version='1.0'?><a/>", 1, 2, "unexpected XML declaration"),
        ("<?xml?><a/>", 1, 1, "unexpected XML declaration"),
        ("<?xml encoding='x'?><a/>", 1, 7, "unexpected XML declaration"),
        ("<?xml version='1.0' x='1'?><a/>", 1, 21, "unexpected XML declaration"),
        ("<?xml version='1.0' standalone='yes' encoding='x'?><a/>", 1, 38, "unexpected XML declaration"),
        ("<?xml version='<'?><a/>", 1, 16, "unexpected XML declaration"),
        ("<!DOCTYPE a><a/>", 1, 1, "XML with DTD detected"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 1, 1, "XML with DTD detected"),
        ("< a/>", 1, 2, "invalid name ''"),
        ("<a/ >", 1, 2, "invalid name 'a/'"),
        ("<1/>", 1, 2, "invalid name '1'"),
        ("<a:b:c/>", 1, 2, "invalid name 'a:b:c'"),
        ("<:a/>", 1, 2, "invalid name ':a'"),
        ("<a b=1/>", 1, 6, "expected a quote"),
        ("<a b/>", 1, 5, "expected '=' after the name of an attribute"),
        ("<a b=/>", 1, 6, "expected the value of an attribute"),
        ("<a b='1'c='2'/>", 1, 9, "expected whitespace before an attribute"),
        ("<a b='1'/ >", 1, 11, "expected '=' after the name of an attribute"),
        ("<a ='1'/>", 1, 8, "expected '=' after the name of an attribute"),
        ("<a 1='1'/>", 1, 4, "invalid name '1'"),
        ("<a b='<'/>", 1, 7, "unescaped '<' found"),
        ("<a b='&x;'/>", 1, 7, "unknown entity reference 'x'"),
        ("<a b='&'/>", 1, 7, "malformed entity reference"),
        ("<a b='1' c='' b='2'/>", 1, 15, "attribute 'b' is already defined"),
        ("<a xmlns:p='u' xmlns:q='&#117;' p:b='1' q:b='2'/>", 1, 41, "attribute 'b' is already defined"),
        ("<a xmlns:p='u' xmlns:p='v'/>", 1, 16, "namespace 'p' is already defined"),
        ("<a xmlns='u' xmlns='v'/>", 1, 14, "namespace '' is already defined"),
        ("<p:a/>", 1, 2, "unknown namespace prefix 'p'"),
        ("<a p:b=''/>", 1, 4, "unknown namespace prefix 'p'"),
        ("<r><a xmlns:p='u'/><p:b/></r>", 1, 21, "unknown namespace prefix 'p'"),
        ("<xmlns:a/>", 1, 2, "unknown namespace prefix 'xmlns'"),
        ("<a xmlns:xmlns='u'/>", 1, 4, "a reserved namespace or prefix is declared"),
        ("<a xmlns:xml='u'/>", 1, 4, "a reserved namespace or prefix is declared"),
        ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", 1, 4, "a reserved namespace or prefix is declared"),
        ("<a xmlns:p=''/>", 1, 4, "the namespace prefix 'p' is mapped to an empty URI"),
        ("<a>&x;</a>", 1, 4, "unknown entity reference 'x'"),
        ("<a>x & y</a>", 1, 6, "malformed entity reference"),
        ("<a>\n&#0;</a>", 2, 1, "malformed entity reference"),
        ("<a>é\u{1}</a>", 1, 5, "invalid XML character '\\u{1}'"),
        ("<a b='\u{b}'/>", 1, 7, "invalid XML character '\\u{b}'"),
        ("<a><!--\u{0}--></a>", 1, 8, "invalid XML character '\\0'"),
        ("<a>x]]>y</a>", 1, 5, "']]>' is not allowed in character data"),
    ] {
        let error = Document::parse(text).unwrap_err();
        let expected = (Some(Position { line, column }), format!("not a well-formed XML document: {reason}"));
        assert_eq!((error.position, error.to_string()), expected, "{text}");
    }
}

#[test]
fn well_formed_documents_are_read() {
    for (text, content) in [
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='no' ?>\n<!-- a - b --><?p?>\n<a>x</a >\n<!-- c -->",
            "x",
        ),
        ("<a\n b = '1'\tc=\">\"\r\n>x</a\n>", "x"),
        ("<été é='1'>x</été>", "x"),
        ("<a xml:space='preserve' xmlns:xml='http://www.w3.org/XML/1998/namespace'>x</a>", "x"),
        (
            "<a xmlns:p='u'><p:b/><c xmlns:p='v' p:k='1' k='2'/></a>",
            "<p:b xmlns:p=\"u\"/><c xmlns:p='v' p:k='1' k='2'/>",
        ),
        ("<a>1&lt;2<![CDATA[&<]]>]] &#62;\r\n</a>", "1<2&<]] >\n"),
        ("<a xmlns:p='&amp;&lt;\"'><b p:k=''/></a>", "<b xmlns:p=\"&amp;&lt;&quot;\" p:k=''/>"),
    ] {
        assert_eq!(Document::parse(text).unwrap().root().content(), content, "{text}");
    }
    let document = Document::parse("<a b='&lt;&#10; x\n\ty\r\n' xmlns:p='u' p:b='2'/>").unwrap();
    assert_eq!(document.root().attribute("b"), Some("<\n x  y "));
    assert_eq!(document.root().attribute("p"), None);
}

#[test]
fn limits_are_errors() {
    let error = |text: &str, limits: Limits| Document::parse_limited(text, &limits).unwrap_err().to_string();
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(Document::parse(&deep(512)).is_ok());
    assert_eq!(error(&deep(513), POLICY), "not a well-formed XML document: elements are nested deeper than 512 levels");
    let wide = |count: usize| format!("<r>{}</r>", "<a/>".repeat(count));
    assert!(Document::parse(&wide(99_998)).is_ok());
    assert_eq!(error(&wide(99_999), POLICY), "not a well-formed XML document: the document has more than 100000 nodes");
    let memory = Limits { nodes: usize::MAX, memory: 1024 * 1024, ..POLICY };
    for text in [
        wide(100_000),
        format!("<r>{}</r>", "a<!---->".repeat(100_000)),
        format!("<r{}/>", (0..100_000).map(|n| format!(" a{n}=''")).collect::<String>()),
        format!("<r{}/>", (0..10_000).map(|n| format!(" xmlns:a{n}='u'")).collect::<String>()),
        format!("<r>{}</r>", "&lt;".repeat(500_000)),
    ] {
        assert_eq!(
            error(&text, memory),
            "not a well-formed XML document: the document takes more than 1048576 bytes of memory"
        );
    }
}

/// Each takes a fraction of a second in linear time and minutes in quadratic time.
#[test]
fn malicious_documents_take_linear_time() {
    let many = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    for text in [
        format!("<r{}/>", many(20_000, &|n| format!(" a{n}=''"))),
        format!("<r{}><b/></r>", many(20_000, &|n| format!(" xmlns:a{n}='u'"))),
        format!(
            "<r{}>{}</r>",
            many(20_000, &|n| format!(" xmlns:a{n}='u{n}'")),
            many(20_000, &|n| format!("<a{n}:b/>"))
        ),
        format!(
            "<r xmlns:p='{0}' xmlns:q='{0}'><b{1}/></r>",
            "u".repeat(200_000),
            many(20_000, &|n| format!(" {}:a{n}=''", if n % 2 == 0 { "p" } else { "q" }))
        ),
        format!("<r>{}", "<!-- ".repeat(100_000)),
        "<r>]]>".repeat(100_000),
        "&".repeat(500_000),
        "<".repeat(500_000),
        format!("<r>{}</r>", "<?p ?>".repeat(90_000)),
    ] {
        let document = Document::parse(&text);
        if let Ok(document) = document {
            let _ = document.root().content();
            document.root().children().for_each(|child| assert!(child.position().line == 1));
        }
    }
}

#[test]
fn a_document_type_declaration_is_ignored_where_the_limits_allow_it() {
    let limits = Limits { allows_doctype: true, ..POLICY };
    for (text, is_read) in [
        ("<!DOCTYPE a><a/>", true),
        ("<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'b.dtd' [<!ELEMENT a ANY> <!-- > -->]>\n<a/>", true),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", false),
        ("<!DOCTYPE a [<!ENTITY % b 'c'>]><a/>", false),
        ("<!doctype a><a/>", false),
        ("<!DOCTYPEa><a/>", false),
        ("<!DOCTYPE ><a/>", false),
        ("<!DOCTYPE a><!DOCTYPE a><a/>", false),
        ("<a/><!DOCTYPE a>", false),
        ("<a><!DOCTYPE a></a>", false),
        ("<!DOCTYPE a", false),
    ] {
        assert_eq!(Document::parse_limited(text, &limits).is_ok(), is_read, "{text}");
    }
}
