//! SetIntegrationRequest at run time: it creates a request message (docs/apigee-semantics.md 10.1 and 10.3).

use super::actions::PolicyContext;
use crate::flow::fault::{Fault, codes};
use crate::flow::host::Host;
use crate::flow::memory::{self, TooLarge};
use crate::flow::message::Message;
use crate::flow::transaction::Transaction;
use crate::flow::value::Value;
use crate::language::json_text::JsonText;
use crate::policy::Policy;
use crate::policy::referenced::Referenced;
use crate::policy::set_integration_request::{Parameter, ParameterType, ParameterValue, SetIntegrationRequest};
use bytes::Bytes;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Number, Value as Json, json};

/// The encoded characters of a path segment.
const SEGMENT: &AsciiSet = &CONTROLS.add(b'/').add(b'?').add(b'#').add(b'%').add(b' ').add(b'"').add(b'<').add(b'>');

/// The number of copies of a parameter: one as a value and one in the body.
const PARAMETER_COPIES: usize = 2;

/// The size of all copies of the names in the path, relative to the names: percent-encoding triples their length, and
/// joining copies them again.
const URL_COPIES: usize = 6;

/// The prefix of a trigger's id.
const TRIGGER: &str = "api_trigger/";

impl<H: Host> Transaction<'_, H> {
    pub(super) fn set_integration_request(&mut self, policy: &SetIntegrationRequest) -> Result<(), Fault> {
        self.incomplete_objects.retain(|(name, _)| *name != policy.request);
        let result = self.make_object(policy);
        if let Err(fault) = &result
            && fault.is_unresolved_variable()
        {
            self.leave_incomplete(policy, fault);
        }
        result
    }

    /// Notes that a request object is incomplete. Apigee reports this as a fault of the IntegrationCallout that sends
    /// the object: `IntegrationCallout.NAME.failed` is true together with `fault.name` (docs/apigee-semantics.md 10.4).
    /// `[inferred]`
    #[cold]
    fn leave_incomplete(&mut self, policy: &SetIntegrationRequest, fault: &Fault) {
        self.clear_object(&policy.request);
        self.integration_request = Some(policy.request.clone());
        self.incomplete_objects.push((policy.request.clone(), fault.clone()));
        if policy.attributes.continue_on_error {
            // The callout runs and fails itself.
            return;
        }
        let plan = self.plan;
        let callouts = plan.policies.iter().filter_map(Policy::integration_callout);
        for callout in callouts.filter(|callout| callout.attributes.enabled && callout.request == policy.request) {
            self.set_callout_failed(callout, true);
        }
    }

    /// Creates the request object.
    fn make_object(&mut self, policy: &SetIntegrationRequest) -> Result<(), Fault> {
        let context = PolicyContext::of(&policy.attributes, false);
        let project = match &policy.project {
            Some(project) => self.required(context, project)?,
            // Loading rejects a policy without a project when the configuration has no default.
            None => self.plan.project.clone().unwrap_or_default(),
        };
        let integration = match &policy.integration {
            Some(integration) => self.required(context, integration)?,
            None => ByteString::from_static("-"),
        };
        let region = self.required(context, &policy.region)?;
        let trigger = self.required(context, &policy.trigger)?;
        let schedule_time = policy.schedule_time.as_ref().map(|time| self.required(context, time)).transpose()?;

        let prefix = if trigger.starts_with(TRIGGER) { "" } else { TRIGGER };
        let mut body = Map::new();
        body.insert("triggerId".to_owned(), Json::String(format!("{prefix}{trigger}")));
        let mut parameters = Map::new();
        for parameter in &policy.parameters {
            parameters.insert(parameter.name.clone(), self.parameter(context, parameter)?);
        }
        if !parameters.is_empty() {
            body.insert("inputParameters".to_owned(), Json::Object(parameters));
        }
        if let Some(time) = &schedule_time {
            body.insert("scheduleTime".to_owned(), Json::String(time.to_string()));
        }

        let too_large = |TooLarge| Fault::too_large(context.kind, context.name);
        let names = [&project, &region, &integration].map(|text| text.len()).into_iter().fold(0, usize::saturating_add);
        self.check_memory(names.saturating_mul(URL_COPIES)).map_err(too_large)?;
        let segment = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let (of_project, of_region) = (segment(&project), segment(&region));
        let of_integration = segment(&integration);
        let path = format!("/v1/projects/{of_project}/locations/{of_region}/integrations/{of_integration}:execute");
        let mut message = Message::request();
        if let Some(line) = message.as_request_mut() {
            line.verb = Some(ByteString::from_static("POST"));
            line.path = path.into();
        }
        message.headers.set("Content-Type", Bytes::from_static(b"application/json"));
        let body = Json::Object(body);
        let body = memory::text(self.max_result_bytes(), |to| write!(to, "{body}")).map_err(too_large)?;
        message.body = Bytes::from(body);
        self.put_message(policy.request.clone(), message);
        self.integration_request = Some(policy.request.clone());

        let variables = [
            ("integration.project.id", Some(project)),
            ("integration.name", Some(integration)),
            ("integration.region", Some(region)),
            ("integration.trigger", Some(trigger)),
            ("integration.scheduletime", schedule_time),
        ];
        for (name, value) in variables {
            match value {
                Some(value) => self.set(ByteString::from_static(name), Value::String(value)),
                None => self.unset(name),
            }
        }
        Ok(())
    }

    /// The value of a required element.
    fn required(&mut self, context: PolicyContext<'_>, value: &Referenced) -> Result<ByteString, Fault> {
        match self.referenced(context, value)? {
            Some(text) => Ok(text.trim().into()),
            None => Err(unresolved(value)),
        }
    }

    fn parameter(&mut self, context: PolicyContext<'_>, parameter: &Parameter) -> Result<Json, Fault> {
        let (single, array, items) = members(parameter.kind);
        let fault = |text: ByteString| {
            let kind = match parameter.kind {
                ParameterType::String => "a string",
                ParameterType::Integer => "an integer",
                ParameterType::Double => "a double",
                ParameterType::Boolean => "a boolean",
                ParameterType::Json => "JSON",
            };
            bad_value(context, &format!("parameter {:?} must be {kind}, got {text:?}", parameter.name))
        };
        match &parameter.value {
            ParameterValue::Single(value) => {
                let text = self.parameter_text(context, value)?;
                Ok(json!({ single: typed(parameter.kind, &text).ok_or_else(|| fault(text))? }))
            }
            ParameterValue::Array(values) => {
                let mut list = Vec::with_capacity(values.len());
                for value in values {
                    let text = self.parameter_text(context, value)?;
                    list.push(typed(parameter.kind, &text).ok_or_else(|| fault(text))?);
                }
                Ok(json!({ array: { items: list } }))
            }
        }
    }

    /// The text of a parameter. The body contains a copy of it, or the fault string if its type is wrong.
    fn parameter_text(&mut self, context: PolicyContext<'_>, value: &Referenced) -> Result<ByteString, Fault> {
        let text = self.referenced(context, value)?.ok_or_else(|| unresolved(value))?;
        let size = text.len().saturating_mul(PARAMETER_COPIES);
        self.check_memory(size).map_err(|TooLarge| Fault::too_large(context.kind, context.name))?;
        Ok(text)
    }
}

fn unresolved(value: &Referenced) -> Fault {
    let name = value.reference.as_ref().map(|reference| reference.name().to_string()).unwrap_or_default();
    Fault::unresolved_variable(&name)
}

fn bad_value(context: PolicyContext<'_>, reason: &str) -> Fault {
    let reason = format!("Execution of SetIntegrationRequest {} failed. Reason: {reason}", context.name);
    Fault::new(codes::SET_INTEGRATION_REQUEST_FAILED, reason)
}

/// The member names of a parameter in the service's interface: for a single value, for an array, and for the array's
/// list.
fn members(kind: ParameterType) -> (&'static str, &'static str, &'static str) {
    match kind {
        ParameterType::String => ("stringValue", "stringArray", "stringValues"),
        ParameterType::Integer => ("intValue", "intArray", "intValues"),
        ParameterType::Double => ("doubleValue", "doubleArray", "doubleValues"),
        ParameterType::Boolean => ("booleanValue", "booleanArray", "booleanValues"),
        // The service has no arrays of JSON.
        ParameterType::Json => ("jsonValue", "stringArray", "stringValues"),
    }
}

/// A text as a value of a type. Integers are sent as text, because JSON numbers are exact only up to 2^53.
fn typed(kind: ParameterType, text: &str) -> Option<Json> {
    let trimmed = text.trim();
    match kind {
        ParameterType::String => Some(Json::String(text.to_owned())),
        ParameterType::Integer => Some(Json::String(trimmed.parse::<i64>().ok()?.to_string())),
        ParameterType::Double => Number::from_f64(trimmed.parse().ok()?).map(Json::Number),
        ParameterType::Boolean if trimmed.eq_ignore_ascii_case("true") => Some(Json::Bool(true)),
        ParameterType::Boolean if trimmed.eq_ignore_ascii_case("false") => Some(Json::Bool(false)),
        ParameterType::Boolean => None,
        ParameterType::Json => {
            JsonText::parse(trimmed).ok()?;
            Some(Json::String(trimmed.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_of_the_service() {
        let cases = [
            (ParameterType::String, " x ", Some("\" x \"")),
            (ParameterType::Integer, "9007199254740993", Some("\"9007199254740993\"")),
            (ParameterType::Integer, " -9223372036854775808 ", Some("\"-9223372036854775808\"")),
            (ParameterType::Integer, "9223372036854775808", None),
            (ParameterType::Integer, "1.0", None),
            (ParameterType::Double, "1", Some("1.0")),
            (ParameterType::Double, "-2.5e3", Some("-2500.0")),
            (ParameterType::Double, "inf", None),
            (ParameterType::Boolean, "TRUE", Some("true")),
            (ParameterType::Boolean, "1", None),
            (ParameterType::Json, " {\"a\": 1} ", Some("\"{\\\"a\\\": 1}\"")),
            (ParameterType::Json, "{a}", None),
            (ParameterType::Json, "", None),
        ];
        for (kind, text, expected) in cases {
            let found = typed(kind, text).map(|value| value.to_string());
            assert_eq!(found.as_deref(), expected, "{kind:?} {text:?}");
        }
    }
}
