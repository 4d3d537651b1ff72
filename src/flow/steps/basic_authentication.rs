//! BasicAuthentication at run time (docs/apigee-semantics.md 12.1).

use super::actions::{ActionError, PolicyContext};
use crate::flow::fault::{Fault, codes};
use crate::flow::functions::{decode_base64, encode_base64};
use crate::flow::host::Host;
use crate::flow::memory::TooLarge;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::policy::basic_authentication::{BasicAuthentication, Operation};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// The scheme of the credentials.
const SCHEME: &str = "Basic";

/// Maximum size of encoded credentials relative to the user and the password.
const ENCODED_COPIES: usize = 4;

impl<H: Host> Transaction<'_, H> {
    pub(super) fn basic_authentication(&mut self, policy: &BasicAuthentication) -> Result<(), Fault> {
        match &policy.operation {
            Operation::Encode { assign_to, replaces } => self.encode_credentials(policy, assign_to, *replaces),
            Operation::Decode { source } => self.decode_credentials(policy, source),
        }
    }

    fn encode_credentials(
        &mut self,
        policy: &BasicAuthentication,
        assign_to: &Variable,
        replaces: bool,
    ) -> Result<(), Fault> {
        let user = self.credential(policy, &policy.user)?.unwrap_or_default();
        let password = self.credential(policy, &policy.password)?.unwrap_or_default();
        if !replaces && self.value(assign_to).is_some() {
            return Ok(());
        }
        let size = user.len().saturating_add(password.len()).saturating_mul(ENCODED_COPIES);
        self.check_memory(size).map_err(|TooLarge| Fault::too_large("BasicAuthentication", &policy.attributes.name))?;
        let encoded = ByteString::from(encode_base64(format!("{user}:{password}").as_bytes()));
        if policy.user.is_private() || policy.password.is_private() {
            self.private_values.note(&encoded);
        }
        self.write_credential(policy, assign_to, format!("{SCHEME} {encoded}").into())
    }

    fn decode_credentials(&mut self, policy: &BasicAuthentication, source: &Variable) -> Result<(), Fault> {
        let Some(credentials) = self.credential(policy, source)? else { return Ok(()) };
        let size = credentials.len();
        self.check_memory(size).map_err(|TooLarge| Fault::too_large("BasicAuthentication", &policy.attributes.name))?;
        let Some((user, password)) = decoded(&credentials) else {
            let name = source.name();
            let reason = format!("Source variable : {name} for basic authentication decode policy is not valid");
            return Err(Fault::new(codes::BASIC_SOURCE_INVALID, reason));
        };
        if source.is_private() {
            self.private_values.note(&user);
            self.private_values.note(&password);
        }
        self.write_credential(policy, &policy.user, user)?;
        self.write_credential(policy, &policy.password, password)
    }

    /// The text of a variable. `None` when it does not resolve and the policy ignores that.
    fn credential(&mut self, policy: &BasicAuthentication, variable: &Variable) -> Result<Option<ByteString>, Fault> {
        match self.text(variable) {
            None if !policy.ignore_unresolved => {
                let reason = format!("Unresolved variable : {}", variable.name());
                Err(Fault::new(codes::BASIC_UNRESOLVED, reason))
            }
            text => Ok(text),
        }
    }

    fn write_credential(
        &mut self,
        policy: &BasicAuthentication,
        variable: &Variable,
        text: ByteString,
    ) -> Result<(), Fault> {
        let is_written = !self.is_read_only(variable) && self.assign(variable, Value::String(text)).is_ok();
        match is_written {
            true => Ok(()),
            false => {
                let context = PolicyContext::of(&policy.attributes, policy.ignore_unresolved);
                Err(ActionError::NotWritable(variable.name().clone()).into_fault(context))
            }
        }
    }
}

/// The user and the password of credentials. `None` when they are malformed. The scheme can have any case, and the text
/// is UTF-8. `[inferred]`
fn decoded(credentials: &str) -> Option<(ByteString, ByteString)> {
    let (scheme, encoded) = credentials.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let text = ByteString::try_from(decode_base64(encoded.trim_start())?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((text.slice_ref(user), text.slice_ref(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_a_scheme_and_base64_of_user_and_password() {
        let cases = [
            ("Basic YWthc2g6MTIz", Some(("akash", "123"))),
            ("basic  YWthc2g6MTIz ", Some(("akash", "123"))),
            ("Basic TXlVc2VybmFtZTpNeVBhc3N3b3Jk", Some(("MyUsername", "MyPassword"))),
            // A colon ends the user.
            ("Basic YTpiOmM=", Some(("a", "b:c"))),
            ("Basic YTpiOmM", Some(("a", "b:c"))),
            ("Basic Og==", Some(("", ""))),
            ("Basic w7w6w7Y=", Some(("ü", "ö"))),
            ("Basic 23435", None),
            ("YWthc2g6MTIz", None),
            ("OAuth YWthc2g6MTIz", None),
            ("Basic", None),
            ("Basic ", None),
            ("Basic YWthc2g=", None),
            ("Basic YWthc2g6MTIz!", None),
            // Not UTF-8.
            ("Basic /zpw", None),
            ("", None),
        ];
        for (credentials, expected) in cases {
            let found = decoded(credentials);
            let found = found.as_ref().map(|(user, password)| (&**user, &**password));
            assert_eq!(found, expected, "{credentials}");
        }
    }
}
