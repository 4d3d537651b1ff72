//! The configurations that are run both ways.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, Client};
use crate::policy::{ServiceCallout, assign_message, extract_variables, header, raise_fault_set, set};
use crate::proxy::{flow, proxied, proxy_endpoint, route_rule, steps};

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        callouts(),
        faults(),
        bodies(),
        targets(),
        upstream_faults(),
        null_routes(),
        shared_flows(),
        load_balancer(),
        tokens("own_tokens", json!({"metadata_cluster": "services"})),
        tokens(
            "impersonated_tokens",
            json!({"metadata_cluster": "services", "service_account": "a@b.test", "iam_cluster": "services"}),
        ),
        integrations(),
    ];
    cases.extend(examples());
    cases.extend(bundles());
    cases
}

fn with_clusters(mut configuration: Value) -> Value {
    configuration["clusters"] = json!({"*": "services", "http://down.test": "refusing"});
    configuration
}

/// Requests are made and changed, responses are read, the client's request is changed.
fn callouts() -> Case {
    let call = ServiceCallout::new("SC-1", "http://a.test:8080/base?fixed=1")
        .variable("call")
        .set(
            "<Headers><Header name='X-Id'>{request.queryparam.id}</Header></Headers>\
             <QueryParams><QueryParam name='q'>{request.header.x-q:none}</QueryParam></QueryParams>\
             <Verb>PUT</Verb><Path>/p/{request.verb}</Path><Payload contentType='application/json'>{\"n\":\"{request.queryparam.id}\"}</Payload>",
        )
        .response("answer")
        .xml();
    let again =
        ServiceCallout::new("SC-2", "http://{request.header.x-host}/again").variable("call").response("second").xml();
    let log = ServiceCallout::new("SC-Log", "http://log.test/log")
        .set("<Verb>POST</Verb><Payload>{answer.status.code}</Payload>")
        .xml();
    let extract = extract_variables(
        "EV-1",
        "<Source>answer</Source><VariablePrefix>got</VariablePrefix><JSONPayload><Variable name='host'><JSONPath>$.host</JSONPath></Variable>\
         <Variable name='second'><JSONPath>$.n[1]</JSONPath></Variable></JSONPayload>",
    );
    let assign = assign_message(
        "AM-1",
        "<AssignTo>request</AssignTo><Set><Headers><Header name='X-Got'>{got.host} {got.second}</Header></Headers>\
         <QueryParams><QueryParam name='added'>a b</QueryParam></QueryParams></Set>\
         <Remove><Headers><Header name='X-Gone'/></Headers></Remove><Copy source='answer'><Headers><Header name='x-served'/></Headers></Copy>",
    );
    let configuration = json!({
        "policies": [call, again, log, extract, assign],
        "request": ["SC-1", {"step": "SC-2", "condition": "request.header.x-host != null"}, "EV-1", "AM-1", "SC-Log"],
        "filter_state": ["got.host", "got.second", "answer.header.set-cookie.2", "call.path"],
    });
    let requests = vec![
        Client::get("/near?id=7&x=%20y").header("x-gone", "1").header("x-q", "a&b c"),
        Client::get("/far").header("x-host", "other.test").header("traceparent", "00-1-2-01").header("b3", "0"),
        Client::post("/near?id=1", "text/plain", "untouched"),
    ];
    Case { name: "callouts", configuration: with_clusters(configuration), requests }
}

/// Every way for a callout to fail, and rules for it.
fn faults() -> Case {
    let call =
        |name: &str, host: &str| ServiceCallout::new(name, &format!("http://{host}/")).response("answer").timeout(300);
    let rules = "<FaultRules><FaultRule name='slow'><Condition>error.message ~~ \".*timeout.*\"</Condition><Step><Name>AM-Slow</Name></Step></FaultRule>\
        <FaultRule name='bad'><Condition>answer.status.code = 503 and fault.name = \"ExecutionFailed\"</Condition><Step><Name>AM-Bad</Name></Step></FaultRule></FaultRules>";
    let to = |host: &str| format!("request.header.to = \"{host}\"");
    let configuration = json!({
        "policies": [
            call("SC-Slow", "slow.test").xml(),
            call("SC-Bad", "bad.test").xml(),
            call("SC-Down", "down.test").xml(),
            call("SC-Wild", "{request.header.host-of}").xml(),
            call("SC-Goes-On", "bad.test").continue_on_error().xml(),
            set("AM-Slow", "<StatusCode>504</StatusCode><Payload contentType='text/plain'>{error.message}</Payload>"),
            set("AM-Bad", "<StatusCode>503</StatusCode>"),
            set("AM-Always", &header("X-Fault", "{fault.name} {fault.category}")),
            set("AM-Unresolved", &header("x", "{nobody.knows}")),
            raise_fault_set("RF-1", "<Headers><Header name='x-raised'>1</Header></Headers><StatusCode>418</StatusCode><ReasonPhrase>Tea</ReasonPhrase><Payload contentType='application/xml'>&lt;t/></Payload>"),
        ],
        "request": [
            "SC-Goes-On",
            {"step": "SC-Slow", "condition": to("slow")},
            {"step": "SC-Bad", "condition": to("bad")},
            {"step": "SC-Down", "condition": to("down")},
            {"step": "SC-Wild", "condition": to("wild")},
            {"step": "AM-Unresolved", "condition": to("unresolved")},
            {"step": "RF-1", "condition": to("raise")},
        ],
        "fault_rules": rules,
        "default_fault_rule": "<DefaultFaultRule name='d'><AlwaysEnforce>true</AlwaysEnforce><Step><Name>AM-Always</Name></Step></DefaultFaultRule>",
        "filter_state": ["fault.subcategory", "error.state", "is.error"],
    });
    let to = |host: &str| Client::get("/").header("to", host);
    let requests = vec![
        to("slow"),
        to("bad"),
        to("down"),
        to("down").header("accept", "application/xml"),
        to("wild").header("host-of", "127.0.0.1"),
        to("unresolved"),
        to("raise"),
        to("nowhere"),
    ];
    Case { name: "faults", configuration: with_clusters(configuration), requests }
}

/// Bodies of both messages, read and written.
fn bodies() -> Case {
    let extract = extract_variables(
        "EV-1",
        "<JSONPayload><Variable name='name' type='string'><JSONPath>$.user.name</JSONPath></Variable></JSONPayload>\
         <FormParam name='f'><Pattern ignoreCase='true'>A{rest}</Pattern></FormParam>",
    );
    let xml = extract_variables(
        "EV-2",
        "<Source>xml</Source><XMLPayload><Namespaces><Namespace prefix='n'>urn:n</Namespace></Namespaces><Variable name='id' type='integer'><XPath>/r/n:id</XPath></Variable>\
         <Variable name='list' type='nodeset'><XPath>/r/list/i</XPath></Variable></XMLPayload>",
    );
    let call = ServiceCallout::new("SC-1", "http://xml.test/").response("xml").xml();
    let rewrite = assign_message(
        "AM-1",
        "<AssignTo>request</AssignTo><Set><Payload contentType='application/json'>{\"name\":\"{name:-}\",\"id\":{id},\"rest\":\"{rest:-}\"}</Payload></Set>\
         <AssignVariable><Name>kept</Name><Template>{toUpperCase(name)}-{sha256Base64(request.content)}</Template></AssignVariable>",
    );
    let response = assign_message(
        "AM-2",
        "<AssignTo>response</AssignTo><Set><Payload contentType='text/plain'>{response.content}{kept}</Payload><StatusCode>203</StatusCode>\
         <Headers><Header name='X-Len'>{response.header.x-upstream}</Header></Headers></Set><Remove><Headers><Header name='x-remove-me'/></Headers></Remove>\
         <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>",
    );
    let configuration = json!({
        "policies": [extract, xml, call, rewrite, response],
        "request": ["EV-1", "SC-1", "EV-2", "AM-1"],
        "response": ["AM-2"],
        "filter_state": ["name", "id", "list", "rest", "kept", "request.content"],
    });
    let requests = vec![
        Client::post("/a?b=1", "application/json", r#"{"user":{"name":"Jo é"}}"#),
        Client::post("/a", "application/x-www-form-urlencoded", "f=abc%20d&g=1"),
        Client::post("/broken", "application/json", "{}"),
    ];
    Case { name: "bodies", configuration: with_clusters(configuration), requests }
}

/// Route rules, and flows of target endpoints.
fn targets() -> Case {
    let rules = [route_rule("a", "request.queryparam.to = \"a\"", "a"), route_rule("b", "request.verb = \"GET\"", "b")];
    let content = format!(
        "{}<Flows><Flow name='one'><Condition>proxy.pathsuffix MatchesPath \"/one/*\"</Condition><Request>{}</Request><Response>{}</Response></Flow></Flows>{}",
        flow("PreFlow", &["A"], &["B"]),
        steps(&["C", "AM-1"]),
        steps(&["D"]),
        rules.concat()
    );
    let report =
        set("AM-1", &header("x-tell", "{proxy.basepath} {proxy.pathsuffix} {current.flow.name} {apiproxy.name}"));
    let mut configuration = proxied(&proxy_endpoint(&content), &[report]);
    configuration["target_endpoints"] =
        json!([format!("<TargetEndpoint name='a'>{}</TargetEndpoint>", flow("PostFlow", &["E"], &["F"]))]);
    configuration["proxy"] = json!({"organization": "acme", "environment": "test", "name": "p", "revision": 2});
    configuration["filter_state"] = json!(["route.name", "route.target", "target.name", "proxy.pathsuffix"]);
    let requests = vec![
        Client::get("/v1/one/1?to=a").header("x-callout-target", "mine").header("x-apigee-x", "1"),
        Client::get("/v1/two"),
        Client::post("/v1/one/1", "text/plain", "x"),
        Client::get("/v2"),
    ];
    Case { name: "targets", configuration, requests }
}

/// Error statuses of the upstream, with and without rules of the target endpoint.
fn upstream_faults() -> Case {
    let content = format!("{}{}", flow("PostFlow", &["A"], &["B"]), route_rule("r", "", "t"));
    let rule = "<FaultRules><FaultRule name='r'><Condition>response.status.code = 502</Condition><Step><Name>AM-1</Name></Step><Step><Name>C</Name></Step></FaultRule></FaultRules>";
    let report = set(
        "AM-1",
        "<Payload contentType='application/json'>{\"was\":{response.content}}</Payload><StatusCode>500</StatusCode>",
    );
    let mut configuration = proxied(&proxy_endpoint(&content), &[report]);
    configuration["target_endpoints"] = json!([format!("<TargetEndpoint name='t'>{rule}</TargetEndpoint>")]);
    configuration["filter_state"] = json!(["error.state", "error.content"]);
    let requests = vec![Client::get("/v1/broken"), Client::get("/v1/fine")];
    Case { name: "upstream_faults", configuration, requests }
}

fn null_routes() -> Case {
    let content = format!(
        "{}{}<PostClientFlow><Response>{}</Response></PostClientFlow>{}{}",
        flow("PreFlow", &["A"], &["B"]),
        flow("PostFlow", &[], &["AM-1"]),
        steps(&["SC-Log"]),
        route_rule("none", "proxy.pathsuffix = \"/health\"", ""),
        route_rule("put", "request.verb = \"PUT\"", "t"),
    );
    let response = set("AM-1", "<Payload contentType='application/json'>{\"up\":true}</Payload>");
    let log = ServiceCallout::new("SC-Log", "http://log.test/")
        .set("<Verb>POST</Verb><Payload>{response.status.code:-} {fault.name:-}</Payload>")
        .ignore_unresolved()
        .xml();
    let configuration = proxied(&proxy_endpoint(&content), &[response, log]);
    let requests = vec![Client::get("/v1/health"), Client::get("/v1/other")];
    Case { name: "null_routes", configuration: with_clusters(configuration), requests }
}

fn shared_flows() -> Case {
    let callout = "<FlowCallout name='FC-1'><Parameters><Parameter name='who'>{request.queryparam.who:me}</Parameter></Parameters>\
        <SharedFlowBundle>shared</SharedFlowBundle></FlowCallout>";
    let call = ServiceCallout::new("SC-1", "http://a.test/{who}").response("r").xml();
    let secret = assign_message(
        "AM-Secret",
        "<AssignVariable><Name>private.key</Name><Template>key-{who}</Template></AssignVariable><AssignVariable><Name>shown</Name><Ref>private.key</Ref></AssignVariable>",
    );
    let mut configuration = proxied(
        &proxy_endpoint(&flow("PreFlow", &["A", "FC-1", "C"], &[])),
        &[callout.to_owned(), call, secret, raise_fault_set("RF-1", "<StatusCode>401</StatusCode>")],
    );
    configuration["shared_flows"] = json!([format!(
        "<SharedFlow name='shared'>{}<Step><Name>RF-1</Name><Condition>who = \"nobody\"</Condition></Step></SharedFlow>",
        steps(&["B", "SC-1", "AM-Secret"])
    )]);
    configuration["filter_state"] = json!(["shown", "who"]);
    let requests = vec![Client::get("/v1"), Client::get("/v1?who=you"), Client::get("/v1?who=nobody")];
    Case { name: "shared_flows", configuration: with_clusters(configuration), requests }
}

/// The first server is down, so the next one gets the call.
fn load_balancer() -> Case {
    let call = "<ServiceCallout name='SC-1'><Request><Set><Path>/stock</Path></Set></Request><Response>stock</Response><HTTPTargetConnection>\
        <LoadBalancer><Algorithm>RoundRobin</Algorithm><Server name='one'/><Server name='two'/><MaxFailures>2</MaxFailures></LoadBalancer>\
        <Path>/v1</Path></HTTPTargetConnection></ServiceCallout>";
    let configuration = json!({
        "policies": [call],
        "target_servers": {
            "one": {"host": "down.test", "port": 80, "cluster": "refusing"},
            "two": {"host": "two.test", "port": 8080, "cluster": "services"},
        },
        "filter_state": ["loadbalancing.failedservers", "loadbalancing.targetserver", "loadbalancing.isfallback"],
    });
    Case { name: "load_balancer", configuration, requests: vec![Client::get("/")] }
}

fn tokens(name: &'static str, google: Value) -> Case {
    let call = |name: &str, authentication: &str| {
        format!(
            "<ServiceCallout name='{name}'><Response>{name}</Response><HTTPTargetConnection><Authentication>{authentication}</Authentication>\
             <URL>http://a.test/x?y=1</URL></HTTPTargetConnection></ServiceCallout>"
        )
    };
    let access = "<GoogleAccessToken><Scopes><Scope>https://www.googleapis.com/auth/cloud-platform</Scope></Scopes></GoogleAccessToken>";
    let id = "<HeaderName>X-Token</HeaderName><GoogleIDToken><Audience useTargetUrl='true'/></GoogleIDToken>";
    let configuration = json!({"policies": [call("SC-Access", access), call("SC-Id", id)], "google": google});
    Case { name, configuration: with_clusters(configuration), requests: vec![Client::get("/")] }
}

fn integrations() -> Case {
    let prepare = "<SetIntegrationRequest name='Set-1'><ProjectId>p1</ProjectId><IntegrationName>risk</IntegrationName><IntegrationRegion>us-west1</IntegrationRegion>\
        <ApiTrigger>risk_API_1</ApiTrigger><Parameters><Parameter name='account' type='string' ref='request.queryparam.acct'/>\
        <Parameter name='limit' type='integer'>250</Parameter></Parameters></SetIntegrationRequest>";
    let run = "<IntegrationCallout name='IC-1'><Request>integration.request</Request></IntegrationCallout>";
    let content = format!(
        "{}<RouteRule name='i'><Condition>request.verb = \"POST\"</Condition><IntegrationEndpoint>risk</IntegrationEndpoint></RouteRule>{}",
        flow("PreFlow", &["Set-1", "IC-1", "Set-1"], &["B"]),
        route_rule("else", "", "t"),
    );
    let mut configuration = proxied(&proxy_endpoint(&content), &[prepare.to_owned(), run.to_owned()]);
    configuration["integration_endpoints"] = json!(["<IntegrationEndpoint name='risk'/>"]);
    configuration["google"] = json!({"metadata_cluster": "services"});
    let requests = vec![Client::get("/v1?acct=A9"), Client::post("/v1?acct=B", "text/plain", "x")];
    Case { name: "integrations", configuration: with_clusters(configuration), requests }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The filter configuration of every example with the requests of its `try.sh`.
fn examples() -> Vec<Case> {
    ["geocoding", "orders"]
        .map(|name| {
            let read = |file| fs::read_to_string(root().join("examples").join(name).join(file)).unwrap();
            let envoy: Value = serde_saphyr::from_str(&read("envoy.yaml")).unwrap();
            let mut configuration = filter_configuration(&envoy).unwrap().clone();
            configuration["clusters"] = json!({"*": "services"});
            let lines = read("try.sh");
            let commands = lines.lines().filter(|line| line.starts_with("curl ") && line.contains(":10000/"));
            // Envoy's request ID replaces it and differs in each run.
            let requests = commands.map(|line| command(line).header("x-trace", "t-1")).collect();
            Case { name, configuration, requests }
        })
        .into()
}

fn filter_configuration(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(object) if object.get("policies").is_some_and(Value::is_array) => Some(value),
        Value::Object(object) => object.values().find_map(filter_configuration),
        Value::Array(list) => list.iter().find_map(filter_configuration),
        _ => None,
    }
}

/// `curl -i -H "Name: value" "http://127.0.0.1:10000/path"`
fn command(line: &str) -> Client {
    let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    let (url, headers) = quoted.split_last().unwrap();
    let client = Client::get(url.strip_prefix("http://127.0.0.1:10000").unwrap());
    headers.iter().fold(client, |client, header| {
        let (name, value) = header.split_once(": ").unwrap();
        client.header(&name.to_ascii_lowercase(), value)
    })
}

/// The documents of a folder, sorted.
fn documents(folder: &str) -> Vec<String> {
    let mut paths: Vec<_> =
        fs::read_dir(root().join("examples").join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The example bundles.
fn bundles() -> Vec<Case> {
    let bundle = |name: &str, endpoint: &str| {
        let proxy = root().join(format!("examples/{name}/apiproxy/proxies/{endpoint}.xml"));
        json!({
            "policies": documents(&format!("{name}/apiproxy/policies")),
            "proxy_endpoint": fs::read_to_string(proxy).unwrap(),
            "target_endpoints": documents(&format!("{name}/apiproxy/targets")),
            "clusters": {"*": "services"},
        })
    };
    let shop = |endpoint: &str| {
        let mut configuration = bundle("shop", endpoint);
        let trace = documents("shop/trace/sharedflowbundle/policies");
        configuration["policies"].as_array_mut().unwrap().extend(trace.into_iter().map(Value::String));
        let flow = documents("shop/trace/sharedflowbundle/sharedflows").concat();
        configuration["shared_flows"] = json!([flow.replace("name=\"default\"", "name=\"trace\"")]);
        configuration["properties"] = json!({"propertyset.shop.warehouse": "north"});
        configuration["google"] = json!({"metadata_cluster": "services"});
        let server = |host: &str| json!({"host": host, "port": 8080, "cluster": "services"});
        configuration["target_servers"] = json!({"stock-1": server("stock-1"), "stock-2": server("stock-2")});
        configuration
    };
    let traced = |client: Client| client.header("x-request-id", "r-1").header("x-trace", "t-1");
    vec![
        Case {
            name: "weather",
            configuration: bundle("weather", "default"),
            requests: vec![
                Client::get("/weather/x?code=94043"),
                Client::get("/weather?code=0"),
                Client::get("/weather"),
            ],
        },
        Case {
            name: "shop",
            configuration: shop("default"),
            requests: vec![
                traced(Client::get("/shop/items/7")),
                traced(Client::post("/shop/orders/1", "application/json", "{}").header("x-customer", "c\"1")),
                traced(Client::get("/shop/other")),
            ],
        },
        Case {
            name: "shop_partners",
            configuration: shop("partners"),
            requests: vec![traced(Client::get("/shop/partners/acme/items").header("x-partner", "acme"))],
        },
    ]
}
