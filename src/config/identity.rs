//! `google`: the identity of tokens, and the policies that need one.

use super::keys::Section;
use super::known;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::plan::{Constant, Identity, Impersonated, Routing};
use crate::policy::endpoint::{ProxyEndpoint, Route};
use crate::policy::{Callee, Policy};
use bytestring::ByteString;
use std::collections::BTreeMap;

/// The value of `google`.
#[derive(Default)]
pub(super) struct Google {
    pub(super) identity: Option<Identity>,
    /// `project`.
    project: Option<ByteString>,
}

impl Google {
    pub(super) fn read(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Google {
        let Some(google) = section.section("google", diagnostics) else { return Google::default() };
        google.check_keys(&known::GOOGLE, diagnostics);
        let mut text =
            |key: &str| google.string(key, diagnostics).map(ByteString::from).filter(|text| !text.trim().is_empty());
        let (metadata, account, iam, project) =
            (text("metadata_cluster"), text("service_account"), text("iam_cluster"), text("project"));
        let mut incomplete = |given: &str, missing: &str| {
            diagnostics.error(Code::MissingKey, None, format!("google.{given} needs google.{missing}"));
            None
        };
        let impersonated = match (account, iam) {
            (Some(service_account), Some(iam_cluster)) => Some(Impersonated { service_account, iam_cluster }),
            (Some(_), None) => incomplete("service_account", "iam_cluster"),
            (None, Some(_)) => incomplete("iam_cluster", "service_account"),
            (None, None) => None,
        };
        let identity = match (metadata, impersonated) {
            (Some(metadata_cluster), impersonated) => Some(Identity { metadata_cluster, impersonated }),
            (None, Some(_)) => {
                // The workload's own token is needed to get one of the service account.
                diagnostics.error(Code::MissingKey, None, "google.service_account needs google.metadata_cluster");
                None
            }
            (None, None) => None,
        };
        Google { identity, project }
    }

    /// The default project of integrations: the configured one, else the organization, which has the same name in
    /// Apigee. `[inferred]`
    pub(super) fn project(&self, constants: &BTreeMap<ByteString, Constant>) -> Option<ByteString> {
        self.project.clone().or_else(|| constants.get("organization.name")?.as_text().cloned())
    }

    /// Reports a policy that needs an identity or a project when the configuration has none (docs/apigee-semantics.md
    /// 2.12 and 10.1).
    pub(super) fn check(
        &self,
        policy: &Policy,
        has_project: bool,
        constants: &BTreeMap<ByteString, Constant>,
        diagnostics: &mut Diagnostics,
    ) {
        let name = &policy.attributes().name;
        if !policy.attributes().enabled {
            return;
        }
        diagnostics.under(&**name, |diagnostics| {
            if let Some(Callee::Integration(policy)) = policy.callee()
                && policy.project.is_none()
                && !has_project
            {
                let message = format!("SetIntegrationRequest[{name}]: ProjectId and google.project are missing");
                diagnostics.error(Code::MissingProject, policy.position, message);
            }
            for position in policy.identity_positions() {
                self.check_identity(position, constants, diagnostics);
            }
        });
    }

    /// Reports the same for route rules to integrations and for target endpoints with a token.
    pub(super) fn check_routing(
        &self,
        proxy: &ProxyEndpoint,
        routing: &Routing,
        constants: &BTreeMap<ByteString, Constant>,
        diagnostics: &mut Diagnostics,
    ) {
        let first = routing.rules.iter().find_map(|rule| match &rule.route {
            Route::Integration(_, position) => Some(*position),
            _ => None,
        });
        let subject = format!("ProxyEndpoint {}", proxy.endpoint.name);
        if let Some(position) = first {
            diagnostics.within_about("proxy_endpoint", subject, |diagnostics| {
                self.check_identity(position, constants, diagnostics);
            });
        }
        for (index, target) in routing.targets.iter().enumerate() {
            let Some(authentication) = &target.authentication else { continue };
            let position = authentication.authentication.position;
            let subject = format!("TargetEndpoint {}", target.endpoint.name);
            diagnostics.within_about(format!("target_endpoints[{index}]"), subject, |diagnostics| {
                self.check_identity(position, constants, diagnostics);
            });
        }
    }

    fn check_identity(
        &self,
        position: Position,
        constants: &BTreeMap<ByteString, Constant>,
        diagnostics: &mut Diagnostics,
    ) {
        if self.identity.is_some() {
            return;
        }
        let text = |name: &str| constants.get(name).and_then(Constant::as_text).map_or("-", |text| &**text);
        let (organization, name, revision) =
            (text("organization.name"), text("apiproxy.name"), text("apiproxy.revision"));
        let message = format!(
            "Deployment of \"organizations/{organization}/apis/{name}/revisions/{revision}\" requires a service account \
             identity, but one was not provided with the request: set google.metadata_cluster"
        );
        diagnostics.error(Code::MissingIdentity, position, message);
    }
}
