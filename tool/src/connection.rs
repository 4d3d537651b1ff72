//! The settings of an `HTTPTargetConnection` that belong to a cluster of Envoy: TLS, health checks, connect timeout
//! (docs/apigee-semantics.md 2.6 to 2.10). The filter does not keep them, so they are read here.

use envoy_callout::language::xml::{Document, Element};

/// A connection of a target endpoint or of a ServiceCallout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connection {
    /// `SSLInfo`, when it is enabled.
    pub(crate) ssl_info: Option<SslInfo>,
    /// `connect.timeout.millis` (ms).
    pub(crate) connect_timeout_ms: Option<u64>,
    /// `HealthMonitor`, when it is enabled.
    pub(crate) health: Option<HealthMonitor>,
}

/// An enabled `SSLInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SslInfo {
    /// The store and the alias of the client's certificate.
    pub(crate) client: Option<(String, String)>,
    /// The store of trusted authorities.
    pub(crate) trust_store: Option<String>,
    /// Whether every certificate is accepted.
    pub(crate) ignores_errors: bool,
    /// The expected name of the certificate.
    pub(crate) common_name: Option<String>,
    /// `Protocols`.
    pub(crate) protocols: Vec<String>,
}

/// A health monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthMonitor {
    /// Interval between checks in seconds.
    pub(crate) interval: u32,
    /// Timeout of a check in seconds.
    pub(crate) timeout: u32,
    /// The port; that of the server when absent.
    pub(crate) port: Option<u16>,
    /// The HTTP request of a check. A check only connects when absent.
    pub(crate) http: Option<HttpMonitor>,
}

/// The request and the expected response of an `HTTPMonitor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpMonitor {
    /// `Verb`.
    pub(crate) verb: String,
    /// `Path`.
    pub(crate) path: String,
    /// `Header`s.
    pub(crate) headers: Vec<(String, String)>,
    /// The statuses of a healthy server.
    pub(crate) statuses: Vec<u16>,
}

/// The connection in the document of a target endpoint or of a policy.
pub(crate) fn of_document(text: &str) -> Option<Connection> {
    let document = Document::parse(text).ok()?;
    let root = document.root();
    let connection = root.child("HTTPTargetConnection").or_else(|| root.child("HttpTargetConnection"));
    connection.map(parse)
}

fn parse(element: Element<'_, '_>) -> Connection {
    let properties = || element.child("Properties").into_iter().flat_map(|list| list.children_named("Property"));
    let millis = |name: &str| {
        let property = properties().find(|property| property.attribute("name").map(str::trim) == Some(name))?;
        property.text().parse().ok().filter(|millis| *millis > 0)
    };
    Connection {
        ssl_info: element.child("SSLInfo").and_then(parse_ssl_info),
        connect_timeout_ms: millis("connect.timeout.millis"),
        health: element.child("HealthMonitor").and_then(parse_health),
    }
}

fn parse_ssl_info(ssl_info: Element<'_, '_>) -> Option<SslInfo> {
    if !is_true(ssl_info, "Enabled", false) {
        return None;
    }
    // The name of a reference names the folder of the store.
    let store = |name: &str| {
        let text = text_of(ssl_info, name)?;
        Some(text.strip_prefix("ref://").unwrap_or(&text).to_owned())
    };
    let client = store("KeyStore").zip(store("KeyAlias"));
    let protocols = ssl_info.child("Protocols").into_iter().flat_map(|list| list.children_named("Protocol"));
    Some(SslInfo {
        client: client.filter(|_| is_true(ssl_info, "ClientAuthEnabled", false)),
        trust_store: store("TrustStore"),
        ignores_errors: is_true(ssl_info, "IgnoreValidationErrors", false) && !is_true(ssl_info, "Enforce", false),
        common_name: text_of(ssl_info, "CommonName"),
        protocols: protocols.map(Element::text).collect(),
    })
}

fn parse_health(monitor: Element<'_, '_>) -> Option<HealthMonitor> {
    if !is_true(monitor, "IsEnabled", false) {
        return None;
    }
    let interval = number(monitor, "IntervalInSec").filter(|seconds| *seconds > 0).unwrap_or(10);
    let http = monitor.child("HTTPMonitor");
    let request = http.and_then(|http| http.child("Request"));
    let timeouts = request.or_else(|| monitor.child("TCPMonitor"));
    let timeout = |name| timeouts.and_then(|element| number(element, name));
    let success = http.and_then(|http| http.child("SuccessResponse")).into_iter();
    let codes = success.flat_map(|success| success.children_named("ResponseCode"));
    let statuses: Vec<u16> = codes.filter_map(|code| code.text().parse().ok()).collect();
    let http = request.map(|request| HttpMonitor {
        verb: text_of(request, "Verb").unwrap_or_else(|| "GET".to_owned()),
        path: text_of(request, "Path").unwrap_or_else(|| "/".to_owned()),
        headers: request
            .children_named("Header")
            .filter_map(|header| Some((header.attribute("name")?.trim().to_owned(), header.text())))
            .collect(),
        statuses: if statuses.is_empty() { vec![200] } else { statuses },
    });
    let timeout = timeout("SocketReadTimeoutInSec").or_else(|| timeout("ConnectTimeoutInSec"));
    Some(HealthMonitor {
        interval,
        timeout: timeout.filter(|seconds| *seconds > 0).unwrap_or(interval),
        port: timeouts.and_then(|element| text_of(element, "Port")).and_then(|port| port.parse().ok()),
        http,
    })
}

fn text_of(parent: Element<'_, '_>, name: &str) -> Option<String> {
    parent.child(name).map(Element::text).filter(|text| !text.is_empty())
}

fn is_true(parent: Element<'_, '_>, name: &str, default: bool) -> bool {
    text_of(parent, name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
}

fn number(parent: Element<'_, '_>, name: &str) -> Option<u32> {
    text_of(parent, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_monitor() {
        let text = "<TargetEndpoint name='a'><HTTPTargetConnection><HealthMonitor><IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec>\
                    <TCPMonitor><ConnectTimeoutInSec>2</ConnectTimeoutInSec><Port>81</Port></TCPMonitor></HealthMonitor>\
                    </HTTPTargetConnection></TargetEndpoint>";
        let connection = of_document(text).unwrap();
        let health = HealthMonitor { interval: 5, timeout: 2, port: Some(81), http: None };
        assert_eq!(connection.health, Some(health));
    }

    #[test]
    fn tls_of_a_url() {
        let text = "<SC><HTTPTargetConnection><URL> https://a </URL><SSLInfo><Enabled>true</Enabled>\
                    <ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>ref://keys</KeyStore><KeyAlias>me</KeyAlias>\
                    <IgnoreValidationErrors>true</IgnoreValidationErrors></SSLInfo></HTTPTargetConnection></SC>";
        let connection = of_document(text).unwrap();
        let ssl_info = connection.ssl_info.unwrap();
        assert_eq!(ssl_info.client, Some(("keys".to_owned(), "me".to_owned())));
        assert!(ssl_info.ignores_errors);
        assert_eq!(
            of_document("<SC><HTTPTargetConnection><SSLInfo/></HTTPTargetConnection></SC>").unwrap().ssl_info,
            None
        );
    }
}
