//! Whose Google tokens are sent (docs/guide/configuration.md, `google`).

use bytestring::ByteString;

/// The identity behind `<Authentication>` and integrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster of the metadata server, which knows the workload's own identity.
    pub metadata_cluster: ByteString,
    /// The service account to act as; without one the workload acts as itself.
    pub impersonated: Option<Impersonated>,
}

/// A service account that the workload acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonated {
    /// Its e-mail address.
    pub service_account: ByteString,
    /// The cluster of `iamcredentials.googleapis.com`.
    pub iam_cluster: ByteString,
}
