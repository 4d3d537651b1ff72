//! `google`: the identity of tokens, and the policies that need one.

use super::keys::Section;
use crate::diagnostic::Diagnostics;
use crate::plan::{Constant, Identity, Impersonated};
use crate::policy::Policy;
use bytestring::ByteString;
use std::collections::BTreeMap;

/// What `google` says.
#[derive(Default)]
pub(super) struct Google {
    pub(super) identity: Option<Identity>,
    /// The default project of integrations.
    pub(super) project: Option<ByteString>,
}

impl Google {
    pub(super) fn read(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Google {
        let Some(google) = section.section("google", diagnostics) else { return Google::default() };
        google.check_keys(&["metadata_cluster", "service_account", "iam_cluster", "project"], diagnostics);
        let mut text =
            |key: &str| google.string(key, diagnostics).map(ByteString::from).filter(|text| !text.trim().is_empty());
        let (metadata, account, iam, project) =
            (text("metadata_cluster"), text("service_account"), text("iam_cluster"), text("project"));
        let mut incomplete = |given: &str, missing: &str| {
            diagnostics.error(None, format!("google.{given} needs google.{missing}"));
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
                // The workload's own token opens the door to the service account's.
                diagnostics.error(None, "google.service_account needs google.metadata_cluster");
                None
            }
            (None, None) => None,
        };
        Google { identity, project }
    }

    /// Complains of a policy that needs an identity when there is none (semantics section 2.12).
    pub(super) fn check(
        &self,
        policy: &Policy,
        constants: &BTreeMap<ByteString, Constant>,
        diagnostics: &mut Diagnostics,
    ) {
        if self.identity.is_some() || !policy.attributes().enabled {
            return;
        }
        for position in policy.identity_positions() {
            let text = |name: &str| match constants.get(name) {
                Some(Constant::String(text)) => text.clone(),
                _ => ByteString::from_static("-"),
            };
            let (organization, name, revision) =
                (text("organization.name"), text("apiproxy.name"), text("apiproxy.revision"));
            let message = format!(
                "Deployment of \"organizations/{organization}/apis/{name}/revisions/{revision}\" requires a service \
                 account identity, but one was not provided with the request: set google.metadata_cluster"
            );
            diagnostics.under(&*policy.attributes().name, |diagnostics| {
                diagnostics.named_error("FAILED_PRECONDITION", position, message);
            });
        }
    }
}
