//! `xpath`.

use super::recent::Recent;
use crate::language::xpath::{XPath, XPathResult, XmlDocument, number, number_text};
use std::cell::RefCell;

thread_local! {
    static RECENT: RefCell<Recent<Option<XPath>>> = const { RefCell::new(Recent::new()) };
}

/// The type of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataType {
    /// The markup of all nodes.
    NodeSet,
    /// The markup of the first node.
    Node,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// The text of the first node.
    String,
}

/// The result of an expression on an XML text. Further arguments with a colon are namespaces, `prefix:URI`. The first
/// one without a colon is the data type; unknown types are node sets.
///
/// `None` when nothing is found, and for an invalid expression or XML text.
pub(super) fn find<'a>(expression: &str, xml: &str, others: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut namespaces = Vec::new();
    let mut data_type = None;
    let mut key = expression.to_owned();
    for other in others {
        match other.split_once(':') {
            Some((prefix, uri)) => {
                namespaces.push((prefix.trim().to_owned(), uri.trim().to_owned()));
                // No expression contains this character, so keys are unique.
                key.push('\0');
                key.push_str(other);
            }
            None => data_type = data_type.or(Some(DataType::parse(other))),
        }
    }
    let compiled = RECENT.with_borrow_mut(|recent| recent.get(&key, || XPath::compile(expression, &namespaces).ok()));
    let result = (*compiled).as_ref()?.evaluate(&XmlDocument::parse(xml).ok()?).ok()?;
    render(&result, data_type.unwrap_or(DataType::NodeSet))
}

impl DataType {
    fn parse(name: &str) -> DataType {
        match name.trim().to_ascii_lowercase().as_str() {
            "node" => DataType::Node,
            "number" => DataType::Number,
            "boolean" => DataType::Boolean,
            "string" => DataType::String,
            _ => DataType::NodeSet,
        }
    }
}

/// The result as text. A result that is not a node set is converted to text for the node types. An empty node set is
/// `false` as a boolean, and has no number and no text. `[inferred]`
fn render(result: &XPathResult, data_type: DataType) -> Option<String> {
    Some(match (data_type, result) {
        (DataType::NodeSet, XPathResult::Nodes(nodes)) => nodes.iter().map(|node| node.markup.as_str()).collect(),
        (DataType::Node, XPathResult::Nodes(nodes)) => nodes.first()?.markup.clone(),
        (DataType::Boolean, result) => boolean(result).to_string(),
        (DataType::Number, XPathResult::Nodes(nodes)) => number_text(number(&nodes.first()?.text)),
        (DataType::Number, XPathResult::String(text)) => number_text(number(text)),
        (DataType::Number, XPathResult::Boolean(value)) => u8::from(*value).to_string(),
        (_, XPathResult::Nodes(nodes)) => nodes.first()?.text.clone(),
        (_, XPathResult::Number(number)) => number_text(*number),
        (_, XPathResult::String(text)) => text.clone(),
        (_, XPathResult::Boolean(value)) => value.to_string(),
    })
}

fn boolean(result: &XPathResult) -> bool {
    match result {
        XPathResult::Nodes(nodes) => !nodes.is_empty(),
        XPathResult::Number(number) => *number != 0.0 && !number.is_nan(),
        XPathResult::String(text) => !text.is_empty(),
        XPathResult::Boolean(value) => *value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(expression: &str, others: &[&str]) -> Option<String> {
        let xml = "<r xmlns:p='urn:p'><tagid>250397</tagid><tagid>x&amp;y</tagid><p:n k='v'>1.50</p:n></r>";
        find(expression, xml, others.iter().copied())
    }

    #[test]
    fn values() {
        for (expression, others, result) in [
            ("//tagid", &[][..], Some("<tagid>250397</tagid><tagid>x&amp;y</tagid>")),
            ("//tagid", &["nodeset"], Some("<tagid>250397</tagid><tagid>x&amp;y</tagid>")),
            ("//tagid", &["other"], Some("<tagid>250397</tagid><tagid>x&amp;y</tagid>")),
            ("//tagid", &["node"], Some("<tagid>250397</tagid>")),
            ("//tagid", &["string"], Some("250397")),
            ("//tagid[2]", &["string"], Some("x&y")),
            ("(//tagid)[2]", &["String"], Some("x&y")),
            ("//tagid", &["number"], Some("250397")),
            ("//tagid[2]", &["number"], Some("NaN")),
            ("//tagid", &["boolean"], Some("true")),
            ("//none", &["boolean"], Some("false")),
            ("//none", &["number"], None),
            ("//none", &["string"], None),
            ("//none", &["node"], None),
            ("//none", &[], Some("")),
            ("//q:n", &["q:urn:p"], Some("<p:n xmlns:p=\"urn:p\" k=\"v\">1.50</p:n>")),
            ("//q:n", &["number", "q:urn:p"], Some("1.5")),
            ("//q:n/@k", &["q:urn:p", "string"], Some("v")),
            ("//q:n/@k", &["q:urn:p"], Some("v")),
            ("//q:n", &["q:urn:other"], Some("")),
            ("//q:n", &[], None),
            ("count(//tagid)", &[], Some("2")),
            ("count(//tagid)", &["boolean"], Some("true")),
            ("count(//tagid) div 0", &[], Some("Infinity")),
            ("1 = 1", &["number"], Some("1")),
            ("string(//tagid)", &["number"], Some("250397")),
            ("-0", &[], Some("0")),
            ("1 div 8", &["string"], Some("0.125")),
            ("//[", &[], None),
        ] {
            assert_eq!(call(expression, others).as_deref(), result, "{expression} {others:?}");
        }
        for xml in ["", "<r>", "{}", &"<a>".repeat(100_000)] {
            assert_eq!(find("//a", xml, std::iter::empty()), None);
        }
    }
}
