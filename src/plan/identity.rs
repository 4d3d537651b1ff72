//! The identity of Google tokens (docs/guide/configuration.md, `google`).

use bytestring::ByteString;

/// The host of the metadata server.
pub const METADATA_HOST: &str = "metadata.google.internal";

/// The host of IAM Credentials.
pub const IAM_HOST: &str = "iamcredentials.googleapis.com";

/// The identity for `<Authentication>` and integrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster of the metadata server, which issues tokens of the workload's own identity.
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
