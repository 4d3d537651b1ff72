//! All failures of a callout without a response. Each is one fault, independent of Envoy's text.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, execution_failed};
use crate::lab::{Cluster, Gate, Lab, Listener, MockResponse, Received, Request, Setup, Wire, minor_version};
use crate::policy::ServiceCallout;

const UNREACHABLE: &str = "Host not reachable";
const TIMEOUT: &str = "timeout occurred in SC-1";
const RESET: &str = "Connection reset";
const PROTOCOL: &str = "Protocol error";

/// The outcome in access logs.
const STATE: [&str; 7] = [
    "servicecallout.SC-1.failed",
    "servicecallout.SC-1.target.url",
    "fault.name",
    "error.message",
    "error.status.code",
    "userResp.status.code",
    "userResp.content",
];

fn callout() -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://users.test/api").response("userResp")
}

/// Calls the cluster that `prepare` names, and expects a failure for this reason.
fn failure(
    lab: &mut Lab,
    name: &str,
    reason: &'static str,
    callout: ServiceCallout,
    prepare: fn(&mut Setup<'_>) -> String,
) {
    failure_in(lab, name, reason, move |setup| callout.served_by(&prepare(setup)));
}

fn failure_in(
    lab: &mut Lab,
    name: &str,
    reason: &'static str,
    configure: impl FnOnce(&mut Setup<'_>) -> Value + Send + 'static,
) {
    lab.case(name, move |setup| {
        let configuration = configure(setup);
        let site =
            setup.listener(Listener::new(configuration).publish(&["servicecallout.SC-1.target.url"]).log_state(&STATE));
        move || async move {
            // Twice, because the first may leave the stream, the connection or the VM in disorder.
            for _ in 0..2 {
                assert_execution_failed(&site.get("/").await, "SC-1", reason);
                let logged = site.logged().await;
                assert_eq!(logged.status(), 500);
                assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
                assert_eq!(logged.state("servicecallout.SC-1.target.url"), Some("http://users.test/api"));
                assert_eq!(logged.state("fault.name"), Some("ExecutionFailed"));
                assert_eq!(logged.state("error.message"), Some(execution_failed("SC-1", reason).as_str()));
                assert_eq!(logged.state("error.status.code"), Some("500"));
                assert_eq!(logged.state("userResp.status.code"), None);
                assert_eq!(logged.state("userResp.content"), None);
            }
            assert_eq!(site.upstream().heads(), 0);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    unreachable(lab);
    late(lab);
    late_many_times(lab);
    broken(lab);

    lab.case("larger_than_max_response_bytes", |setup| {
        let backend = setup.backend(|request: &Received| {
            MockResponse::text(200, vec![b'x'; request.path_and_query.trim_start_matches("/?").parse().unwrap()])
        });
        let policy = ServiceCallout::new("SC-1", "http://users.test/?{request.header.length}").response("userResp");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["max_response_bytes"] = json!(1000);
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            let request = |length: &str| Request::get("/").header("length", length);
            assert_eq!(site.send(request("1000")).await.status, 200);
            assert_eq!(site.filter_state("userResp.content").await, Some("x".repeat(1000)));
            let response = site.send(request("1001")).await;
            assert_execution_failed(&response, "SC-1", "Response larger than 1000 bytes");
            let logged = site.logged().await;
            assert_eq!(logged.state("fault.name"), Some("ExecutionFailed"));
            assert_eq!(logged.state("userResp.status.code"), None);
        }
    });
}

fn unreachable(lab: &mut Lab) {
    failure(lab, "refused", UNREACHABLE, callout(), |setup| setup.cluster_refusing_connections(Cluster::new()));
    failure(lab, "refused_by_http2", UNREACHABLE, callout(), |setup| {
        setup.cluster_refusing_connections(Cluster::new().h2())
    });
    // Clusters have retry policies since 1.37.
    if minor_version() >= 37 {
        failure(lab, "refused_after_retries", UNREACHABLE, callout(), |setup| {
            setup.cluster_refusing_connections(Cluster::new().protocol(json!({
                "explicit_http_config": {"http_protocol_options": {}},
                "retry_policy": {"retry_on": "connect-failure", "num_retries": 2},
            })))
        });
    }
    failure(lab, "unhealthy", UNREACHABLE, callout(), |setup| {
        setup.cluster_refusing_connections(Cluster::new().health_checked())
    });
    failure(lab, "no_endpoints", UNREACHABLE, callout(), |setup| setup.cluster_without_endpoints());
    failure(lab, "unknown_cluster", UNREACHABLE, callout(), |_| "no-such-cluster".to_owned());
    failure(lab, "connect_timeout", UNREACHABLE, callout(), |setup| {
        setup.cluster_without_accept(Cluster::new().connect_timeout(Duration::from_millis(100)))
    });
    failure(lab, "circuit_breaker", UNREACHABLE, callout(), |setup| {
        let thresholds = json!({"max_requests": 0, "max_pending_requests": 0});
        setup.echo_in(Cluster::new().circuit_breakers(thresholds)).cluster().to_owned()
    });
    failure(lab, "tls_to_a_plain_server", UNREACHABLE, callout(), |setup| {
        let tls = json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            },
        });
        setup.echo_in(Cluster::new().option("transport_socket", tls)).cluster().to_owned()
    });

    // A host from a variable may have no cluster or be malformed.
    for (name, host) in
        [("origin_without_cluster", "other.test"), ("malformed_host", "users.test:port"), ("no_host", "")]
    {
        lab.case(name, move |setup| {
            let users = setup.echo();
            let policy = ServiceCallout::new("SC-1", "http://{target}/api").response("userResp");
            let site = setup.listener(
                Listener::new(json!({
                    "policies": [policy.xml()],
                    "clusters": {"http://users.test": users.cluster()},
                    "properties": {"target": host},
                }))
                .log_state(&STATE),
            );
            move || async move {
                assert_execution_failed(&site.get("/").await, "SC-1", UNREACHABLE);
                assert_eq!((users.heads(), site.upstream().heads()), (0, 0));
                assert_eq!(site.filter_state("servicecallout.SC-1.failed").await.as_deref(), Some("true"));
            }
        });
    }
}

fn late(lab: &mut Lab) {
    failure(lab, "timeout_before_headers", TIMEOUT, callout().timeout(150), |setup| {
        let response = MockResponse::status(204).held_by(&Gate::closed());
        setup.backend(move |_: &Received| response.clone()).cluster().to_owned()
    });
    failure(lab, "timeout_while_connecting", TIMEOUT, callout().timeout(150), |setup| {
        setup.cluster_without_accept(Cluster::new())
    });
    failure(lab, "timeout_in_the_body", TIMEOUT, callout().timeout(150), |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            wire.hang().await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    let shorter = callout().timeout(30_000).property("io.timeout.millis", "150");
    failure(lab, "io_timeout_shorter_than_timeout", TIMEOUT, shorter, |setup| {
        let response = MockResponse::status(204).held_by(&Gate::closed());
        setup.backend(move |_: &Received| response.clone()).cluster().to_owned()
    });
}

/// Envoy reports a timeout in the body like a reset, so only the filter's own clock distinguishes the two. Envoy's
/// timers count from the start of the event loop's iteration, so they can fire slightly before the filter's clock has
/// reached the timeout.
fn late_many_times(lab: &mut Lab) {
    lab.case("timeout_in_the_body_of_many", |setup| {
        let backend = setup.raw_backend(|mut wire: Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            wire.hang().await;
        });
        let site = setup.listener(Listener::new(callout().timeout(150).served_by(backend.cluster())));
        move || async move {
            let exchanges: Vec<_> = (0..30).map(|_| site.start(Request::get("/"))).collect();
            for exchange in exchanges {
                assert_execution_failed(&exchange.reply().await, "SC-1", TIMEOUT);
            }
        }
    });
}

fn large_headers(_: &Received) -> MockResponse {
    ["x-one", "x-two"]
        .iter()
        .fold(MockResponse::text(200, "x"), |response, name| response.header(name, "a".repeat(45_000)))
}

fn many_headers(_: &Received) -> MockResponse {
    (0..120).fold(MockResponse::text(200, "x"), |response, number| response.header("x-many", number.to_string()))
}

fn broken(lab: &mut Lab) {
    failure(lab, "closed_before_headers", RESET, callout(), |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    failure(lab, "garbage", PROTOCOL, callout(), |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
            wire.write("garbage\r\n\r\n").await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    failure(lab, "reset_in_the_body", RESET, callout(), |setup| {
        let script = |mut wire: Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            wire.reset();
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    failure(lab, "reset_in_the_body_by_http2", RESET, callout(), |setup| {
        setup.backend_in(Cluster::new().h2(), |_: &Received| MockResponse::text(200, "half").cut()).cluster().to_owned()
    });
    // Envoy accepts 60 KiB and 100 headers.
    failure(lab, "large_headers", PROTOCOL, callout(), |setup| setup.backend(large_headers).cluster().to_owned());
    failure(lab, "many_headers", PROTOCOL, callout(), |setup| setup.backend(many_headers).cluster().to_owned());
    failure(lab, "large_headers_by_http2", RESET, callout(), |setup| {
        setup.backend_in(Cluster::new().h2(), large_headers).cluster().to_owned()
    });
    failure(lab, "many_headers_by_http2", RESET, callout(), |setup| {
        setup.backend_in(Cluster::new().h2(), many_headers).cluster().to_owned()
    });
    // Envoy's own limit is 32 MiB, also when max_response_bytes is larger.
    failure_in(lab, "larger_than_envoy_takes", RESET, |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200).streamed((32 << 20) + 1));
        let mut configuration = callout().served_by(backend.cluster());
        configuration["max_response_bytes"] = json!(64 << 20);
        configuration
    });
}
