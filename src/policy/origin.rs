//! Origins: scheme, host and port of a URL, which decide the cluster of a callout.

use std::fmt;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The scheme at the beginning of a URL, in any case, with what follows `://`.
    pub fn split(url: &str) -> Option<(Scheme, &str)> {
        let after = |scheme: &str| {
            let (name, rest) = url.split_at_checked(scheme.len())?;
            name.eq_ignore_ascii_case(scheme).then(|| rest.strip_prefix("://")).flatten()
        };
        let http = after("http").map(|rest| (Scheme::Http, rest));
        http.or_else(|| after("https").map(|rest| (Scheme::Https, rest)))
    }

    /// The name as it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port of a URL that names none.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Scheme, host in lower case, and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// The origin of an authority, `host` or `host:port`. `None` when it is malformed or names a user.
    pub fn new(scheme: Scheme, authority: &str) -> Option<Origin> {
        let after_brackets = authority.rfind(']').map_or(0, |at| at.saturating_add(1));
        let colon = authority.get(after_brackets..)?.find(':').map(|at| at.saturating_add(after_brackets));
        let (host, port) = match colon {
            Some(colon) => (authority.get(..colon)?, authority.get(colon.saturating_add(1)..)?.parse().ok()?),
            None => (authority, scheme.default_port()),
        };
        is_host(host).then(|| Origin { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// The origin that a text like `https://example.com:8443` is; a lone `/` may follow.
    pub fn parse(text: &str) -> Option<Origin> {
        let (scheme, authority) = Scheme::split(text)?;
        Origin::new(scheme, authority.strip_suffix('/').unwrap_or(authority))
    }

    /// `host` or, when the port is not the scheme's own, `host:port`.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

impl fmt::Display for Origin {
    /// `https://example.com`, the default port left out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        let cases = [
            ("https://maps.googleapis.com", Some("https://maps.googleapis.com")),
            ("HTTPS://Maps.GoogleApis.com:443/", Some("https://maps.googleapis.com")),
            ("http://a:8080", Some("http://a:8080")),
            ("http://[::1]:81", Some("http://[::1]:81")),
            ("http://[::1]", Some("http://[::1]")),
            ("http://", None),
            ("http://a b", None),
            ("http://user@a", None),
            ("http://a:port", None),
            ("http://a:99999", None),
            ("http://a/path", None),
            ("ftp://a", None),
            ("a.example.com", None),
        ];
        for (text, origin) in cases {
            assert_eq!(Origin::parse(text).map(|origin| origin.to_string()).as_deref(), origin, "{text}");
        }
    }
}
