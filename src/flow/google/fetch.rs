//! Fetching a token: from the metadata server, and with it from IAM Credentials when a service account is named.

use super::answer;
use super::request::{TokenKind, TokenRequest};
use super::{Token, TokenFailure, Tokens};
use crate::flow::call::{Call, CallFailure, CallReply};
use crate::flow::headers::header_value;
use crate::flow::host::Background;
use crate::plan::{Identity, Impersonated};
use bytes::Bytes;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::rc::Rc;
use std::time::Duration;

/// Answers with tokens are small.
const MOST_BYTES: usize = 64 * 1024;

/// What is written as it is in a query, beside letters and digits; Google's own documentation writes scopes so.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':').remove(b',');

pub(super) async fn token<B: Background>(
    tokens: &Rc<Tokens>,
    background: &B,
    request: &TokenRequest,
) -> Result<Token, TokenFailure> {
    let found = match &request.identity.impersonated {
        None => from_metadata_server(background, request).await,
        Some(impersonated) => {
            let own = Rc::clone(tokens).obtain(background.clone(), request.of_workload()).await?;
            from_iam(background, request, impersonated, &own).await
        }
    };
    found.map_err(|problem| {
        tell(tokens, background, &request.identity, &problem);
        TokenFailure
    })
}

/// Why there is no token.
enum Problem {
    /// No answer.
    Call(&'static str, CallFailure),
    /// An answer that is not 200.
    Status(&'static str, u16),
    /// An answer that holds no token.
    Unreadable(&'static str),
}

/// Who gives out tokens, for the log.
const METADATA: &str = "the metadata server";
pub(in crate::flow) const IAM: &str = "iamcredentials.googleapis.com";

/// Where the metadata server is reached.
pub(in crate::flow) const METADATA_HOST: &str = "metadata.google.internal";

fn tell<B: Background>(tokens: &Tokens, background: &B, identity: &Identity, problem: &Problem) {
    let account = identity.impersonated.as_ref().map_or("the workload", |account| &*account.service_account);
    let text = match problem {
        Problem::Call(who, failure) => format!("{who} did not answer: {failure:?}"),
        Problem::Status(who, status @ (401 | 403)) => {
            if tokens.tells_refusal() {
                background.warn(&format!("PERMISSION_DENIED: {who} refuses a token of {account} with {status}"));
            }
            return;
        }
        Problem::Status(who, status) => format!("{who} answered {status}"),
        Problem::Unreadable(who) => format!("the answer of {who} holds no token"),
    };
    background.warn(&format!("no Google token of {account}: {text}"));
}

async fn from_metadata_server<B: Background>(background: &B, request: &TokenRequest) -> Result<Token, Problem> {
    let account = "/computeMetadata/v1/instance/service-accounts/default";
    let path = match &request.kind {
        TokenKind::Access { scopes, .. } => format!("{account}/token?scopes={}", plain(&scopes.join(","))),
        TokenKind::Id { audience, include_email } => {
            let format = if *include_email { "full" } else { "standard" };
            format!("{account}/identity?audience={}&format={format}", plain(audience))
        }
    };
    let headers = vec![
        header(":method", "GET"),
        header(":scheme", "http"),
        header(":authority", METADATA_HOST),
        header(":path", &path),
        header("metadata-flavor", "Google"),
    ];
    let cluster = &request.identity.metadata_cluster;
    let reply = call(background, METADATA, cluster, headers, Bytes::new(), request.timeout).await?;
    let now = background.now();
    let token = match request.kind {
        TokenKind::Access { .. } => answer::metadata_access_token(&reply.body, now),
        TokenKind::Id { .. } => answer::id_token(&reply.body, now),
    };
    token.ok_or(Problem::Unreadable(METADATA))
}

async fn from_iam<B: Background>(
    background: &B,
    request: &TokenRequest,
    impersonated: &Impersonated,
    own: &Token,
) -> Result<Token, Problem> {
    let (method, body) = match &request.kind {
        TokenKind::Access { scopes, lifetime } => {
            ("generateAccessToken", json!({"scope": scopes, "lifetime": format!("{lifetime}s")}))
        }
        TokenKind::Id { audience, include_email } => {
            ("generateIdToken", json!({"audience": &**audience, "includeEmail": include_email}))
        }
    };
    let account = utf8_percent_encode(&impersonated.service_account, ACCOUNT);
    let path = format!("/v1/projects/-/serviceAccounts/{account}:{method}");
    let headers = vec![
        header(":method", "POST"),
        header(":scheme", "https"),
        header(":authority", IAM),
        header(":path", &path),
        header("authorization", &format!("Bearer {}", own.text())),
        header("content-type", "application/json"),
    ];
    let body = Bytes::from(body.to_string());
    let reply = call(background, IAM, &impersonated.iam_cluster, headers, body, request.timeout).await?;
    let now = background.now();
    let token = match request.kind {
        TokenKind::Access { .. } => answer::iam_access_token(&reply.body, now),
        TokenKind::Id { .. } => answer::iam_id_token(&reply.body, now),
    };
    token.ok_or(Problem::Unreadable(IAM))
}

/// What an e-mail address may hold in a path.
const ACCOUNT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

fn plain(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn header(name: &'static str, value: &str) -> (ByteString, Bytes) {
    (ByteString::from_static(name), header_value(value.into()))
}

async fn call<B: Background>(
    background: &B,
    who: &'static str,
    cluster: &ByteString,
    headers: Vec<(ByteString, Bytes)>,
    body: Bytes,
    timeout: Duration,
) -> Result<CallReply, Problem> {
    let call = Call { cluster: cluster.clone(), headers, body, timeout, max_response_bytes: MOST_BYTES };
    let reply = background.call(&call).await.map_err(|failure| Problem::Call(who, failure))?;
    if reply.status == 200 { Ok(reply) } else { Err(Problem::Status(who, reply.status)) }
}
