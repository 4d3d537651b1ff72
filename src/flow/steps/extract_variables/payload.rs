//! JSONPayload and XMLPayload (semantics sections 4.3 and 4.4).

use super::Source;
use super::cast::cast;
use super::failure::Failure;
use crate::flow::fault::is_xml_type;
use crate::flow::host::Host;
use crate::flow::memory::check;
use crate::flow::transaction::Transaction;
use crate::language::json_path::JsonPath;
use crate::language::json_text::JsonText;
use crate::policy::extract_variables::{ExtractVariables, Extraction, JsonVariable, PathSource, ValueType, XmlPayload};
use crate::policy::xpath::{XPathResult, XmlDocument, number_text};
use bytestring::ByteString;

/// The source's text, with how it may be read.
#[derive(Debug, Default)]
pub(super) struct PayloadText {
    pub(super) text: ByteString,
    pub(super) is_json: bool,
    pub(super) is_xml: bool,
}

/// A payload, checked or parsed when it is first needed and only once.
pub(super) struct Payload<'t> {
    text: &'t str,
    json: Option<JsonText<'t>>,
    xml: Option<XmlDocument<'t>>,
}

impl<'t> Payload<'t> {
    pub(super) fn new(text: &'t str) -> Payload<'t> {
        // A byte order mark is no part of the document.
        Payload { text: text.trim_start_matches('\u{feff}'), json: None, xml: None }
    }

    pub(super) fn json(&mut self) -> Result<&JsonText<'t>, Failure> {
        if self.json.is_none() {
            self.json = Some(JsonText::parse(self.text).map_err(|_| Failure::Payload)?);
        }
        self.json.as_ref().ok_or(Failure::Payload)
    }

    pub(super) fn xml(&mut self) -> Result<&XmlDocument<'t>, Failure> {
        if self.xml.is_none() {
            self.xml = Some(XmlDocument::parse(self.text).map_err(|_| Failure::Payload)?);
        }
        self.xml.as_ref().ok_or(Failure::Payload)
    }
}

impl<H: Host> Transaction<'_, H> {
    /// The payload, if the policy extracts from one and the source has one of that kind. A message's kind is that of
    /// its content type, any other text may be either.
    pub(super) fn payload_text(&self, policy: &ExtractVariables, source: &Source) -> PayloadText {
        let has = |test: fn(&Extraction) -> bool| policy.extractions.iter().any(test);
        let wants_json = has(|extraction| matches!(extraction, Extraction::Json(_)));
        let wants_xml = has(|extraction| matches!(extraction, Extraction::Xml(_)));
        match source {
            Source::Unused => PayloadText::default(),
            Source::Text(text) => PayloadText { text: text.clone(), is_json: wants_json, is_xml: wants_xml },
            Source::Message(id) => {
                let Some(message) = self.message(*id) else { return PayloadText::default() };
                let media_type = message.media_type().unwrap_or_default();
                let is_json = wants_json && is_json_type(&media_type);
                let is_xml = wants_xml && is_xml_type(&media_type);
                let text = if is_json || is_xml { message.content() } else { ByteString::new() };
                PayloadText { text, is_json, is_xml }
            }
        }
    }

    pub(super) fn extract_json(
        &mut self,
        variables: &[JsonVariable],
        ignore_unresolved: bool,
        json: &JsonText<'_>,
    ) -> Result<(), Failure> {
        for variable in variables {
            for path in &variable.paths {
                let most = self.host.memory_left();
                let found = match path {
                    PathSource::Fixed(path) => json_text(path, json, variable.kind),
                    PathSource::Template(template) => {
                        let path = self.expand(template, ignore_unresolved)?;
                        let path = JsonPath::compile(&path).map_err(|_| Failure::JsonPath(path))?;
                        json_text(&path, json, variable.kind)
                    }
                };
                if let Some(text) = found {
                    check(text.len(), most)?;
                    self.assign_extracted(&variable.target, cast(text, variable.kind)?)?;
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) fn extract_xml(&mut self, payload: &XmlPayload, document: &XmlDocument<'_>) -> Result<(), Failure> {
        for variable in &payload.variables {
            for expression in &variable.paths {
                let most = self.host.memory_left();
                let result = expression.path.evaluate(document).map_err(|_| Failure::Payload)?;
                if let Some(text) = xml_text(result, variable.kind) {
                    check(text.len(), most)?;
                    let value = cast(text, variable.kind)?;
                    self.assign_extracted(&variable.target, value)?;
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

/// The text that a path finds; nothing where it finds nothing or null. A path that may find several values makes an
/// array of them where the type takes one. `[inferred]`
fn json_text(path: &JsonPath, json: &JsonText<'_>, kind: ValueType) -> Option<ByteString> {
    let takes_list = matches!(kind, ValueType::String | ValueType::Nodeset);
    let text = if path.is_definite() || !takes_list { path.first(json)?.text() } else { path.text_of_all(json) };
    text.map(ByteString::from)
}

/// The text that is extracted from XML; nothing where no node is found. `[inferred]`
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
