//! The schemas have the keys and types of the parsers.

use super::*;
use crate::environment::{self, Environment};
use crate::source::Source;
use envoy_callout::config::{self, known};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Asserts that an object of the schema has the keys of the parser and no others.
fn assert_keys(schema: &Value, pointer: &str, keys: &[&str]) {
    let object = schema.pointer(pointer).unwrap();
    let found: BTreeSet<&str> = object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, keys.iter().copied().collect(), "{pointer}");
    assert_eq!(object["additionalProperties"], false, "{pointer}");
}

#[test]
fn the_keys_are_those_of_the_parsers() {
    let filter = schema(FILTER);
    let definitions = filter["$defs"].as_object().unwrap().len();
    let objects: [(&str, &[&str]); 9] = [
        ("", &known::CONFIGURATION),
        ("/$defs/step", &known::STEP),
        ("/$defs/shared_flow", &known::SHARED_FLOW),
        ("/$defs/target_server", &known::TARGET_SERVER),
        ("/$defs/local_proxy", &known::LOCAL_PROXY),
        ("/$defs/key_value_map", &known::KEY_VALUE_MAP),
        ("/$defs/cache", &known::CACHE),
        ("/$defs/google", &known::GOOGLE),
        ("/$defs/proxy", &known::PROXY),
    ];
    assert_eq!(definitions + 1, objects.len());
    objects.iter().for_each(|(pointer, keys)| assert_keys(&filter, pointer, keys));
    let environment = schema(ENVIRONMENT);
    let objects: [(&str, &[&str]); 7] = [
        ("", &environment::KEYS),
        ("/$defs/target_server", &environment::SERVER),
        ("/$defs/local_proxy", &environment::LOCAL_PROXY),
        ("/$defs/key_value_map", &environment::KEY_VALUE_MAP),
        ("/$defs/cache", &environment::CACHE),
        ("/$defs/google", &environment::GOOGLE),
        ("/$defs/tls", &environment::TLS),
    ];
    assert_eq!(environment["$defs"].as_object().unwrap().len() + 1, objects.len());
    objects.iter().for_each(|(pointer, keys)| assert_keys(&environment, pointer, keys));
}

/// Whether the schema of a property has the type of a value.
fn has_type(schema: &Value, property: &Value, value: &Value) -> bool {
    if let Some(target) = property["$ref"].as_str() {
        return has_type(schema, schema.pointer(target.trim_start_matches('#')).unwrap(), value);
    }
    let types: Vec<&str> = match &property["type"] {
        Value::String(one) => vec![one],
        several => several.as_array().unwrap().iter().filter_map(Value::as_str).collect(),
    };
    types.into_iter().any(|name| match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" | "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    })
}

/// A value of each type. The string is a valid port and the list and the object are empty.
fn values() -> [Value; 5] {
    [json!("1"), json!(true), json!(1), json!([]), json!({})]
}

/// An object of a schema: its pointer, its path in a file, and the file around it.
type Nested = (&'static str, &'static str, fn(Value) -> Value);

/// The parser rejects the type of a value exactly when the schema does.
fn assert_types(text: &str, pointer: &str, rejects: &dyn Fn(&str, &Value) -> bool) {
    let schema = schema(text);
    let properties: &Map<String, Value> = schema.pointer(pointer).unwrap()["properties"].as_object().unwrap();
    for (key, property) in properties {
        for value in values() {
            assert_eq!(rejects(key, &value), !has_type(&schema, property, &value), "{pointer}: {key} = {value}");
        }
    }
}

#[test]
fn the_types_of_the_filter_are_those_of_the_parser() {
    let rejects = |path: &str, configuration: &Value| {
        let problems = config::load(configuration.to_string().as_bytes()).err().unwrap_or_default();
        problems.iter().any(|problem| {
            problem.message.starts_with(&format!("{path} must be ")) && !problem.message.contains("reject")
        })
    };
    assert_types(FILTER, "", &|key, value| {
        let mut configuration = json!({"policies": []});
        if ["target_endpoints", "integration_endpoints", "variable_targets"].contains(&key) {
            // These keys are read with a proxy endpoint.
            configuration["proxy_endpoint"] = json!("<ProxyEndpoint name='default'/>");
        }
        configuration.as_object_mut().unwrap().insert(key.to_owned(), value.clone());
        rejects(key, &configuration)
    });
    let nested: [Nested; 8] = [
        ("/$defs/step", "request[0]", |object| json!({"request": [object]})),
        ("/$defs/shared_flow", "shared_flows[0]", |object| json!({"shared_flows": [object]})),
        ("/$defs/target_server", "target_servers.s", |object| json!({"target_servers": {"s": object}})),
        ("/$defs/local_proxy", "local_proxies[0]", |object| json!({"local_proxies": [object]})),
        ("/$defs/key_value_map", "key_value_maps.m", |object| json!({"key_value_maps": {"m": object}})),
        ("/$defs/cache", "cache", |object| json!({"cache": object})),
        ("/$defs/google", "google", |object| json!({"google": object})),
        ("/$defs/proxy", "proxy", |object| json!({"proxy": object})),
    ];
    for (pointer, path, around) in nested {
        assert_types(FILTER, pointer, &|key, value| {
            let mut object = Map::new();
            object.insert(key.to_owned(), value.clone());
            rejects(&format!("{path}.{key}"), &around(Value::Object(object)))
        });
    }
}

#[test]
fn the_types_of_the_environment_are_those_of_the_parser() {
    let rejects = |path: &str, environment: &Value| {
        let source = Rc::new(Source::new("environment.yaml".to_owned(), environment.to_string().as_bytes()).0);
        let problems = Environment::of(&source).err().unwrap_or_default();
        problems.iter().any(|problem| problem.text.starts_with(&format!("{path} must be ")))
    };
    assert_types(ENVIRONMENT, "", &|key, value| {
        let mut object = Map::new();
        object.insert(key.to_owned(), value.clone());
        rejects(key, &Value::Object(object))
    });
    let nested: [Nested; 6] = [
        ("/$defs/target_server", "target_servers.s", |object| json!({"target_servers": {"s": object}})),
        ("/$defs/local_proxy", "local_proxies[0]", |object| json!({"local_proxies": [object]})),
        ("/$defs/key_value_map", "key_value_maps.m", |object| json!({"key_value_maps": {"m": object}})),
        ("/$defs/cache", "cache", |object| json!({"cache": object})),
        ("/$defs/google", "google", |object| json!({"google": object})),
        ("/$defs/tls", "tls", |object| json!({"tls": object})),
    ];
    for (pointer, path, around) in nested {
        assert_types(ENVIRONMENT, pointer, &|key, value| {
            let value = match (key, value) {
                // The schema restricts the texts of a flag with a pattern.
                ("tls" | "enabled" | "encrypted" | "coalesce", Value::String(_)) => json!("yes"),
                (_, value) => value.clone(),
            };
            let mut object = Map::new();
            object.insert(key.to_owned(), value);
            rejects(&format!("{path}.{key}"), &around(Value::Object(object)))
        });
    }
}
