//! JSONPayload and XMLPayload (docs/apigee-semantics.md 4.3 and 4.4).

use super::SourceText;
use super::cast::cast;
use super::failure::ExtractionFailure;
use crate::flow::fault::is_xml_type;
use crate::flow::host::Host;
use crate::flow::memory::TooLarge;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::language::json_path::JsonPath;
use crate::language::json_text::JsonText;
use crate::language::xpath::{XPathResult, XmlDocument, number_text};
use crate::policy::extract_variables::{ExtractVariables, Extraction, JsonVariable, PathSource, ValueType, XmlPayload};
use bytestring::ByteString;

/// The text of the source, and the formats as which it can be read.
#[derive(Debug, Default)]
pub(super) struct PayloadText {
    pub(super) text: ByteString,
    pub(super) is_json: bool,
    pub(super) is_xml: bool,
}

/// A payload, which is parsed once, at its first use.
pub(super) struct Payload<'t> {
    text: &'t str,
    json: Option<JsonText<'t>>,
    xml: Option<XmlDocument<'t>>,
}

impl<'t> Payload<'t> {
    pub(super) fn new(text: &'t str) -> Payload<'t> {
        // A byte order mark is not part of the document.
        Payload { text: text.trim_start_matches('\u{feff}'), json: None, xml: None }
    }

    pub(super) fn json(&mut self) -> Result<&JsonText<'t>, ExtractionFailure> {
        if self.json.is_none() {
            self.json = Some(JsonText::parse(self.text).map_err(|_| ExtractionFailure::Payload)?);
        }
        self.json.as_ref().ok_or(ExtractionFailure::Payload)
    }

    pub(super) fn xml(&mut self) -> Result<&XmlDocument<'t>, ExtractionFailure> {
        if self.xml.is_none() {
            self.xml = Some(XmlDocument::parse(self.text).map_err(|_| ExtractionFailure::Payload)?);
        }
        self.xml.as_ref().ok_or(ExtractionFailure::Payload)
    }
}

impl<H: Host> Transaction<'_, H> {
    /// The payload, if the policy extracts from one and the source has one of this format. The format of a message is
    /// that of its content type. Any other text can have both formats.
    pub(super) fn payload_text(&self, policy: &ExtractVariables, source: &SourceText) -> PayloadText {
        let has = |test: fn(&Extraction) -> bool| policy.extractions.iter().any(test);
        let wants_json = has(|extraction| matches!(extraction, Extraction::Json(_)));
        let wants_xml = has(|extraction| matches!(extraction, Extraction::Xml(_)));
        match source {
            SourceText::Unused => PayloadText::default(),
            SourceText::Text(text) => PayloadText { text: text.clone(), is_json: wants_json, is_xml: wants_xml },
            SourceText::Message(id) => {
                let Some(message) = self.message(*id) else { return PayloadText::default() };
                let media_type = message.media_type().unwrap_or_default();
                let is_json = wants_json && is_json_type(&media_type);
                let is_xml = wants_xml && is_xml_type(&media_type);
                let content = Value::Message(*id);
                let text = if is_json || is_xml { self.render(&content) } else { ByteString::new() };
                PayloadText { text, is_json, is_xml }
            }
        }
    }

    pub(super) fn extract_json(
        &mut self,
        variables: &[JsonVariable],
        ignore_unresolved: bool,
        json: &JsonText<'_>,
    ) -> Result<(), ExtractionFailure> {
        for variable in variables {
            for path in &variable.paths {
                let found = match path {
                    PathSource::Fixed(path) => self.json_text(path, json, variable.kind)?,
                    PathSource::Template(template) => {
                        let path = self.expand(template, ignore_unresolved)?;
                        let path = JsonPath::compile(&path).map_err(|_| ExtractionFailure::JsonPath(path))?;
                        self.json_text(&path, json, variable.kind)?
                    }
                };
                if let Some(text) = found {
                    self.assign_extracted(&variable.target, cast(text, variable.kind)?)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// The text of the value that a path finds; `None` for no value and for null. For a path that can find several
    /// values, it is an array of them if the type allows it. `[inferred]`
    fn json_text(&self, path: &JsonPath, json: &JsonText<'_>, kind: ValueType) -> Result<Option<ByteString>, TooLarge> {
        let takes_list = matches!(kind, ValueType::String | ValueType::Nodeset);
        let text = if path.is_definite() || !takes_list {
            let Some(first) = path.first(json) else { return Ok(None) };
            self.check_memory(first.as_str().len())?;
            first.text()
        } else {
            // `text_of_all` has its own limit.
            path.text_of_all(json)
        };
        self.check_memory(text.as_ref().map_or(0, String::len))?;
        Ok(text.map(ByteString::from))
    }

    pub(super) fn extract_xml(
        &mut self,
        payload: &XmlPayload,
        document: &XmlDocument<'_>,
    ) -> Result<(), ExtractionFailure> {
        for variable in &payload.variables {
            for expression in &variable.paths {
                let result = expression.path.evaluate(document).map_err(|_| ExtractionFailure::Payload)?;
                if let Some(text) = xml_text(result, variable.kind) {
                    self.check_memory(text.len())?;
                    self.assign_extracted(&variable.target, cast(text, variable.kind)?)?;
                    if payload.stops {
                        return Ok(());
                    }
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Whether a media type, in lower case and without parameters, is JSON. `[inferred]`
fn is_json_type(media_type: &str) -> bool {
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// The text of a variable from XML; `None` when no node is found. `[inferred]`
fn xml_text(result: XPathResult, kind: ValueType) -> Option<ByteString> {
    Some(match result {
        XPathResult::Nodes(nodes) if nodes.is_empty() => return None,
        XPathResult::Nodes(nodes) if kind == ValueType::Nodeset => {
            nodes.into_iter().map(|node| node.markup).collect::<String>().into()
        }
        XPathResult::Nodes(nodes) => nodes.into_iter().next().map(|node| node.text).unwrap_or_default().into(),
        XPathResult::Number(number) => number_text(number).into(),
        XPathResult::String(text) => text.into(),
        XPathResult::Boolean(value) => value.to_string().into(),
    })
}
