//! ExtractVariables at run time (docs/apigee-semantics.md 4).

mod cast;
mod failure;
mod payload;

use crate::flow::fault::Fault;
use crate::flow::headers::text;
use crate::flow::host::Host;
use crate::flow::message::MessageId;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::extract_variables::{
    Capture, ExtractVariables, Extraction, PathPattern, TextPattern, path_segments,
};
use crate::policy::variable::{Item, MessagePart, Variable};
use bytes::Bytes;
use bytestring::ByteString;
use failure::ExtractionFailure;
use payload::Payload;

/// The source of an extraction.
enum SourceText {
    /// A message.
    Message(MessageId),
    /// The text of another variable.
    Text(ByteString),
    /// No source: every extraction names its own variable.
    Unused,
}

impl<H: Host> Transaction<'_, H> {
    /// Runs the policy. The variables of patterns that do not match stay unchanged.
    pub(super) fn extract_variables(&mut self, policy: &ExtractVariables) -> Result<(), Fault> {
        self.extract(policy).map_err(|failure| failure.into_fault(&policy.attributes.name))
    }

    fn extract(&mut self, policy: &ExtractVariables) -> Result<(), ExtractionFailure> {
        let source = self.extraction_source(policy)?;
        let content = self.payload_text(policy, &source);
        let mut payload = Payload::new(&content.text);
        for extraction in &policy.extractions {
            match extraction {
                Extraction::Path(patterns) => {
                    let captures = match self.path_of(policy, message(policy, &source)?) {
                        Some(path) => longest_match(patterns, &path_segments(&path)),
                        None => None,
                    };
                    self.assign_captures(captures)?;
                }
                Extraction::Part(part, patterns) => {
                    let value = self.part_text(message(policy, &source)?, part);
                    self.assign_captures(value.and_then(|value| first_match(patterns, &value)))?;
                }
                Extraction::Variable(variable, patterns) => {
                    let value = self.text(variable);
                    self.assign_captures(value.and_then(|value| first_match(patterns, &value)))?;
                }
                Extraction::Json(variables) if content.is_json => {
                    self.extract_json(variables, policy.ignore_unresolved, payload.json()?)?;
                }
                Extraction::Xml(xml) if content.is_xml => self.extract_xml(xml, payload.xml()?)?,
                Extraction::Json(_) | Extraction::Xml(_) => {}
            }
        }
        if let (SourceText::Message(id), true) = (source, policy.source.clear_payload)
            && let Some(message) = self.message_mut(id)
        {
            message.set_body(Bytes::new());
        }
        Ok(())
    }

    fn extraction_source(&mut self, policy: &ExtractVariables) -> Result<SourceText, ExtractionFailure> {
        let variable = &policy.source.variable;
        match self.value(variable) {
            Some(Value::Message(id)) => Ok(SourceText::Message(id)),
            _ if !policy.uses_source() => Ok(SourceText::Unused),
            Some(value) => Ok(SourceText::Text(self.render(&value))),
            None => Err(self.missing_source(policy)),
        }
    }

    /// The failure of a source that does not resolve (docs/apigee-semantics.md 4.6).
    #[cold]
    fn missing_source(&mut self, policy: &ExtractVariables) -> ExtractionFailure {
        let name = policy.source.variable.name();
        let has_json = policy.extractions.iter().any(|extraction| matches!(extraction, Extraction::Json(_)));
        // `[inferred]` for the content of a variable that exists and is not a message.
        match name.strip_suffix(".content").filter(|_| has_json) {
            Some(message) if self.value(&Variable::new(message)).is_some() => ExtractionFailure::NoText(name.clone()),
            _ => ExtractionFailure::NoMessage(name.clone()),
        }
    }

    /// The path for URIPath; `None` for a response. `[inferred]` that it is the proxy's path suffix for every request.
    fn path_of(&mut self, policy: &ExtractVariables, source: MessageId) -> Option<ByteString> {
        self.message(source)?.as_request()?;
        self.text(&policy.path_suffix)
    }

    /// The text of a part. For a header it is the whole first line, because values often contain commas. `[inferred]`
    fn part_text(&self, source: MessageId, part: &MessagePart) -> Option<ByteString> {
        let message = self.message(source)?;
        match part {
            MessagePart::Header(name, Item::First) => message.headers.first_line(name).map(text),
            part => self.part_of(source, part).map(|value| self.render(&value)),
        }
    }

    fn assign_captures(&mut self, captures: Option<Vec<Capture<'_>>>) -> Result<(), ExtractionFailure> {
        for (target, value) in captures.into_iter().flatten() {
            self.assign_extracted(target, Value::String(value))?;
        }
        Ok(())
    }

    /// Sets a variable to its extracted value.
    fn assign_extracted(&mut self, target: &Variable, value: Value) -> Result<(), ExtractionFailure> {
        let name = target.name();
        if self.is_read_only(target) {
            return Err(ExtractionFailure::Immutable(name.clone()));
        }
        let text = self.render(&value);
        self.assign(target, value).map_err(|_| ExtractionFailure::NotSet(name.clone(), text))
    }
}

/// The source as a message. All extractions except those from payloads need one.
fn message(policy: &ExtractVariables, source: &SourceText) -> Result<MessageId, ExtractionFailure> {
    match source {
        SourceText::Message(id) => Ok(*id),
        SourceText::Text(_) | SourceText::Unused => {
            Err(ExtractionFailure::NoMessage(policy.source.variable.name().clone()))
        }
    }
}

/// The captures of the first matching pattern with the most segments (docs/apigee-semantics.md 4.2).
fn longest_match<'p>(patterns: &'p [PathPattern], path: &[ByteString]) -> Option<Vec<Capture<'p>>> {
    let mut longest = 0;
    let mut found = None;
    for pattern in patterns {
        if pattern.length() > longest
            && let Some(captures) = pattern.captures(path)
        {
            longest = pattern.length();
            found = Some(captures);
        }
    }
    found
}

/// The captures of the first pattern that matches (docs/apigee-semantics.md 4.2). `[inferred]`
fn first_match<'p>(patterns: &'p [TextPattern], text: &ByteString) -> Option<Vec<Capture<'p>>> {
    patterns.iter().find_map(|pattern| pattern.captures(text))
}

#[cfg(test)]
mod tests;
