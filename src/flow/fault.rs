//! Faults: the error code of a policy's failure and the body for the client (docs/apigee-semantics.md 9.4 and 11).

pub(in crate::flow) mod codes;

use crate::flow::message::Message;
use std::borrow::Cow;
use std::fmt;

/// The fault string when an upstream or a service is not available.
pub(crate) const SERVICE_UNAVAILABLE_TEXT: &str = "The Service is temporarily unavailable";

/// The reason of a fault for a status outside the success set.
pub(in crate::flow) fn error_status(status: u16) -> String {
    format!("ResponseCode {status} is treated as error")
}

/// A runtime error of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The error code, such as `steps.servicecallout.ExecutionFailed`.
    pub code: Cow<'static, str>,
    /// The fault string.
    pub reason: String,
    /// The status for the client unless a fault rule changes it.
    pub status: u16,
    /// The value of `fault.category`.
    pub category: &'static str,
    /// The response of a RaiseFault. Without it, the client gets the default body.
    pub response: Option<Box<Message>>,
}

impl Fault {
    /// A fault with Apigee's status for policy errors, 500.
    #[cold]
    pub fn new(code: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Fault {
        Fault { code: code.into(), reason: reason.into(), status: 500, category: "Step", response: None }
    }

    /// A fault without a policy (docs/apigee-semantics.md 11.3).
    #[cold]
    pub fn of_flow(code: &'static str, reason: impl Into<String>, status: u16) -> Fault {
        Fault { status, category: "Messaging", ..Fault::new(code, reason) }
    }

    /// The fault when the filter itself fails.
    #[cold]
    pub fn internal() -> Fault {
        Fault::of_flow(codes::INTERNAL, "Internal server error", 500)
    }

    /// The fault when the worker has no memory for a body or for the result of a policy.
    #[cold]
    pub fn service_unavailable(reason: impl Into<String>) -> Fault {
        Fault::of_flow(codes::NO_MEMORY, reason, 503)
    }

    /// The fault when the result of a policy is larger than the memory left for bodies.
    #[cold]
    pub fn too_large(kind: &str, policy: &str) -> Fault {
        Fault::service_unavailable(format!("{kind}[{policy}]: result is larger than the memory for bodies"))
    }

    /// Whether a RaiseFault raised it.
    pub fn is_raised(&self) -> bool {
        self.response.is_some()
    }

    /// The fault of a template variable that does not resolve.
    #[cold]
    pub fn unresolved_variable(name: &str) -> Fault {
        Fault::new(codes::TEMPLATE_UNRESOLVED, format!("Unresolved variable : {name}"))
    }

    /// Whether a variable did not resolve.
    pub fn is_unresolved_variable(&self) -> bool {
        self.code == codes::TEMPLATE_UNRESOLVED
    }

    /// The last part of the code: the value of `fault.name`.
    pub fn name(&self) -> &str {
        self.code.rsplit('.').next().unwrap_or(&self.code)
    }

    /// The default body in a format, with its content type.
    pub fn body(&self, format: FaultFormat) -> (String, &'static str) {
        match format {
            FaultFormat::Json => {
                let (reason, code) = (json_string(&self.reason), json_string(&self.code));
                let body = format!("{{\"fault\":{{\"faultstring\":{reason},\"detail\":{{\"errorcode\":{code}}}}}}}");
                (body, "application/json")
            }
            FaultFormat::Xml => {
                let (reason, code) = (xml_text(&self.reason), xml_text(&self.code));
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><fault><faultstring>{reason}</faultstring>\
                     <detail><errorcode>{code}</errorcode></detail></fault>"
                );
                (body, "application/xml")
            }
        }
    }
}

/// `CODE: FAULT STRING`
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.reason)
    }
}

impl std::error::Error for Fault {}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text of an XML element, without the characters that XML 1.0 does not allow.
fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            character if character < ' ' || matches!(character, '\u{fffe}' | '\u{ffff}') => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// The format of a default fault body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultFormat {
    /// `{"fault":…}`
    Json,
    /// `<fault>…</fault>`
    Xml,
}

impl FaultFormat {
    /// The format by the client's `Accept`. Without a usable `Accept`, by its `Content-Type` (docs/apigee-semantics.md
    /// 9.4). `[inferred]`
    pub fn wanted(accept: Option<&str>, content_type: Option<&str>) -> FaultFormat {
        let accept: Vec<String> =
            accept.unwrap_or_default().split(',').map(media_type).filter(|t| !t.is_empty()).collect();
        let is_json = |media_type: &str| matches!(media_type, "application/json" | "*/*" | "application/*");
        if accept.iter().all(|media_type| media_type == "*/*") {
            let is_xml = content_type.map(media_type).is_some_and(|media_type| is_xml_type(&media_type));
            return if is_xml { FaultFormat::Xml } else { FaultFormat::Json };
        }
        let wants_xml = accept.iter().any(|media_type| is_xml_type(media_type));
        let takes_json = accept.iter().any(|media_type| is_json(media_type));
        if wants_xml && !takes_json { FaultFormat::Xml } else { FaultFormat::Json }
    }
}

fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a media type, in lower case and without parameters, is XML.
pub fn is_xml_type(media_type: &str) -> bool {
    matches!(media_type, "application/xml" | "text/xml") || media_type.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_byte_exact() {
        let fault = Fault::new("steps.servicecallout.ExecutionFailed", "a \"b\" <c> & / \u{1}");
        assert_eq!(fault.name(), "ExecutionFailed");
        assert_eq!(
            fault.body(FaultFormat::Json).0,
            r#"{"fault":{"faultstring":"a \"b\" <c> & / \u0001","detail":{"errorcode":"steps.servicecallout.ExecutionFailed"}}}"#
        );
        assert_eq!(
            fault.body(FaultFormat::Xml).0,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><fault><faultstring>a \"b\" &lt;c&gt; &amp; / </faultstring>\
             <detail><errorcode>steps.servicecallout.ExecutionFailed</errorcode></detail></fault>"
        );
    }

    #[test]
    fn accept_and_content_type_choose_the_format() {
        use FaultFormat::{Json, Xml};
        let cases = [
            (None, None, Json),
            (Some("*/*"), None, Json),
            (Some("application/xml"), None, Xml),
            (Some("text/xml;q=0.9, text/plain"), Some("application/json"), Xml),
            (Some("application/xml, application/json"), None, Json),
            (Some("application/soap+xml"), None, Xml),
            (Some("application/xml, */*;q=0.1"), None, Json),
            (Some("text/html"), Some("application/xml"), Json),
            (Some("*/*"), Some("text/xml; charset=utf-8"), Xml),
            (None, Some("application/atom+xml"), Xml),
        ];
        for (accept, content_type, format) in cases {
            assert_eq!(FaultFormat::wanted(accept, content_type), format, "{accept:?} {content_type:?}");
        }
    }
}
