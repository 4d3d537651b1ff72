//! Addresses of targets, for the variables `target.*` and `request.url` (docs/apigee-semantics.md 8.3 and 8.4).

use crate::policy::origin::{Scheme, split_url};
use bytestring::ByteString;

/// The address of a target, with the values of its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAddress {
    /// The scheme and the host without its port. `None` for a load balancer: only Envoy knows its servers.
    pub server: Option<(Scheme, ByteString)>,
    /// The path, without a slash at its start and end.
    pub path: ByteString,
    /// The query.
    pub query: ByteString,
    text: ByteString,
}

impl TargetAddress {
    /// The address of a URL. `None` when it is not one of HTTP.
    pub fn of_url(text: &str) -> Option<TargetAddress> {
        let (scheme, _) = Scheme::split(text)?;
        let (authority, path, query) = split_url(text)?;
        let server = Some((scheme, without_port(authority).into()));
        Some(TargetAddress { server, path: path.trim_matches('/').into(), query: query.into(), text: text.into() })
    }

    /// The path that a load balancer adds to the URLs of its servers.
    pub fn of_path(text: &str) -> TargetAddress {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        TargetAddress { server: None, path: path.trim_matches('/').into(), query: query.into(), text: text.into() }
    }

    /// Adds the path and the query of a request to the target. `suffix` and `query` are those of the client's request.
    pub fn add_path_and_query(&self, text: &mut String, suffix: &str, query: &str) {
        if !self.path.is_empty() {
            text.push('/');
            text.push_str(&self.path);
        }
        text.push_str(suffix);
        let queries = [&*self.query, query].into_iter().filter(|query| !query.is_empty());
        for (query, mark) in queries.zip(['?', '&']) {
            text.push(mark);
            text.push_str(query);
        }
    }

    /// The whole URL. `None` for a load balancer.
    pub fn url(&self) -> Option<&ByteString> {
        self.server.as_ref().map(|_| &self.text)
    }
}

/// The host of an authority. An IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_parts_of_its_url() {
        for (url, scheme, host, path, query) in [
            ("http://a.test", Scheme::Http, "a.test", "", ""),
            ("https://a.test:8443/v1/x/?k=1#f", Scheme::Https, "a.test", "v1/x", "k=1"),
            ("HTTP://[::1]/", Scheme::Http, "[::1]", "", ""),
            ("http://[::1]:80?k", Scheme::Http, "[::1]", "", "k"),
        ] {
            let address = TargetAddress::of_url(url).unwrap();
            assert_eq!(address.url().unwrap(), url);
            assert_eq!(address.server, Some((scheme, host.into())), "{url}");
            assert_eq!((&*address.path, &*address.query), (path, query), "{url}");
        }
        assert_eq!(TargetAddress::of_url("ftp://a.test"), None);
        let balanced = TargetAddress::of_path("/v1?k=1");
        assert_eq!((balanced.url(), &*balanced.path, &*balanced.query), (None, "v1", "k=1"));
    }
}
