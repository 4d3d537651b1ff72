use super::*;

/// A policy that notes that it ran.
fn note(name: &str) -> String {
    format!(
        "<AssignMessage name='{name}'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
         <AssignVariable><Name>trail</Name><Template>{{trail}}{name}@{{current.flow.name}} </Template></AssignVariable></AssignMessage>"
    )
}

fn step(name: &str) -> String {
    format!("<Step><Name>{name}</Name></Step>")
}

/// Notes named by letters, a proxy endpoint around that content, and target endpoints.
fn proxied(content: &str, targets: &[&str]) -> Value {
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
            .upstream("200", &[], "");
    let done = host.run(&plan(&proxied(&proxy, &[&target])));
    assert_eq!(
        host.published("trail").unwrap(),
        "A@PreFlow B@near C@PostFlow D@PreFlow E@PostFlow F@PreFlow G@near H@PostFlow "
    );
    assert_eq!(host.published("proxy.pathsuffix").as_deref(), Some("/near"));
    assert_eq!(done.changes(Direction::Request), ["-X-Callout-Target", "-x-apigee-org", "x-callout-target: t"]);
    assert_eq!(done.resumed, [Direction::Request, Direction::Response]);
}

/// docs/apigee-semantics.md 8.4.
#[test]
fn what_is_not_copied_to_the_target_is_left_out() {
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

/// Where nothing goes to an upstream, a request without body may be given one for what follows.
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
        assert_eq!(done.answer(), (200, "made"));
        assert_eq!(done.warnings, [""; 0]);
    }
}

#[test]
fn a_request_outside_the_base_path_passes() {
    let proxy = format!("<PreFlow><Request>{}</Request><Response>{}</Response></PreFlow>", step("A"), step("B"));
    let host = Scripted::client("GET", "/v2/near", &[("x-callout-target", "kept")]).upstream("200", &[], "");
    let done = host.run(&plan(&proxied(&proxy, &[])));
    assert_eq!((host.published("trail"), done.changes, done.resumed), (None, vec![], vec![Direction::Request]));
}

/// docs/apigee-semantics.md 9.1: a null route answers from the response flow.
#[test]
fn a_null_route_answers() {
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
    assert_eq!(done.answer(), (203, "A@PreFlow B@PreFlow "));
    assert_eq!(done.reply.as_ref().unwrap().header("x"), Some("1"));
    assert_eq!((done.resumed, host.published("route.name").as_deref()), (vec![], Some("none")));
}

#[test]
fn no_route_that_applies_is_a_fault() {
    let host = Scripted::client("GET", "/v1", &[]);
    let done = host.run(&plan(&proxied("<RouteRule name='r'><Condition>false_one</Condition></RouteRule>", &[])));
    assert_eq!((done.answer().0, host.published("fault.name").as_deref()), (500, Some("NoRoutesMatched")));
}

/// docs/apigee-semantics.md 9.2 and 9.3: an error of the target is a fault where a target endpoint has fault rules.
#[test]
fn target_errors_are_faults_of_targets_with_rules() {
    let proxy = "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    let target = |rules: &str| format!("<TargetEndpoint name='t'><FaultRules>{rules}</FaultRules></TargetEndpoint>");
    let run = |target: &str, status: &str| {
        let host = Scripted::client("GET", "/v1", &[]).upstream(status, &[("x-up", "1")], "down");
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

#[test]
fn a_shared_flow_runs_in_place() {
    let mut configuration = proxied(
        &format!(
            "<PreFlow><Request>{}<Step><Name>FC</Name><Condition>request.verb = \"GET\"</Condition></Step>{}</Request></PreFlow>",
            step("A"),
            step("C")
        ),
        &[],
    );
    let callout = "<FlowCallout name='FC'><Parameters><Parameter name='p1'>x{request.verb}</Parameter><Parameter name='p2' ref='p1'/></Parameters>
        <SharedFlowBundle>shared</SharedFlowBundle></FlowCallout>";
    configuration["policies"].as_array_mut().unwrap().push(json!(callout));
    configuration["shared_flows"] = json!([format!("<SharedFlow name='shared'>{}</SharedFlow>", step("B"))]);
    configuration["filter_state"] = json!(["trail", "p2"]);
    let host = Scripted::client("GET", "/v1", &[]);
    host.run(&plan(&configuration));
    assert_eq!(host.published("trail").as_deref(), Some("A@PreFlow B@PreFlow C@PreFlow "));
    assert_eq!(host.published("p2").as_deref(), Some("xGET"));
}

#[test]
fn a_shared_flow_has_its_own_policies_and_properties() {
    let set = |value: &str| {
        let name = "<AssignVariable><Name>trail</Name><Template>{trail:}";
        format!(
            "<AssignMessage name='A'>{name}{value}@{{propertyset.s.k:none}},{{propertyset.s.p:none}} </Template></AssignVariable></AssignMessage>"
        )
    };
    let call = |name: &str, flow: &str| {
        format!("<FlowCallout name='{name}'><SharedFlowBundle>{flow}</SharedFlowBundle></FlowCallout>")
    };
    let flow = |name: &str, steps: &[&str]| {
        let steps: String = steps.iter().map(|name| step(name)).collect();
        format!("<SharedFlow name='{name}'>{steps}</SharedFlow>")
    };
    let plan = plan(&json!({
        "policies": [set("proxy"), call("F", "outer")],
        "request": ["A", "F", "A"],
        "properties": {"propertyset.s.k": "1", "propertyset.s.p": "p"},
        "shared_flows": [
            {"xml": flow("default", &["A", "F", "A"]), "name": "outer", "policies": [set("outer"), call("F", "inner")],
             "properties": {"propertyset.s.k": "2"}},
            {"xml": flow("inner", &["A"]), "policies": [set("inner")]},
        ],
        "filter_state": ["trail"],
    }));
    let host = Scripted::client("GET", "/", &[]);
    host.run(&plan);
    let expected = "proxy@1,p outer@2,p inner@1,p outer@2,p proxy@1,p ";
    assert_eq!(host.published("trail").as_deref(), Some(expected));
    let ids = ["A", "outer/A", "inner/A", "inner/F"].map(|name| plan.policy_id(name));
    assert_eq!(ids, [Some(PolicyId(0)), Some(PolicyId(2)), Some(PolicyId(4)), None]);
}

/// The caller's properties are back after a fault too.
#[test]
fn a_fault_rule_of_the_caller_reads_its_own_properties() {
    let flow = format!("<SharedFlow name='s'>{}</SharedFlow>", step("RF"));
    let fault = "<RaiseFault name='RF'><FaultResponse><Set><Payload>{propertyset.s.k}</Payload></Set></FaultResponse></RaiseFault>";
    let answer =
        "<AssignMessage name='AM'><Set><Payload>{error.content} {propertyset.s.k}</Payload></Set></AssignMessage>";
    let plan = plan(&json!({
        "policies": ["<FlowCallout name='F'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>", answer],
        "request": ["F"],
        "fault_rules": format!("<FaultRules><FaultRule name='f'>{}</FaultRule></FaultRules>", step("AM")),
        "properties": {"propertyset.s.k": "proxy"},
        "shared_flows": [{"xml": flow, "policies": [fault], "properties": {"propertyset.s.k": "flow"}}],
    }));
    assert_eq!(Scripted::client("GET", "/", &[]).run(&plan).answer(), (500, "flow proxy"));
}

/// Contract of PostClientFlow: callouts after the response never wait.
#[test]
fn a_post_client_flow_calls_without_waiting() {
    let proxy = "<PostClientFlow><Response><Step><Name>SC</Name></Step></Response></PostClientFlow>
        <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
    let mut configuration = proxied(proxy, &[]);
    let log = callout(
        "<Request><Set><Verb>POST</Verb><Payload>{request.verb} {response.status.code}</Payload></Set></Request>",
    );
    configuration["policies"].as_array_mut().unwrap().push(json!(log));
    let host = Scripted::client("GET", "/v1", &[]).upstream("404", &[], "");
    let done = host.run(&plan(&configuration));
    assert_eq!((done.only_call().text(), done.outcomes.len(), done.resumed.len()), ("GET 404", 0, 2));
}

/// Response flow policies change status, headers and body of the response.
#[test]
fn a_response_is_changed() {
    let change = "<AssignMessage name='AM'><Set><StatusCode>201</StatusCode><Headers><Header name='x-old'>{response.header.x-up}</Header></Headers>
        <Payload>{response.content}!</Payload></Set><Remove><Headers><Header name='x-up'/></Headers></Remove></AssignMessage>";
    let plan = plan(&json!({"policies": [change], "response": ["AM"]}));
    let host = Scripted::client("GET", "/", &[]).upstream("200", &[("x-up", "1"), ("content-length", "2")], "hi");
    let done = host.run(&plan);
    assert_eq!(done.changes(Direction::Response), [":status: 201", "-x-up", "x-old: 1", "content-length: 3"]);
    assert_eq!(done.bodies, [(Direction::Response, bytes::Bytes::from("hi!"))]);
    let mut host = Scripted::client("GET", "/", &[]).upstream("204", &[("x-up", "1")], "");
    host.response_body = None;
    assert_eq!(host.run(&plan).answer(), (201, "!"));
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
