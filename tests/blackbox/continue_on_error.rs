//! `continueOnError`: the failure is reported, and the flow continues.

use serde_json::json;

use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received};
use crate::policy::ServiceCallout;

const STATE: [&str; 6] = [
    "servicecallout.SC-1.failed",
    "servicecallout.SC-2.failed",
    "fault.name",
    "error.message",
    "error.status.code",
    "userResp.status.code",
];

pub fn cases(lab: &mut Lab) {
    for (name, status, url, set, fault, stored) in [
        ("error_status", 503, "http://a.test/", "", "ExecutionFailed", Some("503")),
        ("unreachable", 200, "http://refused.test/", "", "ExecutionFailed", None),
        ("unresolved", 200, "http://a.test/{missing}", "", "UnresolvedVariable", None),
        ("unresolved_in_set", 200, "http://a.test/", "<Payload>{missing}</Payload>", "UnresolvedVariable", None),
    ] {
        lab.case(name, move |setup| {
            let backend = setup.backend(move |_: &Received| MockResponse::text(status, "x"));
            let refusing = setup.cluster_refusing_connections(Cluster::new());
            let probe = setup.backend(|_: &Received| MockResponse::status(200));
            let first = ServiceCallout::new("SC-1", url).response("userResp").set(set).continue_on_error();
            let template = "{servicecallout.SC-1.failed} {fault.name} {error.message:none}";
            let second = ServiceCallout::new("SC-2", "http://probe.test/")
                .response("probeResp")
                .set(&format!("<Verb>POST</Verb><Payload>{template}</Payload>"));
            let site = setup.listener(
                Listener::new(json!({
                    "policies": [first.xml(), second.xml()],
                    "clusters": {
                        "http://a.test": backend.cluster(),
                        "http://refused.test": refusing,
                        "http://probe.test": probe.cluster(),
                    },
                }))
                .log_state(&STATE),
            );
            move || async move {
                let response = site.send(crate::lab::Request::post("/", "text/plain", "hello")).await;
                assert_eq!((response.status, response.text()), (200, "hello"));
                assert_eq!(probe.only_request().text(), format!("true {fault} none"));
                let logged = site.logged().await;
                assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
                assert_eq!(logged.state("servicecallout.SC-2.failed"), Some("false"));
                assert_eq!(logged.state("fault.name"), Some(fault));
                assert_eq!((logged.state("error.message"), logged.state("error.status.code")), (None, None));
                assert_eq!(logged.state("userResp.status.code"), stored);
            }
        });
    }

    lab.case("nothing_of_it_goes_to_the_next_callout", |setup| {
        let probe = setup.backend(|_: &Received| MockResponse::status(200));
        let first = ServiceCallout::new("SC-1", "http://a.test/{missing}")
            .response("userResp")
            .continue_on_error()
            .set(
            "<Headers><Header name='Authorization'>Bearer secret</Header></Headers><Verb>POST</Verb><Path>/one</Path>
             <Payload contentType='text/plain'>one</Payload>",
        );
        let second = ServiceCallout::new("SC-2", "http://b.test").response("r").set("<Path>/two</Path>");
        let configuration = json!({"policies": [first.xml(), second.xml()], "clusters": {"*": probe.cluster()}});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = probe.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str(), call.text()), ("GET", "/two", ""));
            assert_eq!((call.header("authorization"), call.header("content-type")), (None, None));
        }
    });

    lab.case("in_the_response_flow", |setup| {
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("userResp").continue_on_error();
        let configuration = json!({"policies": [policy.xml()], "response": ["SC-1"], "clusters": {"*": refusing}});
        let site = setup.listener(Listener::new(configuration).log_state(&STATE[..1]));
        move || async move {
            let response = site.send(crate::lab::Request::post("/", "text/plain", "hello")).await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            assert_eq!(site.filter_state(STATE[0]).await.as_deref(), Some("true"));
        }
    });

    // A successful run resets the failure of an earlier run.
    lab.case("failed_is_that_of_the_latest_run", |setup| {
        let backend = setup
            .backend(|request: &Received| MockResponse::status(if request.path_and_query == "/0" { 500 } else { 200 }));
        let policy = ServiceCallout::new("SC-1", "http://a.test/{userResp.status.code:0}")
            .response("userResp")
            .continue_on_error();
        let configuration =
            json!({"policies": [policy.xml()], "request": ["SC-1", "SC-1"], "clusters": {"*": backend.cluster()}});
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/0", "/500"]);
            assert_eq!(site.filter_state("servicecallout.SC-1.failed").await.as_deref(), Some("false"));
        }
    });
}
