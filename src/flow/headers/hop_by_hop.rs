//! Headers of a connection, which are not part of the message (RFC 9110 section 7.6.1).

const HOP_BY_HOP: [&str; 7] =
    ["transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection"];

/// Whether a header belongs to its connection. Such a header is not forwarded; Envoy adds those that it needs.
pub fn is_hop_by_hop(name: &str) -> bool {
    HOP_BY_HOP.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        let cases =
            [("TE", true), ("Transfer-Encoding", true), ("upgrade", true), ("content-length", false), ("", false)];
        for (name, expected) in cases {
            assert_eq!(is_hop_by_hop(name), expected, "{name}");
        }
    }
}
