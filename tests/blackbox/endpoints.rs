//! Proxy and target endpoints: the order of flows, base paths, shared flows and what clients may not send.

use serde_json::{Value, json};

use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, raise_fault, set};
use crate::proxy::{flow, proxied, proxy_endpoint, proxy_endpoint_at, route_rule, routes_by_target, steps};

pub fn cases(lab: &mut Lab) {
    order(lab);
    conditional_flows(lab);
    base_paths(lab);
    reserved_headers(lab);
    shared_flows(lab);
    plus_in_a_query(lab);
}

fn plus_in_a_query(lab: &mut Lab) {
    for (name, property, reported) in
        [("", "", "a b c"), ("_ignored", "true", "a+b c"), ("_not_ignored", "false", "a b c")]
    {
        lab.case(&format!("charset_of_a_query{name}"), move |setup| {
            let report = set("AM-Report", "<Headers><Header name='x-value'>{request.queryparam.q}</Header></Headers>");
            let content = flow("PreFlow", &["AM-Report"], &[]);
            let property = format!(
                "<Properties><Property name='request.queryparams.ignore.content.type.charset'>{property}</Property></Properties>"
            );
            let proxy = proxy_endpoint(&content).replace("</BasePath>", &format!("</BasePath>{property}"));
            let site = setup.listener(Listener::new(proxied(&proxy, &[report])));
            move || async move {
                for (content_type, reported) in [("text/plain", "a+b c"), ("text/plain; charset=utf-8", reported)] {
                    let request = Request::post("/v1?q=a+b%20c", content_type, "hello");
                    assert_eq!(site.send(request).await.status, 200);
                    let upstream = site.upstream().requests().pop().unwrap();
                    assert_eq!((upstream.path_and_query.as_str(), upstream.header("x-value")), ("/v1?q=a+b%20c", Some(reported)));
                }
            }
        });
    }
}

fn order(lab: &mut Lab) {
    lab.case("order_of_flows", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::text(200, "hello"));
        // The order of the elements is not that of the flows.
        let proxy = proxy_endpoint(
            &[
                flow("PostFlow name='PostFlow'", &["C"], &["H"]),
                format!("<Flows>{}</Flows>", flow("Flow name='all'", &["B"], &["G"])),
                flow("PreFlow name='PreFlow'", &["A"], &["F"]),
                route_rule("r", "", "t"),
            ]
            .concat(),
        );
        let target = format!(
            "<TargetEndpoint name='t'>{}<Flows>{}</Flows>{}</TargetEndpoint>",
            flow("PostFlow", &["F"], &["E"]),
            flow("Flow name='target'", &["E"], &["D"]),
            flow("PreFlow", &["D"], &["C"]),
        );
        let mut configuration = proxied(&proxy, &[]);
        configuration["target_endpoints"] = json!([target]);
        let site = setup.listener(Listener::new(configuration).routes(routes_by_target(&[("t", &backend)])));
        move || async move {
            let response = site.get("/v1/near?a=1").await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            let call = backend.only_request();
            assert_eq!(
                (call.path_and_query.as_str(), call.header_all("x-callout-target")),
                ("/v1/near?a=1", vec!["t"])
            );
            assert_eq!(
                call.header_all("x-trail"),
                ["A@PreFlow", "B@all", "C@PostFlow", "D@PreFlow", "E@target", "F@PostFlow"]
            );
            assert_eq!(
                response.header_all("x-trail"),
                ["C@PreFlow", "D@target", "E@PostFlow", "F@PreFlow", "G@all", "H@PostFlow"]
            );
        }
    });

    // A call in every flow: the upstream gets the request after the third, the client its response after the last.
    lab.case("callouts_around_the_upstream", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::status(200));
        let call = |name: &str| ServiceCallout::new(name, &format!("http://a.test/{name}")).response(name).xml();
        let proxy = proxy_endpoint(&format!("{}{}", flow("PreFlow", &["S1"], &["S4"]), route_rule("r", "", "t")));
        let target = format!("<TargetEndpoint name='t'>{}</TargetEndpoint>", flow("PreFlow", &["S2"], &["S3"]));
        let mut configuration = proxied(&proxy, &["S1", "S2", "S3", "S4"].map(call));
        configuration["target_endpoints"] = json!([target]);
        configuration["clusters"] = json!({"*": backend.cluster()});
        let routes = routes_by_target(&[("t", &backend)]);
        let site = setup.listener(Listener::new(configuration).routes(routes));
        move || async move {
            assert_eq!(site.get("/v1/upstream").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/S1", "/S2", "/v1/upstream", "/S3", "/S4"]);
        }
    });
}

fn conditional_flows(lab: &mut Lab) {
    let conditional = |name: &str, condition: &str, step: &str| {
        let inside = flow(&format!("Flow name='{name}'"), &[step], &[step]);
        inside.replace("<Request>", &format!("<Condition>{condition}</Condition><Request>"))
    };
    lab.case("first_flow_that_applies", move |setup| {
        let flows = [
            conditional("write", "request.verb = \"POST\" or request.verb = \"PUT\"", "A"),
            conditional("item", "(proxy.pathsuffix MatchesPath \"/items/{id}\") and (request.verb = \"GET\")", "B"),
            conditional("many", "request.queryparam.n &gt; 9", "C"),
            conditional("also", "request.queryparam.n &gt; 9", "D"),
            flow("Flow name='else'", &["E"], &["E"]),
            flow("Flow name='never'", &["F"], &["F"]),
        ];
        let proxy = proxy_endpoint(&format!("<Flows>{}</Flows>", flows.concat()));
        let site = setup.listener(Listener::new(proxied(&proxy, &[])));
        move || async move {
            let requests = [
                (Request::new("PUT", "/v1/items/7?n=10"), "A@write"),
                (Request::get("/v1/items/7?n=10"), "B@item"),
                (Request::new("DELETE", "/v1/items/7?n=10"), "C@many"),
                (Request::get("/v1/items?n=9"), "E@else"),
            ];
            for (number, (request, trail)) in requests.into_iter().enumerate() {
                let response = site.send(request).await;
                assert_eq!(site.upstream().requests()[number].header_all("x-trail"), [trail]);
                // The conditions are evaluated again in the response flow, and the request is still the same.
                assert_eq!((response.status, response.header_all("x-trail")), (200, vec![trail]));
            }
        }
    });

    lab.case("a_slash_at_the_end_of_the_path_counts", move |setup| {
        let flows = [
            conditional("search", "proxy.pathsuffix MatchesPath \"/search\"", "A"),
            conditional("root", "proxy.pathsuffix MatchesPath \"/\"", "B"),
            conditional("slash", "proxy.pathsuffix MatchesPath \"/items/\"", "C"),
            flow("Flow name='else'", &["D"], &["D"]),
        ];
        let proxy = proxy_endpoint(&format!("<Flows>{}</Flows>", flows.concat()));
        let site = setup.listener(Listener::new(proxied(&proxy, &[])));
        move || async move {
            for (path, trail) in [
                ("/v1/search", "A@search"),
                ("/v1/search?a=/", "A@search"),
                ("/v1/search/", "D@else"),
                ("/v1", "B@root"),
                ("/v1/", "D@else"),
                ("/v1/items", "C@slash"),
                ("/v1/items/", "C@slash"),
            ] {
                assert_eq!(site.get(path).await.header_all("x-trail"), [trail], "{path}");
            }
        }
    });

    // A condition on the response is evaluated in the response flow.
    lab.case("another_flow_for_the_response", move |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::status(404));
        let flows =
            [conditional("missing", "response.status.code = 404", "A"), flow("Flow name='else'", &["B"], &["B"])];
        let proxy = proxy_endpoint(&format!("<Flows>{}</Flows>", flows.concat()));
        let site = setup.listener(Listener::new(proxied(&proxy, &[])).upstream(&upstream));
        move || async move {
            let response = site.get("/v1").await;
            assert_eq!(upstream.only_request().header_all("x-trail"), ["B@else"]);
            assert_eq!((response.status, response.header_all("x-trail")), (404, vec!["A@missing"]));
        }
    });
}

fn base_paths(lab: &mut Lab) {
    let reporting = |base_path: &str| {
        let report =
            "<Headers><Header name='x-path'>{proxy.basepath} {proxy.pathsuffix} {request.path}</Header></Headers>";
        let proxy = proxy_endpoint_at(base_path, &flow("PreFlow", &["AM-Path"], &["A"]));
        proxied(&proxy, &[set("AM-Path", report)])
    };
    for (name, base_path, cases) in [
        (
            "base_path",
            "/v1/shop",
            [
                ("/v1/shop/items/7?a=b", Some("/v1/shop /items/7 /v1/shop/items/7")),
                ("/v1/shop", Some("/v1/shop  /v1/shop")),
                ("/v1/shop/", Some("/v1/shop / /v1/shop/")),
                ("/v1/shopping", None),
                ("/v1", None),
                ("/V1/shop", None),
            ],
        ),
        (
            "base_path_with_wildcard",
            "/v1/*/shop",
            [
                ("/v1/acme/shop/items", Some("/v1/*/shop /items /v1/acme/shop/items")),
                ("/v1/acme/shop", Some("/v1/*/shop  /v1/acme/shop")),
                ("/v1/acme/b/shop", None),
                ("/v1/acme", None),
                ("/v1/shop", None),
                ("/", None),
            ],
        ),
    ] {
        lab.case(name, move |setup| {
            let site = setup.listener(Listener::new(reporting(base_path)));
            move || async move {
                for (number, (path, reported)) in cases.into_iter().enumerate() {
                    let response = site.get(path).await;
                    let upstream = &site.upstream().requests()[number];
                    assert_eq!((path, upstream.path_and_query.as_str()), (path, path));
                    assert_eq!((path, upstream.header("x-path")), (path, reported));
                    // Neither flow runs for a request outside the base path.
                    assert_eq!((path, response.header("x-trail")), (path, reported.map(|_| "A@PreFlow")));
                }
            }
        });
    }
}

fn reserved_headers(lab: &mut Lab) {
    lab.case("client_cannot_choose_the_target", |setup| {
        let proxy = proxy_endpoint(&flow("PreFlow", &["A"], &[]));
        let site = setup.listener(Listener::new(proxied(&proxy, &[])));
        move || async move {
            let request = |path: &str| {
                Request::get(path)
                    .header("X-Callout-Target", "a")
                    .header("x-callout-target", "b")
                    .header("X-Apigee-Org", "evil")
                    .header("x-apigee", "not reserved")
            };
            assert_eq!(site.send(request("/v1")).await.status, 200);
            let upstream = site.upstream().only_request();
            assert_eq!((upstream.header("x-callout-target"), upstream.header("x-apigee-org")), (None, None));
            assert_eq!(
                (upstream.header("x-apigee"), upstream.header("x-trail")),
                (Some("not reserved"), Some("A@PreFlow"))
            );

            // A request outside the base path is not changed.
            assert_eq!(site.send(request("/v2")).await.status, 200);
            let upstream = &site.upstream().requests()[1];
            assert_eq!(upstream.header_all("x-callout-target"), ["a", "b"]);
            assert_eq!((upstream.header("x-apigee-org"), upstream.header("x-trail")), (Some("evil"), None));
        }
    });

    lab.case("client_cannot_choose_the_target_with_a_body", |setup| {
        let proxy = proxy_endpoint(&flow("PreFlow", &["AM-Body"], &[]));
        let body = set("AM-Body", "<Payload>{request.content}!</Payload>");
        let site = setup.listener(Listener::new(proxied(&proxy, &[body])).allow_on_headers_stop_iteration());
        move || async move {
            for request in [Request::post("/v1", "text/plain", "a"), Request::post("/v1", "text/plain", "a").h2()] {
                let request = request.header("x-callout-target", "b").header("x-apigee-org", "evil");
                assert_eq!(site.send(request).await.status, 200);
            }
            for upstream in site.upstream().requests() {
                assert_eq!((upstream.header("x-callout-target"), upstream.header("x-apigee-org")), (None, None));
                assert_eq!(upstream.text(), "a!");
            }
        }
    });

    // Conditions and templates do not read the removed headers either.
    lab.case("reserved_headers_are_not_seen", |setup| {
        let report = "<Headers><Header name='x-seen'>{request.header.x-apigee-org:none} {request.header.x-callout-target:none}</Header></Headers>";
        let proxy = proxy_endpoint(&flow("PreFlow", &["AM-Seen"], &[]));
        let site = setup.listener(Listener::new(proxied(&proxy, &[set("AM-Seen", report)])));
        move || async move {
            let request = Request::get("/v1").header("x-apigee-org", "evil").header("x-callout-target", "a");
            assert_eq!(site.send(request).await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-seen"), Some("none none"));
        }
    });
}

fn shared_flows(lab: &mut Lab) {
    let configuration = |shared: &str, further: &[String]| -> Value {
        let callout = "<FlowCallout name='FC-1'><Parameters><Parameter name='who'>{request.verb} caller</Parameter>
            <Parameter name='again' ref='who'/></Parameters><SharedFlowBundle>shared</SharedFlowBundle></FlowCallout>";
        let proxy = proxy_endpoint(&format!(
            "{}<FaultRules><FaultRule><Condition>raisefault.RF-1.failed = true</Condition>{}</FaultRule></FaultRules>",
            flow("PreFlow", &["A", "FC-1", "C"], &[]),
            steps(&["D"]),
        ));
        let mut configuration = proxied(&proxy, &[further, &[callout.to_owned()]].concat());
        configuration["shared_flows"] = json!([format!("<SharedFlow name='shared'>{shared}</SharedFlow>")]);
        configuration
    };
    lab.case("shared_flow_in_place", move |setup| {
        let backend = setup.backend(|request: &Received| MockResponse::text(200, request.path_and_query.clone()));
        let shared = "<Step><Name>B</Name></Step><Step><Name>SC-1</Name><Condition>request.verb = \"GET\"</Condition></Step>\
                      <Step><Name>H</Name><Condition>request.verb = \"PUT\"</Condition></Step><Step><Name>AM-Who</Name></Step>";
        let call = ServiceCallout::new("SC-1", "http://a.test/called").response("r").xml();
        let report = set("AM-Who", "<Headers><Header name='x-who'>{who} {again} {r.content}</Header></Headers>");
        let mut configuration = configuration(shared, &[call, report]);
        configuration["clusters"] = json!({"*": backend.cluster()});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            let upstream = site.upstream().only_request();
            let trail = upstream.header_all("x-trail");
            let names: Vec<&str> = trail.iter().map(|note| note.split('@').next().unwrap()).collect();
            assert_eq!((names, trail[0], trail[2]), (vec!["A", "B", "C"], "A@PreFlow", "C@PreFlow"));
            assert_eq!(upstream.header("x-who"), Some("GET caller GET caller /called"));
        }
    });

    lab.case("shared_flow_with_its_own_policies", |setup| {
        let backend = setup.backend(|request: &Received| MockResponse::text(200, request.path_and_query.clone()));
        let call = |path: &str| ServiceCallout::new("SC-1", &format!("http://a.test/{path}")).response("r").xml();
        let report = |name: &str| {
            set(
                "AM-1",
                &format!("<Headers><Header name='x-{name}'>{{r.content}} {{propertyset.s.k}}</Header></Headers>"),
            )
        };
        let callout = "<FlowCallout name='FC-1'><SharedFlowBundle>shared</SharedFlowBundle></FlowCallout>";
        let proxy = proxy_endpoint(&flow("PreFlow", &["SC-1", "AM-1", "FC-1"], &[]));
        let mut configuration = proxied(&proxy, &[call("proxy"), report("proxy"), callout.to_owned()]);
        configuration["properties"] = json!({"propertyset.s.k": "1"});
        configuration["shared_flows"] = json!([{
            "name": "shared",
            "xml": format!("<SharedFlow name='default'>{}</SharedFlow>", steps(&["SC-1", "AM-1"])),
            "policies": [call("flow"), report("flow")],
            "properties": {"propertyset.s.k": "2"},
        }]);
        configuration["clusters"] = json!({"*": backend.cluster()});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            let upstream = site.upstream().only_request();
            let reported = ["x-proxy", "x-flow"].map(|name| upstream.header(name));
            assert_eq!(reported, [Some("/proxy 1"), Some("/flow 2")]);
        }
    });

    // The calling step fails, and the proxy's fault rules run.
    lab.case("fault_in_a_shared_flow", move |setup| {
        let configuration = configuration(&steps(&["B", "RF-1", "H"]), &[raise_fault("RF-1", "")]);
        let site = setup.listener(Listener::new(configuration).log_state(&["fault.name"]));
        move || async move {
            let response = site.get("/v1").await;
            let names: Vec<&str> =
                response.header_all("x-trail").iter().map(|note| note.split('@').next().unwrap()).collect();
            assert_eq!((response.status, names), (500, vec!["D"]));
            assert!(response.text().contains("Raising fault. Fault name : RF-1"), "{}", response.text());
            assert_eq!((site.upstream().heads(), site.logged().await.state("fault.name")), (0, Some("RaiseFault")));
        }
    });

    lab.case("fault_without_rules", |setup| {
        let proxy = proxy_endpoint(&flow("PostFlow", &["A", "RF-1"], &[]));
        let site = setup.listener(Listener::new(proxied(&proxy, &[raise_fault("RF-1", "")])));
        move || async move {
            assert_fault(&site.get("/v1").await, "steps.raisefault.RaiseFault", "Raising fault. Fault name : RF-1");
            assert_eq!(site.get("/v2").await.status, 200);
        }
    });
}
