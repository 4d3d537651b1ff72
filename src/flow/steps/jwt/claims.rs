//! The values of `AdditionalClaims` and `AdditionalHeaders`.

use super::failure::JwtFailure;
use crate::flow::expand::ExpandError;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::policy::jwt::{Claim, ClaimType, Claims, list};
use bytestring::ByteString;
use serde_json::{Map, Number, Value as Json};

impl<H: Host> Transaction<'_, H> {
    /// The claims with their values. A claim without a value is absent, or empty text if `keeps_absent`.
    pub(super) fn claim_values(
        &mut self,
        claims: &Claims,
        ignore: bool,
        keeps_absent: bool,
    ) -> Result<Map<String, Json>, JwtFailure> {
        let mut values = Map::new();
        for claim in &claims.list {
            match self.claim_value(claim, ignore)? {
                Some(value) => drop(values.insert(claim.name.clone(), value)),
                None if keeps_absent => drop(values.insert(claim.name.clone(), Json::from(""))),
                None => {}
            }
        }
        if let Some(variable) = &claims.reference {
            match self.text(variable) {
                Some(text) => {
                    self.check_memory(text.len().saturating_mul(super::TOKEN_COPIES))?;
                    let members = serde_json::from_str::<Map<String, Json>>(&text);
                    values.extend(members.map_err(|_| JwtFailure::InvalidJsonFormat)?);
                }
                None if ignore && !keeps_absent => {}
                // A required claim must not be skipped.
                None => return Err(JwtFailure::Unresolved(Some(variable.name().clone()))),
            }
        }
        Ok(values)
    }

    fn claim_value(&mut self, claim: &Claim, ignore: bool) -> Result<Option<Json>, JwtFailure> {
        let referenced = claim.value.reference.as_ref().and_then(|variable| self.text(variable));
        let text = match (referenced, &claim.template) {
            (Some(text), _) => text,
            (None, Some(template)) => self.expand(template, ignore).map_err(|error| match error {
                ExpandError::Unresolved(name) => JwtFailure::Unresolved(Some(name)),
                ExpandError::TooLarge => JwtFailure::TooLarge,
            })?,
            (None, None) => match (&claim.value.text, &claim.value.reference) {
                (Some(text), _) => text.clone(),
                (None, Some(variable)) if !ignore => {
                    return Err(JwtFailure::Unresolved(Some(variable.name().clone())));
                }
                (None, Some(_)) => return Ok(None),
                (None, None) => ByteString::new(),
            },
        };
        self.check_memory(text.len().saturating_mul(super::TOKEN_COPIES))?;
        let value = if claim.is_array { array(claim.kind, &text) } else { typed(claim.kind, &text) };
        value.map(Some).ok_or_else(|| JwtFailure::GenerationFailed(claim.name.clone()))
    }
}

/// A text as a value of a type.
fn typed(kind: ClaimType, text: &str) -> Option<Json> {
    match kind {
        ClaimType::String => Some(Json::from(text)),
        ClaimType::Number => serde_json::from_str::<Number>(text.trim()).ok().map(Json::Number),
        ClaimType::Boolean => Some(Json::Bool(text.trim().eq_ignore_ascii_case("true"))),
        ClaimType::Map => serde_json::from_str::<Map<String, Json>>(text).ok().map(Json::Object),
    }
}

/// A JSON array, or a comma-separated list with or without brackets, as an array of values of a type.
fn array(kind: ClaimType, text: &str) -> Option<Json> {
    let text = text.trim();
    if let Ok(items) = serde_json::from_str::<Vec<Json>>(text) {
        let is_of_type = |item: &Json| match kind {
            ClaimType::String => item.is_string(),
            ClaimType::Number => item.is_number(),
            ClaimType::Boolean => item.is_boolean(),
            ClaimType::Map => item.is_object(),
        };
        if items.iter().all(is_of_type) {
            return Some(Json::Array(items));
        }
    }
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    list(inside).map(|item| typed(kind, item)).collect::<Option<Vec<Json>>>().map(Json::Array)
}

/// Whether two JSON values are equal. Numbers are compared by value, objects without regard to order.
pub(super) fn is_equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            left == right || matches!((left.as_f64(), right.as_f64()), (Some(left), Some(right)) if left == right)
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let has_equal = |(name, value): (&String, &Json)| right.get(name).is_some_and(|it| is_equal(value, it));
            left.len() == right.len() && left.iter().all(has_equal)
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_values_of_their_type() {
        let cases = [
            (ClaimType::String, false, " a ", Some(json!(" a "))),
            (ClaimType::Number, false, " 7 ", Some(json!(7))),
            (ClaimType::Number, false, "1.5", Some(json!(1.5))),
            (ClaimType::Number, false, "x", None),
            (ClaimType::Number, false, "", None),
            (ClaimType::Boolean, false, "TRUE", Some(json!(true))),
            (ClaimType::Boolean, false, "yes", Some(json!(false))),
            (ClaimType::Map, false, r#"{"a":{"b":[1]}}"#, Some(json!({"a": {"b": [1]}}))),
            (ClaimType::Map, false, "[1]", None),
            (ClaimType::String, true, "a, b,", Some(json!(["a", "b"]))),
            (ClaimType::String, true, "[a, b]", Some(json!(["a", "b"]))),
            (ClaimType::String, true, r#"["a,c","b"]"#, Some(json!(["a,c", "b"]))),
            (ClaimType::String, true, "", Some(json!([]))),
            (ClaimType::Number, true, "1,2", Some(json!([1, 2]))),
            (ClaimType::Number, true, "1,x", None),
            (ClaimType::Boolean, true, "true,false", Some(json!([true, false]))),
            (ClaimType::Map, true, r#"[{"a":1}]"#, Some(json!([{"a": 1}]))),
        ];
        for (kind, is_array, text, expected) in cases {
            let found = if is_array { array(kind, text) } else { typed(kind, text) };
            assert_eq!(found, expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn equal_values() {
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        let cases = [
            ("1", "1.0", true),
            ("1e2", "100", true),
            ("1", "2", false),
            (r#""1""#, "1", false),
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            ("[1,2]", "[2,1]", false),
            ("null", "false", false),
        ];
        for (left, right, expected) in cases {
            assert_eq!(is_equal(&parse(left), &parse(right)), expected, "{left} {right}");
        }
    }
}
