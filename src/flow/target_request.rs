//! The request to the target as variables show it: `target.*`, and `request.uri`, `request.path` and `request.url` after
//! the request was sent (docs/apigee-semantics.md 8.3 and 8.4).

use crate::flow::client;
use crate::flow::host::Host;
use crate::flow::target_copy::TargetCopy;
use crate::flow::transaction::Transaction;
use crate::plan::TargetAddress;
use bytestring::ByteString;
use std::time::Duration;

/// The times of the exchange with the target since the Unix epoch. They are set only when the plan reads them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetTimes {
    /// The request was released to Envoy.
    pub(super) sent: Option<Duration>,
    /// The headers of the response arrived.
    pub(super) received_start: Option<Duration>,
    /// The body of the response arrived, if the plan reads it.
    pub(super) received_end: Option<Duration>,
}

impl<H: Host> Transaction<'_, H> {
    /// The address of the chosen target. `None` when it has no URL, or one whose variables are not expanded yet.
    pub(super) fn target_address(&self) -> Option<&TargetAddress> {
        if let Some(upstream) = &self.upstream_url {
            return Some(&upstream.address);
        }
        let of_flow = || self.target_endpoint.map(|target| target.endpoint.name.as_str());
        let name = self.target.as_deref().or_else(of_flow)?;
        self.plan.routing.as_ref()?.addresses.get(name)
    }

    /// The time for [`TargetTimes`].
    pub(super) fn target_time(&self) -> Option<Duration> {
        self.plan.needs.target_times.then(|| self.host.now())
    }

    /// Gives the variable `request` the path and the query that the target got, and the URL.
    pub(super) fn show_sent_request(&mut self) {
        let Some((path, query, url)) = self.sent_request() else { return };
        let line =
            self.message_named("request").and_then(|id| self.message_mut(id)).and_then(|now| now.as_request_mut());
        if let Some(line) = line {
            line.set_sent(path, query);
            self.sent_url = url;
        }
    }

    /// The path, the query and the URL of the request to the target. `None` without a ProxyEndpoint, which has no target.
    fn sent_request(&self) -> Option<(ByteString, ByteString, Option<ByteString>)> {
        self.plan.routing.as_ref()?;
        let received = self.request.as_ref()?;
        let now = self.message_at("request")?;
        let (base_path, copy) = (&self.plan.base_path, TargetCopy::from_variables(&self.variables));
        let (path, query) = client::path_and_query(received, now, copy, base_path)?;
        let suffix = base_path.suffix(path).unwrap_or_default();
        let address = self.target_address();
        let (base, own_query) = address.map_or(("", ""), |address| (&*address.path, &*address.query));
        let slash = if base.is_empty() && suffix.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{base}{suffix}");
        let query = match (own_query, query) {
            ("", query) | (query, "") => query.to_owned(),
            (own, query) => format!("{own}&{query}"),
        };
        let url = address.and_then(|address| address.server.as_ref()).map(|(scheme, host)| {
            let mark = if query.is_empty() { "" } else { "?" };
            format!("{}://{host}{path}{mark}{query}", scheme.as_str()).into()
        });
        Some((path.into(), query.into(), url))
    }
}
