use super::*;
use crate::flow::call::{CallFailure, Outcome};

/// A callout over two target servers with further content.
fn balanced(content: &str) -> String {
    format!(
        "<ServiceCallout name='SC'><Request><Set><Verb>POST</Verb><Payload>whole</Payload></Set></Request>
         <Response>answer</Response><HTTPTargetConnection><LoadBalancer>
         <Server name='one'/><Server name='two'/>{content}</LoadBalancer><Path>/v1/{{request.queryparam.p}}</Path>
         </HTTPTargetConnection></ServiceCallout>"
    )
}

fn configuration(policy: &str) -> Value {
    json!({
        "policies": [policy],
        "target_servers": {
            "one": {"host": "one.test", "port": 8080, "cluster": "one"},
            "two": {"host": "two.test", "port": 443, "cluster": "two", "tls": true},
        },
        "local_proxies": [
            {"api_proxy": "data", "base_path": "/v1/data", "cluster": "loopback"},
            {"api_proxy": "data", "proxy_endpoint": "admin", "base_path": "/admin", "cluster": "loopback", "authority": "admin.test"},
        ],
        "google": {"metadata_cluster": "metadata"},
        "filter_state": ["loadbalancing.*", "servicecallout.SC.target.url"],
    })
}

fn client() -> Scripted {
    Scripted::client("GET", "/?p=a", &[])
}

#[test]
fn a_failed_server_gives_way_to_the_next() {
    let host = client().with_failure(CallFailure::Unreachable).with_reply(200, &[], "ok");
    let done = host.run(&plan(&configuration(&balanced(""))));
    let lines: Vec<_> = done.calls.iter().map(|call| (call.line(), call.cluster.to_string(), call.text())).collect();
    assert_eq!(
        lines,
        [
            ("POST http://one.test:8080/v1/a".to_owned(), "one".to_owned(), "whole"),
            ("POST https://two.test/v1/a".to_owned(), "two".to_owned(), "whole"),
        ]
    );
    let published = [
        ("loadbalancing.targetserver", "two"),
        ("loadbalancing.isfallback", "false"),
        ("loadbalancing.failedservers", "one"),
        ("servicecallout.SC.target.url", "https://two.test/v1/a"),
        ("answer.content", "ok"),
    ];
    for (name, value) in published {
        assert_eq!(host.published(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(done.outcomes, [(PolicyId(0), Outcome::Ok)]);
}

#[test]
fn without_retry_or_for_other_statuses_there_is_one_call() {
    let host = client().with_failure(CallFailure::Timeout);
    let done = host.run(&plan(&configuration(&balanced("<RetryEnabled>false</RetryEnabled>"))));
    assert_eq!(done.calls.len(), 1);
    assert!(
        done.reply_status_and_body().1.contains("Reason: timeout occurred in SC"),
        "{}",
        done.reply_status_and_body().1
    );
    let unhealthy = balanced("<ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse>");
    let done = client().with_reply(500, &[], "").run(&plan(&configuration(&unhealthy)));
    assert_eq!(done.calls.len(), 1);
    let done = client().with_reply(503, &[], "").with_reply(200, &[], "").run(&plan(&configuration(&unhealthy)));
    assert_eq!((done.calls.len(), done.reply), (2, None));
}

#[test]
fn servers_out_of_rotation_leave_no_active_targets() {
    let plan = plan(&configuration(&balanced("<MaxFailures>1</MaxFailures>")));
    let host = client().with_failure(CallFailure::Reset).with_failure(CallFailure::Reset);
    assert_eq!(host.run(&plan).calls.len(), 2);
    let done = host.run(&plan);
    assert_eq!(done.calls.len(), 2, "no call was added");
    assert!(
        done.reply_status_and_body().1.contains("Execution of ServiceCallout SC failed. Reason: No active targets")
    );
}

#[test]
fn a_local_proxy_is_reached_by_name_or_by_path() {
    let local = |target: &str| {
        format!(
            "<ServiceCallout name='SC'><Request><Set><Path>/sub</Path></Set></Request><Response>answer</Response>
             <LocalTargetConnection>{target}</LocalTargetConnection></ServiceCallout>"
        )
    };
    let cases = [
        ("<APIProxy>data</APIProxy>", "GET http://client.test/v1/data/sub"),
        ("<APIProxy>data</APIProxy><ProxyEndpoint>admin</ProxyEndpoint>", "GET http://admin.test/admin/sub"),
        ("<Path>/v1/data/{request.queryparam.p}?x=1</Path>", "GET http://client.test/v1/data/a/sub?x=1"),
    ];
    for (target, line) in cases {
        let done = client().with_reply(200, &[], "").run(&plan(&configuration(&local(target))));
        assert_eq!(done.only_call().line(), line);
    }
    for target in ["<APIProxy>{request.queryparam.p}</APIProxy>", "<Path>/{request.queryparam.p}</Path>"] {
        let done = client().run(&plan(&configuration(&local(target))));
        assert_eq!(done.calls.len(), 0);
        assert!(
            done.reply_status_and_body().1.contains("Reason: Host not reachable"),
            "{}",
            done.reply_status_and_body().1
        );
    }
}

#[test]
fn a_host_that_the_request_chose_must_be_allowed() {
    let policy = "<ServiceCallout name='SC'><Response>answer</Response><HTTPTargetConnection>
        <URL>http://{request.header.x-host}/x</URL></HTTPTargetConnection></ServiceCallout>";
    let run = |host: &str, allowed: Option<Value>| {
        let mut configuration = json!({"policies": [policy]});
        if let Some(allowed) = allowed {
            configuration["allowed_hosts"] = allowed;
        }
        let client = Scripted::client("GET", "/", &[("x-host", host)]).with_reply(200, &[], "");
        client.run(&plan(&configuration))
    };
    assert_eq!(run("example.com:8080", None).only_call().line(), "GET http://example.com:8080/x");
    assert_eq!(run("127.0.0.1", Some(json!(["127.0.0.1"]))).only_call().line(), "GET http://127.0.0.1/x");
    for (host, allowed) in [
        ("169.254.169.254", None),
        ("metadata.google.internal:80", None),
        ("example.com", Some(json!(["*.example.com"]))),
        ("a@evil.test", None),
    ] {
        let done = run(host, allowed);
        assert_eq!(done.calls.len(), 0, "{host}");
        assert!(done.reply_status_and_body().1.contains("Reason: Host not reachable"));
    }
    assert_eq!(run("127.0.0.1", None).outcomes, [(PolicyId(0), Outcome::HostNotAllowed)]);
}

#[test]
fn a_token_goes_with_the_call_and_nowhere_else() {
    let policy = "<ServiceCallout name='SC'><Request variable='r' clearPayload='false'><Set><Headers>
        <Header name='Authorization'>mine</Header></Headers></Set></Request><Response>answer</Response>
        <HTTPTargetConnection><URL>http://a.test/x?y=1</URL><Authentication>HEADER<GoogleAccessToken><Scopes><Scope>s</Scope>
        </Scopes></GoogleAccessToken></Authentication></HTTPTargetConnection></ServiceCallout>";
    let token = r#"{"access_token":"ya29.secret","expires_in":3599}"#;
    let run = |policy: &str| {
        let host = client().with_reply(200, &[], token).with_reply(200, &[], "");
        let mut configuration = configuration(policy);
        configuration["filter_state"] = json!(["r.header.authorization"]);
        let done = host.run(&plan(&configuration));
        (done.calls[1].clone(), host.published("r.header.authorization"))
    };
    let (call, own) = run(&policy.replace("HEADER", ""));
    assert_eq!((call.header("authorization"), own.as_deref()), (Some("Bearer ya29.secret"), Some("mine")));
    let (call, _) = run(&policy.replace("HEADER", "<HeaderName>X-Serverless-Authorization</HeaderName>"));
    assert_eq!(call.header("authorization"), Some("mine"));
    assert_eq!(call.header("x-serverless-authorization"), Some("Bearer ya29.secret"));
}

/// docs/apigee-semantics.md 2.12: a reference that is not a valid number is replaced by the text.
#[test]
fn the_lifetime_of_a_token_is_a_number() {
    let policy = |lifetime: &str| {
        format!(
            "<ServiceCallout name='SC'><Response>answer</Response><HTTPTargetConnection><URL>http://a.test/</URL><Authentication>
             <GoogleAccessToken><Scopes><Scope>s</Scope></Scopes>{lifetime}</GoogleAccessToken></Authentication>
             </HTTPTargetConnection></ServiceCallout>"
        )
    };
    let google = json!({"metadata_cluster": "m", "service_account": "a@b.test", "iam_cluster": "i"});
    let cases = [
        ("<LifetimeInSeconds ref='life'>1800</LifetimeInSeconds>", "600", "600s"),
        ("<LifetimeInSeconds ref='life'>1800</LifetimeInSeconds>", "soon", "1800s"),
        ("<LifetimeInSeconds ref='life'>1800</LifetimeInSeconds>", "", "1800s"),
        ("<LifetimeInSeconds ref='life'>1800</LifetimeInSeconds>", "99999", "1800s"),
        ("<LifetimeInSeconds ref='none'>1800</LifetimeInSeconds>", "600", "1800s"),
        ("<LifetimeInSeconds ref='life'/>", "soon", "3600s"),
        ("<LifetimeInSeconds/>", "600", "3600s"),
        ("", "600", "3600s"),
    ];
    for (element, life, expected) in cases {
        let configuration = json!({"policies": [policy(element)], "google": google, "properties": {"life": life}});
        let now = std::time::Duration::from_secs(1_700_000_000);
        let host = Scripted { mocks_google: true, now, ..client() }.with_reply(200, &[], "");
        let done = host.run(&plan(&configuration));
        let body = format!(r#"{{"scope":["s"],"lifetime":"{expected}"}}"#);
        let asked = done.calls.iter().find(|call| call.line().ends_with(":generateAccessToken")).unwrap();
        let (asked, body): (Value, Value) =
            (serde_json::from_str(asked.text()).unwrap(), serde_json::from_str(&body).unwrap());
        assert_eq!(asked, body, "{element} {life}");
    }
}

#[test]
fn an_id_token_needs_an_audience() {
    let policy = |audience: &str| {
        format!(
            "<ServiceCallout name='SC'><Response>answer</Response><HTTPTargetConnection><URL>http://a.test/x?y=1</URL>
             <Authentication><GoogleIDToken>{audience}</GoogleIDToken></Authentication></HTTPTargetConnection></ServiceCallout>"
        )
    };
    let asked = |audience: &str| {
        let done = client().run(&plan(&configuration(&policy(audience))));
        (done.calls.first().map(|call| call.line()), done.reply_status_and_body().1.to_owned())
    };
    let (line, _) = asked("<Audience useTargetUrl='true'/><IncludeEmail>true</IncludeEmail>");
    assert!(line.unwrap().ends_with("/identity?audience=http://a.test/x&format=full"));
    let (line, _) = asked("<Audience ref='request.queryparam.p' useTargetUrl='true'>text</Audience>");
    assert!(line.unwrap().ends_with("/identity?audience=a&format=standard"));
    let (line, body) = asked("<Audience ref='nowhere'/>");
    assert_eq!(line, None);
    assert_eq!(
        body,
        r#"{"fault":{"faultstring":"Audience is empty for GoogleIDToken in ServiceCallout SC","detail":{"errorcode":"googletoken.EmptyIDTokenAudience"}}}"#
    );
}

#[test]
fn assign_message_puts_a_token_into_a_header() {
    let policy = "<AssignMessage name='AM'><Set><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes>
        </GoogleAccessToken></Authentication></Set></AssignMessage>";
    let host = client().with_reply(200, &[], r#"{"access_token":"T","expires_in":3599}"#);
    let done = host.run(&plan(&configuration(policy)));
    assert_eq!(done.changes(Direction::Request), ["authorization: Bearer T"]);
}

#[test]
fn a_target_endpoint_gets_its_token() {
    let target = "<TargetEndpoint name='t'><HTTPTargetConnection><URL>https://x.run.app/base?q=1</URL><Authentication>
        <GoogleIDToken><Audience useTargetUrl='true'/></GoogleIDToken></Authentication></HTTPTargetConnection></TargetEndpoint>";
    let mut configuration = json!({
        "policies": [],
        "proxy_endpoint": "<ProxyEndpoint name='default'><RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
        "target_endpoints": [target],
        "google": {"metadata_cluster": "metadata"},
    });
    let plan = plan(&configuration);
    // The claims are {"exp":9999999999}.
    let host = client().with_reply(200, &[], "e30.eyJleHAiOjk5OTk5OTk5OTl9.c2ln");
    let done = host.run(&plan);
    assert!(done.only_call().line().ends_with("/identity?audience=https://x.run.app/base&format=standard"));
    assert_eq!(
        done.changes(Direction::Request),
        ["authorization: Bearer e30.eyJleHAiOjk5OTk5OTk5OTl9.c2ln", "x-callout-target: t"]
    );
    configuration["google"] = json!({});
    let problems = config::load(configuration.to_string().as_bytes()).unwrap_err();
    assert_eq!((problems[0].name, &*problems[0].subject), (Some("FAILED_PRECONDITION"), "TargetEndpoint t"));
}

#[test]
fn a_callout_after_the_client_has_its_response_gets_its_token_too() {
    let policy = "<ServiceCallout name='SC'><Request><Set><Verb>POST</Verb><Payload>entry</Payload></Set></Request>
        <HTTPTargetConnection><URL>https://logging.googleapis.com/v2/entries:write</URL><Authentication><GoogleAccessToken>
        <Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication></HTTPTargetConnection></ServiceCallout>";
    let proxy = "<ProxyEndpoint name='default'><PostClientFlow><Response><Step><Name>SC</Name></Step></Response>
        </PostClientFlow><RouteRule name='none'/></ProxyEndpoint>";
    let configuration =
        json!({"policies": [policy], "proxy_endpoint": proxy, "google": {"metadata_cluster": "metadata"}});
    let host = client().with_reply(200, &[], r#"{"access_token":"T","expires_in":3599}"#);
    let done = host.run(&plan(&configuration));
    let call = &done.calls[1];
    assert_eq!(call.line(), "POST https://logging.googleapis.com/v2/entries:write");
    assert_eq!((call.header("authorization"), call.text()), (Some("Bearer T"), "entry"));
    let refused = client().with_reply(500, &[], "");
    assert_eq!(refused.run(&plan(&configuration)).calls.len(), 1, "without a token nothing is sent");
}
