//! `<LoadBalancer>` over target servers: which server gets which call.

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, assert_fault};
use crate::lab::{Authority, Backend, Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// The documentation's sample "Call target servers", unchanged.
const SAMPLE: &str = r#"<ServiceCallout async="false" continueOnError="false" enabled="true" name="service-callout">
    <DisplayName>service-callout</DisplayName>
    <Properties/>
    <Request clearPayload="true" variable="myRequest">
        <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
    </Request>
    <Response>myResponse</Response>
    <HTTPTargetConnection>
        <LoadBalancer>
            <Algorithm>RoundRobin</Algorithm>
            <Server name="httpbin"/>
            <Server name="yahoo"/>
        </LoadBalancer>
        <Path>/get</Path>
    </HTTPTargetConnection>
</ServiceCallout>"#;

const TARGET_URL: &str = "servicecallout.SC-1.target.url";

pub const CHOICE: [&str; 3] = ["loadbalancing.targetserver", "loadbalancing.isfallback", "loadbalancing.failedservers"];

/// A callout `SC-1` over a load balancer with these elements.
pub fn balanced(elements: &str) -> ServiceCallout {
    let connection = format!("<HTTPTargetConnection><LoadBalancer>{elements}</LoadBalancer></HTTPTargetConnection>");
    ServiceCallout::new("SC-1", "").response("r").connection(&connection)
}

/// Servers by these names, each with its cluster, at `NAME.test`.
pub fn servers(clusters: &[(&str, &str)]) -> Value {
    let server = |(name, cluster): &(&str, &str)| {
        ((*name).to_owned(), json!({"host": format!("{name}.test"), "port": 80, "cluster": cluster}))
    };
    Value::Object(clusters.iter().map(server).collect())
}

/// A listener that runs the policy over these servers and logs what the load balancer chose.
pub fn listener(policy: &ServiceCallout, clusters: &[(&str, &str)]) -> Listener {
    let configuration =
        json!({"policies": [policy.xml()], "target_servers": servers(clusters), "filter_state": ["loadbalancing.*"]});
    Listener::new(configuration).log_state(&CHOICE)
}

fn counts(backends: &[&Backend]) -> Vec<usize> {
    backends.iter().map(|backend| backend.heads()).collect()
}

pub fn cases(lab: &mut Lab) {
    turns(lab);
    destinations(lab);
    disabled(lab);
}

fn turns(lab: &mut Lab) {
    lab.case("the_sample_call_target_servers", |setup| {
        let httpbin = setup.backend(|_: &Received| MockResponse::json(200, r#"{"url":"httpbin"}"#));
        let yahoo = setup.backend(|_: &Received| MockResponse::json(200, r#"{"url":"yahoo"}"#));
        let configuration = json!({
            "policies": [SAMPLE],
            "target_servers": {
                "httpbin": {"host": "httpbin.org", "port": 80, "cluster": httpbin.cluster()},
                "yahoo": {"host": "yahoo.example", "port": 8080, "cluster": yahoo.cluster()},
            },
            "filter_state": ["loadbalancing.*"],
        });
        let state = [
            "myResponse.content",
            "servicecallout.requesturi",
            "servicecallout.service-callout.target.url",
            "servicecallout.service-callout.failed",
        ];
        let site = setup.listener(Listener::new(configuration).publish(&state).log_state(&state).log_state(&CHOICE));
        move || async move {
            // One connection, because every worker has its own rotation.
            let session = site.session().await;
            for round in 0..3 {
                for (name, url) in [("httpbin", "http://httpbin.org/get"), ("yahoo", "http://yahoo.example:8080/get")] {
                    assert_eq!(session.get("/client?x=1").await.status, 200);
                    let logged = site.logged().await;
                    let content = format!(r#"{{"url":"{name}"}}"#);
                    assert_eq!(logged.state("myResponse.content"), Some(content.as_str()), "round {round}");
                    assert_eq!(logged.state("servicecallout.service-callout.target.url"), Some(url));
                    assert_eq!(logged.state("servicecallout.service-callout.failed"), Some("false"));
                    assert_eq!(logged.state("servicecallout.requesturi"), Some("/get"));
                    assert_eq!(CHOICE.map(|name| logged.state(name)), [Some(name), Some("false"), Some("")]);
                }
            }
            for (backend, authority) in [(&httpbin, "httpbin.org"), (&yahoo, "yahoo.example:8080")] {
                let calls = backend.requests();
                assert_eq!(calls.len(), 3);
                for call in calls {
                    assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("GET", "/get"));
                    assert_eq!((call.authority.as_str(), call.text()), (authority, ""));
                }
            }
            assert_eq!(site.upstream().heads(), 6);
        }
    });

    lab.case("weights_over_100_calls", |setup| {
        let backends = [setup.echo(), setup.echo(), setup.echo()];
        let server = |name: &str, weight: u32| format!("<Server name='{name}'><Weight>{weight}</Weight></Server>");
        let policy = balanced(
            &["<Algorithm>Weighted</Algorithm>".to_owned(), server("a", 5), server("b", 1), server("c", 4)].concat(),
        );
        let clusters: Vec<_> = ["a", "b", "c"].into_iter().zip(backends.iter().map(Backend::cluster)).collect();
        let site = setup.listener(listener(&policy, &clusters));
        move || async move {
            let session = site.session().await;
            for calls in 1..=100 {
                assert_eq!(session.get("/").await.status, 200);
                // Each run of ten has the proportion of the weights.
                if calls % 10 == 0 {
                    assert_eq!(
                        counts(&[&backends[0], &backends[1], &backends[2]]),
                        [calls / 2, calls / 10, calls / 5 * 2]
                    );
                }
            }
        }
    });

    lab.case("least_connections", |setup| {
        let gate = Gate::closed();
        let held = MockResponse::status(200).held_by(&gate);
        let (busy, idle) = (setup.backend(move |_: &Received| held.clone()), setup.echo());
        let policy = balanced("<Algorithm>LeastConnections</Algorithm><Server name='busy'/><Server name='idle'/>");
        let site = setup.listener(listener(&policy, &[("busy", busy.cluster()), ("idle", idle.cluster())]));
        move || async move {
            let session = site.session().await;
            let first = session.start(Request::get("/"));
            busy.wait_for_heads(1).await;
            for _ in 0..5 {
                assert_eq!(session.get("/").await.status, 200);
            }
            assert_eq!(counts(&[&busy, &idle]), [1, 5]);
            gate.open();
            assert_eq!(first.reply().await.status, 200);
            // Both are idle now, so they take turns again.
            for _ in 0..4 {
                assert_eq!(session.get("/").await.status, 200);
            }
            assert_eq!(counts(&[&busy, &idle]), [3, 7]);
        }
    });
}

fn destinations(lab: &mut Lab) {
    lab.case("each_server_has_its_host_and_scheme", |setup| {
        let authority = Authority::new();
        let trust = json!({
            "sni": "secure.test",
            "common_tls_context": {"validation_context": {"trusted_ca": {"inline_string": authority.pem()}}},
        });
        let identity = authority.issue("secure.test");
        let secure =
            setup.tls_backend(Cluster::new().tls(trust), &identity, None, |_: &Received| MockResponse::status(200));
        let plain = setup.echo();
        let configuration = json!({
            "policies": [balanced("<Server name='secure'/><Server name='odd'/><Server name='plain'/>").xml()],
            "target_servers": {
                "secure": {"host": "Secure.test", "port": 443, "tls": true, "cluster": secure.cluster()},
                "odd": {"host": "secure.test", "port": 80, "tls": true, "cluster": secure.cluster()},
                "plain": {"host": "10.0.0.1", "port": 443, "tls": false, "cluster": plain.cluster()},
            },
        });
        let site = setup.listener(Listener::new(configuration).publish(&[TARGET_URL]).log_state(&[TARGET_URL]));
        move || async move {
            let session = site.session().await;
            // The key `tls` of the server determines TLS, not its port.
            for url in ["https://secure.test", "https://secure.test:80", "http://10.0.0.1:443"] {
                assert_eq!(session.get("/").await.status, 200);
                assert_eq!(site.filter_state(TARGET_URL).await.as_deref(), Some(url));
            }
            let authorities: Vec<String> = secure.requests().into_iter().map(|call| call.authority).collect();
            assert_eq!(authorities, ["secure.test", "secure.test:80"]);
            assert_eq!(plain.only_request().authority, "10.0.0.1:443");
        }
    });

    let path = |path: &str| {
        let connection = format!(
            "<HTTPTargetConnection><LoadBalancer><Server name='a'/></LoadBalancer><Path>{path}</Path></HTTPTargetConnection>"
        );
        ServiceCallout::new("SC-1", "")
            .response("r")
            .connection(&connection)
            .set("<Path>/items</Path><QueryParams><QueryParam name='q'>1 2</QueryParam></QueryParams>")
    };
    for (name, policy, expected) in [
        ("path_with_a_template", path("/v1/{request.header.tenant}?k=v"), "/v1/acme/items?k=v&q=1%202"),
        ("path_without_slash", path("v1"), "/v1/items?q=1%202"),
        ("no_path", path(""), "/items?q=1%202"),
    ] {
        lab.case(name, move |setup| {
            let backend = setup.echo();
            let site = setup.listener(listener(&policy, &[("a", backend.cluster())]));
            move || async move {
                assert_eq!(site.send(Request::get("/x").header("tenant", "acme")).await.status, 200);
                assert_eq!(backend.only_request().path_and_query, expected);
            }
        });
    }

    let policy = path("/v1/{request.header.tenant}");
    lab.case("unresolved_variable_in_the_path", move |setup| {
        let backend = setup.echo();
        let site = setup.listener(listener(&policy, &[("a", backend.cluster())]));
        move || async move {
            let reply = site.get("/").await;
            assert_fault(&reply, "entities.UnresolvedVariable", "Unresolved variable : request.header.tenant");
            assert_eq!(backend.heads(), 0);
        }
    });

    // A value that a policy assigned replaces the load balancer, as it replaces a URL.
    lab.case("a_written_target_url_wins", |setup| {
        let (server, other) = (setup.echo(), setup.echo());
        let assign = "<AssignMessage name='AM-1'><AssignVariable><Name>servicecallout.SC-1.target.url</Name>\
                      <Value>http://other.test/x</Value></AssignVariable></AssignMessage>";
        let site = setup.listener(Listener::new(json!({
            "policies": [assign, balanced("<Server name='a'/>").xml()],
            "target_servers": servers(&[("a", server.cluster())]),
            "clusters": {"http://other.test": other.cluster()},
        })));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!((server.heads(), other.only_request().path_and_query.as_str()), (0, "/x"));
        }
    });

    lab.case("fire_and_forget", |setup| {
        let backends = [setup.echo(), setup.echo()];
        let connection = "<HTTPTargetConnection><LoadBalancer><Server name='a'/><Server name='b'/></LoadBalancer></HTTPTargetConnection>";
        let policy = ServiceCallout::new("SC-1", "").connection(connection).set("<Verb>POST</Verb><Payload>note</Payload>");
        let clusters = [("a", backends[0].cluster()), ("b", backends[1].cluster())];
        let site = setup.listener(listener(&policy, &clusters));
        move || async move {
            let session = site.session().await;
            for _ in 0..4 {
                assert_eq!(session.get("/").await.status, 200);
            }
            for backend in &backends {
                let calls = backend.wait_for_requests(2).await;
                assert_eq!(calls.iter().map(Message::text).collect::<Vec<_>>(), ["note", "note"]);
            }
        }
    });
}

fn disabled(lab: &mut Lab) {
    lab.case("disabled_servers_get_nothing", |setup| {
        let (off, missing, on) = (setup.echo(), setup.echo(), setup.echo());
        let policy = balanced(
            "<Server name='off'><IsEnabled>false</IsEnabled></Server><Server name='missing'/><Server name='on'/>",
        );
        let mut target_servers =
            servers(&[("off", off.cluster()), ("missing", missing.cluster()), ("on", on.cluster())]);
        target_servers["missing"]["enabled"] = json!(false);
        let site = setup.listener(Listener::new(json!({"policies": [policy.xml()], "target_servers": target_servers})));
        move || async move {
            for _ in 0..4 {
                assert_eq!(site.get("/").await.status, 200);
            }
            assert_eq!(counts(&[&off, &missing, &on]), [0, 0, 4]);
        }
    });

    lab.case("no_server_is_enabled", |setup| {
        let backend = setup.echo();
        let policy = balanced("<Server name='a'><IsEnabled>false</IsEnabled></Server>");
        let site = setup.listener(listener(&policy, &[("a", backend.cluster())]));
        move || async move {
            assert_execution_failed(&site.get("/").await, "SC-1", "No active targets");
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
        }
    });
}
