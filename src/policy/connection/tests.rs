use super::*;
use crate::language::xml::Document;
use std::time::Duration;

fn parse(connection: &str) -> (Option<Connection>, Vec<String>) {
    let text = format!("<ServiceCallout>\n{connection}</ServiceCallout>");
    let document = Document::parse(&text).unwrap();
    let mut diagnostics = Diagnostics::about("SC");
    let parsed = Connection::parse(document.root(), "SC", &mut diagnostics);
    (parsed, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

fn http(content: &str) -> (Option<Connection>, Vec<String>) {
    parse(&format!("<HTTPTargetConnection>{content}</HTTPTargetConnection>"))
}

#[test]
fn a_load_balancer_is_read_with_the_path_next_to_it() {
    let (connection, problems) = http(
        "<LoadBalancer><Algorithm>Weighted</Algorithm>
           <Server name='a'><Weight>2</Weight></Server>
           <Server name='b'><Weight>1</Weight><IsEnabled>false</IsEnabled></Server>
           <Server name='c'><IsFallback>true</IsFallback></Server>
           <MaxFailures>3</MaxFailures><RetryEnabled>false</RetryEnabled><TargetDisableSecs>7</TargetDisableSecs>
           <ServerUnhealthyResponse><ResponseCode>500</ResponseCode><ResponseCode>502</ResponseCode></ServerUnhealthyResponse>
         </LoadBalancer><Path>/v1/{p}</Path>",
    );
    assert!(problems.is_empty(), "{problems:?}");
    let Target::LoadBalancer(balancer) = connection.unwrap().target else { panic!() };
    assert_eq!((balancer.algorithm, balancer.max_failures, balancer.retry), (Algorithm::Weighted, 3, false));
    assert_eq!(balancer.disabled_for, Duration::from_secs(7));
    assert!(balancer.is_unhealthy(502) && !balancer.is_unhealthy(503));
    let servers: Vec<_> = balancer
        .servers
        .iter()
        .map(|server| (&*server.name, server.weight, server.is_enabled, server.is_fallback))
        .collect();
    assert_eq!(servers, [("a", 2, true, false), ("b", 1, false, false), ("c", 1, true, true)]);
    assert_eq!(balancer.path.unwrap().to_string(), "/v1/{p}");
}

#[test]
fn an_empty_load_balancer_is_that_of_the_template_form() {
    let (connection, problems) = http("<LoadBalancer/><URL>http://a.example.com</URL>");
    assert!(problems.is_empty(), "{problems:?}");
    assert!(matches!(connection.unwrap().target, Target::Url(_)));
    assert_eq!(http("<LoadBalancer/>").1, ["SC, line 2, column 1: URLMissing: URL is missing in Step SC."]);
}

#[test]
fn invalid_load_balancers_are_rejected() {
    let cases = [
        ("<MaxFailures>1</MaxFailures>", "SC, line 2, column 23: LoadBalancer has no Server"),
        (
            "<Algorithm>Random</Algorithm><Server name='a'/>",
            "SC, line 2, column 37: Algorithm must be RoundRobin, Weighted or LeastConnections, got \"Random\"",
        ),
        (
            "<Server/>",
            "SC, line 2, column 37: MissingName: Required attribute name is missing in Server of LoadBalancer",
        ),
        (
            "<Algorithm>Weighted</Algorithm><Server name='a'/>",
            "SC, line 2, column 68: Server a needs a Weight for Algorithm Weighted",
        ),
        (
            "<Server name='a'><IsFallback>true</IsFallback></Server><Server name='b'><IsFallback>true</IsFallback></Server>",
            "SC, line 2, column 92: only one Server of a LoadBalancer can be the fallback",
        ),
        (
            "<Server name='a'/><MaxFailures>-1</MaxFailures>",
            "SC, line 2, column 55: MaxFailures must be a non-negative integer, got \"-1\"",
        ),
        (
            "<Server name='a'/><ServerUnhealthyResponse><ResponseCode>5xx</ResponseCode></ServerUnhealthyResponse>",
            "SC, line 2, column 80: ResponseCode must be a status code, got \"5xx\"",
        ),
    ];
    for (content, problem) in cases {
        assert_eq!(http(&format!("<LoadBalancer>{content}</LoadBalancer>")).1, [problem], "{content}");
    }
}

#[test]
fn the_interval_of_a_health_monitor_is_the_time_out_of_rotation() {
    let (connection, problems) = http(
        "<LoadBalancer><Server name='a'/><MaxFailures>1</MaxFailures></LoadBalancer>\
         <HealthMonitor><IsEnabled>true</IsEnabled><IntervalInSec>9</IntervalInSec></HealthMonitor>",
    );
    let warning = "HealthMonitor has no effect: configure health checks in the clusters of the target servers";
    assert_eq!(problems, [format!("SC, line 2, column 98: {warning}")]);
    let Target::LoadBalancer(balancer) = connection.unwrap().target else { panic!() };
    assert_eq!(balancer.disabled_for, Duration::from_secs(9));
}

#[test]
fn a_local_target_is_a_proxy_or_a_path() {
    let local = |content: &str| parse(&format!("<LocalTargetConnection>{content}</LocalTargetConnection>"));
    let cases = [
        ("<APIProxy>data</APIProxy><ProxyEndpoint>admin</ProxyEndpoint>", "data admin"),
        ("<APIProxy>{p}</APIProxy>", "{p} default"),
        ("<ApiProxy>data</ApiProxy>", "data default"),
        ("<APIProxy/><ProxyEndpoint/><Path>/v1/x?y=1</Path>", "/v1/x?y=1"),
    ];
    for (content, expected) in cases {
        let (connection, problems) = local(content);
        assert!(problems.is_empty(), "{problems:?}");
        let Target::Local(local) = connection.unwrap().target else { panic!() };
        let found = match local.destination {
            LocalDestination::Proxy { api_proxy, proxy_endpoint } => format!("{api_proxy} {proxy_endpoint}"),
            LocalDestination::Path(path) => path.to_string(),
        };
        assert_eq!(found, expected);
    }
    assert_eq!(
        local("<ProxyEndpoint>default</ProxyEndpoint>").1,
        ["SC, line 2, column 1: LocalTargetConnection needs an APIProxy or a Path"]
    );
    let (_, problems) = local("<APIProxy>a</APIProxy><Path>/b</Path><LoadBalancer/>");
    assert_eq!(
        problems,
        [
            "SC, line 2, column 61: unknown element LoadBalancer in LocalTargetConnection is ignored",
            "SC, line 2, column 46: Path is ignored: there is an APIProxy",
        ]
    );
}

/// The diagnostics of an SSLInfo block with a URL whose scheme determines the use of TLS.
#[test]
fn ssl_info_is_checked_and_reported() {
    let https = "<URL>https://a.example.com</URL>";
    let cases = [
        (https, "<Enabled>true</Enabled>", vec![]),
        (https, "<Enabled/><Ciphers/><Protocols/><KeyStore/><ClientAuthEnabled>false</ClientAuthEnabled>", vec![]),
        (https, "<Enabled>false</Enabled><ClientAuthEnabled>true</ClientAuthEnabled>", vec![]),
        (
            https,
            "<Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>ref://ks</KeyStore>",
            vec![
                "SSLInfo with ClientAuthEnabled requires KeyAlias",
                "SSLInfo has no effect in the filter: configure ClientAuthEnabled, KeyStore in the cluster's transport_socket",
            ],
        ),
        (
            https,
            "<Enabled>true</Enabled><TrustStore>ts</TrustStore><Ciphers><Cipher>TLS_RSA</Cipher></Ciphers>",
            vec![
                "SSLInfo has no effect in the filter: configure TrustStore, Ciphers in the cluster's transport_socket",
            ],
        ),
        (
            https,
            "<Enabled>true</Enabled><Enforce>true</Enforce><IgnoreValidationErrors>true</IgnoreValidationErrors>",
            vec!["IgnoreValidationErrors is ignored: SSLInfo has Enforce"],
        ),
        (
            https,
            "<Enabled>{tls}</Enabled>",
            vec!["Enabled cannot come from a variable in a ServiceCallout and is ignored"],
        ),
        (
            "<URL>http://a.example.com</URL>",
            "<Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled>",
            vec!["SSLInfo is ignored: a URL that starts with http:// never uses TLS"],
        ),
        (
            "<LoadBalancer><Server name='a'/></LoadBalancer>",
            "<KeyAlias>ref://alias</KeyAlias>",
            vec![
                "KeyAlias cannot be a reference: ref:// is for KeyStore and TrustStore",
                "SSLInfo has no effect in the filter: configure KeyAlias in the cluster's transport_socket",
            ],
        ),
    ];
    for (target, content, expected) in cases {
        let (_, problems) = http(&format!("{target}<SSLInfo>{content}</SSLInfo>"));
        let texts: Vec<&str> = problems.iter().map(|problem| problem.split_once(": ").unwrap().1).collect();
        assert_eq!(texts, expected, "{target} {content}");
    }
}
