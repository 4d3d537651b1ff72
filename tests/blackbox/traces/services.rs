//! The responses of the services and of the upstream, in Envoy and in dry runs.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Seen;

/// A response.
pub struct Served {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
    pub delay: Duration,
}

impl Served {
    /// The content type of the body.
    pub fn content_type(&self) -> &'static str {
        match self.body.as_bytes().first() {
            Some(b'{') => "application/json",
            Some(b'<') => "text/xml",
            _ => "text/plain",
        }
    }
}

fn served(status: u16, body: &str) -> Served {
    Served { status, headers: Vec::new(), body: body.to_owned(), delay: Duration::ZERO }
}

/// The response to a call.
pub fn serve(call: &Seen) -> Served {
    let (verb, url) = call.start.split_once(' ').unwrap();
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    match (host.split(':').next().unwrap(), path) {
        ("metadata.google.internal", path) if path.contains("/token?") => {
            served(200, r#"{"access_token":"ya29.workload","expires_in":3599,"token_type":"Bearer"}"#)
        }
        ("metadata.google.internal", _) => served(200, &jwt()),
        ("iamcredentials.googleapis.com", path) if path.ends_with(":generateIdToken") => {
            served(200, &format!("{{\"token\":\"{}\"}}", jwt()))
        }
        ("iamcredentials.googleapis.com", _) => {
            served(200, r#"{"accessToken":"ya29.account","expireTime":"2099-01-01T00:00:00Z"}"#)
        }
        ("us-west1-integrations.googleapis.com", _) => {
            served(200, r#"{"executionId":"e-1","outputParameters":{"score":0.7}}"#)
        }
        ("orders.example.com", "v2/orders/7") => {
            served(200, r#"{"customer":{"id":"c1"},"total":120.5,"items":[{"sku":"A-1"}]}"#)
        }
        ("orders.example.com", "v2/orders/8") => served(200, r#"{"customer":{"id":"c2"},"total":20,"items":[]}"#),
        ("orders.example.com", _) => served(404, "{}"),
        ("customers.example.com", _) => served(200, r#"{"name":"Ann"}"#),
        ("risk.example.com", _) => served(403, "{}"),
        ("mocktarget.apigee.net", "json?code=0") => served(404, "{}"),
        ("mocktarget.apigee.net", _) => served(200, r#"{"city":"San Jose"}"#),
        ("maps.example.com", path) if path.contains("00000") => served(404, "{}"),
        ("maps.example.com", _) => served(200, r#"{"status":"OK","location":{"lat":37.42,"lng":-122.08}}"#),
        ("slow.test", _) => Served { delay: Duration::from_secs(2), ..served(200, "late") },
        ("bad.test", _) => served(503, "try later"),
        ("xml.test", _) => served(200, "<r xmlns:n='urn:n'><n:id>7</n:id><list><i>a</i><i>b</i></list></r>"),
        ("empty.test", _) => served(204, ""),
        (host, path) => Served {
            headers: vec![("x-served", "yes"), ("set-cookie", "a=1"), ("set-cookie", "b=2")],
            ..served(
                200,
                &format!("{{\"host\":\"{host}\",\"verb\":\"{verb}\",\"path\":\"/{path}\",\"n\":[1,2.50,null]}}"),
            )
        },
    }
}

/// A token that names its end.
fn jwt() -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"none"}"#), encode(r#"{"exp":4070908800}"#), encode("signature"))
}

/// The response of the upstream.
pub fn upstream(path: &str) -> Served {
    let status = if path.contains("broken") { 502 } else { 200 };
    let headers = vec![("x-upstream", "1"), ("x-remove-me", "please")];
    Served { headers, ..served(status, r#"{"from":"upstream","items":[1,2]}"#) }
}
