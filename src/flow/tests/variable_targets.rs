use super::*;

/// A proxy with one target of that content. `x-callout-cluster` of the client never arrives.
fn configuration(target: &str) -> Value {
    json!({
        "policies": [],
        "proxy_endpoint": "<ProxyEndpoint name='p'><HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection>
            <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
        "target_endpoints": [format!("<TargetEndpoint name='t'>{target}</TargetEndpoint>")],
        "variable_targets": ["t"],
        "properties": {"propertyset.s.host": "b.test"},
    })
}

fn run(target: &str, path: &str, headers: &[(&str, &str)]) -> (Effects, Vec<String>) {
    let host = Scripted::client("GET", path, headers);
    let done = host.run(&plan(&configuration(target)));
    let changes = done.changes(Direction::Request);
    (done, changes)
}

#[test]
fn the_url_of_a_target_is_expanded() {
    let url = |url: &str| format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>");
    let pool = "<HTTPTargetConnection><LoadBalancer><Server name='s'/></LoadBalancer><Path>/{request.header.p}</Path></HTTPTargetConnection>";
    let headers = [("h", "c.test"), ("p", "x/y"), ("u", "https://d.test:8443/z?k=1"), ("x-callout-cluster", "evil")];
    let target = "x-callout-target: t";
    let host = |authority: &str, path: &str| {
        vec![
            "-x-callout-cluster".to_owned(),
            format!(":authority: {authority}"),
            "x-callout-cluster: any".to_owned(),
            format!(":path: {path}"),
            target.to_owned(),
        ]
    };
    let path = |path: &str| vec!["-x-callout-cluster".to_owned(), format!(":path: {path}"), target.to_owned()];
    let cases = [
        (url("http://{request.header.h}/a/"), host("c.test", "/v1/callout-url/a/near?q=2")),
        (url("{request.header.u}"), host("d.test:8443", "/v1/callout-url/z/near?k=1&q=2")),
        (url("http://a.test/{request.header.p}"), path("/v1/callout-url/x/y/near?q=2")),
        // A constant is no variable.
        (url("http://{propertyset.s.host}/{request.header.p}"), path("/v1/callout-url/x/y/near?q=2")),
        (pool.to_owned(), path("/v1/callout-url/x/y/near?q=2")),
    ];
    for (content, expected) in cases {
        assert_eq!(run(&content, "/v1/near?q=2", &headers).1, expected, "{content}");
    }
}

/// The path and the query after the URL are those that a target with a fixed URL gets.
#[test]
fn policies_change_the_query_and_not_the_path() {
    let run = |path: &str, target_flow: &str| {
        let mut configuration = configuration(&format!(
            "<PreFlow><Request><Step><Name>{target_flow}</Name></Step></Request></PreFlow>
             <HTTPTargetConnection><URL>http://a.test/{{request.header.p}}</URL></HTTPTargetConnection>"
        ));
        let set = "<Set><Path>/other</Path><QueryParams><QueryParam name='q'>2</QueryParam></QueryParams></Set>";
        let copy = |name: &str| {
            format!("<AssignVariable><Name>target.copy.{name}</Name><Value>false</Value></AssignVariable>")
        };
        configuration["policies"] = json!([
            format!("<AssignMessage name='Set'>{set}</AssignMessage>"),
            format!("<AssignMessage name='Bare'>{}{}</AssignMessage>", copy("pathsuffix"), copy("queryparams")),
        ]);
        let host = Scripted::client("GET", path, &[("p", "x")]);
        host.run(&plan(&configuration)).changes(Direction::Request)
    };
    let target = "x-callout-target: t".to_owned();
    assert_eq!(run("/v1/near?a=1", "Set"), [":path: /v1/callout-url/x/near?a=1&q=2".to_owned(), target.clone()]);
    assert_eq!(run("/v1/near?a=1", "Bare"), [":path: /v1/callout-url/x".to_owned(), target]);
}

#[test]
fn a_target_without_a_reachable_host_is_a_fault() {
    let url = "<HTTPTargetConnection><URL>http://{request.header.h}/</URL></HTTPTargetConnection>";
    let unresolved = r#"{"fault":{"faultstring":"Unresolved variable : request.header.h","detail":{"errorcode":"entities.UnresolvedVariable"}}}"#;
    assert_eq!(run(url, "/v1", &[]).0.reply_status_and_body(), (500, unresolved));
    let unavailable = r#"{"fault":{"faultstring":"The Service is temporarily unavailable","detail":{"errorcode":"messaging.adaptors.http.flow.ServiceUnavailable"}}}"#;
    for host in ["127.0.0.1", "metadata.google.internal", "a b", ""] {
        assert_eq!(run(url, "/v1", &[("h", host)]).0.reply_status_and_body(), (503, unavailable), "{host}");
    }
}

/// The fault is one of the target endpoint.
#[test]
fn the_fault_rules_of_the_target_run() {
    let target = "<FaultRules><FaultRule name='f'><Condition>fault.name = \"ServiceUnavailable\"</Condition><Step><Name>AM</Name></Step>
        </FaultRule></FaultRules><HTTPTargetConnection><URL>{request.header.u}</URL></HTTPTargetConnection>";
    let mut configuration = configuration(target);
    configuration["policies"] =
        json!(["<AssignMessage name='AM'><Set><Payload>no host</Payload></Set></AssignMessage>"]);
    let done = Scripted::client("GET", "/v1", &[("u", "ftp://a")]).run(&plan(&configuration));
    assert_eq!(done.reply_status_and_body(), (503, "no host"));
}
