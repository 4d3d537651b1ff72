//! The servers of callouts with a fixed target.

use crate::policy::origin::Scheme;
use bytestring::ByteString;

/// A server, as a call needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Envoy's cluster.
    pub cluster: ByteString,
    /// The scheme.
    pub scheme: Scheme,
    /// The host, and the port if it is not the default.
    pub authority: ByteString,
}

/// The servers that the configuration has for the target of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Servers {
    /// No server is known at load.
    #[default]
    None,
    /// The server of the origin of a URL.
    Fixed(Server),
    /// The target servers of a load balancer, in the order of the policy.
    Balanced(Vec<BalancedServer>),
}

/// A target server of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancedServer {
    /// Its address and cluster.
    pub server: Server,
    /// Whether both the policy and the configuration enable it.
    pub is_enabled: bool,
}
