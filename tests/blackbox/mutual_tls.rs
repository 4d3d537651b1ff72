//! TLS to callout targets, through the cluster that the guide shows.

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, execution_failed, json as fault};
use crate::lab::{Authority, Backend, Cluster, Identity, Lab, Listener, Message, MockResponse, Received, Setup, Site};
use crate::policy::ServiceCallout;

const HOST: &str = "partner.example.com";

/// The cluster for mutual TLS in the guide's page on targets, with these files and this server.
fn cluster(setup: &mut Setup<'_>, server: &Backend, trusted: &Authority, client: &Identity) -> String {
    let guide = include_str!("../../docs/guide/targets.md");
    let block = guide
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("/etc/envoy/client.crt"))
        .expect("the guide shows a cluster for mutual TLS");
    let mut text = block.to_owned();
    let port = server.address().port();
    for (written, replacement) in [
        ("/etc/envoy/client.crt", setup.file("client.crt", &client.pem()).display().to_string()),
        ("/etc/envoy/client.key", setup.file("client.key", &client.key_pem()).display().to_string()),
        ("/etc/envoy/partner-ca.crt", setup.file("ca.crt", &trusted.pem()).display().to_string()),
        ("address: partner.example.com, port_value: 443", format!("address: 127.0.0.1, port_value: {port}")),
    ] {
        assert!(text.contains(written), "the guide's cluster has no {written}");
        text = text.replace(written, &replacement);
    }
    let shown: Value = serde_saphyr::from_str(&text).unwrap();
    setup.cluster(shown[0].clone())
}

fn site(setup: &mut Setup<'_>, cluster: &str) -> Site {
    let policy = ServiceCallout::new("SC-1", &format!("https://{HOST}/v1")).response("r").inside(
        "<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>ref://keys</KeyStore>\
         <KeyAlias>client</KeyAlias><TrustStore>ref://partner</TrustStore></SSLInfo>",
    );
    let configuration = json!({"policies": [policy.xml()], "clusters": {format!("https://{HOST}"): cluster}});
    setup.listener(Listener::new(configuration).log_state(&["r.content"]))
}

fn secret(_: &Received) -> MockResponse {
    MockResponse::text(200, "secret")
}

pub fn cases(lab: &mut Lab) {
    lab.case("both_sides_show_a_certificate", |setup| {
        let authority = Authority::new();
        let client = authority.issue("callout.test");
        let server = setup.tls_backend(Cluster::new(), &authority.issue(HOST), Some(&authority), secret);
        let cluster = cluster(setup, &server, &authority, &client);
        let site = site(setup, &cluster);
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(site.filter_state("r.content").await.as_deref(), Some("secret"));
            let call = server.only_request();
            assert_eq!((call.authority.as_str(), call.path_and_query.as_str()), (HOST, "/v1"));
            assert_eq!(call.client_certificate.as_deref(), Some(client.der()));
        }
    });

    /// The certificates of the server and the client, of our authority or of another.
    type Shown = fn(&Authority, &Authority) -> (Identity, Identity);
    let cases: [(&str, Shown); 4] = [
        ("a_server_of_another_authority", |ours, theirs| (theirs.issue(HOST), ours.issue("callout.test"))),
        ("a_server_of_another_name", |ours, _| (ours.issue("other.test"), ours.issue("callout.test"))),
        ("a_server_whose_time_is_over", |ours, _| (ours.issue_expired(HOST), ours.issue("callout.test"))),
        ("a_client_of_another_authority", |ours, theirs| (ours.issue(HOST), theirs.issue("callout.test"))),
    ];
    for (name, made) in cases {
        lab.case(name, move |setup| {
            let (ours, theirs) = (Authority::new(), Authority::new());
            let (server, client) = made(&ours, &theirs);
            let server = setup.tls_backend(Cluster::new(), &server, Some(&ours), secret);
            let cluster = cluster(setup, &server, &ours, &client);
            let site = site(setup, &cluster);
            move || async move {
                let reply = site.get("/").await;
                // With TLS 1.3 the server rejects a client after the client's side of the handshake is complete.
                let reset =
                    fault("steps.servicecallout.ExecutionFailed", &execution_failed("SC-1", "Connection reset"));
                if name != "a_client_of_another_authority" || reply.text() != reset {
                    assert_execution_failed(&reply, "SC-1", "Host not reachable");
                }
                assert_eq!((server.heads(), site.upstream().heads()), (0, 0));
            }
        });
    }
}
