//! Reading and writing flow variables (docs/apigee-semantics.md 8.1).

use crate::flow::headers::text;
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId, NotWritable};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::variable::{Builtin, FLOW_MESSAGES, MessagePart, Variable};
use bytestring::ByteString;

/// The first segments of Envoy's attributes. An attribute hides filter state with the same name, so filter state is not
/// read or published under exactly these names.
const ATTRIBUTE_ROOTS: [&str; 22] = [
    "request",
    "response",
    "connection",
    "upstream",
    "source",
    "destination",
    "metadata",
    "filter_state",
    "upstream_filter_state",
    "xds",
    "node",
    "plugin_name",
    "plugin_root_id",
    "plugin_vm_id",
    "connection_id",
    "cluster_name",
    "cluster_metadata",
    "route_name",
    "route_metadata",
    "listener_direction",
    "listener_metadata",
    "upstream_host_metadata",
];

/// Whether filter state can contain a variable with this name.
pub(super) fn fits_filter_state(name: &str) -> bool {
    // No root contains a dot, and most variables do.
    name.as_bytes().contains(&b'.') || !ATTRIBUTE_ROOTS.contains(&name)
}

/// Whether a name is that of one of the flow's own messages.
pub(super) fn is_flow_message(name: &str) -> bool {
    FLOW_MESSAGES.contains(&name)
}

impl<H: Host> Transaction<'_, H> {
    /// The value of a variable: this filter's own value, or else the value of another filter in filter state. `None`
    /// when it does not resolve. Values that this filter published are not read, because they can be outdated.
    pub fn value(&mut self, variable: &Variable) -> Option<Value> {
        let value = self.found(variable);
        if let Some(value) = value.as_ref().filter(|_| variable.is_private()) {
            let text = self.render(value);
            self.private_values.note(&text);
        }
        value
    }

    fn found(&mut self, variable: &Variable) -> Option<Value> {
        if let Some(value) = self.own_value(variable) {
            return Some(value);
        }
        let name = variable.name();
        if !fits_filter_state(name) || self.nulls.contains(name) || self.has_published(name) {
            return None;
        }
        self.host.filter_state(name).map(text).map(Value::String)
    }

    /// This filter's own value of a variable: a part of a message, or else a variable that was set, or else a
    /// predefined variable, or else a constant of the configuration.
    pub fn own_value(&mut self, variable: &Variable) -> Option<Value> {
        for (name, part) in variable.splits() {
            if let Some(id) = self.message_named(name) {
                return self.part_of(id, part);
            }
        }
        let name = variable.name();
        if let Some(value) = self.variables.get(name) {
            return self.check_memory(value.size()).ok().map(|()| value.clone());
        }
        if let Some(id) = self.message_named(name) {
            return Some(Value::Message(id));
        }
        if let Some(value) = variable.builtin().and_then(|builtin| self.builtin(builtin)) {
            return Some(value);
        }
        let of_shared_flow = self.shared_flow.and_then(|flow| flow.constants.get(name));
        of_shared_flow.or_else(|| self.plan.constants.get(name)).filter(|_| !self.nulls.contains(name)).map(Value::from)
    }

    /// The value of a variable as text. The text of a message is its content.
    pub fn text(&mut self, variable: &Variable) -> Option<ByteString> {
        let value = self.value(variable)?;
        Some(self.render(&value))
    }

    /// Notes the path and the query of a message as private values.
    pub(super) fn note_request_line(&mut self, id: MessageId) {
        if let Some(line) = self.message(id).and_then(|message| message.as_request()).cloned() {
            self.private_values.note(&line.path);
            self.private_values.note(line.query.as_text());
        }
    }

    /// A value as text. The text of a message is its content (docs/apigee-semantics.md 6.3). `[inferred]`
    pub fn render(&self, value: &Value) -> ByteString {
        match value {
            Value::Message(id) => self.part_of(*id, &MessagePart::Content).and_then(|content| content.render()),
            value => self.check_memory(value.size()).ok().and_then(|()| value.render()),
        }
        .unwrap_or_default()
    }

    /// The value of a part of a message. If it does not fit into the memory left, the running step fails.
    pub(super) fn part_of(&self, id: MessageId, part: &MessagePart) -> Option<Value> {
        if let Some(sent) = self.sent_part(id, part) {
            return Some(sent);
        }
        let message = self.message(id)?;
        if message.part_fits(part, self.max_result_bytes()) {
            return message.part(part);
        }
        self.set_out_of_memory();
        None
    }

    /// Changes a message if the result fits into the memory left. If not, the running step fails.
    pub(super) fn change_within(
        &mut self,
        id: MessageId,
        fits: impl FnOnce(&Message, usize) -> bool,
        change: impl FnOnce(&mut Message),
    ) {
        let left = self.max_result_bytes();
        if self.message(id).is_some_and(|message| !fits(message, left)) {
            return self.set_out_of_memory();
        }
        if let Some(message) = self.message_mut(id) {
            change(message);
        }
    }

    /// Sets a variable: a part of a message if the name refers to one, or else a separate variable.
    ///
    /// # Errors
    /// The part of the message is read-only.
    pub fn assign(&mut self, variable: &Variable, value: Value) -> Result<(), NotWritable> {
        for (name, part) in variable.splits() {
            if let Some(id) = self.message_named(name) {
                let text = self.render(&value);
                let (length, text) = (text.len(), Value::String(text));
                let mut written = Ok(());
                self.change_within(
                    id,
                    |message, left| message.change_fits(part, length, left),
                    |message| written = message.set_part(part, &text),
                );
                if *part == MessagePart::Uri && self.is_request(id) {
                    // The variable has the value of the policy from now on.
                    self.sent_request = None;
                }
                return written;
            }
        }
        self.set(variable.name().clone(), value);
        Ok(())
    }

    /// Sets a separate variable with exactly this name.
    pub fn set(&mut self, name: ByteString, value: Value) {
        self.variables.set(name, value);
    }

    /// Makes a variable unresolved, even when the configuration or another filter sets it.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
        if !self.nulls.iter().any(|known| *known == name) {
            self.nulls.push(name.into());
        }
    }

    /// Makes a variable unresolved. If the name refers to a part of a message, the part is removed.
    ///
    /// # Errors
    /// The part of the message is read-only.
    pub fn clear(&mut self, variable: &Variable) -> Result<(), NotWritable> {
        for (name, part) in variable.splits() {
            if let Some(id) = self.message_named(name) {
                return self.message_mut(id).map_or(Err(NotWritable), |message| message.clear_part(part));
            }
        }
        self.unset(variable.name());
        Ok(())
    }

    /// Whether policies cannot write a variable: predefined variables, and the flow's own messages as a whole
    /// (docs/apigee-semantics.md 8.2). `[inferred]`
    pub(super) fn is_read_only(&mut self, variable: &Variable) -> bool {
        let name = variable.name();
        variable.builtin().is_some_and(Builtin::is_read_only)
            || (is_flow_message(name) && self.message_named(name).is_some())
    }

    /// The client's request as it was received.
    pub fn client_request(&mut self) -> Option<&Message> {
        if self.request.is_none() {
            let _: Option<MessageId> = self.message_named("request");
        }
        self.request.as_ref().map(|request| &request.before)
    }
}
