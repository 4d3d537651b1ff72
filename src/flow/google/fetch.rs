//! The fetch of a token: from the metadata server, or from IAM Credentials when the identity names a service account.

use super::request::{TokenKind, TokenRequest};
use super::response;
use super::{Token, TokenFailure, Tokens};
use crate::flow::call::{Call, CallFailure, CallReply};
use crate::flow::headers::header_value;
use crate::flow::host::Background;
use crate::plan::{IAM_HOST, Identity, Impersonated, METADATA_HOST};
use bytes::Bytes;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::rc::Rc;
use std::time::Duration;

/// Maximum size of a response with a token, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The encoded characters of a query. Others stay unchanged, as in Google's documentation of scopes.
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
        log(tokens, background, &request.identity, &problem);
        TokenFailure
    })
}

/// The reason why there is no token, with the name of the service.
enum Problem {
    /// There is no response.
    Call(&'static str, CallFailure),
    /// The status of the response is not 200.
    Status(&'static str, u16),
    /// The response contains no token.
    Unreadable(&'static str),
}

/// The name of the metadata server in the log.
const METADATA: &str = "the metadata server";

fn log<B: Background>(tokens: &Tokens, background: &B, identity: &Identity, problem: &Problem) {
    let account = identity.impersonated.as_ref().map_or("the workload", |account| &*account.service_account);
    let text = match problem {
        Problem::Call(service, failure) => format!("{service} sent no response: {failure:?}"),
        Problem::Status(service, status @ (401 | 403)) => {
            if tokens.logs_rejection() {
                let request = format!("the request for a token of {account}");
                background.warn(&format!("PERMISSION_DENIED: {service} rejected {request} with status {status}"));
            }
            return;
        }
        Problem::Status(service, status) => format!("{service} returned status {status}"),
        Problem::Unreadable(service) => format!("the response of {service} contains no token"),
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
        TokenKind::Access { .. } => response::metadata_access_token(&reply.body, now),
        TokenKind::Id { .. } => response::id_token(&reply.body, now),
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
        header(":authority", IAM_HOST),
        header(":path", &path),
        header("authorization", &format!("Bearer {}", own.text())),
        header("content-type", "application/json"),
    ];
    let body = Bytes::from(body.to_string());
    let reply = call(background, IAM_HOST, &impersonated.iam_cluster, headers, body, request.timeout).await?;
    let now = background.now();
    let token = match request.kind {
        TokenKind::Access { .. } => response::iam_access_token(&reply.body, now),
        TokenKind::Id { .. } => response::iam_id_token(&reply.body, now),
    };
    token.ok_or(Problem::Unreadable(IAM_HOST))
}

/// The encoded characters of an e-mail address in a path.
const ACCOUNT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

fn plain(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn header(name: &'static str, value: &str) -> (ByteString, Bytes) {
    (ByteString::from_static(name), header_value(value.into()))
}

async fn call<B: Background>(
    background: &B,
    service: &'static str,
    cluster: &ByteString,
    headers: Vec<(ByteString, Bytes)>,
    body: Bytes,
    timeout: Duration,
) -> Result<CallReply, Problem> {
    let call = Call { cluster: cluster.clone(), headers, body, timeout, max_response_bytes: MAX_BYTES };
    let reply = background.call(&call).await.map_err(|failure| Problem::Call(service, failure))?;
    if reply.status == 200 { Ok(reply) } else { Err(Problem::Status(service, reply.status)) }
}
