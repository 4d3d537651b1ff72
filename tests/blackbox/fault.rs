//! The faults that clients receive, byte by byte.

use crate::lab::{ClientResponse, Message};

/// The default fault body as JSON.
pub fn json(code: &str, text: &str) -> String {
    format!(r#"{{"fault":{{"faultstring":"{text}","detail":{{"errorcode":"{code}"}}}}}}"#)
}

/// The default fault body as XML.
pub fn xml(code: &str, text: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><fault><faultstring>{text}</faultstring><detail><errorcode>{code}</errorcode></detail></fault>"#
    )
}

/// The text of a callout's failure.
pub fn execution_failed(policy: &str, reason: &str) -> String {
    format!("Execution of ServiceCallout {policy} failed. Reason: {reason}")
}

/// The client received exactly this fault: the status of policy faults, the body, and only the necessary headers.
#[track_caller]
pub fn assert_fault(reply: &ClientResponse, code: &str, text: &str) {
    assert_eq!((reply.status, start(reply)), (500, json(code, text).as_str()));
    assert_eq!(reply.header_all("content-type"), ["application/json"]);
    assert_eq!(reply.header_names(), ["content-length", "content-type", "date", "server"]);
}

/// The first 2,000 bytes of the body: longer than any fault, short enough for an assertion message.
pub fn start(reply: &ClientResponse) -> &str {
    reply.text().get(..2000).unwrap_or(reply.text())
}

/// The client received the fault of a failed callout.
#[track_caller]
pub fn assert_execution_failed(reply: &ClientResponse, policy: &str, reason: &str) {
    assert_fault(reply, "steps.servicecallout.ExecutionFailed", &execution_failed(policy, reason));
}
