//! Where a callout goes: from `<URL>`, the message's path and its query to one final URL (semantics sections 2.4, 2.5).

use super::Failure;
use crate::flow::fault::Fault;
use crate::flow::host::Host;
use crate::flow::message::{MessageId, RequestLine};
use crate::flow::transaction::Transaction;
use crate::flow::url;
use crate::flow::value::Value;
use crate::policy::origin::{Origin, Scheme};
use crate::policy::service_callout::{Retained, ServiceCallout};
use crate::policy::target_url::Server;
use bytestring::ByteString;

/// The final URL of a callout and the cluster that serves it.
pub(super) struct Destination {
    pub(super) server: Server,
    /// What stands after the authority; begins with `/`.
    pub(super) path_and_query: ByteString,
}

impl<H: Host> Transaction<'_, H> {
    /// Expands the URL, publishes it as `servicecallout.NAME.target.url`, and adds the message's path and query.
    pub(super) fn destination(&mut self, policy: &ServiceCallout, message: MessageId) -> Result<Destination, Failure> {
        let (url, is_replaced) = self.target_url(policy)?;
        let (authority, path, query) = split(&url).ok_or(Failure::HostNotReachable)?;
        let server = match &policy.url.server {
            Some(server) if !is_replaced => server.clone(),
            _ => {
                let (scheme, _) = Scheme::split(&url).ok_or(Failure::HostNotReachable)?;
                let origin = Origin::new(scheme, authority).ok_or(Failure::HostNotReachable)?;
                self.plan.clusters.server(&origin).ok_or(Failure::HostNotReachable)?
            }
        };
        let line = self.message(message).and_then(|message| message.as_request());
        let path_and_query = match line {
            Some(line) => compose(path, query, line, &policy.properties.query_params),
            None => compose(path, query, &RequestLine::default(), &Retained::All),
        };
        Ok(Destination { server, path_and_query: path_and_query.into() })
    }

    /// The URL before the message's path and query are added. What a policy wrote to the variable replaces `<URL>`;
    /// what an earlier run of this very policy left there does not.
    fn target_url(&mut self, policy: &ServiceCallout) -> Result<(ByteString, bool), Failure> {
        let name = policy.variables.target_url.name();
        // Only what this transaction set counts: a filter before this one publishes the variable of its own policy.
        if let Some(value) = self.variables.get(name) {
            let written = self.render(value);
            if !written.is_empty() && self.own_target_urls.get(name) != Some(value) {
                return Ok((written.trim().into(), true));
            }
        }
        let url = self
            .expand(&policy.url.template, policy.request.ignore_unresolved)
            .map_err(|unresolved| Failure::Fault(Fault::unresolved_variable(&unresolved.0)))?;
        self.own_target_urls.set(name.clone(), Value::String(url.clone()));
        self.set(name.clone(), Value::String(url.clone()));
        Ok((url, false))
    }
}

/// Authority, path and query of a URL; a fragment is dropped. `None` when it is not one of HTTP.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = Scheme::split(url)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let Some(at) = rest.find(['/', '?']) else { return Some((rest, "", "")) };
    let (authority, rest) = rest.split_at_checked(at)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some((authority, path, query))
}

/// What stands after the authority: a message's path and query added to those of a URL.
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

/// The message's path is appended to the URL's with exactly one slash between them. `[inferred]`
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
        let (authority, path, query) = split(url)?;
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
            ("http://a/x y/{z}?q=é\"|", "", "", "http://a/x%20y/%7Bz%7D?q=%C3%A9%22%7C"),
            ("http://a/%20%zz", "", "", "http://a/%20%zz"),
            ("http://a/x\r\nHost: b", "", "", "http://a/x%0D%0AHost:%20b"),
        ];
        for (url, path, query, expected) in cases {
            assert_eq!(composed(url, path, query).as_deref(), Some(expected), "{url} {path} {query}");
        }
    }

    #[test]
    fn a_malformed_url_leads_nowhere() {
        for url in
            ["", "a.example.com/x", "ftp://a", "http://", "http:///x", "http://a b/", "http://a:b/", "http://u@a/"]
        {
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
