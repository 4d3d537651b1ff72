//! Headers that belong to one connection, not to the message (RFC 9110 section 7.6.1).

const HOP_BY_HOP: [&str; 7] =
    ["transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection"];

/// Whether a header tells of the connection it came on. None is sent on another; Envoy writes those it needs.
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
