//! The SetIntegrationRequest policy: creates the request object of an integration (docs/apigee-semantics.md 10.1).

mod parameter;

pub use parameter::{Parameter, ParameterType, ParameterValue};

use super::attributes::{Attributes, single_child, text_child, warn_unknown_children};
use super::origin::{Origin, Scheme};
use super::referenced::Referenced;
use super::usage::Read;
use super::{Callee, PolicyData};
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked SetIntegrationRequest.
#[derive(Clone, Debug, PartialEq)]
pub struct SetIntegrationRequest {
    /// Name and switches.
    pub attributes: Attributes,
    /// `ProjectId`; the configured project when absent.
    pub project: Option<Referenced>,
    /// `IntegrationName`; every integration with the trigger when absent.
    pub integration: Option<Referenced>,
    /// `IntegrationRegion`.
    pub region: Referenced,
    /// `ApiTrigger`.
    pub trigger: Referenced,
    /// `ScheduleTime`.
    pub schedule_time: Option<Referenced>,
    /// `Parameters` in order.
    pub parameters: Vec<Parameter>,
    /// The variable of the object.
    pub request: ByteString,
    /// The position in the document.
    pub position: Position,
}

/// The default variable of the object.
pub const DEFAULT_REQUEST: &str = "integration.request";

impl SetIntegrationRequest {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<SetIntegrationRequest> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [
            "DisplayName",
            "Description",
            "ProjectId",
            "IntegrationName",
            "IntegrationRegion",
            "ApiTrigger",
            "ScheduleTime",
            "Parameters",
            "Request",
        ];
        warn_unknown_children(root, &known, diagnostics);
        let value = |name: &str, diagnostics: &mut Diagnostics| {
            single_child(root, name, diagnostics).and_then(|element| Referenced::parse(element, diagnostics))
        };
        let required = |name: &str, diagnostics: &mut Diagnostics| {
            let found = value(name, diagnostics);
            if found.is_none() {
                let message = format!("SetIntegrationRequest[{}]: {name} is missing", attributes.name);
                diagnostics.error(Code::MissingElement, root.position(), message);
            }
            found
        };
        let (region, trigger) = (required("IntegrationRegion", diagnostics), required("ApiTrigger", diagnostics));
        let (project, integration) = (value("ProjectId", diagnostics), value("IntegrationName", diagnostics));
        let schedule_time = value("ScheduleTime", diagnostics);
        let parameters = single_child(root, "Parameters", diagnostics);
        let parameters = parameters.map(|list| Parameter::parse_all(list, diagnostics)).unwrap_or_default();
        let request = text_child(root, "Request", diagnostics).filter(|name| !name.is_empty());
        Some(SetIntegrationRequest {
            project,
            integration,
            region: region?,
            trigger: trigger?,
            schedule_time,
            parameters,
            request: request.map_or(DEFAULT_REQUEST.into(), ByteString::from),
            position: root.position(),
            attributes,
        })
    }

    /// The origin of the service, if it does not depend on variables.
    pub fn origin(&self) -> Option<Origin> {
        let region = match (&self.region.reference, &self.region.text) {
            (None, Some(text)) => text.as_literal()?,
            _ => return None,
        };
        service_origin(&region)
    }
}

impl PolicyData for SetIntegrationRequest {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        let optional = [&self.project, &self.integration, &self.schedule_time];
        let single = optional.into_iter().flatten().chain([&self.region, &self.trigger]);
        names.contains(&&*self.request)
            || single.chain(self.parameters.iter().flat_map(Parameter::values)).any(|value| value.uses_body(names))
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let optional = [&self.project, &self.integration, &self.schedule_time];
        let single = optional.into_iter().flatten().chain([&self.region, &self.trigger]);
        single.chain(self.parameters.iter().flat_map(Parameter::values)).flat_map(Referenced::reads).collect()
    }

    fn made(&self) -> Vec<&str> {
        vec![&self.request]
    }

    fn callee(&self) -> Option<Callee<'_>> {
        Some(Callee::Integration(self))
    }
}

/// The origin of Application Integration in a region. `None` for an invalid region: it becomes part of a host name, and
/// a request may choose it.
pub fn service_origin(region: &str) -> Option<Origin> {
    let region = region.trim();
    let is_region = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let host = format!("{region}-integrations.googleapis.com");
    if region.is_empty() || !is_region { None } else { Origin::new(Scheme::Https, &host) }
}

#[cfg(test)]
mod tests;
