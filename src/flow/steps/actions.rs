//! `Set`, `Add`, `Copy` and `Remove` on a message (docs/apigee-semantics.md 3.3 to 3.5).

mod copy;
mod remove;

use crate::flow::boxed::boxed;
use crate::flow::expand::ExpandError;
use crate::flow::fault::Fault;
use crate::flow::fault::codes::ActionFault;
use crate::flow::headers::header_value;
use crate::flow::host::Host;
use crate::flow::memory::TooLarge;
use crate::flow::message::{Message, MessageId, NotWritable};
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::action::{Action, Assignment, Copy, Field};
use crate::policy::attributes::Attributes;
use crate::policy::template::Template;
use crate::policy::variable::{Item, MessagePart, is_private};
use bytestring::ByteString;
use copy::{copy_parts, everything};
use remove::remove;
use std::time::Duration;

/// The reason why an action failed. Each policy type has its own faults for these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ActionError {
    /// A template's variable does not resolve.
    Unresolved(ByteString),
    /// The source of `Copy` does not exist.
    NoSource(ByteString),
    /// The source of `Copy` is not a message.
    SourceNotMessage(ByteString),
    /// The variable is read-only, or the value is not valid for it.
    NotWritable(ByteString),
    /// The result is larger than the memory left for bodies.
    TooLarge,
}

impl ActionError {
    /// The fault of a policy (docs/apigee-semantics.md 3.9).
    #[cold]
    pub(super) fn into_fault(self, policy: PolicyContext<'_>) -> Fault {
        let PolicyContext { kind, faults, name, .. } = policy;
        let (fault, text) = match self {
            ActionError::Unresolved(variable) => return Fault::unresolved_variable(&variable),
            ActionError::TooLarge => return Fault::too_large(kind, name),
            ActionError::NoSource(variable) => {
                (ActionFault::UnresolvedVariable, format!("unable to resolve variable {variable}"))
            }
            ActionError::SourceNotMessage(variable) => {
                (ActionFault::VariableOfNonMsgType, format!("value of variable {variable} is not of type Message"))
            }
            ActionError::NotWritable(variable) => {
                (ActionFault::SetVariableFailed, format!("unable to set variable {variable}"))
            }
        };
        Fault::new(fault.code(faults), format!("{kind}[{name}]: {text}"))
    }
}

impl From<ExpandError> for ActionError {
    fn from(error: ExpandError) -> ActionError {
        match error {
            ExpandError::Unresolved(name) => ActionError::Unresolved(name),
            ExpandError::TooLarge => ActionError::TooLarge,
        }
    }
}

impl From<TooLarge> for ActionError {
    fn from(_: TooLarge) -> ActionError {
        ActionError::TooLarge
    }
}

/// The time that a policy without a timeout waits for a token.
pub(super) const TOKEN_TIMEOUT: Duration = Duration::from_secs(5);

/// The policy that runs, for its fault strings.
#[derive(Clone, Copy)]
pub(super) struct PolicyContext<'p> {
    /// The policy type.
    pub(super) kind: &'static str,
    /// The prefix of its fault codes.
    pub(super) faults: &'static str,
    /// The policy's name.
    pub(super) name: &'p str,
    /// Whether a variable that does not resolve counts as empty text.
    pub(super) ignore: bool,
}

impl<'p> PolicyContext<'p> {
    pub(super) fn of(attributes: &'p Attributes, ignore: bool) -> PolicyContext<'p> {
        let Attributes { kind, name, .. } = attributes;
        PolicyContext { kind: kind.name, faults: kind.faults, name, ignore }
    }
}

impl<H: Host> Transaction<'_, H> {
    /// Runs a policy's actions on a message, in order.
    ///
    /// # Errors
    /// The fault of the first action that fails.
    pub(super) async fn run_actions(
        &mut self,
        context: PolicyContext<'_>,
        actions: &[Action],
        target: MessageId,
    ) -> Result<(), Fault> {
        for action in actions {
            if let Action::Authenticate(authentication) = action {
                let header = boxed(self.authenticate(context, authentication, None, TOKEN_TIMEOUT)).await?;
                let length = header.value.len();
                self.change(
                    target,
                    |message, left| message.headers_fit(length, left),
                    |message| message.headers.set(&header.name, header.value),
                );
            } else {
                self.act(action, target, context.ignore).map_err(|error| error.into_fault(context))?;
            }
        }
        Ok(())
    }

    /// Runs an action on a message.
    fn act(&mut self, action: &Action, target: MessageId, ignore: bool) -> Result<(), ActionError> {
        match action {
            Action::Set(assignment) => self.set_assignment(assignment, target, ignore)?,
            Action::Add(field, name, template) => {
                let value = self.expand(template, ignore)?;
                let part = part(*field, name);
                self.change(
                    target,
                    |message, left| message.change_fits(&part, value.len(), left),
                    |message| add(message, *field, name, value.clone()),
                );
            }
            Action::Copy(copy) => self.copy(copy, target, ignore)?,
            Action::Remove(parts) => self.change(
                target,
                |message, left| parts.as_ref().is_none_or(|parts| message.removal_fits(parts, left)),
                |message| remove(message, parts.as_ref()),
            ),
            Action::AssignVariable(assignment) => self.assign_variable(assignment, ignore)?,
            // `run_actions` runs this action, because it waits.
            Action::Authenticate(_) => {}
        }
        Ok(())
    }

    fn change(
        &mut self,
        target: MessageId,
        fits: impl FnOnce(&Message, usize) -> bool,
        change: impl FnOnce(&mut Message),
    ) {
        self.change_within(target, fits, |message| {
            message.is_consumed = false;
            change(message);
        });
    }

    fn set_assignment(&mut self, assignment: &Assignment, target: MessageId, ignore: bool) -> Result<(), ActionError> {
        let (part, template) = match assignment {
            Assignment::Part(part, template) => (part, template),
            Assignment::Payload { content, content_type } => {
                return self.set_payload(content, content_type.as_ref(), target, ignore);
            }
        };
        let text = self.expand(template, ignore)?;
        let (length, value) = (text.len(), Value::String(text));
        let is_response = self.message(target).is_some_and(|message| message.as_response().is_some());
        let mut written = Ok(());
        self.change(
            target,
            |message, left| message.change_fits(part, length, left),
            |message| written = message.set_part(part, &value),
        );
        match written {
            // An invalid status is a fault. Parts that this kind of message does not have are ignored.
            Err(NotWritable) if *part == MessagePart::StatusCode && is_response => {
                Err(ActionError::NotWritable(ByteString::from_static("status.code")))
            }
            _ => Ok(()),
        }
    }

    fn set_payload(
        &mut self,
        content: &Template,
        content_type: Option<&Template>,
        target: MessageId,
        ignore: bool,
    ) -> Result<(), ActionError> {
        let body = self.expand(content, ignore)?.into_bytes();
        let content_type = content_type.map(|template| self.expand(template, ignore)).transpose()?;
        let length = content_type.as_ref().map_or(0, |content_type| content_type.len());
        self.change(
            target,
            |message, left| message.headers_fit(length, left),
            |message| {
                message.set_body(body);
                if let Some(content_type) = content_type {
                    message.headers.set("Content-Type", header_value(content_type));
                }
            },
        );
        Ok(())
    }

    fn copy(&mut self, copy: &Copy, target: MessageId, ignore: bool) -> Result<(), ActionError> {
        let name = copy.source.as_ref().map_or_else(|| ByteString::from_static("message"), |s| s.name().clone());
        let Some(source) = self.message_named(&name) else {
            let exists = copy.source.as_ref().is_some_and(|source| self.value(source).is_some());
            return match (ignore, exists) {
                (true, _) => Ok(()),
                (false, true) => Err(ActionError::SourceNotMessage(name)),
                (false, false) => Err(ActionError::NoSource(name)),
            };
        };
        if let Some(source) = self.message(source).cloned().filter(|_| source != target) {
            let everything = everything();
            let parts = copy.parts.as_ref().unwrap_or(&everything);
            self.change(
                target,
                |message, left| message.copy_fits(&source, parts, left),
                |message| copy_parts(&source, message, parts),
            );
            if is_private(&name) {
                self.note_request_line(target);
            }
        }
        Ok(())
    }
}

/// The part to which `Add` adds a value.
fn part(field: Field, name: &ByteString) -> MessagePart {
    match field {
        Field::Header => MessagePart::Header(name.clone(), Item::First),
        Field::QueryParam => MessagePart::QueryParam(name.clone(), Item::First),
        Field::FormParam => MessagePart::FormParam(name.clone(), Item::First),
    }
}

fn add(message: &mut Message, field: Field, name: &str, value: ByteString) {
    match field {
        Field::Header => message.headers.add(name, header_value(value)),
        Field::QueryParam => {
            if let Some(line) = message.as_request_mut() {
                line.change_query(|query| query.add(name, &value));
            }
        }
        // A response has no form parameters (docs/apigee-semantics.md 3.3).
        Field::FormParam if message.as_request().is_none() => {}
        Field::FormParam => {
            let mut form = message.form();
            form.add(name, &value);
            message.set_form(&form);
        }
    }
}
