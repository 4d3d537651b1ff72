//! Callouts to hosts that a request chooses.

use serde_json::{Value, json};

use crate::fault::assert_execution_failed;
use crate::lab::{Authority, Cluster, Example, Lab, Listener, Message, MockResponse, Received, Request, Setup};
use crate::policy::ServiceCallout;

const UNREACHABLE: &str = "Host not reachable";

/// The cluster of any host, as `envoy/any-host.yaml` has it; its hosts' certificates come from this authority.
fn any_host(setup: &mut Setup<'_>, authority: Option<&Authority>) -> String {
    let options = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "upstream_http_protocol_options": {"auto_sni": true, "auto_san_validation": true},
        "explicit_http_config": {"http_protocol_options": {}},
    });
    let mut cluster = json!({
        "connect_timeout": "2s",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.dynamic_forward_proxy",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
                "dns_cache_config": {"name": "any_host", "dns_lookup_family": "V4_PREFERRED", "max_hosts": 1000},
            },
        },
    });
    if let Some(authority) = authority {
        cluster["typed_extension_protocol_options"] =
            json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options});
        cluster["transport_socket"] = json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "common_tls_context": {"validation_context": {"trusted_ca": {"inline_string": authority.pem()}}},
            },
        });
    }
    setup.cluster(cluster)
}

fn chosen(name: &str, scheme: &str) -> ServiceCallout {
    ServiceCallout::new(name, &format!("{scheme}://{{request.header.backend}}/status")).response("r")
}

fn configuration(policy: &ServiceCallout, cluster: &str, allowed: Value) -> Value {
    let mut configuration = policy.served_by(cluster);
    if !allowed.is_null() {
        configuration["allowed_hosts"] = allowed;
    }
    configuration
}

pub fn cases(lab: &mut Lab) {
    plain(lab);
    encrypted(lab);
    rejected(lab);
    example(lab);
}

fn plain(lab: &mut Lab) {
    lab.case("hosts_that_a_header_names", |setup| {
        let servers = [
            setup.backend(|_: &Received| MockResponse::text(200, "one")),
            setup.backend(|_: &Received| MockResponse::text(200, "two")),
        ];
        let cluster = any_host(setup, None);
        let configuration = configuration(&chosen("SC-1", "http"), &cluster, json!(["localhost", "127.0.0.1"]));
        let state = ["r.content", "servicecallout.SC-1.target.url"];
        let site = setup.listener(Listener::new(configuration).publish(&state[1..]).log_state(&state));
        move || async move {
            for (server, name) in servers.iter().zip(["one", "two"]) {
                let port = server.address().port();
                for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("LOCALHOST:{port}")] {
                    assert_eq!(site.send(Request::get("/").header("backend", &host)).await.status, 200, "{host}");
                    let logged = site.logged().await;
                    assert_eq!(logged.state("r.content"), Some(name));
                    let url = format!("http://{host}/status");
                    assert_eq!(logged.state("servicecallout.SC-1.target.url"), Some(url.as_str()));
                    let call = server.requests().pop().unwrap();
                    assert_eq!((call.authority, call.path_and_query), (host.to_lowercase(), "/status".to_owned()));
                }
            }
        }
    });

    lab.case("an_unknown_host_name", |setup| {
        let cluster = any_host(setup, None);
        let site = setup.listener(Listener::new(configuration(&chosen("SC-1", "http"), &cluster, Value::Null)));
        move || async move {
            let request = Request::get("/").header("backend", "no-such-host.invalid");
            assert_execution_failed(&site.send(request).await, "SC-1", UNREACHABLE);
        }
    });
}

fn encrypted(lab: &mut Lab) {
    lab.case("tls_with_the_hosts_own_certificate", |setup| {
        let authority = Authority::new();
        let served = |_: &Received| MockResponse::text(200, "secure");
        let right = setup.tls_backend(Cluster::new(), &authority.issue("localhost"), None, served);
        let wrong = setup.tls_backend(Cluster::new(), &authority.issue("other.test"), None, served);
        let cluster = any_host(setup, Some(&authority));
        let configuration = configuration(&chosen("SC-1", "https"), &cluster, json!(["localhost"]));
        let site = setup.listener(Listener::new(configuration).log_state(&["r.content"]));
        move || async move {
            let host = format!("localhost:{}", right.address().port());
            assert_eq!(site.send(Request::get("/").header("backend", &host)).await.status, 200);
            assert_eq!(site.filter_state("r.content").await.as_deref(), Some("secure"));
            assert_eq!(right.only_request().authority, host);
            // A certificate of another name is not accepted.
            let host = format!("localhost:{}", wrong.address().port());
            let reply = site.send(Request::get("/").header("backend", &host)).await;
            assert_execution_failed(&reply, "SC-1", UNREACHABLE);
            assert_eq!(wrong.heads(), 0);
        }
    });
}

fn rejected(lab: &mut Lab) {
    /// Each of these hosts is rejected without a call, and counted.
    fn refusing(lab: &mut Lab, case: &str, policy: &'static str, allowed: Value, hosts: &'static [&'static str]) {
        lab.case(case, move |setup| {
            let backend = setup.echo();
            let configuration = configuration(&chosen(policy, "http"), backend.cluster(), allowed);
            let site = setup.listener(Listener::new(configuration).log_state(&["error.message"]));
            let admin = setup.admin();
            move || async move {
                for host in hosts {
                    let reply = site.send(Request::get("/").header("backend", host)).await;
                    assert_execution_failed(&reply, policy, UNREACHABLE);
                }
                assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
                let count = Some(u64::try_from(hosts.len()).unwrap());
                let stat = |what: &str| format!("wasmcustom.callout.{what}.policy.{policy}");
                assert_eq!(admin.stat(&stat("host_not_allowed")).await, count);
                assert_eq!(admin.stat(&stat("outcome.unreachable")).await, count);
                assert_eq!(admin.stat(&stat("requests")).await.unwrap_or(0), 0);
                assert_eq!(site.module_log(), []);
            }
        });
    }

    refusing(
        lab,
        "dangerous_hosts",
        "SC-any-dangerous",
        Value::Null,
        &[
            "localhost",
            "LOCALHOST:80",
            "localhost.:80",
            "127.0.0.1:80",
            "127.8.8.8",
            "0.0.0.0",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
            "[fe80::1]",
            "metadata.google.internal",
            "Metadata.Google.Internal.",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "168.63.129.16",
            "192.0.0.192",
            "[2002:7f00:1::]",
            "[64:ff9b:1::1]",
            "localhost4.localdomain4",
        ],
    );
    refusing(
        lab,
        "hosts_that_are_not_listed",
        "SC-any-unlisted",
        json!(["api.test", "*.svc.test"]),
        &["other.test", "svc.test", "api.test.evil.test", "xsvc.test", "127.0.0.1"],
    );
    refusing(lab, "an_empty_list_allows_none", "SC-any-none", json!([]), &["api.test"]);

    lab.case("allowed_hosts", |setup| {
        let (any, named) = (setup.echo(), setup.echo());
        let mut configuration = configuration(
            &chosen("SC-any-allowed", "http"),
            any.cluster(),
            json!(["API.test", "*.svc.test", "10.0.0.1"]),
        );
        // A host with a cluster of its own needs no entry in allowed_hosts.
        configuration["clusters"]["http://localhost:8080"] = json!(named.cluster());
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            for host in ["api.test", "Api.Test:81", "a.svc.test", "a.b.svc.test:8080", "10.0.0.1"] {
                assert_eq!(site.send(Request::get("/").header("backend", host)).await.status, 200, "{host}");
                assert_eq!(any.requests().pop().unwrap().authority, host.to_lowercase());
            }
            assert_eq!(site.send(Request::get("/").header("backend", "localhost:8080")).await.status, 200);
            assert_eq!(named.only_request().authority, "localhost:8080");
            let reply = site.send(Request::get("/").header("backend", "localhost:8081")).await;
            assert_execution_failed(&reply, "SC-any-allowed", UNREACHABLE);
            assert_eq!(admin.stat("wasmcustom.callout.host_not_allowed.policy.SC-any-allowed").await, Some(1));
        }
    });

    // Neither the text of the URL nor the value that the policy assigns comes from a client, but both are run-time
    // hosts.
    lab.case("a_written_target_url_is_checked_too", |setup| {
        let backend = setup.echo();
        let assign = "<AssignMessage name='AM-1'><AssignVariable><Name>servicecallout.SC-any-written.target.url</Name>\
                      <Ref>request.header.backend</Ref></AssignVariable></AssignMessage>";
        let policy = ServiceCallout::new("SC-any-written", "http://fixed.test/").response("r");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["policies"] = json!([assign, policy.xml()]);
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.send(Request::get("/").header("backend", "http://10.0.0.1/x")).await.status, 200);
            assert_eq!(backend.only_request().authority, "10.0.0.1");
            let reply = site.send(Request::get("/").header("backend", "http://169.254.169.254/x")).await;
            assert_execution_failed(&reply, "SC-any-written", UNREACHABLE);
            assert_eq!(admin.stat("wasmcustom.callout.host_not_allowed.policy.SC-any-written").await, Some(1));
        }
    });
}

fn example(lab: &mut Lab) {
    lab.case("the_worked_example", |setup| {
        let server = setup.backend(|_: &Received| MockResponse::text(204, ""));
        move || async move {
            let validation = Example::validate("envoy/any-host.yaml");
            assert!(validation.ok, "{}", validation.log);
            let example = Example::start_alone("envoy/any-host.yaml").await;
            let host = format!("localhost:{}", server.address().port());
            let reply = example.send(Request::get("/").header("x-backend", &host)).await;
            assert_eq!((reply.status, reply.text()), (200, "Hello from behind the callout.\n"));
            assert_eq!(reply.header("x-callout-url"), Some(format!("http://{host}/status").as_str()));
            assert_eq!(reply.header("x-callout-status"), Some("204"));
            let call = server.only_request();
            assert_eq!((call.authority, call.path_and_query), (host, "/status".to_owned()));
            // A host that is not listed, and a server without TLS.
            let refused = example.send(Request::get("/").header("x-backend", "169.254.169.254")).await;
            assert_execution_failed(&refused, "SC-Plain", UNREACHABLE);
            let host = format!("localhost:{}", server.address().port());
            let request = Request::get("/").header("x-backend", &host).header("x-scheme", "https");
            assert_execution_failed(&example.send(request).await, "SC-Secure", UNREACHABLE);
            example.stop();
        }
    });
}
