//! ExtractVariables: the faults of a run, as the client receives them.

use serde_json::{Value, json};

use crate::fault::{assert_fault, xml};
use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, extract_variables};

fn json_variable(attributes: &str, path: &str) -> String {
    format!("<JSONPayload><Variable {attributes}><JSONPath>{path}</JSONPath></Variable></JSONPayload>")
}

fn xml_variable(attributes: &str, path: &str) -> String {
    format!("<XMLPayload><Variable {attributes}><XPath>{path}</XPath></Variable></XMLPayload>")
}

fn source(name: &str, elements: &str) -> String {
    format!("<Source>{name}</Source>{elements}")
}

pub fn cases(lab: &mut Lab) {
    let post = |content_type: &str, body: &str| Request::post("/v1?path=%24%5B", content_type, body.to_owned());
    let json_body = || post("application/json", r#"{"n":36.231,"s":"abc","b":true}"#);
    let json_text = |path: &str| json_variable("name='v'", path);
    let cast = |kind: &str, path: &str| json_variable(&format!("name='v' type='{kind}'"), path);
    let pattern = "<QueryParam name='q'><Pattern>{v}</Pattern></QueryParam>";

    let cases: Vec<(&str, String, Request, &str, &str)> = vec![
        (
            "no_message",
            source("none", pattern),
            Request::get("/v1"),
            "SourceMessageNotAvailable",
            "none message is not available for ExtractVariable: EV-1",
        ),
        (
            "no_response_yet",
            source("response", &json_text("$.a")),
            Request::get("/v1"),
            "SourceMessageNotAvailable",
            "response message is not available for ExtractVariable: EV-1",
        ),
        (
            "no_message_with_json",
            source("noneResp", &json_text("$.a")),
            Request::get("/v1"),
            "SourceMessageNotAvailable",
            "noneResp message is not available for ExtractVariable: EV-1",
        ),
        (
            "no_message_with_xml",
            source("noneResp", &xml_variable("name='v'", "/a")),
            Request::get("/v1"),
            "SourceMessageNotAvailable",
            "noneResp message is not available for ExtractVariable: EV-1",
        ),
        (
            "no_content_of_a_message",
            source("noneResp.content", &json_text("$.a")),
            Request::get("/v1"),
            "SourceMessageNotAvailable",
            "noneResp.content message is not available for ExtractVariable: EV-1",
        ),
        (
            "no_text",
            source("flow.text.content", &json_text("$.a")),
            Request::get("/v1"),
            "JsonPathParsingFailure",
            "ExtractVariables EV-1: Json path parsing failed for for flow variables flow.text.content",
        ),
        (
            "broken_json",
            json_text("$.a"),
            post("application/json", "{\"a\":"),
            "ExecutionFailed",
            "Failed to execute the ExtractVariables: EV-1",
        ),
        (
            "empty_json",
            json_text("$.a"),
            post("application/json", " "),
            "ExecutionFailed",
            "Failed to execute the ExtractVariables: EV-1",
        ),
        (
            "json_without_a_body",
            json_text("$.a"),
            Request::get("/v1").header("content-type", "application/json"),
            "ExecutionFailed",
            "Failed to execute the ExtractVariables: EV-1",
        ),
        (
            "broken_text",
            source("flow.text", &json_text("$.a")),
            Request::get("/v1"),
            "ExecutionFailed",
            "Failed to execute the ExtractVariables: EV-1",
        ),
        (
            "broken_xml",
            xml_variable("name='v'", "/a"),
            post("text/xml", "<a>").header("accept", "application/json"),
            "ExecutionFailed",
            "Failed to execute the ExtractVariables: EV-1",
        ),
        (
            "path_from_the_request",
            json_text("{request.queryparam.path}"),
            json_body(),
            "InvalidJSONPath",
            "Invalid JSON path $[ in policy EV-1.",
        ),
        (
            "number_as_boolean",
            cast("boolean", "$.n"),
            json_body(),
            "UnableToCast",
            "Unable to cast value 36.231 as BOOLEAN.",
        ),
        (
            "text_as_integer",
            cast("integer", "$.s"),
            json_body(),
            "UnableToCast",
            "Unable to cast value abc as INTEGER.",
        ),
        ("text_as_long", cast("long", "$.s"), json_body(), "UnableToCast", "Unable to cast value abc as LONG."),
        ("boolean_as_float", cast("float", "$.b"), json_body(), "UnableToCast", "Unable to cast value true as FLOAT."),
        (
            "boolean_as_double",
            cast("double", "$.b"),
            json_body(),
            "UnableToCast",
            "Unable to cast value true as DOUBLE.",
        ),
        (
            "xml_text_as_integer",
            xml_variable("name='v' type='integer'", "/a"),
            post("text/xml", "<a>x</a>").header("accept", "application/json"),
            "UnableToCast",
            "Unable to cast value x as INTEGER.",
        ),
        (
            "read_only_variable",
            json_variable("name='system.time'", "$.s"),
            json_body(),
            "ImmutableVariable",
            "Variable system.time is immutable",
        ),
    ];
    for (name, elements, request, fault, text) in cases {
        lab.case(name, move |setup| {
            let configuration: Value = json!({
                "policies": [extract_variables("EV-1", &elements)],
                "properties": {"flow.text": "no json"},
                "filter_state": ["v"],
            });
            let state = ["fault.name", "extractvariables.EV-1.failed", "error.message", "v"];
            let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration().log_state(&state));
            move || async move {
                assert_fault(&site.send(request).await, &format!("steps.extractvariables.{fault}"), text);
                assert_eq!(site.upstream().heads(), 0);
                let logged = site.logged().await;
                assert_eq!(state.map(|name| logged.state(name)), [Some(fault), Some("true"), Some(text), None]);
            }
        });
    }

    lab.case("unresolved_variable_in_a_path", |setup| {
        let policy = extract_variables("EV-1", &json_text("$.{request.queryparam.none}"));
        let site = setup.listener(Listener::new(json!({"policies": [policy]})).allow_on_headers_stop_iteration());
        move || async move {
            let response = site.send(Request::post("/", "application/json", "{}")).await;
            let text = "Unresolved variable : request.queryparam.none";
            assert_fault(&response, "entities.UnresolvedVariable", text);
        }
    });

    // The policy of Apigee's page about policy errors. The usual cause is a callout that failed.
    lab.case("response_of_a_failed_callout", |setup| {
        let refusing = setup.cluster_refusing_connections(Cluster::new());
        let callout = ServiceCallout::new("SC-1", "http://a.test/").response("mymessage").continue_on_error();
        let extract = extract_variables("ParseJsonResponse", &source("mymessage", &json_text("$.a")));
        let site = setup.listener(Listener::new(json!({
            "policies": [callout.xml(), extract],
            "clusters": {"*": refusing},
        })));
        move || async move {
            let text = "mymessage message is not available for ExtractVariable: ParseJsonResponse";
            assert_fault(&site.get("/v1").await, "steps.extractvariables.SourceMessageNotAvailable", text);
            assert_eq!(site.upstream().heads(), 0);
        }
    });

    // The client's request is XML, and so is the fault.
    lab.case("callout_response_is_not_json", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::json(200, "<html>"));
        let site = setup.listener(Listener::new(json!({
            "policies": [
                ServiceCallout::new("SC-1", "http://a.test/").response("r").xml(),
                extract_variables("EV-1", &source("r", &json_variable("name='v'", "$.a"))),
            ],
            "clusters": {"*": backend.cluster()},
        })));
        move || async move {
            let response = site.send(Request::post("/", "text/xml", "<a/>")).await;
            let text = "Failed to execute the ExtractVariables: EV-1";
            assert_eq!((response.status, response.header("content-type")), (500, Some("application/xml")));
            assert_eq!(response.text(), xml("steps.extractvariables.ExecutionFailed", text));
            assert_eq!((backend.heads(), site.upstream().heads()), (1, 0));
        }
    });

    lab.case("continued", |setup| {
        let policy = extract_variables("EV-1", &cast("integer", "$.s"))
            .replace("<ExtractVariables ", "<ExtractVariables continueOnError='true' ");
        let configuration = json!({"policies": [policy], "filter_state": ["v"]});
        let state = ["extractvariables.EV-1.failed", "v", "error.message"];
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration().log_state(&state));
        let request = json_body();
        move || async move {
            let response = site.send(request).await;
            assert_eq!((response.status, site.upstream().heads()), (200, 1));
            let logged = site.logged().await;
            assert_eq!(state.map(|name| logged.state(name)), [Some("true"), None, None]);
        }
    });
}
