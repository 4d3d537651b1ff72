//! Filter configurations: separate files, or parts of a configuration of Envoy or Istio.

mod place;

use super::finding::{Finding, Severity};
use super::native;
use super::source::Source;
use super::tree::{self, Content, Node};
use envoy_callout::config::known::CONFIGURATION;
use envoy_callout::diagnostic::{Code, Position};
use envoy_callout::suggestion;
use serde_json::{Map, Value};
use std::rc::Rc;

/// A file with its value.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The value: a list of values for YAML with several documents.
    pub(crate) value: Value,
    /// The tree of the text, for positions. `None` when it has another form than the value.
    pub(crate) tree: Option<Rc<Node>>,
}

/// A filter configuration in a file.
#[derive(Clone, Debug)]
pub(crate) struct Embedded {
    /// The configuration.
    pub(crate) value: Value,
    /// The node of the configuration, or of the text that contains it.
    node: Option<Rc<Node>>,
}

/// The filter configurations of a file. A file without any is read as one configuration, so that its problems are
/// reported.
pub(crate) fn of(file: &Parsed) -> Vec<Embedded> {
    let mut configurations = of_envoy(file);
    if configurations.is_empty() {
        configurations.push(Embedded { value: file.value.clone(), node: file.tree.clone() });
    }
    configurations
}

/// The filter configurations in a value.
pub(crate) fn inside(value: &Value) -> Vec<Value> {
    located(value, None).into_iter().map(|found| found.value).collect()
}

/// The filter configurations in a value with a node.
pub(crate) fn located(value: &Value, node: Option<&Rc<Node>>) -> Vec<Embedded> {
    let mut configurations = Vec::new();
    find(value, node, &mut configurations);
    configurations
}

/// The filter configurations of a configuration of Envoy, also those that lack the list of policies.
pub(crate) fn of_envoy(file: &Parsed) -> Vec<Embedded> {
    let mut configurations = located(&file.value, file.tree.as_ref());
    walk(&file.value, file.tree.as_ref(), &mut |object, node| {
        let Some((key, typed)) = of_plugin(object) else { return };
        let typed_node = node.and_then(|node| node.get(key));
        let is_incomplete = |content: &Value| {
            inside(content).is_empty() && (names_own_module(object) || has_misspelt_policies(content))
        };
        if let Some(value) = content(typed).filter(is_incomplete) {
            let node = typed_node.map(|node| node.get("value").unwrap_or(node));
            configurations.push(Embedded { value, node: node.cloned() });
        }
    });
    configurations
}

/// Visits every object in a value with its node.
pub(crate) fn walk(
    value: &Value,
    node: Option<&Rc<Node>>,
    visit: &mut impl FnMut(&Map<String, Value>, Option<&Rc<Node>>),
) {
    match value {
        Value::Object(object) => {
            visit(object, node);
            for (key, value) in object {
                walk(value, node.and_then(|node| node.get(key)), visit);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, node.and_then(|node| node.item(index)), visit);
            }
        }
        _ => {}
    }
}

/// The key and the typed value of the configuration of a plugin: of a WebAssembly module, or of a dynamic module.
pub(crate) fn of_plugin(object: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    let keys = [("vm_config", "configuration"), ("dynamic_module_config", "filter_config")];
    let (_, key) = keys.into_iter().find(|(machine, _)| object.contains_key(*machine))?;
    Some((key, object.get(key)?))
}

/// Whether the module of a plugin has the name of the filter's module.
fn names_own_module(plugin: &Map<String, Value>) -> bool {
    let file = plugin.get("vm_config").and_then(|machine| machine.pointer("/code/local/filename"));
    let native = plugin.get("dynamic_module_config").and_then(|module| module.get("name"));
    file.or(native).and_then(Value::as_str).is_some_and(|name| name.contains(native::NAME))
}

/// Whether an object has a key like `policies` and another key of a filter configuration.
fn has_misspelt_policies(content: &Value) -> bool {
    let keys = || content.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
    keys().any(|key| suggestion::nearest(key, ["policies"]).is_some())
        && keys().any(|key| CONFIGURATION.contains(&key) && key != "policies")
}

/// The object in a typed value: a `google.protobuf.Struct`, or a `google.protobuf.StringValue` with JSON.
fn content(typed: &Value) -> Option<Value> {
    match typed.get("value").unwrap_or(typed) {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        value => Some(value.clone()).filter(Value::is_object),
    }
}

/// Changes every filter configuration in a value.
pub(crate) fn change(value: &mut Value, act: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(object) if object.get("policies").is_some_and(Value::is_array) => act(value),
        Value::Object(object) => object.values_mut().for_each(|value| change(value, act)),
        Value::Array(list) => list.iter_mut().for_each(|value| change(value, act)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(mut inner @ Value::Object(_)) = serde_json::from_str(text) {
                change(&mut inner, act);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// Collects the filter configurations in a value: objects with a list of policies, or texts of such objects. The node of
/// a text is that of its configurations.
fn find(value: &Value, node: Option<&Rc<Node>>, found: &mut Vec<Embedded>) {
    match value {
        Value::Object(object) if object.get("policies").is_some_and(Value::is_array) => {
            found.push(Embedded { value: value.clone(), node: node.cloned() });
        }
        Value::Object(object) => {
            for (key, value) in object {
                find(value, node.and_then(|node| node.get(key)), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                find(value, node.and_then(|node| node.item(index)), found);
            }
        }
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(text) {
                let of_text = located(&value, None).into_iter();
                found.extend(of_text.map(|found| Embedded { node: node.cloned(), ..found }));
            }
        }
        _ => {}
    }
}

/// Reads a file.
///
/// # Errors
/// The file is neither JSON nor YAML.
pub(crate) fn parse(source: &Rc<Source>) -> Result<Parsed, Box<Finding>> {
    let value = value_of(source)?;
    // Files for Istio contain several documents. One without content has no value.
    let mut documents: Vec<Rc<Node>> = tree::documents(&source.text)
        .map(|documents| documents.into_iter().map(|document| document.root).collect())
        .unwrap_or_default();
    documents.retain(|root| !matches!(root.content, Content::Null));
    let tree = match documents.len() {
        0 | 1 => documents.pop(),
        several => {
            let is_same = value.as_array().is_some_and(|values| values.len() == several);
            is_same.then(|| Node::list(documents))
        }
    };
    Ok(Parsed { value, tree })
}

fn value_of(source: &Rc<Source>) -> Result<Value, Box<Finding>> {
    let broken = |line: u64, column: u64, message: String| {
        let number = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
        let position = number(line).zip(number(column)).map(|(line, column)| Position { line, column });
        Box::new(Finding::new(Severity::Error, Code::InvalidConfiguration, message).in_source(source, position))
    };
    let is_json = source.text.trim_start().starts_with('{') || source.file.to_ascii_lowercase().ends_with(".json");
    if is_json {
        return serde_json::from_str(&source.text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
            let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            broken(number(line), number(column), format!("the configuration is not valid JSON: {message}"))
        });
    }
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(&source.text).map_err(|error| {
        let location = error.location().map(|location| (location.line(), location.column()));
        let (line, column) = location.unwrap_or_default();
        let message = error.without_snippet().to_string();
        let message = message.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&message);
        broken(line, column, format!("the configuration is not valid YAML: {message}"))
    })?;
    // Files for Istio contain several documents.
    Ok(if documents.len() == 1 { documents.pop().unwrap_or_default() } else { Value::Array(documents) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn configurations_are_found_at_any_depth() {
        let configuration = json!({"policies": ["<Quota/>"]});
        assert_eq!(inside(&configuration), std::slice::from_ref(&configuration));
        let text = configuration.to_string();
        let envoy = json!({"a": [{"value": configuration}, {"value": text}, {"rbac": {"policies": {}}}, "{x}"]});
        assert_eq!(inside(&envoy), [configuration.clone(), configuration]);
        assert_eq!(inside(&json!([1])), [] as [Value; 0]);
    }

    #[test]
    fn a_configuration_in_a_later_document_has_positions() {
        for text in ["a: 1\n---\nb: {policies: [x], request: [y]}\n", "---\n---\nb: {policies: [x], request: [y]}\n"] {
            let source = Rc::new(Source::new("a.yaml".to_owned(), text.as_bytes()).0);
            let file = parse(&source).unwrap();
            let [configuration] = of(&file).try_into().unwrap();
            assert_eq!(configuration.value_position("request[0]"), Some(Position { line: 3, column: 30 }), "{text}");
            assert_eq!(configuration.steps(), Some(Position { line: 3, column: 20 }), "{text}");
        }
    }
}
