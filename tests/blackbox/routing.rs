//! Route rules: the target endpoint for Envoy's routes, null routes, and requests without a matching rule.

use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message, set};
use crate::proxy::{flow, proxied, proxy_endpoint, route_rule, routes_by_target, steps};

pub fn cases(lab: &mut Lab) {
    lab.case("targets", |setup| {
        let named = |name: &'static str| move |_: &Received| MockResponse::text(200, name);
        let (a, b, c) = (setup.backend(named("a")), setup.backend(named("b")), setup.backend(named("c")));
        let rules = [
            route_rule("a", "request.queryparam.to = \"a\"", "a"),
            route_rule("b", "request.verb = \"POST\"", "b"),
            route_rule("late a", "request.queryparam.to = \"b\"", "a"),
            route_rule("else", "", "c"),
            route_rule("never", "", "a"),
        ];
        let target = |name: &str, step: &str| {
            format!("<TargetEndpoint name='{name}'>{}</TargetEndpoint>", flow("PreFlow", &[step], &[step]))
        };
        let mut configuration = proxied(&proxy_endpoint(&rules.concat()), &[]);
        // The configuration does not contain target `c`: only Envoy's route exists.
        configuration["target_endpoints"] = json!([target("a", "A"), target("b", "B")]);
        configuration["filter_state"] = json!(["route.name", "route.target", "target.name"]);
        let routes = routes_by_target(&[("a", &a), ("b", &b), ("c", &c)]);
        let site = setup.listener(Listener::new(configuration).routes(routes).log_state(&[
            "route.name",
            "route.target",
            "target.name",
        ]));
        move || async move {
            for (request, target, rule, trail) in [
                (Request::get("/v1?to=a"), "a", "a", Some("A@PreFlow")),
                (Request::new("POST", "/v1?to=b"), "b", "b", Some("B@PreFlow")),
                (Request::get("/v1?to=b"), "a", "late a", Some("A@PreFlow")),
                (Request::get("/v1"), "c", "else", None),
                (Request::get("/v1").h2(), "c", "else", None),
            ] {
                let response = site.send(request.header("x-callout-target", "b")).await;
                assert_eq!((response.status, response.text(), response.header("x-trail")), (200, target, trail));
                let logged = site.logged().await;
                let values = ["route.name", "route.target", "target.name"].map(|name| logged.state(name));
                assert_eq!(values, [Some(rule), Some(target), Some(target)]);
            }
            assert_eq!([&a, &b, &c].map(|backend| backend.heads()), [2, 1, 2]);
            for backend in [&a, &b, &c] {
                for received in backend.requests() {
                    assert_eq!(received.header_all("x-callout-target").len(), 1);
                }
            }
        }
    });

    // The route is chosen at the end of the request flow, by what its policies found.
    lab.case("target_by_the_response_of_a_callout", |setup| {
        let directory = setup.backend(|request: &Received| {
            MockResponse::text(200, if request.path_and_query == "/acme" { "a" } else { "b" })
        });
        let (a, b) = (setup.echo(), setup.echo());
        let rules = [route_rule("a", "where.content = \"a\"", "a"), route_rule("else", "", "b")];
        let proxy = proxy_endpoint(&format!("{}{}", flow("PreFlow", &["SC-1"], &[]), rules.concat()));
        let call = ServiceCallout::new("SC-1", "http://a.test/{request.queryparam.tenant}").response("where").xml();
        let mut configuration = proxied(&proxy, &[call]);
        configuration["clusters"] = json!({"*": directory.cluster()});
        let site = setup.listener(Listener::new(configuration).routes(routes_by_target(&[("a", &a), ("b", &b)])));
        move || async move {
            assert_eq!(site.send(Request::post("/v1?tenant=acme", "text/plain", "x")).await.text(), "x");
            assert_eq!(site.send(Request::post("/v1?tenant=other", "text/plain", "y")).await.text(), "y");
            assert_eq!((a.only_request().text(), b.only_request().text()), ("x", "y"));
        }
    });

    // What a flow of the proxy endpoint sets has no effect on the target.
    lab.case("target_copy_is_decided_by_the_target", |setup| {
        let backend = setup.echo();
        let assign = |name: &str| {
            assign_message(
                name,
                "<AssignVariable><Name>target.copy.pathsuffix</Name><Value>false</Value></AssignVariable>
                 <AssignVariable><Name>target.copy.queryparams</Name><Value>false</Value></AssignVariable>",
            )
        };
        let rules = [route_rule("a", "request.queryparam.to = \"a\"", "a"), route_rule("else", "", "b")];
        let proxy = proxy_endpoint(&format!("{}{}", flow("PreFlow", &["AM"], &[]), rules.concat()));
        let mut configuration = proxied(&proxy, &[assign("AM")]);
        let target = format!("<TargetEndpoint name='b'>{}</TargetEndpoint>", flow("PreFlow", &["AM"], &[]));
        configuration["target_endpoints"] = json!(["<TargetEndpoint name='a'/>", target]);
        let routes = routes_by_target(&[("a", &backend), ("b", &backend)]);
        let site = setup.listener(Listener::new(configuration).routes(routes));
        move || async move {
            assert_eq!(site.get("/v1/near?to=a").await.status, 200);
            assert_eq!(site.get("/v1/near?to=b").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|request| request.path_and_query).collect();
            assert_eq!(paths, ["/v1/near?to=a", "/v1"]);
        }
    });

    null_routes(lab);
    no_route(lab);
}

fn null_routes(lab: &mut Lab) {
    lab.case("null_route", |setup| {
        let proxy = proxy_endpoint(&format!(
            "{}{}{}",
            flow("PreFlow", &["A"], &["B"]),
            flow("PostFlow", &[], &["AM-Answer"]),
            route_rule("none", "", "")
        ));
        let response = set(
            "AM-Answer",
            "<Payload contentType='application/json'>{\"path\":\"{proxy.pathsuffix}\",\"was\":{response.status.code}}</Payload><StatusCode>203</StatusCode>",
        );
        let mut configuration = proxied(&proxy, &[response]);
        configuration["filter_state"] = json!(["route.name"]);
        let site = setup.listener(Listener::new(configuration).log_state(&["route.name", "fault.name"]));
        move || async move {
            for request in [Request::get("/v1/health"), Request::post("/v1/health", "text/plain", "hello"), Request::get("/v1/health").h2()] {
                let response = site.send(request).await;
                assert_eq!((response.status, response.text()), (203, r#"{"path":"/health","was":200}"#));
                assert_eq!((response.header_all("x-trail"), response.header_all("content-type")), (vec!["B@PreFlow"], vec!["application/json"]));
                let logged = site.logged().await;
                assert_eq!((logged.state("route.name"), logged.state("fault.name")), (Some("none"), None));
            }
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    lab.case("null_route_without_a_response_flow", |setup| {
        let site = setup.listener(Listener::new(proxied(&proxy_endpoint(&route_rule("none", "", "")), &[])));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.text(), response.is_complete()), (200, "", true));
            assert_eq!(response.header_names(), ["content-length", "date", "server"]);
            // A request outside the base path passes without the flow.
            assert_eq!(site.get("/v2").await.status, 200);
            assert_eq!(site.upstream().only_request().path_and_query, "/v2");
        }
    });

    // The response starts from the request: its content and Content-Type, and no other part.
    let json = "<Set><Payload contentType='application/json'>{\"ok\":true}</Payload></Set>";
    let made = (r#"{"ok":true}"#, "application/json");
    for (name, policy, (body, content_type)) in [
        ("as_response", format!("<AssignTo createNew='false' type='response'/>{json}"), made),
        ("as_request", format!("<AssignTo createNew='false' type='request'>request</AssignTo>{json}"), made),
        ("ambient", json.to_owned(), made),
        ("status_is_lost", json.replace("<Set>", "<Set><StatusCode>418</StatusCode>"), made),
        (
            "form",
            "<Set><FormParams><FormParam name='a'>1</FormParam></FormParams></Set>".to_owned(),
            ("a=1", "application/x-www-form-urlencoded"),
        ),
    ] {
        lab.case(&format!("null_route_payload_{name}"), move |setup| {
            let content = format!("{}{}", flow("PreFlow", &["AM"], &[]), route_rule("noroute", "", ""));
            let configuration = proxied(&proxy_endpoint(&content), &[assign_message("AM", &policy)]);
            let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
            move || async move {
                for request in [Request::get("/v1"), Request::post("/v1", "text/plain", "hello")] {
                    let response = site.send(request.header("x-secret", "1")).await;
                    assert_eq!((response.status, response.text()), (200, body));
                    assert_eq!(response.header_names(), ["content-length", "content-type", "date", "server"]);
                    assert_eq!(response.header("content-type"), Some(content_type));
                }
                assert_eq!(site.upstream().heads(), 0);
            }
        });
    }

    // The payload applies only to the null route, because Envoy cannot add a body to a request and is not
    // sent.
    lab.case("null_route_next_to_a_target", |setup| {
        let content = format!(
            "{}{}{}",
            flow("PreFlow", &["AM"], &[]),
            route_rule("none", "request.verb = \"OPTIONS\"", ""),
            route_rule("t", "", "t")
        );
        let configuration = proxied(&proxy_endpoint(&content), &[assign_message("AM", json)]);
        let site = setup.listener(
            Listener::new(configuration).allow_on_headers_stop_iteration().log_state(&["assignmessage.AM.failed"]),
        );
        move || async move {
            let response = site.send(Request::new("OPTIONS", "/v1")).await;
            assert_eq!((response.status, response.text()), (200, r#"{"ok":true}"#));
            assert_eq!(site.logged().await.state("assignmessage.AM.failed"), Some("false"));
            assert_eq!(site.upstream().heads(), 0);
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!(site.logged().await.state("assignmessage.AM.failed"), Some("false"));
            assert_eq!(site.upstream().only_request().text(), "");
        }
    });

    // Without a payload of the flow it is the client's own.
    lab.case("null_route_with_the_clients_body", |setup| {
        let content = format!("{}{}", route_rule("none", "request.verb = \"POST\"", ""), route_rule("t", "", "t"));
        let site =
            setup.listener(Listener::new(proxied(&proxy_endpoint(&content), &[])).allow_on_headers_stop_iteration());
        move || async move {
            for request in [Request::post("/v1", "text/csv", "a,b"), Request::post("/v1", "text/csv", "a,b").h2()] {
                let response = site.send(request.header("authorization", "Bearer x")).await;
                assert_eq!((response.status, response.text()), (200, "a,b"));
                assert_eq!(response.header_names(), ["content-length", "content-type", "date", "server"]);
                assert_eq!(response.header("content-type"), Some("text/csv"));
            }
            assert_eq!(site.upstream().heads(), 0);
            assert_eq!(site.send(Request::new("PUT", "/v1")).await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-callout-target"), Some("t"));
        }
    });

    // The callout is slow; the client gets its result.
    lab.case("null_route_with_a_callout", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::json(200, r#"{"up":true}"#));
        let call = ServiceCallout::new("SC-1", "http://a.test/").response("upResp").xml();
        let report = set("AM-1", "<Payload contentType='application/json'>{upResp.content}</Payload>");
        let proxy =
            proxy_endpoint(&format!("{}{}", flow("PreFlow", &[], &["SC-1", "AM-1"]), route_rule("none", "", "")));
        let mut configuration = proxied(&proxy, &[call, report]);
        configuration["clusters"] = json!({"*": backend.cluster()});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/v1").await.text(), r#"{"up":true}"#);
            assert_eq!((backend.heads(), site.upstream().heads()), (1, 0));
        }
    });
}

fn no_route(lab: &mut Lab) {
    const TEXT: &str = "Unable to route the message to a TargetEndpoint";
    let rules = || route_rule("r", "request.verb = \"PUT\"", "t");
    lab.case("no_rule_applies", move |setup| {
        let site = setup.listener(
            Listener::new(proxied(&proxy_endpoint(&rules()), &[])).log_state(&["fault.name", "error.status.code"]),
        );
        move || async move {
            assert_fault(&site.get("/v1").await, "messaging.runtime.NoRoutesMatched", TEXT);
            let logged = site.logged().await;
            assert_eq!(
                (logged.state("fault.name"), logged.state("error.status.code")),
                (Some("NoRoutesMatched"), Some("500"))
            );
            let response = site.send(Request::new("PUT", "/v1")).await;
            assert_eq!((response.status, site.upstream().only_request().header("x-callout-target")), (200, Some("t")));
        }
    });

    lab.case("no_rule_applies_but_a_fault_rule_does", move |setup| {
        let fault_rules = format!(
            "<FaultRules><FaultRule><Condition>fault.name = \"NoRoutesMatched\"</Condition>{}</FaultRule></FaultRules>",
            steps(&["A", "AM-1"])
        );
        let proxy = proxy_endpoint(&format!("{}{fault_rules}", rules()));
        let report =
            set("AM-1", "<StatusCode>404</StatusCode><Payload contentType='text/plain'>nothing here</Payload>");
        let site = setup.listener(Listener::new(proxied(&proxy, &[report])));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!((response.status, response.text()), (404, "nothing here"));
            assert_eq!((response.header_all("x-trail").len(), site.upstream().heads()), (1, 0));
        }
    });
}
