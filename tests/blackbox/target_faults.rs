//! Faults of target endpoints: their own flows', and the upstream's error statuses.

use serde_json::{Value, json};

use crate::fault::assert_fault;
use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{raise_fault, raise_fault_set, set};
use crate::proxy::{flow, proxied, proxy_endpoint, route_rule, steps};

/// A ProxyEndpoint that notes `G` in its response flow and `H` in its fault rule, and this target endpoint.
fn with_target(content: &str, policies: &[String]) -> Value {
    let proxy = proxy_endpoint(&format!(
        "{}{}<FaultRules><FaultRule>{}</FaultRule></FaultRules>",
        flow("PostFlow", &[], &["G"]),
        route_rule("r", "", "t"),
        steps(&["H"]),
    ));
    let mut configuration = proxied(&proxy, policies);
    configuration["target_endpoints"] = json!([format!("<TargetEndpoint name='t'>{content}</TargetEndpoint>")]);
    configuration["filter_state"] = json!(["error.state"]);
    configuration
}

fn rule(condition: &str, names: &[&str]) -> String {
    format!("<FaultRule><Condition>{condition}</Condition>{}</FaultRule>", steps(names))
}

/// The names of the policies that wrote a note into the response.
fn trail(reply: &impl Message) -> String {
    reply.header_all("x-trail").iter().map(|note| note.split('@').next().unwrap()).collect()
}

pub fn cases(lab: &mut Lab) {
    upstream_errors(lab);
    bodies(lab);

    // Top to bottom, unlike a proxy endpoint's, ; the rules of the proxy endpoint do not run.
    for (name, request, response, state) in [
        ("fault_in_the_request_flow", &["A", "RF-1"][..], &[][..], "2"),
        ("fault_in_the_response_flow", &[], &["A", "RF-1"], "3"),
    ] {
        lab.case(name, move |setup| {
            let rules =
                [rule("fault.name = \"Other\"", &["B"]), rule("is.error", &["C", "D"]), rule("is.error", &["E"])];
            let content = format!("{}<FaultRules>{}</FaultRules>", flow("PreFlow", request, response), rules.concat());
            let policy = raise_fault_set("RF-1", "<StatusCode>418</StatusCode>");
            let site = setup
                .listener(Listener::new(with_target(&content, &[policy])).log_state(&["fault.name", "error.state"]));
            move || async move {
                let reply = site.get("/v1").await;
                assert_eq!((reply.status, trail(&reply).as_str()), (418, "CD"));
                assert_eq!(site.upstream().heads(), response.len() / 2);
                let logged = site.logged().await;
                assert_eq!(
                    (logged.state("fault.name"), logged.state("error.state")),
                    (Some("RaiseFault"), Some(state))
                );
            }
        });
    }

    lab.case("no_rules_of_the_proxy", |setup| {
        let content = flow("PreFlow", &["RF-1"], &[]);
        let site = setup.listener(Listener::new(with_target(&content, &[raise_fault("RF-1", "")])));
        move || async move {
            assert_fault(&site.get("/v1").await, "steps.raisefault.RaiseFault", "Raising fault. Fault name : RF-1");
        }
    });
}

fn upstream_errors(lab: &mut Lab) {
    let by_query = |request: &Received| {
        let status = request.path_and_query.rsplit('=').next().unwrap().parse().unwrap();
        MockResponse::of(status, "text/html", "<p>down</p>")
            .header("x-up", "u")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
    };
    let rules = format!(
        "<FaultRules>{}{}</FaultRules>",
        rule("error.status.code = 503", &["A"]),
        rule("error.status.code &lt; 500", &["B", "AM-1"])
    );
    let report = || {
        set(
            "AM-1",
            "<Payload contentType='application/json'>{\"was\":\"{error.status.code} {fault.name} {response.status.code}\"}</Payload><StatusCode>400</StatusCode>",
        )
    };
    const STATE: [&str; 3] = ["fault.name", "error.status.code", "error.state"];
    for (name, cluster, request) in [
        ("error_status", Cluster::new(), Request::get("/v1?status=503")),
        ("error_status_over_http2", Cluster::new().h2(), Request::get("/v1?status=503").h2()),
    ] {
        let configuration = with_target(&rules, &[report()]);
        lab.case(name, move |setup| {
            let upstream = setup.backend_in(cluster, by_query);
            let listener = Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration();
            let site = setup.listener(listener.log_state(&STATE));
            move || async move {
                // A rule that does not touch the body leaves the target's response as it is.
                let reply = site.send(request).await;
                assert_eq!((reply.status, reply.text(), trail(&reply).as_str()), (503, "<p>down</p>", "A"));
                assert_eq!(
                    (reply.header_all("content-type"), reply.header_all("content-length")),
                    (vec!["text/html"], vec!["11"])
                );
                assert_eq!((reply.header("x-up"), reply.header_all("set-cookie")), (Some("u"), vec!["a=1", "b=2"]));
                let logged = site.logged().await;
                let values = STATE.map(|name| logged.state(name));
                assert_eq!(values, [Some("ErrorResponseCode"), Some("503"), Some("3")]);
            }
        });
    }

    let configuration = with_target(&rules, &[report()]);
    lab.case("error_status_rewritten", move |setup| {
        let upstream = setup.backend(by_query);
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            let reply = site.get("/v1?status=404").await;
            let body = r#"{"was":"404 ErrorResponseCode 404"}"#;
            assert_eq!((reply.status, reply.text(), trail(&reply).as_str()), (400, body, "B"));
            assert_eq!(reply.header_all("content-type"), ["application/json"]);
            assert_eq!(reply.header_all("content-length"), [body.len().to_string()]);
            assert_eq!(reply.header("x-up"), Some("u"));

            // No rule applies to this one: it passes unchanged, and the response flow does not run.
            let reply = site.get("/v1?status=500").await;
            assert_eq!((reply.status, reply.text(), trail(&reply).as_str()), (500, "<p>down</p>", ""));

            // A success is not a fault.
            let reply = site.get("/v1?status=302").await;
            assert_eq!((reply.status, trail(&reply).as_str()), (302, "G"));
        }
    });

    for (name, content, status, expected) in [
        ("no_fault_without_fault_rules", String::new(), 503, "G"),
        ("default_rule_alone", format!("<DefaultFaultRule>{}</DefaultFaultRule>", steps(&["C"])), 503, "C"),
        (
            "status_among_the_success_codes",
            format!(
                "<HTTPTargetConnection><Properties><Property name='success.codes'>2xx,404</Property></Properties></HTTPTargetConnection>{rules}"
            ),
            404,
            "G",
        ),
        (
            "status_not_among_the_success_codes",
            format!(
                "<HTTPTargetConnection><Properties><Property name='success.codes'>2xx,404</Property></Properties></HTTPTargetConnection>\
                 <FaultRules>{}</FaultRules>",
                rule("error.status.code = 302", &["D"])
            ),
            302,
            "D",
        ),
    ] {
        let configuration = with_target(&content, &[report()]);
        lab.case(name, move |setup| {
            let upstream = setup.backend(by_query);
            let site =
                setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
            move || async move {
                let reply = site.get(&format!("/v1?status={status}")).await;
                assert_eq!((reply.status, reply.text(), trail(&reply).as_str()), (status, "<p>down</p>", expected));
            }
        });
    }

    lab.case("error_status_replaced_by_a_raised_fault", move |setup| {
        let upstream = setup.backend(by_query);
        let content = format!("<FaultRules>{}</FaultRules>", rule("is.error", &["RF-1", "A"]));
        let policy = raise_fault_set(
            "RF-1",
            "<StatusCode>502</StatusCode><Payload contentType='text/plain'>{response.status.code}</Payload>",
        );
        let site = setup.listener(Listener::new(with_target(&content, &[policy])).upstream(&upstream));
        move || async move {
            let reply = site.get("/v1?status=503").await;
            assert_eq!((reply.status, reply.text()), (502, "503"));
            assert_eq!(reply.header_names(), ["content-length", "content-type", "date", "server"]);
        }
    });

    // Envoy's own replies are not responses of the target.
    lab.case("no_upstream", |setup| {
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let content = format!("<FaultRules>{}</FaultRules>", rule("is.error", &["A"]));
        let routes = json!([{"match": {"prefix": "/"}, "route": {"cluster": refusing}}]);
        let site = setup.listener(Listener::new(with_target(&content, &[])).routes(routes).log_state(&["fault.name"]));
        move || async move {
            let reply = site.get("/v1").await;
            assert_eq!((reply.status, trail(&reply).as_str()), (503, ""));
            assert_eq!(site.logged().await.state("fault.name"), None);
        }
    });
}

fn bodies(lab: &mut Lab) {
    // A rule that needs no body neither delays nor limits it.
    for (name, stop_iteration) in
        [("large_error_body_kept", false), ("large_error_body_kept_with_body_callbacks", true)]
    {
        lab.case(name, move |setup| {
            let upstream = setup.backend(|_: &Received| MockResponse::status(500).streamed(3_000_000));
            let content = format!("<FaultRules>{}</FaultRules>", rule("error.status.code = 500", &["A"]));
            let listener = Listener::new(with_target(&content, &[])).upstream(&upstream);
            let listener = if stop_iteration { listener.allow_on_headers_stop_iteration() } else { listener };
            let site = setup.listener(listener);
            move || async move {
                let reply = site.get("/v1").await;
                assert_eq!((reply.status, reply.body().len(), reply.is_complete()), (500, 3_000_000, true));
                assert_eq!(trail(&reply), "A");
            }
        });
    }

    lab.case("payload_for_an_error_without_body", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::status(503).header("x-up", "u"));
        let content = format!("<FaultRules>{}</FaultRules>", rule("is.error", &["AM-1"]));
        let report = set("AM-1", "<Payload contentType='text/plain'>busy</Payload>");
        let site = setup.listener(
            Listener::new(with_target(&content, &[report])).upstream(&upstream).allow_on_headers_stop_iteration(),
        );
        move || async move {
            let reply = site.get("/v1").await;
            assert_eq!((reply.status, reply.text(), reply.header("x-up")), (503, "busy", Some("u")));
            assert_eq!(
                (reply.header_all("content-type"), reply.header_all("content-length")),
                (vec!["text/plain"], vec!["4"])
            );
        }
    });
}
