//! DecodeJWT: the variables of a token whose signature is not checked.

use super::failure::JwtFailure;
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::policy::jwt::DecodeJwt;

impl<H: Host> Transaction<'_, H> {
    pub(in crate::flow::steps) fn decode_jwt(&mut self, policy: &DecodeJwt) -> Result<(), Fault> {
        let name = &policy.attributes.name;
        let Err(failure) = self.jwt_token(&policy.source, name) else { return Ok(()) };
        self.jwt_failed();
        // The page of DecodeJWT does not have this fault.
        let failure = if failure == JwtFailure::InvalidJsonFormat { JwtFailure::FailedToDecode } else { failure };
        Err(failure.into_fault("DecodeJWT", name))
    }
}
