//! Chains of policies as the documentation's worked examples write them, calls that succeed.

use serde_json::{Value, json};

use crate::fault::assert_execution_failed;
use crate::lab::{Backend, Cluster, Gate, Lab, Listener, Message, MockResponse, Received, Setup, Site};
use crate::policy::ServiceCallout;

pub const BUILD: &str = r#"<AssignMessage name="AM-Build"><AssignTo createNew="true" type="request">userReq</AssignTo>
  <Set><Verb>GET</Verb><Path>/users/{request.queryparam.id}</Path>
       <Headers><Header name="Accept">application/json</Header></Headers></Set></AssignMessage>"#;

pub const USER: &str = r#"<ServiceCallout name="SC-User"><Request variable="userReq"/><Response>userResp</Response>
  <HTTPTargetConnection><URL>https://users.internal/api</URL></HTTPTargetConnection></ServiceCallout>"#;

pub const EXTRACT: &str = r#"<ExtractVariables name="EV-User"><Source>userResp</Source><VariablePrefix>u</VariablePrefix>
  <JSONPayload><Variable name="mail"><JSONPath>$.contact.email</JSONPath></Variable>
               <Variable name="age" type="integer"><JSONPath>$.age</JSONPath></Variable></JSONPayload></ExtractVariables>"#;

pub const ENRICH: &str = r#"<AssignMessage name="AM-Enrich"><AssignTo>request</AssignTo>
  <Set><Headers><Header name="X-User-Mail">{u.mail}</Header></Headers></Set></AssignMessage>"#;

pub fn cases(lab: &mut Lab) {
    chain(lab);
    tolerated_status(lab);
    guarded_call(lab);
    fire_and_forget(lab);
}

fn chain(lab: &mut Lab) {
    lab.case("request_built_called_extracted_enriched", |setup| {
        let users = setup.backend(|_: &Received| {
            MockResponse::of(200, "application/json; charset=utf-8", r#"{"contact":{"email":"a@b.c"},"age":41}"#)
        });
        let site = setup.listener(
            Listener::new(json!({
                "policies": [BUILD, USER, EXTRACT, ENRICH],
                "clusters": {"https://users.internal": users.cluster()},
                "filter_state": ["u.*"],
            }))
            .log_state(&["u.mail", "u.age", "servicecallout.SC-User.failed", "fault.name"]),
        );
        move || async move {
            assert_eq!(site.get("/v1/orders?id=7").await.status, 200);
            let call = users.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("GET", "/api/users/7"));
            assert_eq!(
                (call.authority.as_str(), call.header_all("accept")),
                ("users.internal", vec!["application/json"])
            );
            assert_eq!((call.header("x-user-mail"), call.body().len()), (None, 0));
            let upstream = site.upstream().only_request();
            assert_eq!((upstream.method.as_str(), upstream.path_and_query.as_str()), ("GET", "/v1/orders?id=7"));
            assert_eq!((upstream.header_all("x-user-mail"), upstream.header("accept")), (vec!["a@b.c"], None));
            let logged = site.logged().await;
            assert_eq!((logged.state("u.mail"), logged.state("u.age")), (Some("a@b.c"), Some("41")));
            assert_eq!(logged.state("servicecallout.SC-User.failed"), Some("false"));
            assert_eq!(logged.state("fault.name"), None);
        }
    });
}

/// SC-User with `success.codes`, and a step for the status that these tolerate.
fn tolerating(setup: &mut Setup<'_>, status: u16) -> (Backend, Site) {
    let users = setup.backend(move |_: &Received| MockResponse::json(status, r#"{"e":"no such user"}"#));
    let user =
        USER.replace("</URL>", r#"</URL><Properties><Property name="success.codes">2xx, 404</Property></Properties>"#);
    let unknown = r#"<AssignMessage name="AM-Unknown"><Set><Headers><Header name="X-User">{userResp.content}</Header></Headers></Set>
        </AssignMessage>"#;
    let configuration = json!({
        "policies": [BUILD, user, unknown],
        "request": ["AM-Build", "SC-User", {"step": "AM-Unknown", "condition": "userResp.status.code = 404"}],
        "clusters": {"https://users.internal": users.cluster()},
    });
    let state = ["servicecallout.SC-User.failed", "userResp.status.code", "fault.name"];
    let site = setup.listener(Listener::new(configuration).log_state(&state));
    (users, site)
}

fn tolerated_status(lab: &mut Lab) {
    lab.case("status_among_the_success_codes", |setup| {
        let (users, site) = tolerating(setup, 404);
        move || async move {
            assert_eq!(site.get("/v1/orders?id=7").await.status, 200);
            assert_eq!(users.only_request().path_and_query, "/api/users/7");
            assert_eq!(site.upstream().only_request().header("x-user"), Some(r#"{"e":"no such user"}"#));
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-User.failed"), Some("false"));
            assert_eq!((logged.state("userResp.status.code"), logged.state("fault.name")), (Some("404"), None));
        }
    });

    lab.case("other_status_than_the_tolerated", |setup| {
        let (_, site) = tolerating(setup, 200);
        move || async move {
            assert_eq!(site.get("/v1/orders?id=7").await.status, 200);
            assert_eq!(site.upstream().only_request().header("x-user"), None);
        }
    });

    // The list replaces the default, to which 301 belongs.
    lab.case("status_not_among_the_success_codes", |setup| {
        let (_, site) = tolerating(setup, 301);
        move || async move {
            let response = site.get("/v1/orders?id=7").await;
            assert_execution_failed(&response, "SC-User", "ResponseCode 301 is treated as error");
            assert_eq!(site.upstream().heads(), 0);
            assert_eq!(site.logged().await.state("servicecallout.SC-User.failed"), Some("true"));
        }
    });
}

fn guarded_call(lab: &mut Lab) {
    let configuration = |auth: &Backend, hit: &Value| {
        let url = "https://{tenant.host}/token?client={client.id:anonymous}";
        let mut properties = json!({"tenant.host": "auth.eu.example.com:8443"});
        if !hit.is_null() {
            properties["lookup.hit"] = hit.clone();
        }
        json!({
            "policies": [ServiceCallout::new("SC-Token", url).response("tokenResp").xml()],
            "request": [{"step": "SC-Token", "condition": "(lookup.hit is false) and (request.verb = \"GET\")"}],
            "clusters": {"*": auth.cluster()},
            "properties": properties,
        })
    };
    for (name, hit, method, calls) in [
        ("condition_is_true", json!(false), "GET", 1),
        ("guard_of_another_value", json!(true), "GET", 0),
        ("guard_unresolved", Value::Null, "GET", 0),
        ("guard_of_another_verb", json!(false), "DELETE", 0),
    ] {
        lab.case(name, move |setup| {
            let auth = setup.backend(|_: &Received| MockResponse::json(200, "{}"));
            let site = setup.listener(Listener::new(configuration(&auth, &hit)));
            move || async move {
                assert_eq!(site.send(crate::lab::Request::new(method, "/v1")).await.status, 200);
                assert_eq!((auth.heads(), site.upstream().heads()), (calls, 1));
                for call in auth.requests() {
                    assert_eq!(
                        (call.method.as_str(), call.path_and_query.as_str()),
                        ("GET", "/token?client=anonymous")
                    );
                    assert_eq!(call.authority, "auth.eu.example.com:8443");
                }
            }
        });
    }
}

fn fire_and_forget(lab: &mut Lab) {
    let policy = || {
        ServiceCallout::new("SC-Log", "http://log.test/entries")
            .set(r#"<Verb>PUT</Verb><Payload contentType="application/json">{"verb":"{request.verb}"}</Payload>"#)
    };
    // The response arrives long after the client's, with status 500.
    lab.case("late_response_of_fire_and_forget", move |setup| {
        let gate = Gate::closed();
        let late = MockResponse::text(500, "no").held_by(&gate);
        let log = setup.backend(move |_: &Received| late.clone());
        let state = ["servicecallout.SC-Log.failed", "fault.name", "error.message"];
        let site = setup.listener(Listener::new(policy().served_by(log.cluster())).log_state(&state));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!(site.upstream().heads(), 1);
            let call = log.wait_for_requests(1).await.remove(0);
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("PUT", "/entries"));
            assert_eq!((call.text(), call.header("content-type")), (r#"{"verb":"GET"}"#, Some("application/json")));
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"));
            assert_eq!((logged.state("fault.name"), logged.state("error.message")), (None, None));
            gate.open();
            assert_eq!(site.get("/v1").await.status, 200);
        }
    });

    lab.case("unreachable_fire_and_forget", move |setup| {
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let state = ["servicecallout.SC-Log.failed", "fault.name"];
        let site = setup.listener(Listener::new(policy().served_by(&refusing)).log_state(&state));
        move || async move {
            assert_eq!(site.get("/v1").await.status, 200);
            assert_eq!(site.upstream().heads(), 1);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-Log.failed"), Some("false"));
            assert_eq!(logged.state("fault.name"), None);
        }
    });
}
