//! `<LocalTargetConnection>`: other proxies behind the same Envoy.

use serde_json::{Value, json};

use crate::fault::{assert_execution_failed, assert_fault};
use crate::lab::{Lab, Listener, Message, Request};
use crate::policy::ServiceCallout;

/// A callout with this connection; its message has a path and a parameter.
fn local(elements: &str) -> ServiceCallout {
    ServiceCallout::new("SC-1", "")
        .response("r")
        .connection(&format!("<LocalTargetConnection>{elements}</LocalTargetConnection>"))
        .set("<Path>/users</Path><QueryParams><QueryParam name='id'>7</QueryParam></QueryParams>")
}

/// Three endpoints of two proxies, the third on a cluster of its own.
fn configuration(policy: &ServiceCallout, cluster: &str, other: &str) -> Value {
    json!({
        "policies": [policy.xml()],
        "local_proxies": [
            {"api_proxy": "data", "base_path": "/v1/data", "cluster": cluster, "authority": "data.test"},
            {"api_proxy": "data", "proxy_endpoint": "admin", "base_path": "/v1/data/admin", "cluster": cluster},
            {"api_proxy": "root", "base_path": "/", "cluster": other, "authority": "root.test"},
        ],
    })
}

pub fn cases(lab: &mut Lab) {
    const DATA: &str = "<APIProxy>data</APIProxy>";
    let to = |elements: &str| local(elements);
    let parts =
        "<APIProxy>{request.queryparam.proxy}</APIProxy><ProxyEndpoint>{request.queryparam.endpoint}</ProxyEndpoint>";
    for (name, policy, request, expected) in [
        ("the_default_endpoint", to(DATA), "/", "data.test /v1/data/users?id=7"),
        // Without an authority of its own the client's authority is sent.
        (
            "a_named_endpoint",
            to("<APIProxy>data</APIProxy><ProxyEndpoint>admin</ProxyEndpoint>"),
            "/",
            "client.test /v1/data/admin/users?id=7",
        ),
        ("another_proxy", to("<APIProxy>root</APIProxy>"), "/", "root.test /users?id=7"),
        ("names_from_variables", to(parts), "/?proxy=data&endpoint=admin", "client.test /v1/data/admin/users?id=7"),
        ("a_path", to("<Path>/v1/data/x?y=1</Path>"), "/", "data.test /v1/data/x/users?y=1&id=7"),
        ("the_longest_base_path", to("<Path>/v1/data/admin/x</Path>"), "/", "client.test /v1/data/admin/x/users?id=7"),
        ("only_whole_segments", to("<Path>/v1/database</Path>"), "/", "root.test /v1/database/users?id=7"),
        (
            "a_path_from_a_variable",
            to("<Path>{request.queryparam.path}</Path>"),
            "/?path=v1%2Fdata%2Fadmin",
            "client.test /v1/data/admin/users?id=7",
        ),
    ] {
        lab.case(name, move |setup| {
            let (proxy, other) = (setup.echo(), setup.echo());
            let state = ["servicecallout.SC-1.target.url", "servicecallout.requesturi", "r.status.code"];
            let configuration = configuration(&policy, proxy.cluster(), other.cluster());
            let site = setup.listener(Listener::new(configuration).publish(&state[..2]).log_state(&state));
            move || async move {
                assert_eq!(site.send(Request::get(request).authority("client.test")).await.status, 200);
                let call = if expected.starts_with("root") { other.only_request() } else { proxy.only_request() };
                assert_eq!(format!("{} {}", call.authority, call.path_and_query), expected);
                assert_eq!(call.header("x-forwarded-for"), None);
                let (authority, uri) = expected.split_once(' ').unwrap();
                let logged = site.logged().await;
                assert_eq!(logged.state("servicecallout.requesturi"), Some(uri));
                assert_eq!(logged.state("r.status.code"), Some("200"));
                let url = logged.state("servicecallout.SC-1.target.url").unwrap();
                assert!(url.starts_with(&format!("http://{authority}/")), "{url}");
            }
        });
    }

    for (name, elements, request) in [
        ("an_unknown_proxy", "<APIProxy>{request.queryparam.proxy}</APIProxy>", "/?proxy=other"),
        (
            "an_unknown_endpoint",
            "<APIProxy>data</APIProxy><ProxyEndpoint>{request.queryparam.endpoint}</ProxyEndpoint>",
            "/?endpoint=other",
        ),
        ("a_path_of_no_proxy", "<Path>{request.queryparam.path}</Path>", "/?path=%2Fv2"),
    ] {
        let policy = local(elements);
        lab.case(name, move |setup| {
            let proxy = setup.echo();
            let mut configuration = configuration(&policy, proxy.cluster(), proxy.cluster());
            configuration["local_proxies"].as_array_mut().unwrap().pop();
            let site = setup.listener(Listener::new(configuration));
            move || async move {
                assert_execution_failed(&site.get(request).await, "SC-1", "Host not reachable");
                assert_eq!((proxy.heads(), site.upstream().heads()), (0, 0));
            }
        });
    }

    let policy = local("<APIProxy>{missing}</APIProxy>");
    lab.case("an_unresolved_name", move |setup| {
        let proxy = setup.echo();
        let site = setup.listener(Listener::new(configuration(&policy, proxy.cluster(), proxy.cluster())));
        move || async move {
            assert_fault(&site.get("/").await, "entities.UnresolvedVariable", "Unresolved variable : missing");
            assert_eq!(proxy.heads(), 0);
        }
    });
}
