//! Parameters of integrations: every type, one or several, and harmful values of a client.

use serde_json::json;

use crate::fault::assert_fault;
use crate::integration::{assert_ran, run, with_parameters};
use crate::lab::{IntegrationService, Lab, Listener, Message, Request};

const PATH: &str = "/v1/projects/default-project/locations/us-west1/integrations/-:execute";

fn body(parameters: &str) -> String {
    format!(r#"{{"triggerId":"api_trigger/t","inputParameters":{parameters}}}"#)
}

/// These parameters reach the service as this member, and the service accepts them.
fn arrives(lab: &mut Lab, name: &str, parameters: &'static str, request: Request, expected: String) {
    lab.case(name, move |setup| {
        let service = IntegrationService::new(setup);
        let configuration = service.configuration(&[with_parameters(parameters), run()]);
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let response = site.send(request).await;
            assert_eq!(response.status, 200, "{}", response.text());
            assert_ran(&service.api, PATH, &body(&expected));
        }
    });
}

pub fn cases(lab: &mut Lab) {
    types(lab);
    json_values(lab);
    wrong_values(lab);
    malicious(lab);
}

fn types(lab: &mut Lab) {
    arrives(
        lab,
        "every_type",
        r#"<Parameter name="s" type="string">x</Parameter>
           <Parameter name="i" type="integer">42</Parameter>
           <Parameter name="d" type="double">1.5</Parameter>
           <Parameter name="b" type="boolean">true</Parameter>
           <Parameter name="j" type="json">{"a":1}</Parameter>
           <ParameterArray name="ss" type="string"><Value>a</Value><Value>b</Value></ParameterArray>
           <ParameterArray name="is" type="integer"><Value>1</Value><Value>2</Value></ParameterArray>
           <ParameterArray name="ds" type="double"><Value>1</Value><Value>2.5</Value></ParameterArray>
           <ParameterArray name="bs" type="boolean"><Value>true</Value><Value>false</Value></ParameterArray>"#,
        Request::get("/"),
        concat!(
            r#"{"s":{"stringValue":"x"},"i":{"intValue":"42"},"d":{"doubleValue":1.5},"b":{"booleanValue":true},"#,
            r#""j":{"jsonValue":"{\"a\":1}"},"ss":{"stringArray":{"stringValues":["a","b"]}},"#,
            r#""is":{"intArray":{"intValues":["1","2"]}},"ds":{"doubleArray":{"doubleValues":[1.0,2.5]}},"#,
            r#""bs":{"booleanArray":{"booleanValues":[true,false]}}}"#
        )
        .to_owned(),
    );

    arrives(
        lab,
        "every_type_from_variables",
        r#"<Parameter name="s" type="string" ref="request.queryparam.s"/>
           <Parameter name="i" type="integer" ref="request.queryparam.i"/>
           <Parameter name="d" type="double">{request.queryparam.d}</Parameter>
           <Parameter name="b" type="boolean" ref="request.queryparam.b">false</Parameter>
           <Parameter name="j" type="json">[{request.queryparam.i},"{request.queryparam.s}"]</Parameter>
           <ParameterArray name="is" type="integer"><Value ref="request.queryparam.i"/><Value>{request.queryparam.none:7}</Value></ParameterArray>
           <ParameterArray name="ds" type="double"><Value ref="request.queryparam.d"/></ParameterArray>
           <ParameterArray name="bs" type="boolean"><Value>{request.queryparam.b}</Value></ParameterArray>"#,
        Request::get("/?s=a%20b&i=-9007199254740993&d=-2.5e3&b=TRUE"),
        concat!(
            r#"{"s":{"stringValue":"a b"},"i":{"intValue":"-9007199254740993"},"d":{"doubleValue":-2500.0},"#,
            r#""b":{"booleanValue":true},"j":{"jsonValue":"[-9007199254740993,\"a b\"]"},"#,
            r#""is":{"intArray":{"intValues":["-9007199254740993","7"]}},"#,
            r#""ds":{"doubleArray":{"doubleValues":[-2500.0]}},"bs":{"booleanArray":{"booleanValues":[true]}}}"#
        )
        .to_owned(),
    );

    arrives(
        lab,
        "integers_beyond_the_numbers_of_json",
        r#"<Parameter name="a" type="integer">9007199254740993</Parameter><Parameter name="b" type="int">9223372036854775807</Parameter>
           <ParameterArray name="c" type="INTEGER"><Value>-9223372036854775808</Value><Value> 007 </Value></ParameterArray>"#,
        Request::get("/"),
        r#"{"a":{"intValue":"9007199254740993"},"b":{"intValue":"9223372036854775807"},"c":{"intArray":{"intValues":["-9223372036854775808","7"]}}}"#.to_owned(),
    );

    arrives(
        lab,
        "least_of_parameters",
        r#"<Parameter name="no type">x</Parameter><Parameter name="empty"/><Parameter name="twice">1</Parameter>
           <ParameterArray name="none" type="integer"/><ParameterArray name="empty items"><Value/></ParameterArray>
           <Parameter name="twice" type="integer">2</Parameter>"#,
        Request::get("/"),
        concat!(
            r#"{"no type":{"stringValue":"x"},"empty":{"stringValue":""},"twice":{"intValue":"2"},"#,
            r#""none":{"intArray":{"intValues":[]}},"empty items":{"stringArray":{"stringValues":[""]}}}"#
        )
        .to_owned(),
    );
}

fn json_values(lab: &mut Lab) {
    arrives(
        lab,
        "json_with_braces",
        r#"<Parameter name="a" type="json">{"a":{"b":1}}</Parameter><Parameter name="b" type="json">{"a":{"b":{request.queryparam.n}},"c":[{}]}</Parameter>
           <Parameter name="c" type="json" ref="nowhere">{}</Parameter><Parameter name="d" type="json">"text"</Parameter>
           <Parameter name="e" type="json">null</Parameter><Parameter name="f" type="json"><![CDATA[ {"x": "<&>"} ]]></Parameter>"#,
        Request::get("/?n=5"),
        concat!(
            r#"{"a":{"jsonValue":"{\"a\":{\"b\":1}}"},"b":{"jsonValue":"{\"a\":{\"b\":5},\"c\":[{}]}"},"#,
            r#""c":{"jsonValue":"{}"},"d":{"jsonValue":"\"text\""},"e":{"jsonValue":"null"},"#,
            r#""f":{"jsonValue":"{\"x\": \"<&>\"}"}}"#
        )
        .to_owned(),
    );

    // The text is sent unchanged: a parser would change parts of it.
    let sent = "{\n \"big\": 12345678901234567890123, \"twice\": 1, \"twice\": 2, \"e\": \"\\u00e9é\"}";
    arrives(
        lab,
        "json_of_the_clients_body",
        r#"<Parameter name="all" type="json" ref="request.content"/>"#,
        Request::post("/", "application/json", sent),
        format!(r#"{{"all":{{"jsonValue":{}}}}}"#, json!(sent)),
    );
}

/// Each with the client's exact response; the service gets no request.
fn wrong_values(lab: &mut Lab) {
    for (name, kind, value) in [
        ("integer_with_a_fraction", "integer", "1.0"),
        ("integer_too_large", "integer", "9223372036854775808"),
        ("integer_of_nothing", "integer", ""),
        ("double_of_words", "double", "one"),
        ("double_without_end", "double", "Infinity"),
        ("double_that_is_none", "double", "NaN"),
        ("double_too_large", "double", "1e999"),
        ("boolean_of_a_number", "boolean", "1"),
        ("json_that_ends_early", "json", "[1"),
        ("json_of_nothing", "json", ""),
    ] {
        lab.case(name, move |setup| {
            let service = IntegrationService::new(setup);
            let parameter = format!("<Parameter name=\"p\" type=\"{kind}\" ref=\"request.header.x-value\"/>");
            let state = ["fault.name", "setintegrationrequest.SIR.failed"];
            let configuration = service.configuration(&[with_parameters(&parameter), run()]);
            let site = setup.listener(Listener::new(configuration).log_state(&state));
            move || async move {
                let expected = match kind {
                    "integer" => "an integer",
                    "double" => "a double",
                    "boolean" => "a boolean",
                    _ => "JSON",
                };
                let reason = format!("parameter \\\"p\\\" must be {expected}, got \\\"{value}\\\"");
                let text = format!("Execution of SetIntegrationRequest SIR failed. Reason: {reason}");
                let response = site.send(Request::get("/").header("x-value", value)).await;
                assert_fault(&response, "steps.setintegrationrequest.ExecutionFailed", &text);
                assert_eq!((service.api.heads(), service.metadata.heads(), site.upstream().heads()), (0, 0, 0));
                let logged = site.logged().await;
                assert_eq!(state.map(|name| logged.state(name)), [Some("ExecutionFailed"), Some("true")]);
            }
        });
    }
}

fn malicious(lab: &mut Lab) {
    arrives(
        lab,
        "quotes_and_other_scripts",
        r#"<Parameter name="a&quot;b\é日本">say &quot;{request.queryparam.q}&quot;</Parameter>"#,
        Request::get("/?q=%22%7D%2C%5C%0A%E2%82%AC%F0%9F%98%80%7Brequest.verb%7D"),
        format!(r#"{{{}:{{"stringValue":{}}}}}"#, json!("a\"b\\é日本"), json!("say \"\"},\\\n€😀{request.verb}\"")),
    );
    arrives(
        lab,
        "braces_that_are_no_templates",
        r#"<Parameter name="a">{</Parameter><Parameter name="b">{}}</Parameter><Parameter name="c">{ request.verb }{1}</Parameter>
           <Parameter name="d">{{request.verb}}</Parameter><Parameter name="e">\{request.verb\}</Parameter>"#,
        Request::get("/"),
        concat!(
            r#"{"a":{"stringValue":"{"},"b":{"stringValue":"{}}"},"c":{"stringValue":"{ request.verb }{1}"},"#,
            r#""d":{"stringValue":"{GET}"},"e":{"stringValue":"{request.verb}"}}"#
        )
        .to_owned(),
    );
    arrives(
        lab,
        "bytes_that_are_no_text",
        r#"<Parameter name="h" ref="request.header.x-bytes"/><Parameter name="q" ref="request.queryparam.q"/>"#,
        Request::get("/?q=a%FFb").header("x-bytes", b"a\xffb"),
        r#"{"h":{"stringValue":"a�b"},"q":{"stringValue":"a�b"}}"#.to_owned(),
    );

    lab.case("a_large_value", |setup| {
        let service = IntegrationService::new(setup);
        let parameters = "<Parameter name='s' ref='request.content'/><Parameter name='j' type='json'>\"{request.content}\"</Parameter>";
        let configuration = service.configuration(&[with_parameters(parameters), run()]);
        let listener = Listener::new(configuration).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.per_connection_buffer_limit_bytes(4_000_000));
        move || async move {
            let sent = "x".repeat(1_000_000);
            let response = site.send(Request::post("/", "text/plain", sent.clone())).await;
            assert_eq!((response.status, response.body().len()), (200, 1_000_000));
            let received = service.api.only_request().json();
            assert_eq!(received["inputParameters"]["s"]["stringValue"], sent);
            assert_eq!(received["inputParameters"]["j"]["jsonValue"], format!("\"{sent}\""));
        }
    });

    // JSON that is nested deeper than any stack is rejected, and the module keeps running.
    lab.case("a_deep_value", |setup| {
        let service = IntegrationService::new(setup);
        let parameters = "<Parameter name='j' type='json' ref='request.content'/>";
        let configuration = service.configuration(&[with_parameters(parameters), run()]);
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let post = |depth| Request::post("/", "application/json", deep(depth));
            assert_eq!(site.send(post(100_000)).await.status, 500);
            assert_eq!(service.api.heads(), 0);
            assert_eq!(site.send(post(100)).await.status, 200);
            assert_eq!(service.api.only_request().json()["inputParameters"]["j"]["jsonValue"], deep(100));
        }
    });

    // A client's value cannot leave its segment of the path.
    lab.case("names_that_would_end_their_segment", |setup| {
        let service = IntegrationService::new(setup);
        let policy = crate::integration::prepare(
            "<ProjectId ref='request.header.x-p'/><IntegrationName ref='request.header.x-n'/>",
        )
        .replace(">t<", " ref='request.header.x-t'><");
        let site = setup.listener(Listener::new(service.configuration(&[policy, run()])));
        move || async move {
            let request = Request::get("/")
                .header("x-p", "a/b?c#d%2Fe")
                .header("x-n", "../x y:execute")
                .header("x-t", "\"/../é?");
            let response = site.send(request).await;
            assert_eq!(response.status, 200, "{}", response.text());
            assert_ran(
                &service.api,
                "/v1/projects/a%2Fb%3Fc%23d%252Fe/locations/us-west1/integrations/..%2Fx%20y:execute:execute",
                r#"{"triggerId":"api_trigger/\"/../é?"}"#,
            );
        }
    });
}
