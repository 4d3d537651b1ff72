//! The payload of a callout's request and its content type.

use serde_json::json;

use crate::lab::{Lab, Listener, Message, Request};
use crate::policy::ServiceCallout;

/// Sends one payload, `{who}` in it being `Ann "A" <b>`, and expects these bytes.
fn payload(lab: &mut Lab, name: &str, element: &'static str, content_type: Option<&'static str>, body: &'static str) {
    lab.case(name, move |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").set(&format!("<Verb>POST</Verb>{element}"));
        let mut configuration = policy.served_by(backend.cluster());
        configuration["properties"] = json!({"who": "Ann \"A\" <b>", "kind": "xml"});
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.text()), ("POST", body));
            assert_eq!(call.header_all("content-type"), Vec::from_iter(content_type));
            assert_eq!(call.header_all("content-length"), [body.len().to_string()]);
            assert_eq!(call.header("transfer-encoding"), None);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    payload(
        lab,
        "json_braces",
        r#"<Payload contentType="application/json">{"item":{"value":"{escapeJSON(who)}"}, "none": {}}</Payload>"#,
        Some("application/json"),
        r#"{"item":{"value":"Ann \"A\" <b>"}, "none": {}}"#,
    );
    payload(
        lab,
        "delimiters_at_and_hash",
        r##"<Payload contentType="application/json" variablePrefix="@" variableSuffix="#">{"a":"@kind#","b":"{kind}"}</Payload>"##,
        Some("application/json"),
        r#"{"a":"xml","b":"{kind}"}"#,
    );
    payload(
        lab,
        "delimiters_pound_and_dollar",
        r#"<Payload contentType="text/plain" variablePrefix="£" variableSuffix="$">£kind$ costs {kind}</Payload>"#,
        Some("text/plain"),
        "xml costs {kind}",
    );
    payload(
        lab,
        "nested_xml",
        "<Payload contentType=\"text/xml\"><soap:Envelope xmlns:soap=\"urn:s\"><id a='1'>{escapeXML(who)}</id><!-- no --></soap:Envelope></Payload>",
        Some("text/xml"),
        "<soap:Envelope xmlns:soap=\"urn:s\"><id a='1'>Ann &quot;A&quot; &lt;b&gt;</id></soap:Envelope>",
    );
    payload(
        lab,
        "cdata",
        "<Payload contentType=\"text/html\"><![CDATA[<html>{kind} & {who}</html>]]></Payload>",
        Some("text/html"),
        "<html>xml & Ann \"A\" <b></html>",
    );
    // Nothing is trimmed: the target gets the payload as it was typed.
    payload(lab, "white_space_and_no_content_type", "<Payload>\n  {kind}\n</Payload>", None, "\n  xml\n");
    payload(
        lab,
        "content_type_from_a_template",
        r#"<Payload contentType="application/{kind}">x</Payload>"#,
        Some("application/xml"),
        "x",
    );
    payload(lab, "empty", "<Payload/>", None, "");

    lab.case("body_of_a_get", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r").set("<Payload>query</Payload>");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.text()), ("GET", "query"));
        }
    });

    // The worked example of a payload made of the client's body.
    lab.case("escaped_client_body", |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("SC-DLP", "https://dlp.example.com/").variable("dlpReq").response("dlpResp").set(
                r#"<Verb>POST</Verb>
               <Headers><Header name="X-Goog-User-Project">p1</Header></Headers>
               <Payload contentType="application/json">{"item":{"value":"{escapeJSON(request.content)}"}}</Payload>
               <Path>v2/projects/p1/content:inspect</Path>"#,
            );
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/v1/check", "text/plain", r#"say "hi""#).header("x-client", "1");
            let response = site.send(request).await;
            assert_eq!((response.status, response.text()), (200, r#"say "hi""#));
            let call = backend.only_request();
            assert_eq!(
                (call.method.as_str(), call.path_and_query.as_str()),
                ("POST", "/v2/projects/p1/content:inspect")
            );
            assert_eq!(call.authority, "dlp.example.com");
            assert_eq!(call.text(), r#"{"item":{"value":"say \"hi\""}}"#);
            assert_eq!(call.header("content-length"), Some("31"));
            assert_eq!(call.header("content-type"), Some("application/json"));
            assert_eq!(call.header("x-goog-user-project"), Some("p1"));
            assert_eq!(
                call.header_names(),
                [
                    "content-length",
                    "content-type",
                    "host",
                    "x-envoy-expected-rq-timeout-ms",
                    "x-envoy-internal",
                    "x-goog-user-project",
                    "x-request-id",
                ]
            );
            assert_eq!(site.upstream().only_request().text(), r#"say "hi""#);
        }
    });
}
