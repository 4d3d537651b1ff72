//! A call that is sent as soon as its token is available, without a receiver of its response.

use super::TokenRequest;
use crate::flow::call::{Call, CallFailure};
use crate::flow::host::Background;
use crate::flow::worker::Worker;
use crate::plan::PolicyId;
use bytestring::ByteString;
use std::future::Future;
use std::rc::Rc;

/// A call of a policy that waits for its token. It can be sent to another thread.
#[derive(Debug)]
pub struct AuthorizedSend {
    pub(in crate::flow) policy: PolicyId,
    pub(in crate::flow) call: Call,
    /// The name of the token's header, which the call already has.
    pub(in crate::flow) header: ByteString,
    pub(in crate::flow) request: TokenRequest,
}

impl AuthorizedSend {
    /// Obtains the token and sends the call.
    pub fn run<B: Background>(self, worker: &Worker, background: B) -> impl Future<Output = ()> + 'static {
        let tokens = Rc::clone(&worker.tokens);
        async move {
            let AuthorizedSend { policy, mut call, header, request } = self;
            // `obtain` has logged a failure.
            let Ok(token) = tokens.obtain(background.clone(), request).await else { return };
            call.set_header(&header, token.bearer());
            // The policy does not wait for the outcome of the call.
            let _: Result<(), CallFailure> = background.send(policy, &call);
        }
    }

    /// A copy that shares no memory with this one.
    #[must_use]
    pub fn separate(&self) -> AuthorizedSend {
        AuthorizedSend {
            policy: self.policy,
            call: self.call.separate(),
            header: ByteString::from(self.header.to_string()),
            request: self.request.separate(),
        }
    }
}
