//! SAP's dialect of the endpoint documents: other names for the same elements, and an explicit order.

use crate::language::xml::Element;

/// SAP's name of an element of a flow or rule, if it differs.
fn name_of(apigee: &str) -> Option<&'static str> {
    Some(match apigee {
        "PreFlow" => "preFlow",
        "PostFlow" => "postFlow",
        "Request" => "request",
        "Response" => "response",
        "Name" => "policy_name",
        "TargetEndpoint" => "targetEndPointName",
        _ => return None,
    })
}

/// The other elements of SAP's documents that are read.
const ELEMENTS: [&str; 13] = [
    "base_path",
    "condition",
    "conditionalFlow",
    "conditionalFlows",
    "conditions",
    "faultRules",
    "name",
    "policy_name",
    "routeRule",
    "routeRules",
    "sequence",
    "step",
    "steps",
];

/// Whether an element of SAP's documents has this name.
pub(super) fn is_element(name: &str) -> bool {
    let renamed = ["PreFlow", "PostFlow", "Request", "Response", "Name", "TargetEndpoint"];
    ELEMENTS.contains(&name) || renamed.iter().any(|apigee| name_of(apigee) == Some(name))
}

/// Whether an element has a name of Apigee or SAP's name for it.
fn is(element: Element<'_, '_>, apigee: &str) -> bool {
    element.name() == apigee || name_of(apigee).is_some_and(|name| element.name() == name)
}

/// The child elements with a name of Apigee or SAP's name for it.
pub(super) fn children<'a, 'input>(
    element: Element<'a, 'input>,
    apigee: &'static str,
) -> impl Iterator<Item = Element<'a, 'input>> {
    element.children().filter(move |child| is(*child, apigee))
}

/// The elements of SAP's lists, which are children of a list element and have sequence numbers, in that order.
pub(super) fn listed<'a, 'input>(
    element: Element<'a, 'input>,
    list: &str,
    item: &'static str,
) -> Vec<Element<'a, 'input>> {
    let lists = element.children_named(list);
    let mut items: Vec<(u32, Element<'_, '_>)> = Vec::new();
    for item in lists.flat_map(|list| list.children_named(item)) {
        let sequence = element_text(item, "sequence").parse().unwrap_or(u32::MAX);
        let index = items.partition_point(|(other, _)| *other <= sequence);
        items.insert(index, (sequence, item));
    }
    items.into_iter().map(|(_, item)| item).collect()
}

/// The name of a document, flow or rule: Apigee's attribute or SAP's element.
pub(super) fn name(element: Element<'_, '_>) -> String {
    match element.attribute("name") {
        Some(name) => name.trim().to_owned(),
        None => element_text(element, "name"),
    }
}

/// The text of a child element, empty without one.
fn element_text(element: Element<'_, '_>, child: &str) -> String {
    element.child(child).map(Element::text).unwrap_or_default()
}
