//! RaiseFault at run time (docs/apigee-semantics.md 5).

use super::actions::PolicyContext;
use crate::flow::fault::{Fault, codes};
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::raise_fault::RaiseFault;
use bytestring::ByteString;

impl<H: Host> Transaction<'_, H> {
    /// The fault that the policy raises, with its response. If an action fails, the fault of the action.
    #[cold]
    pub(super) async fn raise_fault(&mut self, policy: &RaiseFault) -> Fault {
        let name = &policy.attributes.name;
        let mut fault = Fault::new(codes::RAISE_FAULT, format!("Raising fault. Fault name : {name}"));
        let response = self.default_response(&fault);
        let response = self.add_message(response);
        let context = PolicyContext::of(&policy.attributes, policy.ignore_unresolved);
        if let Err(fault) = self.run_actions(context, &policy.actions, response).await {
            return fault;
        }
        self.set(ByteString::from_static("raisefault.failed"), Value::Boolean(true));
        fault.response = self.message(response).cloned().map(Box::new);
        fault
    }
}
