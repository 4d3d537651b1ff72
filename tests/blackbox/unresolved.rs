//! Variables that do not resolve, and request variables that are no request.

use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message};
use crate::policy::{ServiceCallout, assign_message, set};

const SETS: [(&str, &str); 6] = [
    ("header", r#"<Headers><Header name="X">{missing.one}</Header></Headers>"#),
    ("query", r#"<QueryParams><QueryParam name="x">{missing.one}</QueryParam></QueryParams>"#),
    ("form", r#"<Verb>POST</Verb><FormParams><FormParam name="x">{missing.one}</FormParam></FormParams>"#),
    ("payload", "<Verb>POST</Verb><Payload>[{missing.one}]</Payload>"),
    ("path", "<Path>/p{missing.one}</Path>"),
    ("function", r#"<Headers><Header name="X">{toUpperCase(missing.one)}</Header></Headers>"#),
];

pub fn cases(lab: &mut Lab) {
    for (place, set) in SETS {
        lab.case(&format!("fault_in_{place}"), move |setup| {
            let backend = setup.echo();
            let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").set(set);
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).log_state(&[
                "fault.name",
                "error.message",
                "servicecallout.SC-1.failed",
            ]));
            move || async move {
                let text = "Unresolved variable : missing.one";
                assert_fault(&site.get("/").await, "entities.UnresolvedVariable", text);
                assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
                let logged = site.logged().await;
                assert_eq!(logged.state("fault.name"), Some("UnresolvedVariable"));
                assert_eq!(logged.state("error.message"), Some(text));
                assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            }
        });
    }

    lab.case("ignored_they_are_empty", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/u{missing.url}")
            .response("r")
            .set(
                r#"<Headers><Header name="X">{missing.one}</Header></Headers><Path>/p{missing.one}</Path><Verb>POST</Verb>
                   <QueryParams><QueryParam name="x">{missing.one}</QueryParam></QueryParams>
                   <Payload>[{missing.one}{toUpperCase(missing.one)}{missing.two:default}]</Payload>"#,
            )
            .ignore_unresolved();
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.path_and_query.as_str(), call.text()), ("/u/p?x=", "[default]"));
            assert_eq!(call.header_all("x"), [""]);
        }
    });

    lab.case("null_without_a_value", |setup| {
        let assign = "<AssignVariable><Name>v</Name><Template>{firstnonnull(request.header.a,request.queryparam.a)}</Template></AssignVariable>";
        let configuration = json!({
            "policies": [
                assign_message("AM-1", assign),
                set("AM-Null", "<Headers><Header name='x'>null</Header></Headers>"),
                set("AM-Text", "<Headers><Header name='x'>[{v}{firstnonnull(missing)}]</Header></Headers>"),
            ],
            "request": [
                "AM-1",
                {"step": "AM-Null", "condition": "v = null"},
                {"step": "AM-Text", "condition": "v != null"},
            ],
        });
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            for (path, value) in [("/", "null"), ("/?a=1", "[1]"), ("/?a=", "[]")] {
                assert_eq!(site.get(path).await.status, 200);
                assert_eq!(site.upstream().requests().last().unwrap().header("x"), Some(value), "{path}");
            }
        }
    });

    // Neither a default nor an empty value that are not requests.
    lab.case("resolved_after_all", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://{tenant.host}/token?client={client.id:anonymous}")
            .response("r")
            .set(r#"<Headers><Header name="X">[{empty}{firstnonnull(missing,'none')}]</Header></Headers>"#);
        let mut configuration = policy.served_by(backend.cluster());
        configuration["properties"] = json!({"tenant.host": "auth.eu.example.com:8443", "empty": ""});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!(call.authority, "auth.eu.example.com:8443");
            assert_eq!(call.path_and_query, "/token?client=anonymous");
            assert_eq!(call.header_all("x"), ["[none]"]);
        }
    });

    lab.case("request_variable_is_not_a_message", |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("ExecuteGeocodingRequest", "http://a.test/").variable("PostalCode").response("r");
        let mut configuration = policy.served_by(backend.cluster());
        configuration["properties"] = json!({"PostalCode": "94043"});
        let site = setup.listener(Listener::new(configuration).log_state(&["fault.name"]));
        move || async move {
            assert_fault(
                &site.get("/").await,
                "steps.servicecallout.RequestVariableNotMessageType",
                "ServiceCallout[ExecuteGeocodingRequest]: request variable PostalCode value is not of type Message",
            );
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
            assert_eq!(site.filter_state("fault.name").await.as_deref(), Some("RequestVariableNotMessageType"));
        }
    });

    lab.case("request_variable_is_a_response", |setup| {
        let backend = setup.echo();
        let first = ServiceCallout::new("SC-1", "http://a.test/1").response("userResp");
        let second = ServiceCallout::new("SC-2", "http://a.test/2").variable("userResp").response("r");
        let site = setup.listener(
            Listener::new(json!({"policies": [first.xml(), second.xml()], "clusters": {"*": backend.cluster()}}))
                .log_state(&["fault.name", "servicecallout.SC-1.failed", "servicecallout.SC-2.failed"]),
        );
        move || async move {
            assert_fault(
                &site.get("/").await,
                "steps.servicecallout.RequestVariableNotRequestMessageType",
                "ServiceCallout[SC-2]: request variable userResp value is not of type Request Message",
            );
            assert_eq!(backend.only_request().path_and_query, "/1");
            let logged = site.logged().await;
            assert_eq!(logged.state("fault.name"), Some("RequestVariableNotRequestMessageType"));
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("false"));
            assert_eq!(logged.state("servicecallout.SC-2.failed"), Some("true"));
        }
    });
}
