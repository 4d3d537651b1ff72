//! Shared by the cases of Google tokens: mocks of the token servers, and the policies.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::lab::{MockResponse, Site};
use crate::policy::ServiceCallout;

pub const ACCOUNT: &str = "proxy@p1.iam.gserviceaccount.com";
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
pub const METADATA: &str = "/computeMetadata/v1/instance/service-accounts/default";
pub const FAILURE: &str = "messaging.adaptors.http.filter.GoogleTokenGenerationFailure";
pub const FAILURE_TEXT: &str = "Google token generation failed";

/// A callout to `http://api.test/v1/secrets` with this inside `<Authentication>`.
pub fn authenticated(elements: &str) -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://api.test/v1/secrets?alt=json")
        .variable("req")
        .response("r")
        .inside(&format!("<Authentication>{elements}</Authentication>"))
}

/// `<GoogleAccessToken>` with one scope.
pub fn access() -> String {
    format!("<GoogleAccessToken><Scopes><Scope>{SCOPE}</Scope></Scopes></GoogleAccessToken>")
}

/// A configuration of the workload's own identity. Everything that a policy could publish of the token is published.
pub fn own(policy: &ServiceCallout, api: &str, metadata: &str) -> Value {
    json!({
        "policies": [policy.xml()],
        "clusters": {"http://api.test": api},
        "google": {"metadata_cluster": metadata},
        "filter_state": ["req.*", "request.*", "servicecallout.*", "google*"],
    })
}

/// A configuration that acts as the service account.
pub fn impersonating(policy: &ServiceCallout, api: &str, metadata: &str, iam: &str) -> Value {
    let mut configuration = own(policy, api, metadata);
    configuration["google"] = json!({"metadata_cluster": metadata, "service_account": ACCOUNT, "iam_cluster": iam});
    configuration
}

/// The metadata server's response with an access token.
pub fn granted(token: &str, seconds: u64) -> MockResponse {
    let body = json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"});
    MockResponse::json(200, body.to_string()).header("metadata-flavor", "Google")
}

/// An ID token that is valid for an hour, with its audience.
pub fn jwt(audience: &str) -> String {
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3600);
    let claims = json!({"aud": audience, "exp": end.as_secs()}).to_string();
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims))
}

/// The end of a token that outlives the test, as IAM writes it.
pub const LATER: &str = "2999-01-01T00:00:00Z";

/// None of these texts is in Envoy's log, in an access log, or in the statistics.
pub async fn assert_secret(site: &Site, statistics: &str, secrets: &[&str]) {
    let mut read = 0;
    for entry in std::fs::read_dir(site.directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let bytes = std::fs::read(&path).unwrap();
            read += 1;
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} is in {}", path.display());
            }
        }
    }
    assert!(read >= 2, "there are logs to read");
    for secret in secrets {
        assert!(!statistics.contains(secret), "{secret} is in the statistics");
    }
}
