//! Spans of callouts, as a Zipkin collector receives them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{Backend, Host, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// Maximum time until Envoy sends its spans.
const LIMIT: Duration = Duration::from_secs(15);

pub fn cases(lab: &mut Lab) {
    lab.case("each_callout_is_a_child", |setup| {
        let collector = setup.backend(|_: &Received| MockResponse::status(202));
        let backend = setup.backend(|call: &Received| match call.path_and_query.as_str() {
            "/failing" => MockResponse::status(500),
            _ => MockResponse::text(200, "ok"),
        });
        let refused = setup.cluster_refusing_connections(crate::lab::Cluster::new());
        let policy = |name: &str, url: &str| ServiceCallout::new(name, url).response("r").continue_on_error().xml();
        let configuration = json!({
            "policies": [
                policy("SC-Fine", "http://a.test/fine?key=secret"),
                policy("SC-Failing", "http://a.test/failing"),
                policy("SC-Refused", "http://refused.test/"),
            ],
            "clusters": {"http://a.test": backend.cluster(), "http://refused.test": refused},
        });
        let site = setup.listener(traced(configuration, &collector));
        move || async move {
            assert_eq!(site.send(Request::get("/v1")).await.status, 200);
            let names = ["SC-Fine", "SC-Failing", "SC-Refused"];
            if !Host::current().is_native() {
                // A WebAssembly module cannot make spans.
                let spans = spans(&collector, 1).await;
                assert!(spans.iter().all(|span| !names.iter().any(|name| span["name"] == json!(name))), "{spans:#?}");
                return;
            }
            let spans = spans(&collector, 4).await;
            let request = spans.iter().find(|span| span["kind"] == "SERVER").unwrap();
            let found = names.map(|name| {
                let span = spans.iter().find(|span| span["tags"]["callout.policy"] == json!(name)).unwrap();
                assert_eq!((&span["traceId"], &span["parentId"]), (&request["traceId"], &request["id"]), "{span:#}");
                let tag = |key: &str| span["tags"][key].as_str().unwrap_or("none").to_owned();
                ["http.url", "http.status_code", "callout.fault", "error"].map(tag)
            });
            assert_eq!(
                found,
                [
                    ["http://a.test/fine", "200", "none", "none"],
                    ["http://a.test/failing", "500", "the status is not a success", "true"],
                    ["http://refused.test/", "none", "the host is not reachable", "true"],
                ]
            );
        }
    });

    lab.case("parallel_callouts_have_their_own_outcomes", |setup| {
        let collector = setup.backend(|_: &Received| MockResponse::status(202));
        let backend = setup.backend(|call: &Received| match call.path_and_query.as_str() {
            "/failing" => MockResponse::status(500),
            _ => MockResponse::text(200, "ok").after(Duration::from_millis(100)),
        });
        let policy = |name: &str, path: &str| {
            let callout = ServiceCallout::new(name, &format!("http://a.test{path}")).variable(&format!("q.{name}"));
            callout.response(&format!("r.{name}")).continue_on_error().xml()
        };
        let configuration = json!({
            "policies": [policy("SC-Slow", "/slow"), policy("SC-Failing", "/failing")],
            "clusters": {"http://a.test": backend.cluster()},
            "parallel_callouts": true,
        });
        let site = setup.listener(traced(configuration, &collector));
        move || async move {
            assert_eq!(site.send(Request::get("/")).await.status, 200);
            if !Host::current().is_native() {
                return;
            }
            let spans = spans(&collector, 3).await;
            let found = ["SC-Slow", "SC-Failing"].map(|name| {
                let span = spans.iter().find(|span| span["tags"]["callout.policy"] == json!(name)).unwrap();
                ["http.status_code", "callout.fault"].map(|key| span["tags"][key].as_str().unwrap_or("none").to_owned())
            });
            assert_eq!(found, [["200", "none"], ["500", "the status is not a success"]]);
        }
    });
}

/// A listener that sends the spans of all requests to a collector.
fn traced(configuration: Value, collector: &Backend) -> Listener {
    let tracing = json!({
        "random_sampling": {"value": 100},
        "provider": {"name": "envoy.tracers.zipkin", "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
            "collector_cluster": collector.cluster(),
            "collector_endpoint": "/api/v2/spans",
            "collector_endpoint_version": "HTTP_JSON",
            "shared_span_context": false,
        }},
    });
    Listener::new(configuration).connection_manager("tracing", tracing)
}

/// The spans that the collector received, once there are that many.
async fn spans(collector: &Backend, count: usize) -> Vec<Value> {
    let received = || -> Vec<Value> {
        let lists = collector.requests().into_iter().map(|request| request.json());
        lists.flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect()
    };
    let enough = async {
        while received().len() < count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = tokio::time::timeout(LIMIT, enough).await;
    let spans = received();
    assert!(spans.len() >= count, "{spans:#?}");
    spans
}
