//! `allowed_hosts`: the hosts that a callout may reach when a request chooses the host.
//!
//! A client may control such a host. The machine itself and the metadata servers of clouds, which issue credentials,
//! are rejected unless the configuration lists them.

mod local_and_metadata;

use crate::policy::origin;
use local_and_metadata::is_local_or_metadata;
use std::net::Ipv6Addr;
use url::Host;

/// `allowed_hosts` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedHosts {
    /// The key is absent: all hosts except this machine and the metadata servers of clouds.
    #[default]
    Default,
    /// Only the listed ones.
    Listed(Vec<Pattern>),
}

/// A host, or every host below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// An exact name or address.
    Host(Host),
    /// `*.suffix`, kept as `.suffix`.
    Below(String),
}

impl Pattern {
    /// Reads `name`, an address with or without brackets, or `*.suffix`. `None` for any other text.
    pub fn parse(text: &str) -> Option<Pattern> {
        let text = text.trim();
        if let Some(suffix) = text.strip_prefix("*.") {
            let Host::Domain(suffix) = origin::host(suffix)? else { return None };
            return Some(Pattern::Below(format!(".{suffix}")));
        }
        let bare = text.parse::<Ipv6Addr>().map(Host::Ipv6).ok();
        bare.or_else(|| origin::host(text)).map(Pattern::Host)
    }

    fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Pattern::Host(listed), host) => listed == host,
            (Pattern::Below(suffix), Host::Domain(name)) => name.len() > suffix.len() && name.ends_with(suffix),
            (Pattern::Below(_), _) => false,
        }
    }
}

impl AllowedHosts {
    /// Whether a run-time host, as [`origin::host`] spells it, may be called.
    pub fn allows(&self, host: &Host) -> bool {
        match self {
            AllowedHosts::Default => !is_local_or_metadata(host),
            AllowedHosts::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_list_all_hosts_except_dangerous_ones_are_allowed() {
        let allows = |host: &str| AllowedHosts::default().allows(&origin::host(host).unwrap());
        assert!(allows("example.com") && !allows("localhost"));
    }

    #[test]
    fn a_list_names_hosts_and_domains() {
        let listed = ["127.0.0.1", "API.example.com", "*.svc.cluster.local", "::1"];
        let allowed = AllowedHosts::Listed(listed.iter().map(|text| Pattern::parse(text).unwrap()).collect());
        let allows = |host: &str| allowed.allows(&origin::host(host).unwrap());
        for host in ["127.0.0.1", "api.example.com", "api.example.com.", "a.svc.cluster.local", "[::1]"] {
            assert!(allows(host), "{host}");
        }
        for host in ["127.0.0.2", "example.com", "x.api.example.com", "svc.cluster.local", "a.com"] {
            assert!(!allows(host), "{host}");
        }
        for text in ["", "*", "*.", "a b", "http://a", "a:80", "*.a/b"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
