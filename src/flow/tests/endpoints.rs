use super::*;

/// A policy that notes that it ran.
fn note(name: &str) -> String {
    format!(
        "<AssignMessage name='{name}'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
         <AssignVariable><Name>trail</Name><Template>{{trail}}{name}@{{current.flow.name}} </Template></AssignVariable></AssignMessage>"
    )
}

pub(super) fn step(name: &str) -> String {
    format!("<Step><Name>{name}</Name></Step>")
}

/// Notes named by letters, a proxy endpoint around that content, and target endpoints.
pub(super) fn proxied(content: &str, targets: &[&str]) -> Value {
    let policies: Vec<String> = ["A", "B", "C", "D", "E", "F", "G", "H"].into_iter().map(note).collect();
    json!({
        "policies": policies,
        "proxy_endpoint": format!("<ProxyEndpoint name='default'>{content}<HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection></ProxyEndpoint>"),
        "target_endpoints": targets,
        "filter_state": ["trail", "proxy.pathsuffix", "route.name"],
    })
}

/// docs/apigee-semantics.md 9.1: the order of flows around the upstream.
#[test]
fn flows_run_in_apigees_order() {
    let proxy = format!(
        "<PostFlow><Request>{}</Request><Response>{}</Response></PostFlow>
         <Flows><Flow name='no'><Condition>request.verb = \"PUT\"</Condition><Request>{}</Request></Flow>
           <Flow name='near'><Condition>proxy.pathsuffix MatchesPath \"/near\"</Condition><Request>{}</Request><Response>{}</Response></Flow>
           <Flow name='else'><Request>{}</Request></Flow></Flows>
         <PreFlow><Request>{}</Request></PreFlow>
         <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>",
        step("C"), step("H"), step("H"), step("B"), step("G"), step("H"), step("A"),
    );
    let target = format!(
        "<TargetEndpoint name='t'><PreFlow><Request>{}</Request><Response>{}</Response></PreFlow>
         <PostFlow><Request>{}</Request></PostFlow></TargetEndpoint>",
        step("D"),
        step("F"),
        step("E"),
    );
    let host =
        Scripted::client("GET", "/v1/near?a=1", &[("X-Callout-Target", "evil"), ("x-apigee-org", "x"), ("a", "b")])
            .with_response("200", &[], "");
    let done = host.run(&plan(&proxied(&proxy, &[&target])));
    assert_eq!(
        host.published("trail").unwrap(),
        "A@PreFlow B@near C@PostFlow D@PreFlow E@PostFlow F@PreFlow G@near H@PostFlow "
    );
    assert_eq!(host.published("proxy.pathsuffix").as_deref(), Some("/near"));
    assert_eq!(done.changes(Direction::Request), ["-X-Callout-Target", "-x-apigee-org", "x-callout-target: t"]);
    assert_eq!(done.resumed, [Direction::Request, Direction::Response]);
}

/// `target.copy.*` removes the path suffix and the query from the upstream request (docs/apigee-semantics.md 8.4).
#[test]
fn target_copy_removes_path_suffix_and_query() {
    let set = |name: &str, variable: &str| {
        format!(
            "<AssignMessage name='{name}'><AssignVariable><Name>target.copy.{variable}</Name><Value>false</Value></AssignVariable></AssignMessage>"
        )
    };
    let (suffix, query) = (set("S", "pathsuffix"), set("Q", "queryparams"));
    let cases: [(&[&str], &str, &str, &[&str]); 6] = [
        (&["S"], "/v1", "/v1/near?a=1", &[":path: /v1?a=1"]),
        (&["Q"], "/v1", "/v1/near?a=1", &[":path: /v1/near"]),
        (&["S", "Q"], "/v1", "/v1/near?a=1", &[":path: /v1"]),
        (&["S"], "/", "/near", &[":path: /"]),
        (&["S", "Q"], "/v1/*", "/v1/x/near?a=1", &[":path: /v1/x"]),
        (&["S", "Q"], "/v1", "/v1", &[]),
    ];
    for (steps, base_path, path, expected) in cases {
        let host = Scripted::client("GET", path, &[]);
        let configuration = json!({"policies": [suffix, query], "request": steps, "proxy": {"base_path": base_path}});
        assert_eq!(host.run(&plan(&configuration)).changes(Direction::Request), expected, "{steps:?} {path}");
    }
}

/// docs/apigee-semantics.md 8.4: with a target endpoint, only its own flows decide.
#[test]
fn target_copy_is_decided_in_the_target_endpoint() {
    let set = |name: &str, value: &str| {
        let assign = |variable: &str| {
            format!("<AssignVariable><Name>target.copy.{variable}</Name><Value>{value}</Value></AssignVariable>")
        };
        format!("<AssignMessage name='{name}'>{}{}</AssignMessage>", assign("pathsuffix"), assign("queryparams"))
    };
    let route = "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    let target = "x-callout-target: t";
    let cases: [(&str, &str, &str, &[&str]); 5] = [
        ("N", route, "", &[target]),
        ("N", route, "N", &[":path: /v1", target]),
        ("Y", route, "N", &[":path: /v1", target]),
        ("N", route, "Y", &[target]),
        // Without route rules there is no target endpoint.
        ("N", "", "", &[":path: /v1"]),
    ];
    for (in_proxy, route, in_target, expected) in cases {
        let flow = |name: &str| match name {
            "" => String::new(),
            name => format!("<PreFlow><Request>{}</Request></PreFlow>", step(name)),
        };
        let target = format!("<TargetEndpoint name='t'>{}</TargetEndpoint>", flow(in_target));
        let mut configuration = proxied(&format!("{}{route}", flow(in_proxy)), &[&target]);
        configuration["policies"] = json!([set("N", "false"), set("Y", "true")]);
        let done = Scripted::client("GET", "/v1/near?a=1", &[]).run(&plan(&configuration));
        assert_eq!(done.changes(Direction::Request), expected, "{in_proxy} {route} {in_target}");
    }
}

/// docs/apigee-semantics.md 8.2: the charset of the request decides the meaning of `+`, unless a property ignores it.
#[test]
fn a_plus_in_a_query_is_a_space_with_a_charset() {
    let report = |name: &str| {
        format!(
            "<AssignMessage name='{name}'><AssignVariable><Name>{name}.v</Name><Template>{{request.queryparam.a}}|{{request.querystring}}</Template></AssignVariable></AssignMessage>"
        )
    };
    let property = |value: &str| {
        format!(
            "<Properties><Property name='request.queryparams.ignore.content.type.charset'>{value}</Property></Properties>"
        )
    };
    let (plus, space) = (Some("x+y|a=x+y"), Some("x y|a=x+y"));
    let (utf8, plain) = ("text/plain; charset=utf-8", "text/plain");
    let cases = [
        (plain, "", "", plus, plus),
        ("text/plain; boundary=x", "", "", plus, plus),
        (utf8, "", "", space, space),
        ("application/json;Charset=\"ISO-8859-1\"", "", "", space, space),
        (utf8, "false", "false", space, space),
        (utf8, "true", "", plus, plus),
        (utf8, "", "true", space, plus),
    ];
    for (content_type, in_proxy, in_target, first, second) in cases {
        let proxy = format!(
            "<ProxyEndpoint name='default'><PreFlow><Request>{}</Request></PreFlow>
             <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>
             <HTTPProxyConnection><BasePath>/v1</BasePath>{}</HTTPProxyConnection></ProxyEndpoint>",
            step("P"),
            property(in_proxy)
        );
        let target = format!(
            "<TargetEndpoint name='t'><PreFlow><Request>{}</Request></PreFlow>
             <HTTPTargetConnection>{}</HTTPTargetConnection></TargetEndpoint>",
            step("T"),
            property(in_target)
        );
        let host = Scripted::client("POST", "/v1?a=x+y", &[("content-type", content_type)]);
        let done = host.run(&plan(&json!({
            "policies": [report("P"), report("T")],
            "proxy_endpoint": proxy,
            "target_endpoints": [target],
            "filter_state": ["P.v", "T.v"],
        })));
        assert_eq!(host.published("P.v").as_deref(), first, "{content_type} {in_proxy} {in_target}");
        assert_eq!(host.published("T.v").as_deref(), second, "{content_type} {in_proxy} {in_target}");
        assert_eq!(done.changes(Direction::Request), ["x-callout-target: t"]);
    }
}

/// Without an upstream, a policy can add a body to a request.
#[test]
fn a_null_routes_request_may_get_a_body() {
    let set = "<AssignMessage name='S'><Set><Payload>made</Payload></Set></AssignMessage>";
    let answer = "<AssignMessage name='R'><AssignTo>response</AssignTo><Set><Payload>{request.content}</Payload></Set></AssignMessage>";
    let target = "<RouteRule name='t'><Condition>request.verb = \"PUT\"</Condition><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    for routes in ["", target] {
        let flows = format!(
            "<PreFlow><Request>{}</Request><Response>{}</Response></PreFlow>{routes}<RouteRule name='null'/>",
            step("S"),
            step("R")
        );
        let mut configuration = proxied(&flows, &[]);
        configuration["policies"] = json!([set, answer]);
        let done = Scripted::client("GET", "/v1/x", &[]).run(&plan(&configuration));
        assert_eq!(done.reply_status_and_body(), (200, "made"));
        assert_eq!(done.warnings, [""; 0]);
    }
}

#[test]
fn a_request_outside_the_base_path_passes() {
    let proxy = format!("<PreFlow><Request>{}</Request><Response>{}</Response></PreFlow>", step("A"), step("B"));
    let host = Scripted::client("GET", "/v2/near", &[("x-callout-target", "kept")]).with_response("200", &[], "");
    let done = host.run(&plan(&proxied(&proxy, &[])));
    assert_eq!((host.published("trail"), done.changes, done.resumed), (None, vec![], vec![Direction::Request]));
}

/// docs/apigee-semantics.md 9.1: the response of a null route starts from the content of the request and its type.
#[test]
fn a_null_routes_response_starts_from_the_request() {
    let json = "<Set><Payload contentType='application/json'>{\"ok\":true}</Payload></Set>";
    let assign = |content: &str| format!("<AssignMessage name='S'>{content}</AssignMessage>");
    let made = (r#"{"ok":true}"#, Some("application/json"));
    let (form, of_form) = ("application/x-www-form-urlencoded", "a=1");
    let source = "<AssignTo createNew='true' type='response'>m</AssignTo>";
    let copy = format!("{}<Copy source='m'><Headers/><Payload/></Copy>", "<AssignTo>request</AssignTo>");
    let cases = [
        (vec![assign(json)], made),
        (vec![assign(&format!("<AssignTo createNew='false' type='response'/>{json}"))], made),
        (vec![assign(&format!("<AssignTo createNew='false' type='request'/>{json}"))], made),
        (vec![assign(&format!("<AssignTo>request</AssignTo>{json}"))], made),
        (vec![assign(&format!("<AssignTo createNew='true' type='response'/>{json}"))], made),
        (vec![assign("<Set><StatusCode>418</StatusCode><Payload>x</Payload></Set>")], ("x", Some("text/plain"))),
        (vec![assign("<Set><FormParams><FormParam name='a'>1</FormParam></FormParams></Set>")], (of_form, Some(form))),
        (vec![assign(&format!("{source}{json}")), assign(&copy).replace("'S'", "'C'")], made),
        (vec![], ("hello", Some("text/plain"))),
    ];
    for (policies, (body, content_type)) in cases {
        let names: String = ["S", "C"].iter().take(policies.len()).map(|name| step(name)).collect();
        let flows = format!("<PreFlow><Request>{names}</Request></PreFlow><RouteRule name='noroute'/>");
        let mut configuration = proxied(&flows, &[]);
        configuration["policies"] = json!(policies);
        let headers = [("content-type", "text/plain"), ("x-secret", "1"), ("authorization", "Bearer x")];
        let plan = plan(&configuration);
        let done = Scripted::client("POST", "/v1/x", &headers).with_body("hello").run(&plan);
        assert_eq!(done.reply_status_and_body(), (200, body), "{policies:?}");
        let reply = done.reply.as_ref().unwrap();
        assert_eq!(reply.header("content-type"), content_type, "{policies:?}");
        assert_eq!(reply.headers.len(), 1, "{policies:?}");
    }
    let done = Scripted::client("GET", "/v1/x", &[]).run(&plan(&proxied("<RouteRule name='noroute'/>", &[])));
    assert_eq!((done.reply_status_and_body(), done.reply.as_ref().unwrap().headers.len()), ((200, ""), 0));
}

/// docs/apigee-semantics.md 9.1: with a null route, the response flow makes the response.
#[test]
fn a_null_route_replies() {
    let proxy = format!(
        "<PreFlow><Request>{}</Request><Response>{}<Step><Name>AM</Name></Step></Response></PreFlow><RouteRule name='none'/>",
        step("A"),
        step("B"),
    );
    let mut configuration = proxied(&proxy, &[]);
    let answer =
        "<AssignMessage name='AM'><Set><StatusCode>203</StatusCode><Headers><Header name='x'>1</Header></Headers>
        <Payload contentType='text/plain'>{trail}</Payload></Set></AssignMessage>";
    configuration["policies"].as_array_mut().unwrap().push(json!(answer));
    let host = Scripted::client("GET", "/v1", &[]);
    let done = host.run(&plan(&configuration));
    assert_eq!(done.reply_status_and_body(), (203, "A@PreFlow B@PreFlow "));
    assert_eq!(done.reply.as_ref().unwrap().header("x"), Some("1"));
    assert_eq!((done.resumed, host.published("route.name").as_deref()), (vec![], Some("none")));
}

#[test]
fn no_route_that_applies_is_a_fault() {
    let host = Scripted::client("GET", "/v1", &[]);
    let done = host.run(&plan(&proxied("<RouteRule name='r'><Condition>false_one</Condition></RouteRule>", &[])));
    assert_eq!(
        (done.reply_status_and_body().0, host.published("fault.name").as_deref()),
        (500, Some("NoRoutesMatched"))
    );
}

/// docs/apigee-semantics.md 9.2 and 9.3: an error of the target is a fault where a target endpoint has fault rules.
#[test]
fn target_errors_are_faults_of_targets_with_rules() {
    let proxy = "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    let target = |rules: &str| format!("<TargetEndpoint name='t'><FaultRules>{rules}</FaultRules></TargetEndpoint>");
    let run = |target: &str, status: &str| {
        let host = Scripted::client("GET", "/v1", &[]).with_response(status, &[("x-up", "1")], "down");
        let mut configuration = proxied(proxy, &[target]);
        let change = "<AssignMessage name='AM'><Set><Headers><Header name='x-fault'>{fault.name} {error.status.code}</Header></Headers></Set></AssignMessage>";
        configuration["policies"].as_array_mut().unwrap().push(json!(change));
        (host.run(&plan(&configuration)), host)
    };
    let rules =
        "<FaultRule name='a'><Condition>error.status.code = 503</Condition><Step><Name>AM</Name></Step></FaultRule>
        <FaultRule name='b'><Condition>false_one</Condition></FaultRule>";
    let (done, host) = run(&target(rules), "503");
    assert_eq!(done.changes(Direction::Response), ["x-fault: ErrorResponseCode 503"]);
    assert_eq!((done.reply, done.resumed.len()), (None, 2));
    assert_eq!(host.published("fault.name").as_deref(), Some("ErrorResponseCode"));
    let (done, _) = run(&target(rules), "404");
    assert_eq!((done.changes(Direction::Response), done.resumed.len()), (vec![], 2));
    let (_, host) = run(&target(""), "503");
    assert_eq!(host.published("fault.name"), None);
}

/// PostClientFlow: callouts after the response never wait.
#[test]
fn a_post_client_flow_calls_without_waiting() {
    let proxy = "<PostClientFlow><Response><Step><Name>SC</Name></Step></Response></PostClientFlow>
        <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    let mut configuration = proxied(proxy, &[]);
    let log = callout(
        "<Request><Set><Verb>POST</Verb><Payload>{request.verb} {response.status.code}</Payload></Set></Request>",
    );
    configuration["policies"].as_array_mut().unwrap().push(json!(log));
    let host = Scripted::client("GET", "/v1", &[]).with_response("404", &[], "");
    let done = host.run(&plan(&configuration));
    assert_eq!((done.only_call().text(), done.outcomes.len(), done.resumed.len()), ("GET 404", 0, 2));
}

/// Response flow policies change status, headers and body of the response.
#[test]
fn a_response_is_changed() {
    let change = "<AssignMessage name='AM'><Set><StatusCode>201</StatusCode><Headers><Header name='x-old'>{response.header.x-up}</Header></Headers>
        <Payload>{response.content}!</Payload></Set><Remove><Headers><Header name='x-up'/></Headers></Remove></AssignMessage>";
    let plan = plan(&json!({"policies": [change], "response": ["AM"]}));
    let host = Scripted::client("GET", "/", &[]).with_response("200", &[("x-up", "1"), ("content-length", "2")], "hi");
    let done = host.run(&plan);
    assert_eq!(done.changes(Direction::Response), [":status: 201", "-x-up", "x-old: 1", "content-length: 3"]);
    assert_eq!(done.bodies, [(Direction::Response, bytes::Bytes::from("hi!"))]);
    let mut host = Scripted::client("GET", "/", &[]).with_response("204", &[("x-up", "1")], "");
    host.response_body = None;
    assert_eq!(host.run(&plan).reply_status_and_body(), (201, "!"));
}

#[test]
fn conditions_guard_steps() {
    let policies = [note("A"), note("B"), note("C")];
    let configuration = json!({
        "policies": policies,
        "request": [
            {"step": "A", "condition": "(lookup.hit is false) and (request.verb = \"GET\")"},
            {"step": "B", "condition": "lookup.hit is null"},
            {"step": "C", "condition": " "},
        ],
        "filter_state": ["trail"],
    });
    let host = Scripted::client("GET", "/", &[]);
    host.run(&plan(&configuration));
    assert_eq!(host.published("trail").as_deref(), Some("B@PreFlow C@PreFlow "));
}

#[test]
fn reserved_headers_are_gone_with_a_body_too() {
    let policy = "<AssignMessage name='AM'><Set><Payload>{request.content}!</Payload></Set></AssignMessage>";
    let proxy = format!("<PreFlow><Request>{}</Request></PreFlow>", step("AM"));
    let mut configuration = proxied(&proxy, &[]);
    configuration["policies"].as_array_mut().unwrap().push(json!(policy));
    let headers = [("X-Callout-Target", "evil"), ("x-apigee-org", "x"), ("content-length", "1")];
    let host = Scripted::client("POST", "/v1/near", &headers).with_body("a");
    let done = host.run(&plan(&configuration));
    assert_eq!(done.changes(Direction::Request), ["-X-Callout-Target", "-x-apigee-org", "content-length: 2"]);
}
