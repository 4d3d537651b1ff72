//! The parsers of responses that contain tokens.

use super::Token;
use crate::language::json_text::JsonText;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `{"access_token":"ya29…","expires_in":3599,"token_type":"Bearer"}`
pub(super) fn metadata_access_token(body: &[u8], now: Duration) -> Option<Token> {
    let response = document(body)?;
    let life = response.root().member("expires_in").and_then(|life| life.as_number()?.parse().ok()).unwrap_or(0);
    Token::new(&response.root().member("access_token")?.as_text()?, now, now.saturating_add(Duration::from_secs(life)))
}

/// `{"accessToken":"ya29…","expireTime":"2026-11-22T03:00:00Z"}`
pub(super) fn iam_access_token(body: &[u8], now: Duration) -> Option<Token> {
    let response = document(body)?;
    let expires = response.root().member("expireTime").and_then(|time| after_epoch(&time.as_text()?)).unwrap_or(now);
    Token::new(&response.root().member("accessToken")?.as_text()?, now, expires)
}

/// `{"token":"eyJ…"}`
pub(super) fn iam_id_token(body: &[u8], now: Duration) -> Option<Token> {
    let response = document(body)?;
    id_token(response.root().member("token")?.as_text()?.as_bytes(), now)
}

/// An identity token as plain text. Its `exp` claim is its expiry time.
pub(super) fn id_token(body: &[u8], now: Duration) -> Option<Token> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims = document(&claims)?;
    // The number can have a fraction.
    let expires = claims.root().member("exp")?.as_number()?.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0)?;
    Token::new(text, now, Duration::try_from_secs_f64(expires).ok()?)
}

/// The JSON document of a body. It refers to the text, so it takes little memory.
fn document(body: &[u8]) -> Option<JsonText<'_>> {
    JsonText::parse(std::str::from_utf8(body).ok()?).ok()
}

fn after_epoch(text: &str) -> Option<Duration> {
    let time = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    Some(Duration::from_secs(u64::try_from(time.unix_timestamp()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn expiring(text: &str, seconds: u64) -> Option<Token> {
        Token::new(text, NOW, NOW + Duration::from_secs(seconds))
    }

    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn access_tokens_have_a_lifetime() {
        let metadata = br#"{"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"}"#;
        assert_eq!(metadata_access_token(metadata, NOW), expiring("ya29.a", 3599));
        assert_eq!(metadata_access_token(br#"{"access_token":"ya29.a"}"#, NOW), expiring("ya29.a", 0));
        let iam = br#"{"accessToken":"ya29.b","expireTime":"2023-11-14T23:13:20Z"}"#;
        assert_eq!(iam_access_token(iam, NOW), expiring("ya29.b", 3600));
        let offset = br#"{"accessToken":"ya29.b","expireTime":"2023-11-15T00:13:20.5+01:00"}"#;
        assert_eq!(iam_access_token(offset, NOW), expiring("ya29.b", 3600));
    }

    #[test]
    fn id_tokens_contain_their_expiry() {
        let token = jwt(r#"{"aud":"x","exp":1700003600}"#);
        assert_eq!(id_token(format!("{token}\n").as_bytes(), NOW), expiring(&token, 3600));
        assert_eq!(iam_id_token(format!("{{\"token\":\"{token}\"}}").as_bytes(), NOW), expiring(&token, 3600));
    }

    #[test]
    fn malformed_responses_contain_no_token() {
        for body in
            ["", "{}", "[]", "<html>", r#"{"access_token":""}"#, r#"{"access_token":7}"#, "{\"access_token\":\"a b\"}"]
        {
            assert_eq!(metadata_access_token(body.as_bytes(), NOW), None, "{body}");
        }
        for body in
            ["", "x", "a.b.c", &jwt("{}"), &jwt(r#"{"exp":"soon"}"#), &jwt(r#"{"exp":-1}"#), &jwt(r#"{"exp":1e300}"#)]
        {
            assert_eq!(id_token(body.as_bytes(), NOW), None, "{body}");
        }
    }
}
