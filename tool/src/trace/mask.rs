//! Apigee's mask configuration: the variables and the parts of bodies that a trace hides.

use envoy_callout::language::json_path::JsonPath;
use envoy_callout::language::json_text::JsonText;
use envoy_callout::language::xpath::{XPath, XPathResult, XmlDocument};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A mask configuration in JSON: that of Apigee X (`requestJSONPaths`) or that of Apigee Edge (`jSONPathsRequest`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Configuration {
    #[serde(rename = "name")]
    _name: String,
    namespaces: Namespaces,
    variables: Vec<String>,
    #[serde(rename = "requestJSONPaths", alias = "jSONPathsRequest")]
    request_json_paths: Vec<String>,
    #[serde(rename = "responseJSONPaths", alias = "jSONPathsResponse")]
    response_json_paths: Vec<String>,
    #[serde(rename = "faultJSONPaths", alias = "jSONPathsFault")]
    fault_json_paths: Vec<String>,
    #[serde(rename = "requestXPaths", alias = "xPathsRequest")]
    request_xpaths: Vec<String>,
    #[serde(rename = "responseXPaths", alias = "xPathsResponse")]
    response_xpaths: Vec<String>,
    #[serde(rename = "faultXPaths", alias = "xPathsFault")]
    fault_xpaths: Vec<String>,
}

/// The prefixes of XPaths: an object of Apigee X, or the list of Apigee Edge.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Namespaces {
    Object(BTreeMap<String, String>),
    List { namespace: Vec<Namespace> },
}

#[derive(Debug, Deserialize)]
struct Namespace {
    prefix: String,
    value: String,
}

impl Default for Namespaces {
    fn default() -> Namespaces {
        Namespaces::Object(BTreeMap::new())
    }
}

/// A compiled mask.
#[derive(Debug, Default)]
pub(super) struct Mask {
    pub(super) variables: BTreeSet<String>,
    requests: Paths,
    responses: Paths,
    faults: Paths,
}

#[derive(Debug, Default)]
struct Paths {
    json: Vec<JsonPath>,
    xml: Vec<XPath>,
}

/// The message that contains a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    Response,
    Fault,
}

impl Mask {
    /// Reads a mask configuration.
    ///
    /// # Errors
    /// The text is not JSON, has an unknown key, or contains an invalid path.
    pub(super) fn parse(text: &str) -> Result<Mask, String> {
        let read: Configuration = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let namespaces: Vec<(String, String)> = match read.namespaces {
            Namespaces::Object(object) => object.into_iter().collect(),
            Namespaces::List { namespace } => {
                namespace.into_iter().map(|namespace| (namespace.prefix, namespace.value)).collect()
            }
        };
        let paths = |json: &[String], xml: &[String]| -> Result<Paths, String> {
            let json = json.iter().map(|path| JsonPath::compile(path).map_err(|error| format!("{path}: {error}")));
            let xml =
                xml.iter().map(|path| XPath::compile(path, &namespaces).map_err(|error| format!("{path}: {error}")));
            Ok(Paths { json: json.collect::<Result<_, _>>()?, xml: xml.collect::<Result<_, _>>()? })
        };
        Ok(Mask {
            variables: read.variables.into_iter().collect(),
            requests: paths(&read.request_json_paths, &read.request_xpaths)?,
            responses: paths(&read.response_json_paths, &read.response_xpaths)?,
            faults: paths(&read.fault_json_paths, &read.fault_xpaths)?,
        })
    }

    /// The texts that the paths of a message find in its body.
    pub(super) fn texts_in(&self, part: Part, body: &[u8]) -> Vec<String> {
        let paths = match part {
            Part::Request => &self.requests,
            Part::Response => &self.responses,
            Part::Fault => &self.faults,
        };
        let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
        let mut texts = Vec::new();
        if let Some(document) = JsonText::parse(text).ok().filter(|_| !paths.json.is_empty()) {
            for found in paths.json.iter().flat_map(|path| path.find(&document)) {
                texts.extend(found.text());
            }
        }
        if let Some(document) = XmlDocument::parse(text).ok().filter(|_| !paths.xml.is_empty()) {
            for result in paths.xml.iter().filter_map(|path| path.evaluate(&document).ok()) {
                match result {
                    XPathResult::Nodes(nodes) => texts.extend(nodes.into_iter().map(|node| node.text)),
                    XPathResult::String(text) => texts.push(text),
                    XPathResult::Number(_) | XPathResult::Boolean(_) => {}
                }
            }
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_both_versions_find_the_same_texts() {
        let x = r#"{"name": "m", "namespaces": {"a": "urn:a"}, "variables": ["request.header.x-pin"],
            "requestJSONPaths": ["$.card.number", "$.items[*].code"], "faultXPaths": ["/a:fault/a:id"]}"#;
        let edge = r#"{"namespaces": {"namespace": [{"prefix": "a", "value": "urn:a"}]}, "variables": ["request.header.x-pin"],
            "jSONPathsRequest": ["$.card.number", "$.items[*].code"], "xPathsFault": ["/a:fault/a:id"]}"#;
        for text in [x, edge] {
            let mask = Mask::parse(text).unwrap();
            assert!(mask.variables.contains("request.header.x-pin"));
            let body = br#"{"card": {"number": 4111111111111111}, "items": [{"code": "c-1"}, {"code": "c-2"}]}"#;
            assert_eq!(mask.texts_in(Part::Request, body), ["4111111111111111", "c-1", "c-2"]);
            assert_eq!(mask.texts_in(Part::Response, body), [""; 0]);
            assert_eq!(mask.texts_in(Part::Fault, b"<fault xmlns='urn:a'><id>id-7</id></fault>"), ["id-7"]);
            assert_eq!(mask.texts_in(Part::Request, b"\xff"), [""; 0]);
        }
    }

    #[test]
    fn invalid_masks_are_rejected() {
        for (text, reason) in [
            ("<x/>", "expected value at line 1 column 1"),
            (r#"{"requestJsonPaths": []}"#, "unknown field `requestJsonPaths`"),
            (r#"{"requestJSONPaths": ["$["]}"#, "$[: "),
            (r#"{"requestXPaths": ["//["]}"#, "//[: "),
        ] {
            let error = Mask::parse(text).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}
