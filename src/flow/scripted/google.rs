//! A mock of Google's token services, which returns invalid tokens.

use crate::flow::call::{Call, CallReply};
use crate::flow::headers::Headers;
use crate::plan::{IAM_HOST, METADATA_HOST};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::json;
use std::time::Duration;
use time::OffsetDateTime;

/// The lifetime of a token.
const LIFE: Duration = Duration::from_secs(3600);

/// The response of a token service. `None` when the call goes to another service.
pub(super) fn response(call: &Call, now: Duration) -> Option<CallReply> {
    let part = |name: &str| {
        let value = call.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value);
        value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
    };
    let path = part(":path");
    let body = match part(":authority") {
        METADATA_HOST if path.contains("/identity?") => id_token("workload", now),
        METADATA_HOST => {
            json!({"access_token": "mock.workload", "expires_in": LIFE.as_secs(), "token_type": "Bearer"}).to_string()
        }
        IAM_HOST if path.ends_with(":generateIdToken") => json!({"token": id_token("account", now)}).to_string(),
        IAM_HOST => json!({"accessToken": "mock.account", "expireTime": rfc3339(now)?}).to_string(),
        _ => return None,
    };
    Some(CallReply { status: 200, headers: Headers::default(), body: Bytes::from(body) })
}

/// An identity token: a header, claims with an expiry, and an invalid signature.
fn id_token(subject: &str, now: Duration) -> String {
    let claims = json!({"sub": subject, "exp": now.saturating_add(LIFE).as_secs()});
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"none"}"#), encode(&claims.to_string()), encode("mock"))
}

/// The expiry time of a token that is issued now.
fn rfc3339(now: Duration) -> Option<String> {
    let end = i64::try_from(now.saturating_add(LIFE).as_secs()).ok()?;
    let end = OffsetDateTime::from_unix_timestamp(end).ok()?;
    let (date, time) = (end.date(), end.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second()))
}
