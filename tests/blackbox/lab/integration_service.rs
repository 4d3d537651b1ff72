//! A mock of Application Integration, with the metadata server that issues its tokens.
//!
//! It rejects requests that the published interface rejects. The message of the 400 response names the problem.

use serde_json::{Map, Value, json};

use super::{Backend, Message, MockResponse, Received, Setup};

/// The token that the metadata server issues.
pub const TOKEN: &str = "ya29.integration";

/// The default responses of the service, to a run and to a schedule.
pub const EXECUTED: &str = r#"{"executionId":"e-1","outputParameters":{"score":0.7}}"#;
pub const SCHEDULED: &str = r#"{"executionInfoIds":["e-1"]}"#;

/// Both servers.
#[derive(Clone)]
pub struct IntegrationService {
    pub api: Backend,
    pub metadata: Backend,
}

impl IntegrationService {
    pub fn new(setup: &mut Setup<'_>) -> IntegrationService {
        IntegrationService::responding(setup, |request| {
            let is_run = request.path_and_query.ends_with(":execute");
            MockResponse::json(200, if is_run { EXECUTED } else { SCHEDULED })
        })
    }

    /// The response to valid requests.
    pub fn responding(
        setup: &mut Setup<'_>,
        response: impl Fn(&Received) -> MockResponse + Send + Sync + 'static,
    ) -> IntegrationService {
        let api =
            setup.backend(move |request: &Received| check(request).map_or_else(error_response, |()| response(request)));
        IntegrationService { api, metadata: setup.backend(give_token) }
    }

    /// Adds what a configuration needs to reach both.
    pub fn add_to(&self, configuration: &mut Value) {
        configuration["google"] = json!({"metadata_cluster": self.metadata.cluster(), "project": "default-project"});
        configuration["clusters"]["*"] = json!(self.api.cluster());
    }

    /// A configuration of these policies.
    pub fn configuration<S: AsRef<str>>(&self, policies: &[S]) -> Value {
        let policies: Vec<&str> = policies.iter().map(AsRef::as_ref).collect();
        let mut configuration = json!({"policies": policies, "clusters": {}});
        self.add_to(&mut configuration);
        configuration
    }
}

/// The metadata server's response to a request for an access token for Google's APIs.
pub fn give_token(request: &Received) -> MockResponse {
    const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=";
    let scope = request.path_and_query.strip_prefix(PATH).unwrap_or_default();
    let scope = scope.replace("%3A", ":").replace("%2F", "/");
    let is_right = request.method == "GET"
        && request.authority == "metadata.google.internal"
        && request.header("metadata-flavor") == Some("Google")
        && scope == "https://www.googleapis.com/auth/cloud-platform";
    if !is_right {
        return MockResponse::text(403, format!("{} {}", request.method, request.path_and_query));
    }
    let token = json!({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"});
    MockResponse::json(200, token.to_string())
}

fn error_response((status, message): (u16, String)) -> MockResponse {
    let name = if status == 400 { "INVALID_ARGUMENT" } else { "UNAUTHENTICATED" };
    let body = json!({"error": {"code": status, "message": message, "status": name}});
    MockResponse::json(status, body.to_string())
}

type Checked = Result<(), (u16, String)>;

fn wrong<T>(message: impl Into<String>) -> Result<T, (u16, String)> {
    Err((400, message.into()))
}

fn check(request: &Received) -> Checked {
    if request.header_all("authorization") != [format!("Bearer {TOKEN}")] {
        return Err((401, "no token, another, or several".to_owned()));
    }
    if request.method != "POST" || request.header_all("content-type") != ["application/json"] {
        return wrong(format!("{} of {:?}", request.method, request.header_all("content-type")));
    }
    let Some(("", path)) = request.path_and_query.split_once("/v1/projects/") else {
        return wrong(format!("{} is not of this interface", request.path_and_query));
    };
    let is_run = match path.split('/').collect::<Vec<_>>()[..] {
        [project, "locations", region, "integrations", last] if !project.is_empty() => {
            if request.authority != format!("{region}-integrations.googleapis.com") {
                return wrong(format!("{region} is not served by {}", request.authority));
            }
            match last.rsplit_once(':') {
                Some((name, "execute")) if !name.is_empty() => true,
                Some((name, "schedule")) if !name.is_empty() => false,
                _ => return wrong(format!("{last} is no method")),
            }
        }
        _ => return wrong(format!("{path} is not of this interface")),
    };
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(body)) => check_body(&body, is_run),
        _ => wrong("the body is no JSON object"),
    }
}

fn check_body(body: &Map<String, Value>, is_run: bool) -> Checked {
    for (name, value) in body {
        match (name.as_str(), value) {
            ("triggerId" | "requestId", Value::String(_)) => {}
            ("doNotPropagateError", Value::Bool(_)) if is_run => {}
            ("scheduleTime", Value::String(time)) if !is_run => check_time(time)?,
            ("inputParameters", Value::Object(parameters)) if !parameters.is_empty() => {
                for (name, value) in parameters {
                    check_value(name, value)?;
                }
            }
            _ => return wrong(format!("{name}: {value} does not belong here")),
        }
    }
    match body.get("triggerId").and_then(Value::as_str).and_then(|id| id.strip_prefix("api_trigger/")) {
        Some(name) if !name.is_empty() && !name.starts_with("api_trigger/") => Ok(()),
        _ => wrong("triggerId must be api_trigger/NAME"),
    }
}

/// `2026-01-15T01:30:15-08:00`, or with `Z`.
fn check_time(time: &str) -> Checked {
    let shape: String = time.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    let is_time = ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00-00:00", "0000-00-00T00:00:00+00:00"];
    if is_time.contains(&shape.as_str()) { Ok(()) } else { wrong(format!("scheduleTime: {time} is no time")) }
}

/// A ValueType has exactly one member, whose name is its type.
fn check_value(name: &str, value: &Value) -> Checked {
    let members = value.as_object().map(|members| members.iter().collect::<Vec<_>>()).unwrap_or_default();
    let [(kind, value)] = members[..] else { return wrong(format!("{name}: {value} has not exactly one member")) };
    let is_right = match kind.as_str() {
        "jsonValue" => value.as_str().is_some_and(|text| serde_json::from_str::<Value>(text).is_ok()),
        "stringArray" => items(value, "stringValues", Value::is_string),
        "intArray" => items(value, "intValues", is_int64),
        "doubleArray" => items(value, "doubleValues", Value::is_number),
        "booleanArray" => items(value, "booleanValues", Value::is_boolean),
        "stringValue" => value.is_string(),
        "intValue" => is_int64(value),
        "doubleValue" => value.is_number(),
        "booleanValue" => value.is_boolean(),
        _ => false,
    };
    if is_right { Ok(()) } else { wrong(format!("{name}: {kind} cannot be {value}")) }
}

fn items(value: &Value, member: &str, is_right: fn(&Value) -> bool) -> bool {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else { return false };
    members.get(member).and_then(Value::as_array).is_some_and(|items| items.iter().all(is_right))
}

/// 64 bits do not fit into JSON's numbers.
fn is_int64(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<i64>().is_ok_and(|number| number.to_string() == text))
}
