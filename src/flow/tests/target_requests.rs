//! The request to the target in variables of the target request flow and of the response flow.

use super::*;
use std::time::Duration;

const NOW: Duration = Duration::from_millis(1_377_112_607_413);

/// The value of a template in the request flow of the target, in its response flow and in that of the proxy.
fn values(base_path: &str, target: &str, is_variable: bool, path: &str, template: &str) -> [String; 3] {
    let report = |flow: &str| {
        format!(
            "<AssignMessage name='{flow}'><AssignVariable><Name>{flow}.value</Name><Template>{template}</Template></AssignVariable></AssignMessage>"
        )
    };
    let step = |direction: &str, name: &str| {
        format!("<PreFlow><{direction}><Step><Name>{name}</Name></Step></{direction}></PreFlow>")
    };
    let proxy = format!(
        "<ProxyEndpoint name='p'>{}<HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>
         <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
        step("Response", "end")
    );
    let target = format!(
        "<TargetEndpoint name='t'><PreFlow><Request><Step><Name>sent</Name></Step></Request>
         <Response><Step><Name>received</Name></Step></Response></PreFlow>
         <HTTPTargetConnection>{target}</HTTPTargetConnection></TargetEndpoint>"
    );
    let configuration = json!({
        "policies": [report("sent"), report("received"), report("end")],
        "proxy_endpoint": proxy, "target_endpoints": [target], "clusters": {"*": "any"},
        "variable_targets": if is_variable { vec!["t"] } else { vec![] },
        "filter_state": ["sent.value", "received.value", "end.value"],
    });
    let host = Scripted::client("GET", path, &[]).with_response("200", &[], "");
    let host = Scripted { now: NOW, ..host };
    let _ = host.run(&plan(&configuration));
    ["sent", "received", "end"].map(|flow| host.published(&format!("{flow}.value")).unwrap_or_default().to_string())
}

/// The examples of the reference of flow variables, and further ones.
#[test]
fn after_the_request_its_uri_and_url_are_those_of_the_target() {
    let all = "{request.uri} {request.path} {request.querystring} {request.url:none}";
    for (base_path, url, is_variable, path, sent, received) in [
        (
            "/my-mock-proxy",
            "http://example.com:8080",
            false,
            "/my-mock-proxy/user?user=Dude",
            "/my-mock-proxy/user?user=Dude /my-mock-proxy/user user=Dude none",
            "/user?user=Dude /my-mock-proxy/user user=Dude http://example.com/user?user=Dude",
        ),
        ("/", "https://a.test/v2/", false, "/x", "/x /x  none", "/v2/x /x  https://a.test/v2/x"),
        ("/b", "http://a.test", false, "/b", "/b /b  none", "/ /b  http://a.test/"),
        (
            "/b/*",
            "http://{request.queryparam.h}.test/v1?k=1",
            true,
            "/b/c/d?h=x",
            "/b/c/d?h=x /b/c/d h=x none",
            "/v1/d?k=1&h=x /b/c/d h=x http://x.test/v1/d?k=1&h=x",
        ),
    ] {
        let target = format!("<URL>{url}</URL>");
        assert_eq!(values(base_path, &target, is_variable, path, all), [sent, received, received], "{url}");
    }
}

#[test]
fn a_load_balancer_has_a_path_and_no_url() {
    let target = "<LoadBalancer><Server name='s'/></LoadBalancer><Path>/v1</Path>";
    let template = "{request.uri} {request.url:none} {target.url:none} {target.basepath:none} {target.scheme:none}";
    let received = "/v1/x?a=1 none none /v1 none";
    let sent = "/b/x?a=1 none none /v1 none";
    assert_eq!(values("/b", target, false, "/b/x?a=1", template), [sent, received, received]);
}

#[test]
fn the_target_has_its_url_and_parts_of_it() {
    let template = "{target.url:none} {target.evaluated.url:none} {target.basepath:none} {target.scheme:none} {target.ssl.enabled:none}";
    for (url, expected) in [
        ("https://a.test:8443/user", "https://a.test:8443/user https://a.test:8443/user /user https true"),
        ("http://a.test", "http://a.test http://a.test none http false"),
    ] {
        let target = format!("<URL>{url}</URL>");
        assert_eq!(values("/b", &target, false, "/b/x", template), [expected; 3], "{url}");
    }
    // The URL is expanded after the flow of the target.
    let target = "<URL>http://{request.queryparam.h}.test/</URL>";
    let [sent, received, _] = values("/b", target, true, "/b?h=x", "{target.url:none}");
    assert_eq!((&*sent, &*received), ("none", "http://x.test/"));
}

#[test]
fn the_exchange_with_the_target_has_times() {
    let target = "<URL>http://a.test</URL>";
    let template = "{target.sent.start.timestamp:0} {target.sent.end.time:none} {target.received.end.timestamp:0}";
    let [sent, received, end] = values("/b", target, false, "/b", template);
    assert_eq!(sent, "0 none 0");
    let expected = "1377112607413 Wed, 21 Aug 2013 19:16:47 GMT 1377112607413";
    assert_eq!([received, end], [expected; 2]);
}

/// Without a target, as with lists of steps, the variables do not resolve and the request stays as it is.
#[test]
fn without_a_proxy_endpoint_the_request_stays() {
    let text = "{request.uri} {request.url:none} {target.url:none} {target.sent.start.timestamp:0}";
    let report = format!(
        "<AssignMessage name='AM'><AssignVariable><Name>v</Name><Template>{text}</Template></AssignVariable></AssignMessage>"
    );
    let configuration = json!({"policies": [report], "response": ["AM"], "filter_state": ["v"]});
    let host = Scripted::client("GET", "/v1/a?b=1", &[]).with_response("200", &[], "");
    let _ = host.run(&plan(&configuration));
    assert_eq!(host.published("v").as_deref(), Some("/v1/a?b=1 none none 0"));
}

#[test]
fn the_client_has_its_response_in_the_post_client_flow() {
    let report = |name: &str| {
        format!(
            "<AssignMessage name='{name}'><AssignVariable><Name>{name}.value</Name>
             <Template>{{client.sent.end.timestamp}}|{{client.sent.start.time}}</Template></AssignVariable></AssignMessage>"
        )
    };
    let proxy = "<ProxyEndpoint name='p'><PreFlow><Response><Step><Name>before</Name></Step></Response></PreFlow>
         <PostClientFlow><Response><Step><Name>after</Name></Step><Step><Name>log</Name></Step></Response></PostClientFlow>
         <HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection><RouteRule name='r'/></ProxyEndpoint>";
    let callout =
        "<ServiceCallout name='log'><Request><Set><Payload>{before.value} {after.value}</Payload></Set></Request>
         <HTTPTargetConnection><URL>http://log.test</URL></HTTPTargetConnection></ServiceCallout>";
    let configuration = json!({
        "policies": [report("before"), report("after"), callout], "proxy_endpoint": proxy, "clusters": {"*": "log"},
    });
    let host = Scripted { now: NOW, ..Scripted::client("GET", "/", &[]) };
    let done = host.run(&plan(&configuration));
    assert_eq!(done.calls[0].text(), "-1| 1377112607413|Wed, 21 Aug 2013 19:16:47 GMT");
}

/// A policy of the target's flow can set the URL. Envoy's route stays.
#[test]
fn policies_can_set_the_url_and_the_uri() {
    let assign = |policy: &str, name: &str| {
        format!(
            "<AssignMessage name='{policy}'><AssignVariable><Name>{name}</Name><Value>/set</Value></AssignVariable></AssignMessage>"
        )
    };
    let proxy = "<ProxyEndpoint name='p'><HTTPProxyConnection><BasePath>/b</BasePath></HTTPProxyConnection>
         <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>";
    let target = "<TargetEndpoint name='t'><PreFlow><Request><Step><Name>url</Name></Step></Request>
         <Response><Step><Name>uri</Name></Step></Response></PreFlow>
         <HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection></TargetEndpoint>";
    let configuration = json!({
        "policies": [assign("url", "target.url"), assign("uri", "request.uri")],
        "proxy_endpoint": proxy, "target_endpoints": [target], "filter_state": ["target.url", "request.uri"],
    });
    let host = Scripted::client("GET", "/b/x", &[]).with_response("200", &[], "");
    let done = host.run(&plan(&configuration));
    assert_eq!(done.reply, None);
    let values = ["target.url", "request.uri"].map(|name| host.published(name).unwrap_or_default().to_string());
    assert_eq!(values, ["/set"; 2]);
}
