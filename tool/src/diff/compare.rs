//! Compares two values. Members of lists are matched by their names, else by their positions.

use super::change::Change;
use super::document;
use super::location::Location;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Lists whose order has no effect.
const UNORDERED: [&str; 4] = ["clusters", "policies", "target_endpoints", "shared_flows"];

/// The differences of two configurations, in the order of the earlier one, with what is added last.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&Location::default(), before, after, &mut found);
    found
}

fn compare(at: &Location, before: &Value, after: &Value, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => objects(at, before, after, found),
        (Value::Array(before), Value::Array(after)) => lists(at, before, after, found),
        // An element that occurs once is not a list.
        (Value::Array(before), Value::Object(_)) => lists(at, before, std::slice::from_ref(after), found),
        (Value::Object(_), Value::Array(after)) => lists(at, std::slice::from_ref(before), after, found),
        (Value::String(first), Value::String(second)) => match (document::read(first), document::read(second)) {
            (Some(first), Some(second)) => compare(at, &first, &second, found),
            _ => found.push(change(at, Some(before), Some(after))),
        },
        _ => found.push(change(at, Some(before), Some(after))),
    }
}

fn change(at: &Location, before: Option<&Value>, after: Option<&Value>) -> Change {
    Change { location: at.text(), before: before.cloned(), after: after.cloned() }
}

fn objects(at: &Location, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Vec<Change>) {
    for (key, value) in before {
        match after.get(key) {
            Some(other) => compare(&at.child(key), value, other, found),
            None => found.push(change(&at.child(key), Some(value), None)),
        }
    }
    for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        found.push(change(&at.child(key), None, Some(value)));
    }
}

fn lists(at: &Location, before: &[Value], after: &[Value], found: &mut Vec<Change>) {
    let (Some(earlier), Some(later)) = (names(before), names(after)) else {
        return positions(at, before, after, found);
    };
    for (name, value) in earlier.iter().zip(before) {
        match later.iter().position(|other| other == name).and_then(|index| after.get(index)) {
            Some(other) => compare(&at.child(name), value, other, found),
            None => found.push(change(&at.child(name), Some(value), None)),
        }
    }
    for (name, value) in later.iter().zip(after).filter(|(name, _)| !earlier.contains(name)) {
        found.push(change(&at.child(name), None, Some(value)));
    }
    let common = |all: &[String], other: &[String]| {
        all.iter().filter(|name| other.contains(name)).map(|name| Value::from(name.as_str())).collect::<Vec<_>>()
    };
    let (order, new_order) = (common(&earlier, &later), common(&later, &earlier));
    if order != new_order && !UNORDERED.contains(&at.last()) {
        found.push(change(&at.child("order"), Some(&order.into()), Some(&new_order.into())));
    }
}

/// Compares what is left without the common start and end.
fn positions(at: &Location, before: &[Value], after: &[Value], found: &mut Vec<Change>) {
    let start = before.iter().zip(after).take_while(|(first, second)| first == second).count();
    let (before, after) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(first, second)| first == second).count();
    let (before, after) = (kept(before, end), kept(after, end));
    for index in 0..before.len().max(after.len()) {
        let at = at.child(start.saturating_add(index).to_string());
        match (before.get(index), after.get(index)) {
            (Some(first), Some(second)) => compare(&at, first, second, found),
            (first, second) => found.push(change(&at, first, second)),
        }
    }
}

fn kept(list: &[Value], end: usize) -> &[Value] {
    list.get(..list.len().saturating_sub(end)).unwrap_or_default()
}

/// The names of the members, if each has one. A number follows a name that occurs again.
fn names(list: &[Value]) -> Option<Vec<String>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = Vec::new();
    for value in list {
        let name = name(value)?;
        let count = seen.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        names.push(if *count == 1 { name } else { format!("{name}#{count}") });
    }
    Some(names)
}

fn name(value: &Value) -> Option<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("name").and_then(Value::as_str).or_else(|| document::name(value));
            own.map(str::to_owned).or_else(|| object.get("match").map(route))
        }
        Value::String(text) => document::read(text).as_ref().and_then(document::name).map(str::to_owned),
        _ => None,
    }
}

/// The name of a route: what it matches.
fn route(matching: &Value) -> String {
    let mut parts = Vec::new();
    for (key, value) in matching.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => parts.push(format!("{key} {text}")),
            Value::Array(list) => parts.extend(list.iter().map(condition)),
            value => parts.push(format!("{key} {value}")),
        }
    }
    format!("[{}]", parts.join(", "))
}

/// A condition for a header or a parameter: `x-callout-target=default`.
fn condition(condition: &Value) -> String {
    let name = condition.get("name").and_then(Value::as_str).unwrap_or_default();
    match condition.pointer("/string_match/exact").and_then(Value::as_str) {
        Some(text) => format!("{name}={text}"),
        None => condition.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(before: &Value, after: &Value) -> Vec<String> {
        changes(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn members_are_matched_by_name() {
        let before = json!({"clusters": [{"name": "a", "t": "1s"}, {"name": "b"}], "port": 1});
        let after = json!({"clusters": [{"name": "c"}, {"name": "a", "t": "2s"}], "port": 1, "new": "x"});
        let expected =
            ["changed  clusters/a/t: 1s -> 2s", "removed  clusters/b", "added    clusters/c", "added    new: x"];
        assert_eq!(texts(&before, &after), expected);
        assert_eq!(texts(&before, &before), [""; 0]);
    }

    #[test]
    fn routes_are_named_by_what_they_match_and_have_an_order() {
        let route = |path: &str, cluster: &str| {
            let header = json!({"name": "x-callout-target", "string_match": {"exact": "t"}});
            json!({"match": {"prefix": path, "headers": [header]}, "route": {"cluster": cluster}})
        };
        let before = json!({"routes": [route("/a", "1"), route("/b", "1")]});
        let after = json!({"routes": [route("/b", "1"), route("/a", "2")]});
        let (a, b) = ("[prefix /a, x-callout-target=t]", "[prefix /b, x-callout-target=t]");
        let found = changes(&before, &after);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].to_string(), format!("changed  routes/{a}/route/cluster: 1 -> 2"));
        let order =
            Change { location: "routes/order".to_owned(), before: Some(json!([a, b])), after: Some(json!([b, a])) };
        assert_eq!(found[1], order);
    }

    #[test]
    fn documents_are_compared_by_element() {
        let policies = |documents: &[&str]| json!({"policies": documents});
        let policy = |timeout: &str, rest: &str| {
            format!("<ServiceCallout name='SC'><Timeout>{timeout}</Timeout>{rest}</ServiceCallout>")
        };
        let before = policies(&[&policy("1", ""), "<RaiseFault name='RF'/>"]);
        let after = policies(&["<AssignMessage name='AM'/>", &policy("2", "\n  <Response>r</Response>\n")]);
        let expected = [
            "changed  policies/SC/Timeout: 1 -> 2",
            "added    policies/SC/Response: r",
            "removed  policies/RF: <RaiseFault name='RF'/>",
            "added    policies/AM: <AssignMessage name='AM'/>",
        ];
        assert_eq!(texts(&before, &after), expected);
        // Whitespace and quotes have no effect.
        assert_eq!(texts(&policies(&["<A name='a'/>"]), &policies(&["<A  name=\"a\"></A>\n"])), [""; 0]);
    }

    #[test]
    fn steps_are_a_list_also_when_there_is_one() {
        let flow = |steps: &[&str]| {
            let steps: String = steps.iter().map(|name| format!("<Step><Name>{name}</Name></Step>")).collect();
            json!({"flow": format!("<Request>{steps}</Request>")})
        };
        assert_eq!(texts(&flow(&["a"]), &flow(&["a", "b"])), ["added    flow/Step/b"]);
        assert_eq!(texts(&flow(&["a", "b", "a"]), &flow(&["a", "b"])), ["removed  flow/Step/a#2"]);
        let order = "changed  flow/Step/order: [\"a\",\"b\"] -> [\"b\",\"a\"]";
        assert_eq!(texts(&flow(&["a", "b"]), &flow(&["b", "a"])), [order]);
    }

    #[test]
    fn a_list_without_names_is_compared_by_position() {
        let change = texts(&json!({"l": ["a", "b", "d"]}), &json!({"l": ["a", "c", "x", "d"]}));
        assert_eq!(change, ["changed  l/1: b -> c", "added    l/2: x"]);
    }
}
