//! Policy documents as typed, checked data. Nothing here runs a policy.

pub mod action;
pub mod attributes;
pub mod origin;
pub mod service_callout;
pub mod success_codes;
pub mod target_url;
pub mod template;
pub mod variable;
pub mod xml;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use attributes::Attributes;
use service_callout::ServiceCallout;
use template::{Syntax, Template, TemplateError};
use xml::{Document, Element};

/// A checked policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// Calls another service.
    ServiceCallout(ServiceCallout),
}

impl Policy {
    /// Reads and checks a policy document.
    ///
    /// `place` says which document it is until its name is known, such as `policies[0]`. The diagnostics hold every
    /// problem; there is no policy exactly when one of them is an error.
    pub fn parse(text: &str, place: &str) -> (Option<Policy>, Vec<Diagnostic>) {
        let mut diagnostics = Diagnostics::about(place);
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                diagnostics.error(error.position, error.to_string());
                return (None, diagnostics.into_vec());
            }
        };
        let root = document.root();
        let policy = match root.name() {
            "ServiceCallout" => ServiceCallout::parse(root, &mut diagnostics).map(Policy::ServiceCallout),
            unknown => {
                if let Some(name) = root.attribute("name") {
                    diagnostics.set_subject(name);
                }
                diagnostics.error(root.position(), format!("{unknown} is not a policy type that this filter runs"));
                None
            }
        };
        let diagnostics = diagnostics.into_vec();
        let is_usable = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
        (policy.filter(|_| is_usable), diagnostics)
    }

    /// Name and switches.
    pub fn attributes(&self) -> &Attributes {
        match self {
            Policy::ServiceCallout(policy) => &policy.attributes,
        }
    }

    /// Whether running it reads or writes the body of the message that is called `ambient` (`request` or `response`)
    /// where it runs.
    pub fn uses_body(&self, ambient: &str) -> bool {
        match self {
            Policy::ServiceCallout(policy) => policy.uses_body(ambient),
        }
    }

    /// The first word of the variable that tells of its failure, `servicecallout` in `servicecallout.NAME.failed`
    /// (semantics section 11.1).
    pub fn failed_prefix(&self) -> &'static str {
        match self {
            Policy::ServiceCallout(_) => "servicecallout",
        }
    }
}

/// Compiles the template that an element holds; a problem becomes a diagnostic.
fn template_of(
    element: Element<'_, '_>,
    text: &str,
    syntax: Syntax,
    diagnostics: &mut Diagnostics,
) -> Option<Template> {
    match Template::parse(text, syntax) {
        Ok(template) => Some(template),
        Err(error @ TemplateError::UnknownFunction(_)) => {
            diagnostics.named_error("entities.UnknownStringFunction", element.position(), error.to_string());
            None
        }
        Err(error) => {
            diagnostics.error(element.position(), error.to_string());
            None
        }
    }
}
