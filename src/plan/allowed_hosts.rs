//! Which hosts a callout may go to when a request decides (contract 3.1, `allowed_hosts`).
//!
//! A client may steer such a host, so the machine itself and what hands out credentials in a cloud are out of its reach
//! unless the configuration lists them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    Host(String),
    /// `*.suffix`, kept as `.suffix`.
    Below(String),
}

impl Pattern {
    /// Reads `name`, an address with or without brackets, or `*.suffix`. `None` when the text is none of them.
    pub fn parse(text: &str) -> Option<Pattern> {
        let text = text.trim().to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        if let Some(suffix) = text.strip_prefix("*.") {
            return is_name(suffix).then(|| Pattern::Below(format!(".{suffix}")));
        }
        let host = normal(&text);
        let is_host = is_name(host) || host.parse::<Ipv6Addr>().is_ok();
        is_host.then(|| Pattern::Host(host.to_owned()))
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Pattern::Host(name) => name == host,
            Pattern::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        }
    }
}

impl AllowedHosts {
    /// Whether a run-time host, in lower case and without port, may be called.
    pub fn allows(&self, host: &str) -> bool {
        let host = normal(host);
        match self {
            AllowedHosts::Harmless => !is_dangerous(host),
            AllowedHosts::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(host)),
        }
    }
}

/// The host without the brackets of an IPv6 address and the dot that may end a full name, or more of them.
fn normal(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    inside.trim_end_matches('.')
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

fn is_dangerous(host: &str) -> bool {
    if DANGEROUS_NAMES.contains(&host) || host.ends_with(".localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_dangerous_v4(address),
        Ok(IpAddr::V6(address)) => is_dangerous_v6(address),
        // What ends in a number is an address to some resolvers (`127.1`, `0x7f000001`), and a name to none.
        Err(_) => host.rsplit('.').next().is_some_and(is_number),
    }
}

fn is_number(label: &str) -> bool {
    let digits = label.strip_prefix("0x").unwrap_or(label);
    let is_hexadecimal = digits.len() < label.len() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal || (!label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()))
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
            "localhost..",
            "ip6-localhost",
            "127.0.0.1..",
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
            assert!(!AllowedHosts::Harmless.allows(host), "{host}");
        }
        for host in
            ["example.com", "10.0.0.1", "[2001:db8::1]", "localhost.example.com", "a.b0x1", "metadata.example.com"]
        {
            assert!(AllowedHosts::Harmless.allows(host), "{host}");
        }
    }

    #[test]
    fn a_list_names_hosts_and_domains() {
        let listed = ["127.0.0.1", "API.example.com", "*.svc.cluster.local", "::1"];
        let allowed = AllowedHosts::Listed(listed.iter().map(|text| Pattern::parse(text).unwrap()).collect());
        for host in ["127.0.0.1", "api.example.com", "api.example.com.", "a.svc.cluster.local", "[::1]"] {
            assert!(allowed.allows(host), "{host}");
        }
        for host in
            ["127.0.0.2", "example.com", "x.api.example.com", "svc.cluster.local", ".svc.cluster.local", "a.com"]
        {
            assert!(!allowed.allows(host), "{host}");
        }
        for text in ["", "*", "*.", "a b", "http://a", "a:80", "*.a/b"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
