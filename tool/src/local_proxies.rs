//! The proxies that a `LocalTargetConnection` reaches: entries of the environment and the given bundles.

use super::bundle::{Kind, ParsedBundle};
use super::environment::{Environment, LocalProxy};
use super::needs::Local;
use super::parsed::Parsed;
use envoy_callout::policy::connection::LocalDestination;
use envoy_callout::policy::endpoint::BasePath;

/// The default endpoint.
const DEFAULT_ENDPOINT: &str = "default";

/// The environment with the proxies among the bundles as local proxies on the rendered listener.
pub(crate) fn with_given(environment: &Environment, bundles: &[&ParsedBundle]) -> Environment {
    let mut environment = environment.clone();
    for bundle in bundles.iter().filter(|bundle| bundle.kind == Kind::Proxy) {
        for Parsed { content, .. } in &bundle.proxy_endpoints {
            let Some(proxy) = content else { continue };
            let given = LocalProxy {
                api_proxy: Some(bundle.name.clone()),
                proxy_endpoint: Some(proxy.endpoint.name.clone()),
                base_path: proxy.base_path.as_ref().map_or("/", |path| path.as_str()).to_owned(),
                host: None,
                port: None,
                authority: None,
            };
            let is_same = |other: &LocalProxy| {
                other.api_proxy == given.api_proxy
                    && other.proxy_endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT) == proxy.endpoint.name
            };
            if !environment.local_proxies.iter().any(is_same) {
                environment.local_proxies.push(given);
            }
        }
    }
    environment
}

/// The local proxy of a destination and the path of requests to it.
///
/// # Errors
/// The destination contains a variable, or no local proxy has its name or path.
pub(crate) fn find(destination: &LocalDestination, environment: &Environment) -> Result<(LocalProxy, String), String> {
    let variable = |element: &str| format!("{element} of a LocalTargetConnection must not contain a variable");
    let proxies = &environment.local_proxies;
    match destination {
        LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
            let name = api_proxy.as_literal().ok_or_else(|| variable("APIProxy"))?;
            let endpoint = proxy_endpoint.as_literal().ok_or_else(|| variable("ProxyEndpoint"))?;
            let has_names = |proxy: &&LocalProxy| {
                proxy.api_proxy.as_deref() == Some(&*name)
                    && proxy.proxy_endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT) == &*endpoint
            };
            let found = proxies.iter().find(has_names).ok_or_else(|| {
                format!("unknown endpoint {endpoint} of proxy {name}: add it to local_proxies of the environment")
            })?;
            if found.base_path.split('/').any(|segment| segment == "*") {
                return Err(format!(
                    "the base path {} of proxy {name} does not name one path; use Path",
                    found.base_path
                ));
            }
            Ok((found.clone(), found.base_path.clone()))
        }
        LocalDestination::Path(path) => {
            let path = path.as_literal().ok_or_else(|| variable("Path"))?;
            let plain = path.split(['?', '#']).next().unwrap_or_default();
            let rest = |proxy: &LocalProxy| BasePath::new(&proxy.base_path).suffix(plain).map(str::len);
            let below = proxies.iter().filter_map(|proxy| Some((rest(proxy)?, proxy)));
            let found = below.min_by_key(|(rest, _)| *rest).map(|(_, proxy)| proxy.clone());
            let found =
                found.ok_or_else(|| format!("no proxy serves {path}: add it to local_proxies of the environment"))?;
            Ok((found, path.to_string()))
        }
    }
}

/// Whether a local proxy has the name or the path of a need.
pub(crate) fn serves(local: &Local, environment: &Environment) -> bool {
    environment.local_proxies.iter().any(|proxy| match local {
        Local::Named(name, endpoint) => {
            proxy.api_proxy.as_ref() == Some(name)
                && proxy.proxy_endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT) == endpoint
        }
        Local::Path(path) => {
            let plain = path.split(['?', '#']).next().unwrap_or_default();
            BasePath::new(&proxy.base_path).suffix(plain).is_some()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use envoy_callout::policy::template::{Syntax, Template};

    fn proxy(name: &str, endpoint: Option<&str>, base_path: &str) -> LocalProxy {
        LocalProxy {
            api_proxy: Some(name.to_owned()),
            proxy_endpoint: endpoint.map(str::to_owned),
            base_path: base_path.to_owned(),
            host: None,
            port: None,
            authority: None,
        }
    }

    #[test]
    fn a_destination_is_a_name_or_a_path() {
        let local_proxies = vec![proxy("a", None, "/a"), proxy("a", Some("x"), "/a/x"), proxy("w", None, "/w/*")];
        let environment = Environment { local_proxies, ..Environment::default() };
        let template = |text: &str| Template::parse(text, Syntax::URL).unwrap();
        let found = |destination: LocalDestination| match find(&destination, &environment) {
            Ok((proxy, path)) => format!("{} {path}", proxy.base_path),
            Err(error) => error,
        };
        let named = |name: &str, endpoint: &str| {
            found(LocalDestination::Proxy { api_proxy: template(name), proxy_endpoint: template(endpoint) })
        };
        let path = |text: &str| found(LocalDestination::Path(template(text)));
        let cases = [
            (named("a", "default"), "/a /a"),
            (named("a", "x"), "/a/x /a/x"),
            (named("a", "y"), "unknown endpoint y of proxy a: add it to local_proxies of the environment"),
            (named("{a}", "x"), "APIProxy of a LocalTargetConnection must not contain a variable"),
            (named("w", "default"), "the base path /w/* of proxy w does not name one path; use Path"),
            (path("/a/x/1?b=c"), "/a/x /a/x/1?b=c"),
            (path("/a/y"), "/a /a/y"),
            (path("/w/1/2"), "/w/* /w/1/2"),
            (path("/b"), "no proxy serves /b: add it to local_proxies of the environment"),
            (path("/a/{b}"), "Path of a LocalTargetConnection must not contain a variable"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }
}
