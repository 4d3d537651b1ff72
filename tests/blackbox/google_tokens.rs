//! `<Authentication>`: the requested token, and the header of the callout.

use serde_json::json;

use crate::fault::assert_fault;
use crate::google::{
    ACCOUNT, LATER, METADATA, SCOPE, access, assert_secret, authenticated, granted, impersonating, jwt, own,
};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

const STATE: [&str; 4] =
    ["req.header.authorization", "request.header.authorization", "servicecallout.SC-1.target.url", "r.content"];

pub fn cases(lab: &mut Lab) {
    access_tokens(lab);
    headers(lab);
    id_tokens(lab);
}

fn access_tokens(lab: &mut Lab) {
    lab.case("the_workloads_own_access_token", |setup| {
        let metadata = setup.backend(|_: &Received| granted("ya29.own-secret", 3599));
        let api = setup.echo();
        let policy = authenticated(&access()).set("<Path>/s1</Path>");
        let configuration = own(&policy, api.cluster(), metadata.cluster());
        let site =
            setup.listener(Listener::new(configuration).publish(&["servicecallout.SC-1.target.url"]).log_state(&STATE));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            for calls in 1..=3 {
                let reply = session.send(Request::get("/").header("x-forwarded-for", "10.0.0.1")).await;
                assert_eq!((reply.status, reply.header_names()), (200, site_headers()));
                let call = &api.requests()[calls - 1];
                assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("GET", "/v1/secrets/s1?alt=json"));
                assert_eq!(call.header_all("authorization"), ["Bearer ya29.own-secret"]);
                let logged = site.logged().await;
                assert_eq!(logged.state("req.header.authorization"), None);
                assert_eq!(logged.state("servicecallout.SC-1.target.url"), Some("http://api.test/v1/secrets?alt=json"));
            }
            // The filter sends one request, in the form that the metadata server requires.
            let asked = metadata.only_request();
            assert_eq!((asked.method.as_str(), asked.authority.as_str()), ("GET", "metadata.google.internal"));
            assert_eq!(asked.path_and_query, format!("{METADATA}/token?scopes={SCOPE}"));
            assert_eq!(asked.header("metadata-flavor"), Some("Google"));
            assert_eq!((asked.header("x-forwarded-for"), asked.header("authorization")), (None, None));
            for request in site.upstream().requests() {
                assert_eq!(request.header("authorization"), None);
            }
            assert_eq!(site.module_log(), []);
            assert_secret(&site, admin.get("/stats").await.text(), &["ya29.own-secret"]).await;
        }
    });

    // Apigee's syntax blocks show the element directly under the policy.
    lab.case("an_authentication_under_the_policy", |setup| {
        let metadata = setup.backend(|_: &Received| granted("ya29.own-secret", 3599));
        let api = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://api.test/v1/secrets").response("r");
        let mut configuration = own(&policy, api.cluster(), metadata.cluster());
        let authentication = format!("<Authentication>{}</Authentication></ServiceCallout>", access());
        configuration["policies"] = json!([policy.xml().replace("</ServiceCallout>", &authentication)]);
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(api.only_request().header_all("authorization"), ["Bearer ya29.own-secret"]);
            let warning = "Authentication belongs in HTTPTargetConnection; it has the same effect here";
            assert!(site.module_log().iter().any(|(_, text)| text.contains(warning)), "{:?}", site.module_log());
        }
    });

    lab.case("a_service_accounts_access_token", |setup| {
        let metadata = setup.backend(|_: &Received| granted("ya29.workload-secret", 3599));
        let iam = setup.backend(|_: &Received| {
            let body = json!({"accessToken": "ya29.account-secret", "expireTime": LATER});
            MockResponse::json(200, body.to_string())
        });
        let api = setup.echo();
        let token = "<GoogleAccessToken><Scopes><Scope>s2</Scope><Scope>s1</Scope></Scopes>\
                     <LifetimeInSeconds ref='{request.header.life}'>1800</LifetimeInSeconds></GoogleAccessToken>";
        let configuration = impersonating(&authenticated(token), api.cluster(), metadata.cluster(), iam.cluster());
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        let admin = setup.admin();
        move || async move {
            let session = site.session().await;
            // A value that is not a valid number is replaced by the text.
            for life in ["", "", "600", "600", "soon", "99999"] {
                let request = Request::get("/");
                let request = if life.is_empty() { request } else { request.header("life", life) };
                assert_eq!(session.send(request).await.status, 200);
            }
            let calls = api.requests();
            assert_eq!(calls.len(), 6);
            for call in calls {
                assert_eq!(call.header_all("authorization"), ["Bearer ya29.account-secret"]);
            }
            assert_eq!(metadata.only_request().path_and_query, format!("{METADATA}/token?scopes={SCOPE}"));
            let asked = iam.requests();
            assert_eq!(asked.len(), 2, "one for each lifetime");
            for (call, lifetime) in asked.iter().zip(["1800s", "600s"]) {
                assert_eq!((call.method.as_str(), call.authority.as_str()), ("POST", "iamcredentials.googleapis.com"));
                let path = format!("/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken");
                assert_eq!(call.path_and_query, path);
                assert_eq!(call.header_all("authorization"), ["Bearer ya29.workload-secret"]);
                assert_eq!(call.header("content-type"), Some("application/json"));
                assert_eq!(call.json(), json!({"scope": ["s2", "s1"], "lifetime": lifetime}));
            }
            assert_eq!(site.module_log(), []);
            let statistics = admin.get("/stats").await;
            assert_secret(&site, statistics.text(), &["ya29.workload-secret", "ya29.account-secret"]).await;
        }
    });
}

/// The response of the echo upstream.
fn site_headers() -> Vec<&'static str> {
    vec!["content-length", "content-type", "date", "server", "x-envoy-upstream-service-time"]
}

fn headers(lab: &mut Lab) {
    // The message's own `Authorization` is replaced by the token, and stays when the token has a header of its own.
    for (name, header_name, expected) in [
        ("authorization_is_replaced", "", [("authorization", "Bearer ya29.x"), ("x-other", "")]),
        (
            "a_header_of_its_own",
            "<HeaderName>X-Other</HeaderName>",
            [("authorization", "Basic b3du"), ("x-other", "Bearer ya29.x")],
        ),
        (
            "a_header_from_a_variable",
            "<HeaderName ref='request.header.where'>X-Unused</HeaderName>",
            [("authorization", "Basic b3du"), ("x-other", "Bearer ya29.x")],
        ),
    ] {
        let policy = authenticated(&[header_name, &access()].concat())
            .set("<Headers><Header name='Authorization'>Basic b3du</Header></Headers>");
        lab.case(name, move |setup| {
            let metadata = setup.backend(|_: &Received| granted("ya29.x", 3599));
            let api = setup.echo();
            let site = setup.listener(Listener::new(own(&policy, api.cluster(), metadata.cluster())));
            move || async move {
                assert_eq!(site.send(Request::get("/").header("where", "x-other")).await.status, 200);
                let call = api.only_request();
                for (header, value) in expected {
                    assert_eq!(
                        call.header_all(header),
                        if value.is_empty() { vec![] } else { vec![value] },
                        "{header}"
                    );
                }
            }
        });
    }
}

fn id_tokens(lab: &mut Lab) {
    const EMAIL: &str = "<IncludeEmail ref='request.header.mail'>false</IncludeEmail>";
    for (name, elements, asked) in [
        (
            "an_id_token",
            "<Audience>https://x.run.app/a b</Audience>",
            "audience=https://x.run.app/a%20b&format=standard",
        ),
        (
            "an_id_token_with_email",
            "<Audience>aud</Audience><IncludeEmail>true</IncludeEmail>",
            "audience=aud&format=full",
        ),
        (
            "an_id_token_from_variables",
            &format!("<Audience ref='{{request.header.aud}}'>unused</Audience>{EMAIL}"),
            "audience=given&format=full",
        ),
        (
            "an_id_token_for_the_target_url",
            "<Audience ref='missing' useTargetUrl='true'/>",
            "audience=http://api.test/v1/secrets&format=standard",
        ),
    ] {
        let policy = authenticated(&format!("<GoogleIDToken>{elements}</GoogleIDToken>"));
        lab.case(name, move |setup| {
            let token = jwt(name);
            let given = format!("{token}\n");
            let metadata = setup.backend(move |_: &Received| MockResponse::text(200, given.clone()));
            let api = setup.echo();
            let site = setup.listener(Listener::new(own(&policy, api.cluster(), metadata.cluster())));
            let admin = setup.admin();
            move || async move {
                let session = site.session().await;
                for _ in 0..2 {
                    let request = Request::get("/").header("aud", "given").header("mail", "true");
                    assert_eq!(session.send(request).await.status, 200);
                }
                for call in api.requests() {
                    assert_eq!(call.header_all("authorization"), [format!("Bearer {token}")]);
                }
                assert_eq!(metadata.only_request().path_and_query, format!("{METADATA}/identity?{asked}"));
                assert_secret(&site, admin.get("/stats").await.text(), &[&token]).await;
            }
        });
    }

    lab.case("a_service_accounts_id_token", |setup| {
        let token = jwt("service");
        let body = json!({"token": token}).to_string();
        let metadata = setup.backend(|_: &Received| granted("ya29.workload", 3599));
        let iam = setup.backend(move |_: &Received| MockResponse::json(200, body.clone()));
        let api = setup.echo();
        let policy = authenticated(
            "<GoogleIDToken><Audience>service</Audience><IncludeEmail>true</IncludeEmail></GoogleIDToken>",
        );
        let configuration = impersonating(&policy, api.cluster(), metadata.cluster(), iam.cluster());
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(api.only_request().header_all("authorization"), [format!("Bearer {token}")]);
            let asked = iam.only_request();
            assert_eq!(asked.path_and_query, format!("/v1/projects/-/serviceAccounts/{ACCOUNT}:generateIdToken"));
            assert_eq!(asked.header("authorization"), Some("Bearer ya29.workload"));
            assert_eq!(asked.json(), json!({"audience": "service", "includeEmail": true}));
        }
    });

    lab.case("no_audience", |setup| {
        let metadata = setup.echo();
        let api = setup.echo();
        let policy = authenticated("<GoogleIDToken><Audience ref='request.header.aud'/></GoogleIDToken>");
        let configuration = own(&policy, api.cluster(), metadata.cluster());
        let site =
            setup.listener(Listener::new(configuration).log_state(&["fault.name", "servicecallout.SC-1.failed"]));
        move || async move {
            let text = "Audience is empty for GoogleIDToken in ServiceCallout SC-1";
            assert_fault(&site.get("/").await, "googletoken.EmptyIDTokenAudience", text);
            let logged = site.logged().await;
            assert_eq!(logged.state("fault.name"), Some("EmptyIDTokenAudience"));
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            assert_eq!((metadata.heads(), api.heads(), site.upstream().heads()), (0, 0, 0));
        }
    });
}
