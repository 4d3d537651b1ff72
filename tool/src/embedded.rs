//! Filter configurations: separate files, or parts of a configuration of Envoy or Istio.

use super::finding::{Finding, Severity};
use super::native;
use super::source::{Source, position};
use envoy_callout::config::known::CONFIGURATION;
use envoy_callout::diagnostic::{Code, Diagnostic, Position};
use envoy_callout::suggestion;
use serde_json::{Map, Value};
use std::rc::Rc;

/// The filter configurations of a file. A file without any is read as one configuration, so that its problems are
/// reported.
///
/// # Errors
/// The file is neither JSON nor YAML.
pub(crate) fn read(source: &Rc<Source>) -> Result<Vec<Value>, Box<Finding>> {
    let value = parse(source)?;
    Ok(of(&value))
}

/// The filter configurations of the value of a file, as [`read`] returns them.
pub(crate) fn of(value: &Value) -> Vec<Value> {
    let mut configurations = of_envoy(value);
    if configurations.is_empty() {
        configurations.push(value.clone());
    }
    configurations
}

/// The filter configurations in a value.
pub(crate) fn inside(value: &Value) -> Vec<Value> {
    let mut configurations = Vec::new();
    find(value, &mut configurations);
    configurations
}

/// The filter configurations of a configuration of Envoy, also those that lack the list of policies.
pub(crate) fn of_envoy(value: &Value) -> Vec<Value> {
    let mut configurations = inside(value);
    find_incomplete(value, &mut configurations);
    configurations
}

/// The typed value with the configuration of a plugin: of a WebAssembly module, or of a dynamic module.
pub(crate) fn of_plugin(object: &Map<String, Value>) -> Option<&Value> {
    let key = if object.contains_key("vm_config") { "configuration" } else { "filter_config" };
    let is_plugin = object.contains_key("vm_config") || object.contains_key("dynamic_module_config");
    object.get(key).filter(|_| is_plugin)
}

/// Collects the configurations of the filter that are objects without a list of policies. Other plugins have
/// configurations of their own.
fn find_incomplete(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(object) => {
            let is_incomplete = |content: &Value| {
                inside(content).is_empty() && (names_own_module(object) || has_misspelt_policies(content))
            };
            found.extend(of_plugin(object).and_then(content).filter(is_incomplete));
            object.values().for_each(|value| find_incomplete(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| find_incomplete(value, found)),
        _ => {}
    }
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

/// The finding of a diagnostic in a configuration. `prefix` is the name of the configuration in messages.
pub(crate) fn finding(source: &Rc<Source>, configuration: &Value, prefix: &str, diagnostic: &Diagnostic) -> Finding {
    let finding = Finding::from(diagnostic);
    let key = diagnostic.document.as_deref();
    match key.and_then(|key| document(source, configuration, prefix, key)) {
        Some(inner) => finding.in_source(&inner, diagnostic.position),
        None => {
            let position = mentioned(&source.text, &diagnostic.message);
            Finding { text: format!("{prefix}{}", finding.text), ..finding }.in_source(source, position)
        }
    }
}

/// The position in a file of what a message is about: the policy of a step in parentheses, as in
/// `request[0] (SC-1): …`, or the last key of the path at its start or after `unknown key`.
fn mentioned(text: &str, message: &str) -> Option<Position> {
    let subject = message.strip_prefix("unknown key ").unwrap_or(message);
    let (path, rest) = subject.split_at_checked(subject.find([' ', ';', ':']).unwrap_or(subject.len()))?;
    let policy = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).map(|(policy, _)| policy);
    let key = path.rsplit('.').next().unwrap_or(path);
    let key = key.split('[').next().unwrap_or(key);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let find = |word: &str, is_key: bool, start: usize| {
        text.match_indices(word).map(|(at, _)| at).filter(|at| *at >= start).find(|at| {
            let before = text.get(..*at).unwrap_or_default();
            let after = text.get(at.saturating_add(word.len())..).unwrap_or_default();
            let has_colon = after.trim_start_matches(['"', '\'', '\\', ' ']).starts_with(':');
            !before.ends_with(is_part) && !after.starts_with(is_part) && (has_colon || !is_key)
        })
    };
    let list = find(key, true, 0);
    let at = policy.and_then(|policy| find(policy, false, list.unwrap_or_default())).or(list)?;
    Some(position(text, at))
}

/// The document under a key of a configuration.
pub(crate) fn document(source: &Source, configuration: &Value, prefix: &str, key: &str) -> Option<Rc<Source>> {
    let text = text_of(configuration, key)?.trim_start_matches('\u{feff}').to_owned();
    Some(Rc::new(source.inner(format!("{prefix}{key}"), text)))
}

/// Collects the filter configurations in a value: objects with a list of policies, or texts of such objects.
fn find(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(object) if object.get("policies").is_some_and(Value::is_array) => found.push(value.clone()),
        Value::Object(object) => object.values().for_each(|value| find(value, found)),
        Value::Array(list) => list.iter().for_each(|value| find(value, found)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(text) {
                find(&value, found);
            }
        }
        _ => {}
    }
}

/// The value of a file: a list of values for YAML with several documents.
///
/// # Errors
/// The file is neither JSON nor YAML.
pub(crate) fn parse(source: &Rc<Source>) -> Result<Value, Box<Finding>> {
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

/// The document of a key such as `policies[0]` or `shared_flows[1].policies[0]`.
fn text_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    let mut value = value;
    for part in key.split('.') {
        let Some((list, index)) = part.split_once('[') else {
            value = value.get(part)?;
            continue;
        };
        let index = index.strip_suffix(']')?.parse().ok()?;
        let mut items = value.get(list)?.as_array()?.iter();
        value = match list {
            "shared_flows" => items.nth(index)?,
            // The index counts only texts, as in the filter.
            _ => items.filter(|item| item.is_string()).nth(index)?,
        };
    }
    value.as_str().or_else(|| value.get("xml")?.as_str())
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
    fn a_key_leads_to_its_document() {
        let flow = json!({"name": "log", "xml": "<SharedFlow/>", "policies": ["<A/>", 5, "<B/>"]});
        let configuration =
            json!({"policies": [5, "<P/>"], "proxy_endpoint": "<E/>", "shared_flows": [5, "<S/>", flow]});
        let cases = [
            ("policies[0]", Some("<P/>")),
            ("proxy_endpoint", Some("<E/>")),
            ("shared_flows[1]", Some("<S/>")),
            ("shared_flows[2]", Some("<SharedFlow/>")),
            ("shared_flows[2].policies[1]", Some("<B/>")),
            ("shared_flows[3]", None),
        ];
        for (key, text) in cases {
            assert_eq!(text_of(&configuration, key), text, "{key}");
        }
    }
}
