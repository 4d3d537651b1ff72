//! The destination of a callout: the final URL of `<URL>`, the message's path and its query (docs/apigee-semantics.md
//! 2.4, 2.5).

use super::CalloutFailure;
use crate::flow::headers::text;
use crate::flow::host::Host;
use crate::flow::message::{MessageId, RequestLine, URL_COPIES};
use crate::flow::transaction::Transaction;
use crate::flow::url;
use crate::flow::value::Value;
use crate::plan::{PolicyId, Server};
use crate::policy::connection::{LocalDestination, LocalTarget, Retained, Target};
use crate::policy::origin::{Origin, Scheme, split_url};
use crate::policy::service_callout::ServiceCallout;
use bytestring::ByteString;

/// The final URL of a callout and the cluster that serves it.
pub(super) struct Destination {
    pub(super) server: Server,
    /// The URL before the message's path and query are added.
    url: ByteString,
    /// The path and query, with a leading `/`.
    pub(super) path_and_query: ByteString,
}

impl Destination {
    /// The audience of a token for this destination (docs/apigee-semantics.md 2.12).
    pub(super) fn url_without_query(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}

impl<H: Host> Transaction<'_, H> {
    /// Expands the URL, sets `servicecallout.NAME.target.url` to it, and adds the message's path and query. Load
    /// balancers use [`Transaction::destination_on`].
    pub(super) fn destination(
        &mut self,
        id: PolicyId,
        policy: &ServiceCallout,
        message: MessageId,
    ) -> Result<Destination, CalloutFailure> {
        let ignore = policy.request.ignore_unresolved;
        match &policy.connection.target {
            Target::Local(local) => {
                let (server, path) = self.local_proxy(local, ignore)?;
                self.destination_on(policy, message, server, &path)
            }
            Target::Url(url) => match self.replaced_url(policy) {
                Some(replaced) => self.run_time_destination(policy, message, replaced),
                None => {
                    let text = self.expand(&url.template, ignore)?;
                    self.publish_url(policy, &text);
                    match self.plan.fixed_server(id) {
                        Some(server) => self.composed(policy, message, server.clone(), text),
                        None => self.run_time_destination(policy, message, text),
                    }
                }
            },
            Target::LoadBalancer(_) => match self.replaced_url(policy) {
                Some(replaced) => self.run_time_destination(policy, message, replaced),
                None => Err(CalloutFailure::NoActiveTargets),
            },
        }
    }

    /// The destination with a path on a server of the configuration.
    pub(super) fn destination_on(
        &mut self,
        policy: &ServiceCallout,
        message: MessageId,
        server: Server,
        path: &str,
    ) -> Result<Destination, CalloutFailure> {
        self.check_memory(path.len().saturating_mul(URL_COPIES))?;
        let slash = if path.is_empty() || path.starts_with(['/', '?']) { "" } else { "/" };
        let url = ByteString::from(format!("{}://{}{slash}{path}", server.scheme.as_str(), server.authority));
        self.publish_url(policy, &url);
        self.composed(policy, message, server, url)
    }

    /// The destination of a URL whose host came with the request. The host must have a cluster and must be allowed.
    fn run_time_destination(
        &mut self,
        policy: &ServiceCallout,
        message: MessageId,
        url: ByteString,
    ) -> Result<Destination, CalloutFailure> {
        let (scheme, _) = Scheme::split(&url).ok_or(CalloutFailure::MalformedUrl)?;
        let (authority, ..) = split_url(&url).ok_or(CalloutFailure::MalformedUrl)?;
        let origin = Origin::new(scheme, authority).ok_or(CalloutFailure::MalformedUrl)?;
        let plan = self.plan;
        if !plan.clusters.names(&origin) && !plan.allowed_hosts.allows(&origin.host) {
            return Err(CalloutFailure::HostNotAllowed);
        }
        let server = plan.clusters.server(&origin).ok_or(CalloutFailure::HostNotReachable)?;
        self.composed(policy, message, server, url)
    }

    fn composed(
        &mut self,
        policy: &ServiceCallout,
        message: MessageId,
        server: Server,
        url: ByteString,
    ) -> Result<Destination, CalloutFailure> {
        let (_, path, query) = split_url(&url).ok_or(CalloutFailure::MalformedUrl)?;
        let line = self.message(message).and_then(|message| message.as_request());
        let size = url.len().saturating_add(line.map_or(0, RequestLine::size));
        self.check_memory(size.saturating_mul(URL_COPIES))?;
        let path_and_query = match line {
            Some(line) => compose(path, query, line, &policy.connection.properties.query_params),
            None => compose(path, query, &RequestLine::default(), &Retained::All),
        };
        Ok(Destination { server, url, path_and_query: path_and_query.into() })
    }

    /// Whether a policy replaced the URL.
    pub(super) fn is_url_replaced(&self, policy: &ServiceCallout) -> bool {
        self.replaced_url(policy).is_some()
    }

    /// The value that a policy assigned to `servicecallout.NAME.target.url`, which replaces `<URL>`. The value of an
    /// earlier run of this policy does not replace it.
    fn replaced_url(&self, policy: &ServiceCallout) -> Option<ByteString> {
        let name = policy.variables.target_url.name();
        // Filter state is not read, because an earlier filter publishes the variable of its own policy.
        let value = self.variables.get(name).filter(|value| self.own_target_urls.get(name) != Some(value))?;
        let written = self.render(value);
        (!written.is_empty()).then(|| written.trim().into())
    }

    fn publish_url(&mut self, policy: &ServiceCallout, url: &ByteString) {
        let name = policy.variables.target_url.name();
        self.own_target_urls.set(name.clone(), Value::String(url.clone()));
        self.set(name.clone(), Value::String(url.clone()));
    }

    /// The server and the path of another proxy (docs/guide/configuration.md, `local_proxies`).
    fn local_proxy(&mut self, local: &LocalTarget, ignore: bool) -> Result<(Server, ByteString), CalloutFailure> {
        let plan = self.plan;
        let (proxy, path) = match &local.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => {
                let proxy = self.expand(api_proxy, ignore)?;
                let endpoint = self.expand(proxy_endpoint, ignore)?;
                let proxy = plan.local_proxies.named(proxy.trim(), endpoint.trim());
                let proxy = proxy.ok_or(CalloutFailure::HostNotReachable)?;
                (proxy, ByteString::from(proxy.base_path.as_str()))
            }
            LocalDestination::Path(path) => {
                let path = self.expand(path, ignore)?;
                let slash = if path.starts_with('/') { "" } else { "/" };
                let path = ByteString::from(format!("{slash}{path}"));
                (plan.local_proxies.serving(&path).ok_or(CalloutFailure::HostNotReachable)?, path)
            }
        };
        let client = self.client_request().and_then(|request| request.headers.first_line("host")).map(text);
        Ok((proxy.server(&client.unwrap_or_default()), path))
    }
}

/// The path and query of a URL, with the message's path and query appended.
fn compose(path: &str, query: &str, line: &RequestLine, retained: &Retained) -> String {
    let mut text = join(path, &line.path);
    let mut separator = '?';
    let mut add = |query: &str| {
        if !query.is_empty() {
            text.push(separator);
            text.push_str(query);
            separator = '&';
        }
    };
    add(query);
    match retained {
        Retained::All => add(line.query.as_text()),
        Retained::Only(_) => {
            let mut params = line.query.clone();
            params.retain(|name| retained.keeps(name, false));
            add(params.as_text());
        }
    }
    url::legal(text)
}

/// The URL's path and the message's path, with exactly one slash between them. `[inferred]`
fn join(base: &str, path: &str) -> String {
    if path.is_empty() {
        return if base.is_empty() { "/".to_owned() } else { base.to_owned() };
    }
    let base = base.strip_suffix('/').unwrap_or(base);
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{base}{slash}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(url: &str, message_path: &str, message_query: &str) -> Option<String> {
        let mut line = RequestLine { path: message_path.into(), ..RequestLine::default() };
        line.query.add_text(message_query);
        let (authority, path, query) = split_url(url)?;
        let origin = Origin::new(Scheme::split(url)?.0, authority)?;
        Some(format!("{origin}{}", compose(path, query, &line, &Retained::All)))
    }

    #[test]
    fn path_and_query_are_added_to_the_url() {
        let cases = [
            ("http://a", "", "", "http://a/"),
            ("http://a/", "", "", "http://a/"),
            ("http://a", "/json", "", "http://a/json"),
            ("http://a/", "json", "", "http://a/json"),
            ("http://a/v1/", "/users/7/", "", "http://a/v1/users/7/"),
            ("http://a", "/", "", "http://a/"),
            ("http://a/v1", "/", "", "http://a/v1/"),
            ("http://a/v1?x=1", "/b", "y=2", "http://a/v1/b?x=1&y=2"),
            ("http://a?x=1", "", "", "http://a/?x=1"),
            ("http://a/v1?x=1#f", "", "", "http://a/v1?x=1"),
            (
                "https://dlp.googleapis.com",
                "v2/projects/p/content:deidentify",
                "",
                "https://dlp.googleapis.com/v2/projects/p/content:deidentify",
            ),
            ("https://A.example.com:8443/t", "", "client=a", "https://a.example.com:8443/t?client=a"),
            ("http://0x7f.1:81/A%41/../b", "", "", "http://127.0.0.1:81/A%41/../b"),
            ("http://[0::1]/", "", "", "http://[::1]/"),
            ("http://Bücher.example./ü", "", "", "http://xn--bcher-kva.example/%C3%BC"),
            ("http://a/x y/{z}?q=é\"|", "", "", "http://a/x%20y/%7Bz%7D?q=%C3%A9%22%7C"),
            ("http://a/%20%zz", "", "", "http://a/%20%zz"),
            ("http://a/x\r\nHost: b", "", "", "http://a/x%0D%0AHost:%20b"),
        ];
        for (url, path, query, expected) in cases {
            assert_eq!(composed(url, path, query).as_deref(), Some(expected), "{url} {path} {query}");
        }
    }

    #[test]
    fn malformed_urls_are_rejected() {
        for url in [
            "",
            "a.example.com/x",
            "ftp://a",
            "http://",
            "http:///x",
            "http://a b/",
            "http://a:b/",
            "http://u@a/",
            "http://a\\b/",
            "http://a.1/",
        ] {
            assert_eq!(composed(url, "", ""), None, "{url}");
        }
    }

    #[test]
    fn only_retained_parameters_of_the_message_are_sent() {
        let mut line = RequestLine::default();
        line.query.add_text("a=1&b=2&c=3");
        let retained = Retained::Only(vec!["b".to_owned()]);
        assert_eq!(compose("/", "a=0", &line, &retained), "/?a=0&b=2");
    }
}
