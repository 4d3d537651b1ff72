//! Hosts that a client must not reach unless the configuration lists them.

use crate::plan::METADATA_HOST;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::Host;

/// Names of the machine itself, as in common `/etc/hosts` files, and of the metadata servers of clouds.
const NAMES: [&str; 13] = [
    "localhost",
    "localhost4",
    "localhost6",
    "localhost.localdomain",
    "localhost4.localdomain4",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
    "metadata",
    METADATA_HOST,
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];

/// The metadata addresses of Azure, Alibaba Cloud and Oracle Cloud, which are not link-local.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];

/// The metadata addresses of AWS and Google Cloud by IPv6.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Whether the host is this machine, a link-local address, a metadata server, or an IPv6 address that
/// embeds one.
pub(super) fn is_local_or_metadata(host: &Host) -> bool {
    match host {
        Host::Domain(name) => NAMES.contains(&name.as_str()) || name.ends_with(".localhost"),
        Host::Ipv4(address) => is_local_or_metadata_v4(*address),
        Host::Ipv6(address) => is_local_or_metadata_v6(*address),
    }
}

fn is_local_or_metadata_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    address.is_loopback() || address.is_link_local() || first == 0 || METADATA_V4.contains(&address)
}

fn is_local_or_metadata_v6(address: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| is_local_or_metadata_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        // Link-local, and site-local, which it replaced on old networks.
        [0xfe80..=0xfeff, ..] => true,
        // Compatible `::a.b.c.d`, to which `::` and `::1` belong, mapped `::ffff:a.b.c.d`, translated
        // `::ffff:0:a.b.c.d`.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        // NAT64 with the well-known prefix.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // NAT64 with a local prefix. The position of the IPv4 address depends on the prefix length, which is unknown,
        // so all these addresses count.
        [0x64, 0xff9b, 1, ..] => true,
        // 6to4.
        [0x2002, high, low, ..] => v4(high, low),
        _ => METADATA_V6.contains(&address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::origin;

    fn rejects(host: &str) -> bool {
        is_local_or_metadata(&origin::host(host).unwrap())
    }

    #[test]
    fn this_machine_and_metadata_servers_are_found() {
        let names = [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "localhost4",
            "localhost6",
            "localhost.localdomain",
            "localhost4.localdomain4",
            "LocalHost6.LocalDomain6.",
            "ip6-localhost",
            "ip6-loopback",
            "metadata",
            "metadata.google.internal",
            "metadata.goog.",
            "instance-data",
            "instance-data.ec2.internal",
        ];
        for name in names {
            assert!(rejects(name), "{name}");
        }
        for name in ["example.com", "localhost.example.com", "metadata.example.com", "a.b0x1", "my_service"] {
            assert!(!rejects(name), "{name}");
        }
    }

    #[test]
    fn an_address_is_the_same_in_every_spelling() {
        let local: [&[&str]; 7] = [
            &["127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001"],
            &["127.9.9.9", "127.592137"],
            &["0.0.0.0", "0", "0x0", "0.1.2.3"],
            &["169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376"],
            &["168.63.129.16", "0xa83f8110"],
            &["100.100.100.200", "0x646464c8"],
            &["192.0.0.192", "0xc00000c0", "192.192", "3221225664"],
        ];
        for host in local.into_iter().flatten() {
            assert!(rejects(host), "{host}");
        }
        for host in ["10.0.0.1", "167772161", "192.0.0.193", "192.168.0.1", "169.253.0.1"] {
            assert!(!rejects(host), "{host}");
        }
    }

    /// Each form with its IPv4 address in dots and in hexadecimal digits; the third host has a harmless address.
    #[test]
    fn an_address_that_leads_to_a_dangerous_one_is_dangerous() {
        let forms: [(&str, &str, Option<&str>); 9] = [
            ("[::127.0.0.1]", "[::7f00:1]", Some("[::10.0.0.1]")),
            ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", Some("[::ffff:10.0.0.1]")),
            ("[::ffff:169.254.169.254]", "[0:0:0:0:0:FFFF:A9FE:A9FE]", Some("[::ffff:a00:1]")),
            ("[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", Some("[::ffff:0:10.0.0.1]")),
            ("[::ffff:0:192.0.0.192]", "[::ffff:0:c000:c0]", Some("[::ffff:0:a00:1]")),
            ("[64:ff9b::169.254.169.254]", "[64:ff9b::a9fe:a9fe]", Some("[64:ff9b::10.0.0.1]")),
            ("[64:ff9b::192.0.0.192]", "[0064:FF9B::C000:00C0]", Some("[64:ff9b::a00:1]")),
            ("[64:ff9b:1::127.0.0.1]", "[64:ff9b:1::7f00:1]", None),
            ("[64:ff9b:1::10.0.0.1]", "[64:ff9b:1:a9fe:a9:fe00::]", None),
        ];
        for (dotted, hexadecimal, harmless) in forms {
            assert!(rejects(dotted) && rejects(hexadecimal), "{dotted} {hexadecimal}");
            assert!(harmless.is_none_or(|harmless| !rejects(harmless)), "{harmless:?}");
        }
        // These have no dotted spelling, because the IPv4 address is not at the end.
        for host in ["[2002:7f00:1::]", "[2002:7F00:0001::1]", "[2002:a9fe:a9fe:1::2]", "[2002:c000:c0::192.0.2.1]"] {
            assert!(rejects(host), "{host}");
        }
        let others =
            ["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[febf:ffff::1]", "[fec0::1]", "[FEFF::a00:1]"];
        for host in others.into_iter().chain(["[fd00:ec2::254]", "[fd20:ce::254]", "[fd00:0ec2:0::0.0.2.84]"]) {
            assert!(rejects(host), "{host}");
        }
        let harmless =
            ["[2001:db8::1]", "[2002:a00:1::]", "[2002:a00:1::7f00:1]", "[fd00::7f00:1]", "[64:ff9b:2::7f00:1]"];
        for host in harmless.into_iter().chain(["[ff00::1]", "[fe7f::1]", "[2001:db8::ffff:7f00:1]"]) {
            assert!(!rejects(host), "{host}");
        }
    }

    /// Some resolvers read these as addresses; here they are not hosts.
    #[test]
    fn a_host_that_ends_in_a_number_is_an_address_or_malformed() {
        for host in
            ["a.1", "127.0.0.1..", "1.2.3.4.5", "1.2.3.256", "a.0x7f", "08", "4294967296", "localhost..", "1.2.3.08"]
        {
            assert_eq!(origin::host(host), None, "{host}");
        }
    }
}
