//! The request of a callout: request line, path, query and form parameters.

use serde_json::json;

use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::ServiceCallout;

/// The worked example with query parameters in the URL and in the message.
fn geo() -> ServiceCallout {
    ServiceCallout::new("SC-Geo", "http://geo.example.com/maps/json?v=2").variable("geoReq").response("geoResp").set(
        r#"<QueryParams>
             <QueryParam name="address">{request.queryparam.zip}</QueryParam>
             <QueryParam name="sensor">false</QueryParam>
           </QueryParams>"#,
    )
}

pub fn cases(lab: &mut Lab) {
    composition(lab);
    message_variables(lab);

    lab.case("query_joins_that_of_the_url", |setup| {
        let geo_server = setup.backend(|_: &Received| MockResponse::json(200, r#"{"status":"OK"}"#));
        let site = setup.listener(
            Listener::new(geo().served_by(geo_server.cluster()))
                .publish(&["servicecallout.SC-Geo.target.url", "servicecallout.requesturi"])
                .log_state(&[
                    "geoResp.status.code",
                    "geoResp.content",
                    "servicecallout.SC-Geo.failed",
                    "servicecallout.SC-Geo.target.url",
                    "servicecallout.requesturi",
                ]),
        );
        move || async move {
            let request = Request::post("/v1/near?zip=94%20043", "text/plain", "untouched");
            let response = site.send(request).await;
            assert_eq!((response.status, response.text()), (200, "untouched"));
            let call = geo_server.only_request();
            assert_eq!((call.method.as_str(), call.authority.as_str()), ("GET", "geo.example.com"));
            assert_eq!(call.path_and_query, "/maps/json?v=2&address=94%20043&sensor=false");
            let passed = site.upstream().only_request();
            assert_eq!((passed.path_and_query.as_str(), passed.text()), ("/v1/near?zip=94%20043", "untouched"));
            let logged = site.logged().await;
            assert_eq!(logged.state("geoResp.status.code"), Some("200"));
            assert_eq!(logged.state("geoResp.content"), Some(r#"{"status":"OK"}"#));
            assert_eq!(logged.state("servicecallout.SC-Geo.failed"), Some("false"));
            let url = "http://geo.example.com/maps/json?v=2";
            assert_eq!(logged.state("servicecallout.SC-Geo.target.url"), Some(url));
            let uri = "/maps/json?v=2&address=94%20043&sensor=false";
            assert_eq!(logged.state("servicecallout.requesturi"), Some(uri));
        }
    });

    lab.case("parameters_are_encoded", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/x?raw={q}").response("r").set(
            r#"<QueryParams><QueryParam name="na me">{q}</QueryParam><QueryParam name="b">~-._</QueryParam></QueryParams>"#,
        );
        let mut configuration = policy.served_by(backend.cluster());
        configuration["properties"] = json!({"q": "a/b&c=é+d ?"});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            // Values in the URL are not changed, except for bytes that a URL must not contain.
            let query = "raw=a/b&c=%C3%A9+d%20?&na%20me=a%2Fb%26c%3D%C3%A9%2Bd%20%3F&b=~-._";
            assert_eq!(backend.only_request().path_and_query, format!("/x?{query}"));
        }
    });

    lab.case("parameters_set_added_and_repeated", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").request(
            r#"<Set><QueryParams><QueryParam name="a">1</QueryParam><QueryParam name="a">2</QueryParam></QueryParams></Set>
               <Add><QueryParams><QueryParam name="a">3</QueryParam><QueryParam name="b">4</QueryParam></QueryParams></Add>
               <Set><QueryParams/></Set>"#,
        );
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/?a=0").await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/?a=2&a=3&b=4");
        }
    });
}

fn composition(lab: &mut Lab) {
    for verb in ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "{request.verb}"] {
        lab.case(&format!("verb_{}", verb.trim_matches(['{', '}'])), move |setup| {
            let backend = setup.backend(|_: &Received| MockResponse::status(200));
            let policy =
                ServiceCallout::new("SC-1", "http://a.test/x").response("r").set(&format!("<Verb>{verb}</Verb>"));
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
            move || async move {
                assert_eq!(site.send(Request::new("REPORT", "/")).await.status, 200);
                let expected = if verb.starts_with('{') { "REPORT" } else { verb };
                assert_eq!(backend.only_request().method, expected);
                assert_eq!(site.upstream().only_request().method, "REPORT");
            }
        });
    }

    for (name, url, path, expected) in [
        ("path_joined", "http://a.test/v1/", "/users/7", "/v1/users/7"),
        ("path_without_slash", "http://a.test", "v2/items", "/v2/items"),
        ("path_of_one_slash", "http://a.test", "/", "/"),
        ("path_with_end_slash", "http://a.test/v1", "users/", "/v1/users/"),
        ("path_with_query", "http://a.test/v1?x=1", "/users?y=2", "/v1/users?x=1&y=2"),
        ("path_with_illegal_characters", "http://a.test/v1", "/a b/ü|\"", "/v1/a%20b/%C3%BC%7C%22"),
        ("path_empty", "http://a.test", "", "/"),
        ("path_from_a_variable", "http://a.test/api", "/users/{request.queryparam.id}", "/api/users/7"),
        ("fragment_dropped", "http://a.test/v1?x=1#part", "/b", "/v1/b?x=1"),
    ] {
        lab.case(name, move |setup| {
            let backend = setup.echo();
            let policy = ServiceCallout::new("SC-1", url).response("r").set(&format!("<Path>{path}</Path>"));
            let site = setup.listener(
                Listener::new(policy.served_by(backend.cluster()))
                    .publish(&["servicecallout.requesturi"])
                    .log_state(&["servicecallout.requesturi"]),
            );
            move || async move {
                assert_eq!(site.get("/?id=7").await.status, 200);
                assert_eq!(backend.only_request().path_and_query, expected);
                assert_eq!(site.filter_state("servicecallout.requesturi").await.as_deref(), Some(expected));
            }
        });
    }

    lab.case("form_parameters", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/token").response("r").request(
            r#"<Set><Verb>POST</Verb><FormParams>
                 <FormParam name="grant_type">client_credentials</FormParam>
                 <FormParam name="scope">{request.queryparam.scope}</FormParam>
               </FormParams></Set>
               <Add><FormParams><FormParam name="scope">b&amp;c</FormParam></FormParams></Add>"#,
        );
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/?scope=a%20a").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("POST", "/token"));
            assert_eq!(call.header_all("content-type"), ["application/x-www-form-urlencoded"]);
            // `+` and `%20` both mean a space in a form.
            let body = call.text().replace('+', "%20");
            assert_eq!(body, "grant_type=client_credentials&scope=a%20a&scope=b%26c");
            assert_eq!(call.header("content-length"), Some(call.body().len().to_string().as_str()));
        }
    });

    lab.case("retained_parameters", |setup| {
        let backend = setup.echo();
        let params = ["a", "b"].map(|name| format!(r#"<QueryParam name="{name}">1</QueryParam>"#)).concat();
        let policy = ServiceCallout::new("SC-1", "http://a.test/?x=1")
            .response("r")
            .set(&format!("<QueryParams>{params}</QueryParams>"))
            .property("retain.queryparams.enabled", "false")
            .property("retain.queryparams", "b, c");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/?x=1&b=1");
        }
    });

    lab.case("a_disabled_policy_does_nothing", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/{missing}").response("r").attribute("enabled", "false");
        let site = setup.listener(
            Listener::new(policy.served_by(backend.cluster()))
                .publish(&["servicecallout.requesturi"])
                .log_state(&["servicecallout.SC-1.failed", "servicecallout.requesturi"]),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.heads(), 0);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), None);
            assert_eq!(logged.state("servicecallout.requesturi"), None);
        }
    });
}

fn message_variables(lab: &mut Lab) {
    const SECOND: &str = "<QueryParams><QueryParam name=\"second\">2</QueryParam></QueryParams>";

    /// Two callouts with the same request variable; the first sets everything, the second adds a parameter.
    fn pair(first: &ServiceCallout, second: &ServiceCallout, cluster: &str) -> Listener {
        Listener::new(json!({"policies": [first.xml(), second.xml()], "clusters": {"*": cluster}}))
    }
    fn first() -> ServiceCallout {
        ServiceCallout::new("SC-1", "http://a.test/x").variable("shared").response("r").set(
            r#"<Verb>PUT</Verb><Path>/p</Path><Headers><Header name="X-First">1</Header></Headers>
               <QueryParams><QueryParam name="first">1</QueryParam></QueryParams><Payload>body</Payload>"#,
        )
    }

    // A new message replaces a consumed one, so the second callout contains no part of the first.
    lab.case("a_cleared_message_is_not_reused", |setup| {
        let backend = setup.echo();
        let second = ServiceCallout::new("SC-2", "http://a.test/y").variable("shared").response("r").set(SECOND);
        let site = setup.listener(pair(&first(), &second, backend.cluster()));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let calls = backend.requests();
            assert_eq!(calls.len(), 2);
            assert_eq!((calls[0].method.as_str(), calls[0].path_and_query.as_str()), ("PUT", "/x/p?first=1"));
            assert_eq!((calls[0].header("x-first"), calls[0].text()), (Some("1"), "body"));
            assert_eq!((calls[1].method.as_str(), calls[1].path_and_query.as_str()), ("GET", "/y?second=2"));
            assert_eq!((calls[1].header("x-first"), calls[1].text()), (None, ""));
        }
    });

    lab.case("a_kept_message_is_sent_again", |setup| {
        let backend = setup.echo();
        let second = ServiceCallout::new("SC-2", "http://a.test/y").variable("shared").response("r").set(SECOND);
        let site = setup.listener(pair(&first().keep_payload(), &second, backend.cluster()));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let calls = backend.requests();
            assert_eq!(calls.len(), 2);
            assert_eq!((calls[1].method.as_str(), calls[1].path_and_query.as_str()), ("PUT", "/y/p?first=1&second=2"));
            assert_eq!((calls[1].header("x-first"), calls[1].text()), (Some("1"), "body"));
        }
    });

    // Only the body is gone after sending; the other parts stay readable.
    lab.case("a_cleared_message_stays_readable", |setup| {
        let backend = setup.echo();
        let reads = "{shared.verb} {shared.path} {shared.querystring} {shared.header.x-first} [{shared.content}]";
        let probe = ServiceCallout::new("SC-Probe", "http://a.test/probe")
            .response("r")
            .set(&format!("<Verb>POST</Verb><Payload>{reads}</Payload>"));
        let site = setup.listener(pair(&first(), &probe, backend.cluster()));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.requests()[1].text(), "PUT /p first=1 1 []");
        }
    });
}
