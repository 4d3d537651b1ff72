use super::*;
use crate::plan::VariablePart;

#[test]
fn a_variable_target_has_a_url_and_a_cluster() {
    let target = |url: &str| {
        format!(
            "<TargetEndpoint name='t'><HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></TargetEndpoint>"
        )
    };
    let with = |url: &str, names: serde_json::Value, clusters: serde_json::Value| {
        json!({
            "policies": [],
            "proxy_endpoint": "<ProxyEndpoint name='p'><RouteRule name='r'><URL>http://{h}</URL></RouteRule></ProxyEndpoint>",
            "target_endpoints": [target(url), "<TargetEndpoint name='u'/>"],
            "variable_targets": names,
            "clusters": clusters,
            "properties": {"host": "a.test"},
        })
    };
    let any = json!({"*": "any"});
    let route_url = "ProxyEndpoint p, line 1, column 45: URL in a RouteRule has no effect: Envoy's route for the header x-callout-target selects the target";
    let problems_of = |configuration: &serde_json::Value| {
        let mut problems = problems(configuration);
        problems.retain(|problem| problem != route_url);
        problems
    };
    assert_eq!(problems_of(&with("http://{x}", json!(["t", "r"]), any.clone())), [""; 0]);
    assert_eq!(
        problems_of(&with("http://{x}", json!(["t", "u", "v"]), any.clone())),
        [
            "variable_targets: u is no target with a URL or a Path",
            "variable_targets: v is no target with a URL or a Path",
        ]
    );
    assert_eq!(
        problems_of(&with("http://{x}", json!(["t"]), json!({}))),
        ["the host of the target t comes from a variable: name a cluster for * in clusters"]
    );
    let part = |url: &str| plan_of(&with(url, json!(["t"]), any.clone())).routing.unwrap().variable_targets[0].part;
    assert_eq!((part("http://{host}/{x}"), part("http://{x}")), (VariablePart::PathOfUrl, VariablePart::Host));
    assert_eq!(
        problems(&json!({"policies": [], "variable_targets": []})),
        ["variable_targets requires proxy_endpoint"]
    );
}

#[test]
fn a_body_is_needed_when_the_url_of_a_target_uses_it() {
    let target = "<TargetEndpoint name='t'><HTTPTargetConnection><URL>http://a.test/{request.formparam.x}</URL></HTTPTargetConnection></TargetEndpoint>";
    let needs = |names: serde_json::Value| {
        let proxy = "<ProxyEndpoint name='p'><RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>";
        plan_of(
            &json!({"policies": [], "proxy_endpoint": proxy, "target_endpoints": [target], "variable_targets": names}),
        )
        .needs
    };
    assert_eq!((needs(json!([])).request_body, needs(json!(["t"])).request_body), (false, true));
}
