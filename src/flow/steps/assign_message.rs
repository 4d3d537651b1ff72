//! AssignMessage at run time (docs/apigee-semantics.md 3.1, 3.2 and 3.9).

use super::actions::{ActionError, PolicyContext};
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::message::{Message, MessageId};
use crate::flow::transaction::{Stage, Transaction};
use crate::policy::assign_message::{AssignMessage, AssignTo, MessageKind};
use crate::policy::variable::Variable;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    pub(super) async fn assign_message(&mut self, policy: &AssignMessage) -> Result<(), Fault> {
        let context = PolicyContext::of(&policy.attributes, policy.ignore_unresolved);
        let target = self.assign_to(&policy.assign_to).map_err(|error| error.into_fault(context))?;
        self.run_actions(context, &policy.actions, target).await
    }

    /// The message on which the policy acts. It is created by the table of docs/apigee-semantics.md 3.2.
    fn assign_to(&mut self, assign_to: &AssignTo) -> Result<MessageId, ActionError> {
        let create = assign_to.create_new == Some(true);
        let Some(name) = assign_to.variable.as_ref().filter(|name| *name != "message") else {
            // In the error flow, the policy always acts on the pending error response.
            if create && self.stage != Stage::Error {
                // With the name `message`, the new message has the kind of the ambient message. `[inferred]`
                let kind = assign_to.kind.filter(|_| assign_to.variable.is_none());
                let kind = kind.unwrap_or_else(|| self.ambient_kind());
                return Ok(self.put_message(ByteString::from_static(kind.flow_message()), fresh(kind)));
            }
            let ambient = ByteString::from_static(self.ambient());
            return match self.message_named(&ambient) {
                Some(id) => Ok(id),
                None => Ok(self.put_message(ambient, fresh(self.ambient_kind()))),
            };
        };
        if !create {
            if let Some(id) = self.message_named(name) {
                return Ok(id);
            }
            if assign_to.create_new == Some(false) {
                return match self.value(&Variable::new(name)) {
                    Some(_) => Err(ActionError::SourceNotMessage(name.clone())),
                    None => Err(ActionError::NoSource(name.clone())),
                };
            }
        }
        let kind = match (assign_to.kind, &**name) {
            (Some(kind), _) => kind,
            (None, "response" | "error") => MessageKind::Response,
            (None, _) if create => self.ambient_kind(),
            (None, _) => MessageKind::Request,
        };
        Ok(self.put_message(name.clone(), fresh(kind)))
    }

    fn ambient_kind(&self) -> MessageKind {
        match self.stage {
            Stage::Request => MessageKind::Request,
            Stage::Response | Stage::Error => MessageKind::Response,
        }
    }
}

fn fresh(kind: MessageKind) -> Message {
    match kind {
        MessageKind::Request => Message::request(),
        MessageKind::Response => Message::response(),
    }
}
