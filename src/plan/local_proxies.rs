//! The proxies that `<LocalTargetConnection>` reaches (docs/guide/configuration.md, `local_proxies`).

use super::Server;
use crate::policy::endpoint::BasePath;
use crate::policy::origin::Scheme;
use bytestring::ByteString;

/// Every local proxy of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalProxies(Vec<LocalProxy>);

/// A proxy endpoint of the same organization and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalProxy {
    /// The proxy's name; without one it is reached only by path.
    pub api_proxy: Option<ByteString>,
    /// The endpoint's name.
    pub proxy_endpoint: ByteString,
    /// The base path.
    pub base_path: BasePath,
    /// Envoy's cluster.
    pub cluster: ByteString,
    /// The authority of calls to it; the client's when absent.
    pub authority: Option<ByteString>,
}

impl LocalProxies {
    /// Makes the list.
    pub fn new(proxies: Vec<LocalProxy>) -> LocalProxies {
        LocalProxies(proxies)
    }

    /// The endpoint with the given names.
    pub fn named(&self, api_proxy: &str, proxy_endpoint: &str) -> Option<&LocalProxy> {
        let has_names = |proxy: &&LocalProxy| {
            proxy.api_proxy.as_deref() == Some(api_proxy) && proxy.proxy_endpoint == proxy_endpoint
        };
        self.0.iter().find(has_names)
    }

    /// The proxy with the longest base path that contains a path. The path may have a query.
    pub fn serving(&self, path: &str) -> Option<&LocalProxy> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let rest = |proxy: &LocalProxy| proxy.base_path.suffix(path).map(str::len);
        let below = self.0.iter().filter_map(|proxy| Some((rest(proxy)?, proxy)));
        below.min_by_key(|(rest, _)| *rest).map(|(_, proxy)| proxy)
    }
}

impl LocalProxy {
    /// The server of calls to it. `client` is the authority of the client's request.
    pub fn server(&self, client: &str) -> Server {
        let authority = self.authority.clone().unwrap_or_else(|| client.into());
        Server { cluster: self.cluster.clone(), scheme: Scheme::Http, authority }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(name: &str, endpoint: &str, base_path: &str) -> LocalProxy {
        LocalProxy {
            api_proxy: Some(name.into()),
            proxy_endpoint: endpoint.into(),
            base_path: BasePath::new(base_path),
            cluster: "loopback".into(),
            authority: None,
        }
    }

    #[test]
    fn a_path_goes_to_the_longest_base_path() {
        let proxies = LocalProxies::new(vec![
            proxy("root", "default", "/"),
            proxy("data", "default", "/v1/data"),
            proxy("data", "admin", "/v1/data/admin"),
        ]);
        let cases = [
            ("/v1/data", "data default"),
            ("/v1/data?x=/v1/data/admin", "data default"),
            ("/v1/data/admin/users", "data admin"),
            ("/v1/database", "root default"),
            ("/", "root default"),
        ];
        let name = |proxy: &LocalProxy| format!("{} {}", proxy.api_proxy.as_deref().unwrap(), proxy.proxy_endpoint);
        for (path, expected) in cases {
            assert_eq!(proxies.serving(path).map(name).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(proxies.named("data", "admin").map(name).as_deref(), Some("data admin"));
        assert_eq!(proxies.named("data", "other"), None);
        assert_eq!(LocalProxies::new(vec![proxy("data", "default", "/v1")]).serving("/v2"), None);
    }
}
