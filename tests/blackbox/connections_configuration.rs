//! Messages in Envoy's log about the keys for the targets of callouts.

use serde_json::json;

use crate::configuration::{accepted_with, rejected, rejected_with};
use crate::google::access;
use crate::lab::{Lab, Listener};
use crate::policy::ServiceCallout;

fn document(name: &str, connection: &str) -> String {
    format!("<ServiceCallout name='{name}'>\n  {connection}\n</ServiceCallout>")
}

fn to_url(name: &str, elements: &str) -> String {
    document(name, &format!("<HTTPTargetConnection>\n{elements}<URL>https://a.test/</URL></HTTPTargetConnection>"))
}

pub fn cases(lab: &mut Lab) {
    let balanced = |name: &str, elements: &str| {
        document(
            name,
            &format!("<HTTPTargetConnection><LoadBalancer>\n{elements}</LoadBalancer></HTTPTargetConnection>"),
        )
    };
    rejected(
        lab,
        "target_servers",
        Listener::new(json!({
            "policies": [
                balanced("SC-1", "<Server name='known'/>\n<Server name='other'/>"),
                balanced("SC-2", "<Algorithm>Random</Algorithm>\n<Server/>\n<MaxFailures>-1</MaxFailures>"),
                balanced("SC-3", "<Algorithm>Weighted</Algorithm>\n<Server name='known'/>"),
                balanced("SC-4", "<Server name='known'><IsFallback>true</IsFallback></Server>\n\
                                  <Server name='spare'><IsFallback>true</IsFallback></Server>"),
            ],
            "target_servers": {
                "known": {"host": "a.test", "port": 80, "cluster": "a"},
                "spare": {"host": "a.test", "port": 80, "cluster": "a"},
                "bare": {"hots": "a.test"},
                "odd": {"host": "http://a.test", "port": 80, "cluster": "a"},
                "far": {"host": "a.test", "port": 70000, "cluster": "a"},
            },
        })),
        &[
            "SC-1, line 4, column 1: unknown target server other: add it to target_servers",
            "SC-2, line 3, column 1: Algorithm must be RoundRobin, Weighted or LeastConnections, got \"Random\"",
            "SC-2, line 4, column 1: MissingName: Required attribute name is missing in Server of LoadBalancer",
            "SC-2, line 5, column 1: MaxFailures must be a non-negative integer, got \"-1\"",
            "SC-3, line 4, column 1: Server known needs a Weight for Algorithm Weighted",
            "SC-4, line 4, column 1: only one Server of a LoadBalancer can be the fallback",
            "unknown key target_servers.bare.hots; did you mean host?",
            "target_servers.bare.host is missing",
            "target_servers.bare.cluster is missing",
            "target_servers.bare.port is missing",
            "target_servers.odd.host: \"http://a.test\" is not a host",
            "target_servers.far.port must be a port from 1 to 65535, not 70000",
        ],
    );
    let local = |name: &str, elements: &str| {
        document(name, &format!("<LocalTargetConnection>{elements}</LocalTargetConnection>"))
    };
    rejected(
        lab,
        "local_proxies",
        Listener::new(json!({
            "policies": [
                local("SC-1", "<APIProxy>data</APIProxy>"),
                local("SC-2", "<APIProxy>data</APIProxy><ProxyEndpoint>admin</ProxyEndpoint>"),
                local("SC-3", "<APIProxy>other</APIProxy>"),
                local("SC-4", "<Path>/v1/database</Path>"),
                local("SC-5", "<Path>/v1/data/7</Path>"),
                local("SC-6", "<ProxyEndpoint>admin</ProxyEndpoint>"),
            ],
            "local_proxies": [
                {"api_proxy": "data", "base_path": "/v1/data", "cluster": "a"},
                {"api_proxy": "bare"},
                {"api_prox": "typo", "base_path": "/x", "cluster": "a"},
            ],
        })),
        &[
            "SC-2, line 2, column 3: unknown endpoint admin of proxy data: add it to local_proxies",
            "SC-3, line 2, column 3: unknown endpoint default of proxy other: add it to local_proxies",
            "SC-4, line 2, column 3: no proxy serves /v1/database: add it to local_proxies",
            "SC-6, line 2, column 3: LocalTargetConnection needs an APIProxy or a Path",
            "local_proxies[1].base_path is missing",
            "local_proxies[1].cluster is missing",
            "unknown key local_proxies[2].api_prox; did you mean api_proxy?",
        ],
    );
    rejected(
        lab,
        "allowed_hosts",
        Listener::new(json!({
            "policies": [ServiceCallout::new("SC-1", "http://{host}/").response("r").xml()],
            "clusters": {"*": "any"},
            "allowed_hosts": ["a.test", "http://a.test", "a.test:80", "*", "*.", ""],
        })),
        &[
            "allowed_hosts: \"http://a.test\" is neither a host without port nor *.suffix",
            "allowed_hosts: \"a.test:80\" is neither a host without port nor *.suffix",
            "allowed_hosts: \"*\" is neither a host without port nor *.suffix",
            "allowed_hosts: \"*.\" is neither a host without port nor *.suffix",
            "allowed_hosts: \"\" is neither a host without port nor *.suffix",
        ],
    );
    rejected(
        lab,
        "allowed_hosts_is_no_list",
        Listener::new(json!({"policies": [], "allowed_hosts": "a.test"})),
        &["allowed_hosts must be a list, not a string"],
    );
    google(lab);
    tls(lab);
}

fn google(lab: &mut Lab) {
    let policy = to_url("SC-1", &format!("<Authentication>{}</Authentication>", access()));
    let configuration = |google: serde_json::Value| {
        json!({
            "policies": [policy],
            "clusters": {"*": "a"},
            "google": google,
            "proxy": {"organization": "o", "name": "p", "revision": 3},
        })
    };
    rejected(
        lab,
        "no_identity",
        Listener::new(configuration(json!({}))),
        &[
            "SC-1, line 3, column 1: FAILED_PRECONDITION: Deployment of \"organizations/o/apis/p/revisions/3\" requires a service account identity, but one was not provided with the request: set google.metadata_cluster",
        ],
    );
    rejected(
        lab,
        "an_incomplete_identity",
        Listener::new(configuration(json!({"service_account": "a@b", "metadata": "m"}))),
        &[
            "SC-1, line 3, column 1: FAILED_PRECONDITION: Deployment of \"organizations/o/apis/p/revisions/3\" requires a service account identity, but one was not provided with the request: set google.metadata_cluster",
            "google.service_account needs google.iam_cluster",
            "unknown key google.metadata; did you mean metadata_cluster?",
        ],
    );
    rejected(
        lab,
        "iam_without_account",
        Listener::new(configuration(json!({"metadata_cluster": "m", "iam_cluster": "i"}))),
        &["google.iam_cluster needs google.service_account"],
    );
    rejected(
        lab,
        "authentication",
        Listener::new(json!({
            "policies": [
                to_url("SC-1", "<Authentication><HeaderName>X</HeaderName></Authentication>"),
                to_url("SC-2", "<Authentication><GoogleAccessToken/></Authentication>"),
                to_url("SC-3", "<Authentication><GoogleIDToken/></Authentication>"),
                to_url("SC-4", &format!("<Authentication>{}<GoogleIDToken><Audience>a</Audience></GoogleIDToken></Authentication>", access())),
                to_url("SC-5", "<Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes>\
                                <LifetimeInSeconds>0</LifetimeInSeconds></GoogleAccessToken></Authentication>"),
            ],
            "clusters": {"*": "a"},
            "google": {"metadata_cluster": "m"},
        })),
        &[
            "SC-1, line 3, column 1: Authentication must contain either GoogleAccessToken or GoogleIDToken",
            "SC-2, line 3, column 17: GoogleAccessToken needs at least one Scope in Scopes",
            "SC-3, line 3, column 17: GoogleIDToken needs an Audience",
            "SC-4, line 3, column 1: Authentication must contain either GoogleAccessToken or GoogleIDToken",
            "SC-5, line 3, column 69: LifetimeInSeconds must be an integer from 1 to 43200, got \"0\"",
        ],
    );
}

fn tls(lab: &mut Lab) {
    let ssl = |name: &str, elements: &str| to_url(name, &format!("<SSLInfo>{elements}</SSLInfo>"));
    const CLIENT: &str = "<Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled>";
    rejected_with(
        lab,
        "ssl_info",
        Listener::new(json!({
            "policies": [
                ssl("SC-1", CLIENT),
                ssl("SC-2", &format!("{CLIENT}<KeyStore>k</KeyStore>")),
                ssl("SC-3", &format!("{CLIENT}<KeyStore>ref://k</KeyStore><KeyAlias>ref://a</KeyAlias>")),
                ssl("SC-4", "<Enabled>perhaps</Enabled>"),
            ],
            "clusters": {"*": "a"},
        })),
        &[
            "SC-1, line 3, column 1: SSLInfo with ClientAuthEnabled requires KeyStore",
            "SC-1, line 3, column 1: SSLInfo with ClientAuthEnabled requires KeyAlias",
            "SC-2, line 3, column 1: SSLInfo with ClientAuthEnabled requires KeyAlias",
            "SC-3, line 3, column 104: KeyAlias cannot be a reference: ref:// is for KeyStore and TrustStore",
        ],
        &[
            "SC-1, line 3, column 1: SSLInfo has no effect in the filter: configure ClientAuthEnabled in the cluster's transport_socket",
            "SC-2, line 3, column 1: SSLInfo has no effect in the filter: configure ClientAuthEnabled, KeyStore in the cluster's transport_socket",
            "SC-3, line 3, column 1: SSLInfo has no effect in the filter: configure ClientAuthEnabled, KeyStore, KeyAlias in the cluster's transport_socket",
            "SC-4, line 3, column 10: Enabled must be true or false, got \"perhaps\"; false is used",
        ],
    );
    let assign = "<AssignMessage name='AM-1'><AssignVariable><Name>servicecallout.SC-1.expectedcn</Name><Value>*.a.test</Value>\
                  </AssignVariable></AssignMessage>";
    accepted_with(
        lab,
        "ssl_info_is_the_clusters",
        Listener::new(json!({
            "policies": [
                assign,
                ssl("SC-1", "<Enabled>true</Enabled><Enforce>true</Enforce><IgnoreValidationErrors>true</IgnoreValidationErrors>\
                             <CommonName wildcardMatch='true'>*.a.test</CommonName><Protocols><Protocol>TLSv1.3</Protocol></Protocols>"),
                ssl("SC-2", &format!("{CLIENT}<KeyStore>ref://k</KeyStore><KeyAlias>a</KeyAlias><TrustStore>ref://t</TrustStore>")),
                ssl("SC-3", "<Enabled>false</Enabled><TrustStore>t</TrustStore>"),
                ssl("SC-4", "<Enabled>{secure}</Enabled>"),
            ],
            "clusters": {"*": "a"},
        })),
        &[
            "SC-1, line 3, column 1: IgnoreValidationErrors is ignored: SSLInfo has Enforce",
            "SC-1, line 3, column 1: SSLInfo has no effect in the filter: configure Protocols, CommonName in the cluster's transport_socket",
            "SC-1: servicecallout.SC-1.expectedcn is set and has no effect: the cluster decides which names it accepts",
            "SC-2, line 3, column 1: SSLInfo has no effect in the filter: configure ClientAuthEnabled, KeyStore, KeyAlias, TrustStore in the cluster's transport_socket",
            "SC-4, line 3, column 10: Enabled cannot come from a variable in a ServiceCallout and is ignored",
        ],
    );
    // A policy can read the value that it assigned, although the value has no effect.
    lab.case("expectedcn_is_a_variable", move |setup| {
        let (backend, probe) = (setup.echo(), setup.echo());
        let callout = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let read = ServiceCallout::new("SC-2", "http://probe.test/")
            .response("p")
            .set("<Verb>POST</Verb><Payload>{servicecallout.SC-1.expectedcn}</Payload>");
        let site = setup.listener(Listener::new(json!({
            "policies": [assign, callout.xml(), read.xml()],
            "clusters": {"http://a.test": backend.cluster(), "http://probe.test": probe.cluster()},
        })));
        move || async move {
            use crate::lab::Message;
            for _ in 0..3 {
                assert_eq!(site.get("/").await.status, 200);
            }
            assert_eq!(
                (backend.heads(), probe.requests().pop().unwrap().text().to_owned()),
                (3, "*.a.test".to_owned())
            );
        }
    });
}
