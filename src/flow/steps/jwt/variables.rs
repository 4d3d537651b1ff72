//! The variables of a token: `jwt.POLICY.…`.

use crate::flow::functions::date::format_milliseconds;
use crate::flow::host::Host;
use crate::flow::jwt::token::Token;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use bytestring::ByteString;
use serde_json::Value as Json;

/// Claims with a name of their own: the registered name, the other name, and whether it is a time.
const CLAIMS: [(&str, &str, bool); 6] = [
    ("aud", "audience", false),
    ("exp", "expiry", true),
    ("iat", "issuedat", true),
    ("iss", "issuer", false),
    ("nbf", "notbefore", true),
    ("sub", "subject", false),
];

/// Headers with a name of their own.
const HEADERS: [(&str, &str); 2] = [("alg", "algorithm"), ("typ", "type")];

/// The variables that are not claims and headers.
const OTHERS: [&str; 8] = [
    "expiry_formatted",
    "header-json",
    "is_expired",
    "payload-claim-names",
    "payload-json",
    "seconds_remaining",
    "time_remaining_formatted",
    "valid",
];

impl<H: Host> Transaction<'_, H> {
    /// Sets the variables of a token. A claim or header that has the other name of a registered one does not set that
    /// variable. `[inferred]`
    pub(super) fn set_token_variables(&mut self, policy: &str, token: &Token) {
        let mut variables: Vec<(String, Value)> = Vec::new();
        for (name, value) in &token.payload {
            let is_other_name = CLAIMS.iter().any(|(_, other, _)| other == name);
            if !is_other_name {
                variables.extend(listed(value).map(|value| (format!("claim.{name}"), value)));
            }
            variables.extend(json_value(value).map(|value| (format!("decoded.claim.{name}"), value)));
        }
        for (name, value) in &token.header {
            let is_other_name = HEADERS.iter().any(|(_, other)| other == name);
            if !is_other_name {
                variables.extend(listed(value).map(|value| (format!("header.{name}"), value)));
            }
            variables.extend(json_value(value).map(|value| (format!("decoded.header.{name}"), value)));
        }
        for (name, other, is_time) in CLAIMS {
            let value = match is_time {
                true => token.time(name).map(Value::Integer),
                false => token.payload.get(name).and_then(listed),
            };
            variables.extend(value.map(|value| (format!("claim.{other}"), value)));
        }
        for (name, other) in HEADERS {
            let value = token.header.get(name).and_then(listed);
            variables.extend(value.map(|value| (format!("header.{other}"), value)));
        }
        let names = token.payload.keys().map(|name| ByteString::from(name.as_str())).collect();
        variables.push(("payload-claim-names".to_owned(), Value::Collection(names)));
        variables.push(("payload-json".to_owned(), Value::String(token.payload_json.clone())));
        variables.push(("header-json".to_owned(), Value::String(token.header_json.clone())));
        let now = i64::try_from(self.host.now().as_millis()).unwrap_or(i64::MAX);
        let expiry = token.time("exp");
        variables.push(("is_expired".to_owned(), Value::Boolean(expiry.is_some_and(|expiry| expiry <= now))));
        if let Some(expiry) = expiry {
            let left = expiry.saturating_sub(now);
            variables.push(("seconds_remaining".to_owned(), Value::Integer(left.div_euclid(1000))));
            variables.push(("time_remaining_formatted".to_owned(), Value::text(time_left(left))));
            let formatted = format_milliseconds("yyyy-MM-dd'T'HH:mm:ss.SSS'+0000'", &expiry.to_string());
            variables.extend(formatted.map(|text| ("expiry_formatted".to_owned(), Value::text(text))));
        }
        for (name, value) in variables {
            self.set(format!("jwt.{policy}.{name}").into(), value);
        }
    }
}

/// Whether the rest of a variable's name after that of a policy is one of a token. The name of another policy may start
/// with that of this one.
pub(super) fn is_of_token(rest: &str) -> bool {
    OTHERS.contains(&rest) || ["claim.", "decoded.", "header."].iter().any(|start| rest.starts_with(start))
}

/// The value of a claim. An array of texts is a list.
fn listed(json: &Json) -> Option<Value> {
    let texts = json.as_array().and_then(|items| {
        let texts = items.iter().map(|item| item.as_str().map(ByteString::from));
        texts.collect::<Option<Vec<ByteString>>>()
    });
    texts.map(Value::Collection).or_else(|| json_value(json))
}

/// The value of a claim. An array is its JSON, and so is an object. `None` for `null`.
fn json_value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => Value::Boolean(*value),
        // The spelling of other numbers stays as it is in the token.
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::text(number.to_string()),
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(_) | Json::Object(_) => Value::text(json.to_string()),
    })
}

/// Milliseconds as `00:59:59.926`. An expired token has no time left. `[inferred]`
fn time_left(milliseconds: i64) -> String {
    let left = milliseconds.max(0);
    let (seconds, fraction) = (left.div_euclid(1000), left.rem_euclid(1000));
    let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    format!("{hours:02}:{minutes:02}:{seconds:02}.{fraction:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_has_hours_minutes_and_seconds() {
        let cases =
            [(3_599_926, "00:59:59.926"), (0, "00:00:00.000"), (-5000, "00:00:00.000"), (360_000_001, "100:00:00.001")];
        for (left, text) in cases {
            assert_eq!(time_left(left), text);
        }
    }

    #[test]
    fn claims_keep_their_type() {
        let cases = [
            ("null", None, None),
            ("true", Some(Value::Boolean(true)), Some(Value::Boolean(true))),
            ("7", Some(Value::Integer(7)), Some(Value::Integer(7))),
            ("1.50", Some(Value::text("1.50")), Some(Value::text("1.50"))),
            (r#""a""#, Some(Value::text("a")), Some(Value::text("a"))),
            (r#"["a", "b"]"#, Some(Value::Collection(vec!["a".into(), "b".into()])), Some(Value::text(r#"["a","b"]"#))),
            ("[1]", Some(Value::text("[1]")), Some(Value::text("[1]"))),
            (r#"{"a": {}}"#, Some(Value::text(r#"{"a":{}}"#)), Some(Value::text(r#"{"a":{}}"#))),
        ];
        for (json, of_claim, decoded) in cases {
            let value: Json = serde_json::from_str(json).unwrap();
            assert_eq!((listed(&value), json_value(&value)), (of_claim, decoded), "{json}");
        }
    }
}
