//! Axes, node tests and predicates.

use super::*;

const TREE: &str = "<?pi one  two?><r xmlns='urn:d' xmlns:p='urn:p'><a i='1' j='2'><b/><b k='3'>x</b></a>\
    <!-- c --><p:a xmlns='' xml:lang='en-GB'><b>y</b><?pi?>z</p:a><c xml:lang='de'><b/></c></r>";

/// The names of the nodes that an expression finds, or the texts of those without a name.
fn names(expression: &str) -> String {
    let namespaces = [("d".to_owned(), "urn:d".to_owned()), ("p".to_owned(), "urn:p".to_owned())];
    let document = XmlDocument::parse(TREE).unwrap();
    let path = XPath::compile(expression, &namespaces).unwrap();
    let Parsed { expression, uris } = &*path.parsed;
    let mut evaluator = Evaluator::new(document.tree(), uris);
    let context = Context { node: NodeRef::ROOT, position: 1, size: 1 };
    let nodes = evaluator.nodes(expression, context).unwrap();
    let tree = document.tree();
    let names = nodes.iter().map(|node| match node.name(tree) {
        Some(name) => tree.slice(name.start, name.end).to_owned(),
        None if *node == NodeRef::ROOT => "/".to_owned(),
        None => node.text(tree).into_owned(),
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn axes() {
    for (expression, result) in [
        ("/", "/"),
        (".", "/"),
        ("/..", ""),
        ("/self::node()", "/"),
        ("/child::*", "r"),
        ("/node()", "one  two r"),
        ("//d:a/child::node()", "b b"),
        ("//d:b/parent::*", "a c"),
        ("//d:a/@i/..", "a"),
        ("//d:b/..", "a c"),
        ("//text()/ancestor::*", "r a b p:a b"),
        ("//text()/ancestor-or-self::node()", "/ r a b x p:a b y z"),
        ("//@k/ancestor::*", "r a b"),
        ("//@k/ancestor-or-self::node()", "/ r a b k"),
        ("//d:a/descendant::node()", "b b x"),
        ("//d:a/descendant-or-self::*", "a b b"),
        ("/descendant::b", "b"),
        ("//@i/descendant-or-self::node()", "i"),
        ("//@i/descendant::node()", ""),
        ("//d:b[1]/following::*", "b p:a b c b"),
        ("//d:b[2]/following::node()", " c  p:a b y  z c b"),
        ("//@j/following::*", "b b p:a b c b"),
        ("//p:a/preceding::*", "a b b"),
        ("//p:a/preceding::node()[1]", " c "),
        ("//@k/preceding::*", "b"),
        ("//p:a/b/preceding::*[1]", "b"),
        ("//d:a/following-sibling::*", "p:a c"),
        ("//d:a/following-sibling::*[1]", "p:a"),
        ("//d:a/following-sibling::node()[1]", " c "),
        ("//d:c/preceding-sibling::*", "a p:a"),
        ("//d:c/preceding-sibling::*[1]", "p:a"),
        ("//d:c/preceding-sibling::*[last()]", "a"),
        ("//@j/preceding-sibling::node()", ""),
        ("//@i/following-sibling::node()", ""),
        ("//d:b/preceding-sibling::*", "b"),
        ("//d:a/attribute::*", "i j"),
        ("//@*", "i j k xml:lang xml:lang"),
        ("//@xml:lang", "xml:lang xml:lang"),
        ("//@xml:*", "xml:lang xml:lang"),
        ("//@*[. > 1]", "j k"),
        ("//@node()", "i j k xml:lang xml:lang"),
        ("//@text()", ""),
        ("/namespace::*", ""),
        ("//d:a/namespace::*", "http://www.w3.org/XML/1998/namespace urn:d urn:p"),
        ("//d:a/namespace::p", "urn:p"),
        ("//d:a/namespace::p:p", ""),
        ("//p:a/namespace::*", "http://www.w3.org/XML/1998/namespace urn:p"),
        ("//@i/namespace::*", ""),
        ("//p:a/namespace::p/..", "p:a"),
        ("//p:a/namespace::xml/following::*", "b c b"),
    ] {
        assert_eq!(names(expression), result, "{expression}");
    }
}

#[test]
fn node_tests() {
    for (expression, result) in [
        ("//*", "r a b b p:a b c b"),
        ("//p:*", "p:a"),
        ("//d:*", "r a b b c b"),
        ("//b", "b"),
        ("//a", ""),
        ("//text()", "x y z"),
        ("//comment()", " c "),
        ("/processing-instruction()", "one  two"),
        ("//processing-instruction('pi')", "one  two "),
        ("//processing-instruction(\"other\")", ""),
        ("//node()[self::text()]", "x y z"),
        ("//p:a/node()", "b  z"),
    ] {
        assert_eq!(names(expression), result, "{expression}");
    }
}

#[test]
fn predicates() {
    for (expression, result) in [
        ("//d:b[1]", "b b"),
        ("//d:b[2]/@k", "k"),
        ("(//d:b)[2]/@k", "k"),
        ("/descendant::d:b[2]/@k", "k"),
        ("//d:b[last()]/@*", "k"),
        ("//d:b[position() = last()]/@*", "k"),
        ("//d:b[position() > 1]/@*", "k"),
        ("//d:b[last() - 1]", "b"),
        ("//*[@i][@j]", "a"),
        ("//*[@i and not(@k)]", "a"),
        ("//*[2]", "b p:a"),
        ("//*[2][1]", "b p:a"),
        ("//d:b[@k][1]", "b"),
        ("//d:b[1][@k]", ""),
        ("//d:b['']", ""),
        ("//d:b['a']", "b b b"),
        ("//d:b[0]", ""),
        ("//d:b[1.5]", ""),
        ("//d:b[0 div 0]", ""),
        ("//d:b[true()]", "b b b"),
        ("//*[count(*) = 2]", "a"),
        ("//*[*[2]]", "r a"),
        ("//*[position() mod 2 = 1]/d:b[1]", "b b"),
        (".[1]", "/"),
        ("//d:b/ancestor::*[1]", "a c"),
        ("//d:b/ancestor::*[2]", "r"),
        ("//d:b/ancestor::*[position() = 2]", "r"),
        ("(//d:b/ancestor::*)[2]", "a"),
    ] {
        assert_eq!(names(expression), result, "{expression}");
    }
}
