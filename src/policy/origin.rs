//! Origins: scheme, host and port of a URL, which determine the cluster of a callout.

use std::fmt;
use url::{Host, Url};

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// Splits a URL into its scheme, in any case, and the text after `://`.
    pub fn split(url: &str) -> Option<(Scheme, &str)> {
        let after = |scheme: &str| {
            let (name, rest) = url.split_at_checked(scheme.len())?;
            name.eq_ignore_ascii_case(scheme).then(|| rest.strip_prefix("://")).flatten()
        };
        let http = after("http").map(|rest| (Scheme::Http, rest));
        http.or_else(|| after("https").map(|rest| (Scheme::Https, rest)))
    }

    /// The name in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The default port.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// The authority, path and query of a URL, without the fragment. `None` when the scheme is not HTTP.
pub fn split_url(url: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = Scheme::split(url)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let Some(at) = rest.find(['/', '?']) else { return Some((rest, "", "")) };
    let (authority, rest) = rest.split_at_checked(at)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some((authority, path, query))
}

/// Scheme, host and port, each in the spelling of the URL standard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: an address, or a name in ASCII lower case without a trailing dot.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// Maximum length of an authority in bytes. A DNS name has at most 253; names that are not ASCII are longer.
const MAX_AUTHORITY_BYTES: usize = 1024;

impl Origin {
    /// The origin of an authority, `host` or `host:port`. `None` when it is malformed or has a user.
    pub fn new(scheme: Scheme, authority: &str) -> Option<Origin> {
        // The URL standard skips control characters and ends an authority at a backslash. Here both are errors.
        let is_foreign = |byte: u8| byte.is_ascii_control() || b" /\\?#@".contains(&byte);
        if authority.len() > MAX_AUTHORITY_BYTES || authority.bytes().any(is_foreign) {
            return None;
        }
        let url = Url::parse(&format!("{}://{authority}", scheme.as_str())).ok()?;
        Some(Origin { scheme, host: normal(url.host()?)?, port: url.port_or_known_default()? })
    }

    /// Parses an origin such as `https://example.com:8443`, with an optional trailing `/`.
    pub fn parse(text: &str) -> Option<Origin> {
        let (scheme, authority) = Scheme::split(text)?;
        Origin::new(scheme, authority.strip_suffix('/').unwrap_or(authority))
    }

    /// `host`, or `host:port` when the port is not the default.
    pub fn authority(&self) -> String {
        let Origin { scheme, host, port } = self;
        if *port == scheme.default_port() { host.to_string() } else { format!("{host}:{port}") }
    }
}

/// Parses a host: a name, an IPv4 address in any spelling, or an IPv6 address in brackets.
pub fn host(text: &str) -> Option<Host> {
    if text.len() > MAX_AUTHORITY_BYTES { None } else { normal(Host::parse(text).ok()?) }
}

/// The host without a trailing dot. `None` for an empty label, and for a character such as `{` or `"`, which
/// the URL standard accepts in a name and Envoy does not accept in every host header.
fn normal<S: AsRef<str>>(host: Host<S>) -> Option<Host> {
    let name = match host {
        Host::Ipv4(address) => return Some(Host::Ipv4(address)),
        Host::Ipv6(address) => return Some(Host::Ipv6(address)),
        Host::Domain(name) => name,
    };
    let name = name.as_ref();
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte))
    };
    name.split('.').all(is_label).then(|| Host::Domain(name.to_owned()))
}

impl fmt::Display for Origin {
    /// Writes `https://example.com`, without the default port.
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
            ("http://[0:0:0:0:0:0:0:1]", Some("http://[::1]")),
            ("http://[::FFFF:127.0.0.1]", Some("http://[::ffff:7f00:1]")),
            ("http://127.0.0.1", Some("http://127.0.0.1")),
            ("http://127.0.0.1.", Some("http://127.0.0.1")),
            ("http://0x7f000001/", Some("http://127.0.0.1")),
            ("http://0X7F.1:81", Some("http://127.0.0.1:81")),
            ("http://2130706433", Some("http://127.0.0.1")),
            ("http://017700000001", Some("http://127.0.0.1")),
            ("http://127.1", Some("http://127.0.0.1")),
            ("http://0177.0.0.1", Some("http://127.0.0.1")),
            ("http://%31%32%37.0.0.1", Some("http://127.0.0.1")),
            ("http://１２７。0。0。1", Some("http://127.0.0.1")),
            ("http://localhost.", Some("http://localhost")),
            ("http://LOCALHOST.:80", Some("http://localhost")),
            ("http://Ⓛocalhost", Some("http://localhost")),
            ("http://Bücher.example", Some("http://xn--bcher-kva.example")),
            ("http://XN--bcher-kva.example", Some("http://xn--bcher-kva.example")),
            ("http://my_service", Some("http://my_service")),
            ("http://My_Service.a~b:8080", Some("http://my_service.a~b:8080")),
            ("http://a-.-b--c", Some("http://a-.-b--c")),
            ("http://a:", Some("http://a")),
            ("http://", None),
            ("http://:80", None),
            ("http://a b", None),
            ("http://a\tb", None),
            ("http://a\r\nb", None),
            (" http://a", None),
            ("http://a ", None),
            ("http://a\\b", None),
            ("http://a%2fb", None),
            ("http://a%00b", None),
            ("http://a;b", None),
            ("http://{a}", None),
            ("http://a\"", None),
            ("http://.", None),
            ("http://a..", None),
            ("http://a..b", None),
            ("http://.a", None),
            ("http://xn--a", None),
            ("http://user@a", None),
            ("http://@a", None),
            ("http://user:password@a", None),
            ("http://a%40b", None),
            ("http://a:port", None),
            ("http://a:99999", None),
            ("http://a:+80", None),
            ("http://a/path", None),
            ("http://a?b", None),
            ("http://a#b", None),
            ("http://1.2.3.256", None),
            ("http://1.2.3.4.5", None),
            ("http://4294967296", None),
            ("http://0x100000000", None),
            ("http://a.1", None),
            ("http://[::1", None),
            ("http://::1", None),
            ("http://[::1%25eth0]", None),
            ("http://[127.0.0.1]", None),
            ("ftp://a", None),
            ("a.example.com", None),
        ];
        for (text, origin) in cases {
            assert_eq!(Origin::parse(text).map(|origin| origin.to_string()).as_deref(), origin, "{text}");
        }
        let long = |length: usize| Origin::new(Scheme::Http, &"a".repeat(length)).is_some();
        assert_eq!((long(1024), long(1025)), (true, false));
    }
}
