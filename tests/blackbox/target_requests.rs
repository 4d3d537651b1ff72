//! The request to the target in variables of the response flow.

use serde_json::json;

use crate::lab::{Lab, Listener, Message};
use crate::policy::set;
use crate::proxy::{flow, proxied, proxy_endpoint, route_rule, routes_by_target};

/// The reported variables, each in a header of the response.
const REPORTED: [(&str, &str); 6] = [
    ("x-uri", "{request.uri}"),
    ("x-url", "{request.url}"),
    ("x-target", "{target.url} {target.basepath} {target.scheme} {target.ssl.enabled}"),
    ("x-suffix", "{proxy.pathsuffix}"),
    ("x-sent", "{target.sent.start.timestamp}"),
    ("x-received", "{target.received.start.timestamp}"),
];

pub fn cases(lab: &mut Lab) {
    lab.case("in_the_response_flow", |setup| {
        let backend = setup.echo();
        let headers: String = REPORTED.iter().map(|(name, value)| format!("<Header name='{name}'>{value}</Header>")).collect();
        let report = set("AM-Report", &format!("<Headers>{headers}</Headers>"));
        let proxy = format!("{}{}", flow("PreFlow", &[], &["AM-Report"]), route_rule("r", "", "t"));
        let mut configuration = proxied(&proxy_endpoint(&proxy), &[report]);
        configuration["target_endpoints"] = json!([
            "<TargetEndpoint name='t'><HTTPTargetConnection><URL>https://example.com:8443/api</URL></HTTPTargetConnection>
             </TargetEndpoint>"
        ]);
        let site = setup.listener(Listener::new(configuration).routes(routes_by_target(&[("t", &backend)])));
        move || async move {
            let reply = site.get("/v1/user?user=Dude").await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let reported = REPORTED.map(|(name, _)| reply.header(name).unwrap_or_default().to_owned());
            let [uri, url, target, suffix, sent, received] = reported;
            assert_eq!(
                [uri, url, target, suffix],
                [
                    "/api/user?user=Dude",
                    "https://example.com/api/user?user=Dude",
                    "https://example.com:8443/api /api https true",
                    "/user",
                ]
            );
            let (sent, received): (u64, u64) = (sent.parse().unwrap(), received.parse().unwrap());
            assert!(sent > 1_700_000_000_000 && received >= sent && received - sent < 60_000, "{sent} {received}");
        }
    });
}
