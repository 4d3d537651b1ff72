//! Which hosts a callout may go to when a request decides (contract 3.1, `allowed_hosts`).
//!
//! A client may steer such a host, so the machine itself and what hands out credentials in a cloud are out of its reach
//! unless the configuration lists them.

use crate::policy::origin;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::Host;

/// `allowed_hosts` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedHosts {
    /// The key is absent: any host but the dangerous ones.
    #[default]
    Harmless,
    /// Only these.
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
    /// Reads `name`, an address with or without brackets, or `*.suffix`. `None` when the text is none of them.
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
            AllowedHosts::Harmless => !is_dangerous(host),
            AllowedHosts::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(host)),
        }
    }
}

/// Names of the machine itself, as its file of hosts may have them, and of the metadata servers of clouds.
const DANGEROUS_NAMES: [&str; 11] = [
    "localhost",
    "localhost4",
    "localhost6",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];

fn is_dangerous(host: &Host) -> bool {
    match host {
        Host::Domain(name) => DANGEROUS_NAMES.contains(&name.as_str()) || name.ends_with(".localhost"),
        Host::Ipv4(address) => is_dangerous_v4(*address),
        Host::Ipv6(address) => is_dangerous_v6(*address),
    }
}

/// The metadata addresses of Azure and Alibaba Cloud, which are not link-local.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)];

/// The metadata address of AWS by IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn is_dangerous_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    address.is_loopback() || address.is_link_local() || first == 0 || METADATA_V4.contains(&address)
}

fn is_dangerous_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    let is_link_local = first & 0xffc0 == 0xfe80;
    // `::1`, `::`, `::ffff:127.0.0.1` and `64:ff9b::127.0.0.1` all lead to an IPv4 address or to this machine.
    let embedded = match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    };
    address.is_loopback()
        || address.is_unspecified()
        || is_link_local
        || address == METADATA_V6
        || embedded.is_some_and(is_dangerous_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_list_only_dangerous_hosts_are_refused() {
        let dangerous = [
            "localhost",
            "localhost.",
            "ip6-localhost",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "169.254.169.254",
            "metadata.google.internal",
            "metadata",
            "168.63.129.16",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "2130706433",
            "0x7f000001",
            "127.1",
            "0177.0.0.1",
        ];
        for host in dangerous {
            assert!(!AllowedHosts::Harmless.allows(&origin::host(host).unwrap()), "{host}");
        }
        for host in
            ["example.com", "10.0.0.1", "[2001:db8::1]", "localhost.example.com", "a.b0x1", "metadata.example.com"]
        {
            assert!(AllowedHosts::Harmless.allows(&origin::host(host).unwrap()), "{host}");
        }
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
