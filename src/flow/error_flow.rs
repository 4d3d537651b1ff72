//! What happens after a fault (semantics section 9).

use crate::flow::fault::{Fault, FaultFormat};
use crate::flow::headers::text;
use crate::flow::host::{Host, Reply};
use crate::flow::message::{Message, MessageId, StartLine, StatusLine};
use crate::flow::transaction::{Stage, Transaction};
use crate::flow::value::Value;
use bytes::Bytes;
use bytestring::ByteString;

/// Statuses outside this range cannot be sent and become 500 (semantics section 9.5). `[inferred]`
const STATUSES: std::ops::RangeInclusive<u16> = 200..=999;

impl<H: Host> Transaction<'_, H> {
    /// Answers the client after a fault that left the flow.
    pub fn answer(&mut self, fault: Fault) {
        let name = fault.name().to_owned();
        let error = self.enter_error_flow(&fault);
        self.publish();
        let message = self.message(error).cloned().unwrap_or_else(Message::response);
        self.host.reply(&reply(&message, &name));
    }

    /// Sets what tells of a fault and makes the pending error response, `error`.
    fn enter_error_flow(&mut self, fault: &Fault) -> MessageId {
        let (body, content_type) = fault.body(self.wanted_format());
        let state = match self.stage {
            Stage::Request => 1,
            Stage::Response => 4,
            Stage::Error => 0,
        };
        self.stage = Stage::Error;
        self.set_fault_variables(fault);
        self.set(ByteString::from_static("error.message"), Value::text(fault.reason.as_str()));
        self.set(ByteString::from_static("error.state"), Value::Integer(state));
        let mut message = Message::response();
        message.start = StartLine::Response(StatusLine::new(fault.status));
        message.headers.set("content-type", Bytes::from_static(content_type.as_bytes()));
        message.body = Bytes::from(body);
        self.put_message(ByteString::from_static("error"), message)
    }

    /// `fault.*`, also after a fault that a policy continues on (semantics sections 9.6 and 11.2).
    pub(super) fn set_fault_variables(&mut self, fault: &Fault) {
        let name = Value::text(fault.name());
        self.set(ByteString::from_static("fault.type"), name.clone());
        self.set(ByteString::from_static("fault.name"), name);
        self.set(ByteString::from_static("fault.reason"), Value::text(fault.reason.as_str()));
        self.set(ByteString::from_static("fault.category"), Value::String(ByteString::from_static("Step")));
    }

    fn wanted_format(&mut self) -> FaultFormat {
        let Some(request) = self.client_request() else { return FaultFormat::Json };
        let line = |name: &str| request.headers.first_line(name).map(text);
        FaultFormat::wanted(line("accept").as_deref(), line("content-type").as_deref())
    }
}

/// The reply that a message is.
fn reply(message: &Message, fault: &str) -> Reply {
    let status = message.as_response().map_or(500, |line| line.status);
    let status = if STATUSES.contains(&status) { status } else { 500 };
    let has_body = !matches!(status, 204 | 304);
    let is_sent = |name: &str| {
        !name.eq_ignore_ascii_case("content-length")
            && !name.eq_ignore_ascii_case("transfer-encoding")
            && (has_body || !name.eq_ignore_ascii_case("content-type"))
    };
    let lines = message.headers.lines().map(|(name, value)| (text(name), value.clone()));
    Reply {
        status,
        headers: lines.filter(|(name, _)| is_sent(name)).collect(),
        body: if has_body { message.body.clone() } else { Bytes::new() },
        details: format!("callout_fault_{fault}"),
    }
}
