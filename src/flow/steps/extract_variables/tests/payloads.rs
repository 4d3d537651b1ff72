//! JSONPayload and XMLPayload.

use super::*;

const JSON: &str = r#"{"name":"A \"B\"\n","lat":37.42291810,"n":-7,"big":123456789012345678901234567890,"yes":true,
    "nil":null,"empty":"","obj":{"b":1, "a":[1, "x", null]},"list":[{"k":"a","v":1},{"k":"b","v":2}],"none":[]}"#;
const XML: &str =
    r#"<?xml version="1.0"?><r xmlns:p="urn:p"><a id="1">x<b>y</b></a><a id="2"> 41 </a><p:c>ns</p:c><d/></r>"#;

fn ok(set: &[&str]) -> Result<Vec<String>, String> {
    Ok(set.iter().map(ToString::to_string).collect())
}

fn fault(name: &str, reason: &str) -> Result<Vec<String>, String> {
    Err(format!("steps.extractvariables.{name}: {reason}"))
}

fn with_message(content_type: &'static str, body: &'static str) -> impl Fn(&mut Running<'_>) {
    move |transaction| {
        let headers: &[(&'static str, &'static str)] = &[("content-type", content_type)];
        let headers = if content_type.is_empty() { &[] } else { headers };
        transaction.put_message("m".into(), filled(Message::response(), headers, body));
        transaction.set("key".into(), Value::text("b"));
        transaction.set("text".into(), Value::text(body));
    }
}

fn json(kind: &str, paths: &[&str]) -> String {
    let paths: String = paths.iter().map(|path| format!("<JSONPath>{path}</JSONPath>")).collect();
    format!("<JSONPayload><Variable name='v'{kind}>{paths}</Variable></JSONPayload>")
}

fn xml(kind: &str, path: &str) -> String {
    format!(
        "<XMLPayload><Namespaces><Namespace prefix='q'>urn:p</Namespace></Namespaces>
         <Variable name='v'{kind}><XPath>{path}</XPath></Variable></XMLPayload>"
    )
}

fn run(prepare: &dyn Fn(&mut Running<'_>), content: &str) -> Result<Vec<String>, String> {
    extract(&Scripted::client("GET", "/v1", &[]), prepare, content)
}

#[test]
fn json_values() {
    let cases = [
        ("", "$.name", ok(&["v=A \"B\"\n"])),
        ("", "name", ok(&["v=A \"B\"\n"])),
        ("", "$.lat", ok(&["v=37.42291810"])),
        ("", "$.big", ok(&["v=123456789012345678901234567890"])),
        ("", "$.yes", ok(&["v=true"])),
        ("", "$.nil", ok(&[])),
        ("", "$.missing", ok(&[])),
        ("", "$.obj.missing.deeper", ok(&[])),
        ("", "$.empty", ok(&["v="])),
        ("", "$.obj", ok(&["v={\"b\":1,\"a\":[1,\"x\",null]}"])),
        (" type='nodeset'", "$.obj.a", ok(&["v=[1,\"x\",null]"])),
        (" type='nodeset'", "$.name", ok(&["v=A \"B\"\n"])),
        ("", "$.list[*].k", ok(&["v=[\"a\",\"b\"]"])),
        (" type='string'", "$.list[?(@.k == 'b')].v", ok(&["v=[2]"])),
        (" type='integer'", "$.list[?(@.k == 'b')].v", ok(&["v=Integer(2)"])),
        (" type='integer'", "$.list[*].v", ok(&["v=Integer(1)"])),
        ("", "$.list[?(@.k == 'z')].v", ok(&[])),
        ("", "$.none[*]", ok(&[])),
        ("", "$.none", ok(&["v=[]"])),
        ("", "$.list[-1].k", ok(&["v=b"])),
        ("", "$.list[?(@.k == '{key}')].v", ok(&["v=[2]"])),
        ("", "$.list[?(@.k == '{missing:a}')].v", ok(&["v=[1]"])),
        (" type='integer'", "$.n", ok(&["v=Integer(-7)"])),
        (" type='long'", "$.lat", ok(&["v=Integer(37)"])),
        (" type='float'", "$.n", ok(&["v=Float(-7.0)"])),
        (" type='double'", "$.lat", ok(&["v=Double(37.4229181)"])),
        (" type='boolean'", "$.yes", ok(&["v=Boolean(true)"])),
        (" type='bool'", "$.yes", ok(&["v=true"])),
        (" type='boolean'", "$.nil", ok(&[])),
        (" type='boolean'", "$.lat", fault("UnableToCast", "Unable to cast value 37.42291810 as BOOLEAN.")),
        (" type='integer'", "$.empty", fault("UnableToCast", "Unable to cast value  as INTEGER.")),
        (" type='double'", "$.none", fault("UnableToCast", "Unable to cast value [] as DOUBLE.")),
        ("", "$.{key}{unresolved}", Err("entities.UnresolvedVariable: Unresolved variable : unresolved".to_owned())),
        ("", "$.[{key}", fault("InvalidJSONPath", "Invalid JSON path $.[b in policy EV.")),
    ];
    for (kind, path, expected) in cases {
        for source in ["m", "m.content", "text"] {
            let content = format!("<Source>{source}</Source>{}", json(kind, &[path]));
            assert_eq!(run(&with_message("application/json", JSON), &content), expected, "{source} {kind} {path}");
        }
    }
    let content = format!(
        "<Source>m</Source><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{}",
        json("", &["$.n{unresolved}"])
    );
    assert_eq!(run(&with_message("application/json", JSON), &content), ok(&["v=-7"]));
    let content = format!("<Source>m</Source>{}", json("", &["$.missing", "$.nil", "$.n", "$.lat"]));
    assert_eq!(run(&with_message("application/json", JSON), &content), ok(&["v=-7"]));
}

/// JSON paths read typed values from a payload (docs/apigee-semantics.md 13.3).
#[test]
fn the_response_of_a_callout() {
    let prepare = |transaction: &mut Running<'_>| {
        let body = r#"{"contact":{"email":"a@b.c"},"age":41}"#;
        let headers = [("Content-Type", "application/json; charset=utf-8")];
        transaction.put_message("userResp".into(), filled(Message::response(), &headers, body));
    };
    let content = "<Source>userResp</Source><VariablePrefix>u</VariablePrefix><JSONPayload>
        <Variable name='mail'><JSONPath>$.contact.email</JSONPath></Variable>
        <Variable name='age' type='integer'><JSONPath>$.age</JSONPath></Variable></JSONPayload>";
    assert_eq!(run(&prepare, content), ok(&["u.age=Integer(41)", "u.mail=a@b.c"]));
}

#[test]
fn the_content_type_decides_the_format_of_a_payload() {
    let path = json("", &["$.a"]);
    let xpath = xml("", "/a");
    let cases = [
        ("application/json", true, false),
        ("Application/JSON; charset=UTF-8", true, false),
        ("application/problem+json", true, false),
        ("text/json", false, false),
        ("text/plain", false, false),
        ("", false, false),
        ("application/xml", false, true),
        ("text/xml;charset=utf-8", false, true),
        ("application/soap+xml", false, true),
        ("text/html", false, false),
    ];
    for (content_type, is_json, is_xml) in cases {
        let source = "<Source>m</Source>";
        let found = run(&with_message(content_type, r#"{"a":1}"#), &format!("{source}{path}"));
        assert_eq!(found, if is_json { ok(&["v=1"]) } else { ok(&[]) }, "{content_type}");
        let found = run(&with_message(content_type, "<a>1</a>"), &format!("{source}{xpath}"));
        assert_eq!(found, if is_xml { ok(&["v=1"]) } else { ok(&[]) }, "{content_type}");
    }
}

#[test]
fn malformed_payloads_are_faults() {
    let failed = || fault("ExecutionFailed", "Failed to execute the ExtractVariables: EV");
    for body in ["", " ", "{", "{'a': 1}", "a=1", "<a/>", "{\"a\":1} x"] {
        for source in ["m", "text"] {
            let content = format!("<Source>{source}</Source>{}", json("", &["$.a"]));
            assert_eq!(run(&with_message("application/json", body), &content), failed(), "{body}");
        }
    }
    for body in ["", " ", "{}", "<a>", "<a/><b/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
        for source in ["m", "text"] {
            let content = format!("<Source>{source}</Source>{}", xml("", "/a"));
            assert_eq!(run(&with_message("application/xml", body), &content), failed(), "{body}");
        }
    }
    let deep: &'static str = Box::leak("[".repeat(100_000).into_boxed_str());
    let content = format!("<Source>text</Source>{}", json("", &["$.a"]));
    assert_eq!(run(&with_message("", deep), &content), failed());
    let content = format!("<Source>m</Source>{}", json("", &["$.a"]));
    assert_eq!(run(&with_message("application/json", "\u{feff}{\"a\":1}"), &content), ok(&["v=1"]));
}

#[test]
fn xml_values() {
    let cases = [
        ("", "/r/a", ok(&["v=xy"])),
        ("", "/r/a[2]", ok(&["v= 41 "])),
        (" type='integer'", "/r/a[2]", ok(&["v=Integer(41)"])),
        (" type='float'", "/r/a[@id = '2']", ok(&["v=Float(41.0)"])),
        ("", "//a[@id='2' or @id='3']/@id", ok(&["v=2"])),
        ("", "/r/q:c", ok(&["v=ns"])),
        ("", "/r/c", ok(&[])),
        ("", "//*[local-name()='c']", ok(&["v=ns"])),
        ("", "/r/d", ok(&["v="])),
        ("", "/r/missing", ok(&[])),
        (" type='boolean'", "/r/missing", ok(&[])),
        ("", "string(/r/a/b)", ok(&["v=y"])),
        ("", "string(/r/missing)", ok(&["v="])),
        ("", "count(//a)", ok(&["v=2"])),
        (" type='integer'", "count(//a)", ok(&["v=Integer(2)"])),
        (" type='double'", "number(/r/a[2]) div 4", ok(&["v=Double(10.25)"])),
        ("", "number(/r/d)", ok(&["v=NaN"])),
        ("", "1 div 0", ok(&["v=Infinity"])),
        (" type='boolean'", "boolean(/r/d)", ok(&["v=Boolean(true)"])),
        ("", "not(/r/d)", ok(&["v=false"])),
        (" type='nodeset'", "/r/a", ok(&["v=<a id=\"1\">x<b>y</b></a><a id=\"2\"> 41 </a>"])),
        (" type='boolean'", "/r/a", fault("UnableToCast", "Unable to cast value xy as BOOLEAN.")),
        (" type='long'", "number(/r/d)", fault("UnableToCast", "Unable to cast value NaN as LONG.")),
    ];
    for (kind, path, expected) in cases {
        for source in ["m", "m.content", "text"] {
            let content = format!("<Source>{source}</Source>{}", xml(kind, path));
            assert_eq!(run(&with_message("text/xml", XML), &content), expected, "{source} {kind} {path}");
        }
    }
}

#[test]
fn xml_processing_can_stop_at_the_first_value() {
    let content = |stops: &str| {
        format!(
            "<Source>m</Source><XMLPayload stopPayloadProcessing='{stops}'>
               <Variable name='none'><XPath>/r/none</XPath></Variable>
               <Variable name='a'><XPath>/r/none</XPath><XPath>/r/a/@id</XPath></Variable>
               <Variable name='b'><XPath>/r/a/b</XPath></Variable></XMLPayload>"
        )
    };
    let message = with_message("application/xml", XML);
    assert_eq!(run(&message, &content("false")), ok(&["a=1", "b=y"]));
    assert_eq!(run(&message, &content("true")), ok(&["a=1"]));
}

#[test]
fn variables_set_before_a_fault_stay() {
    let content = "<Source>text</Source><JSONPayload><Variable name='v'><JSONPath>$.n</JSONPath></Variable>
        <Variable name='w' type='boolean'><JSONPath>$.n</JSONPath></Variable></JSONPayload>";
    let plan = crate::config::load(br#"{"policies": []}"#).unwrap().plan;
    let client = Scripted::client("GET", "/", &[]);
    let mut transaction = Transaction::new(&plan, &client.worker, &client);
    with_message("", JSON)(&mut transaction);
    assert_eq!(transaction.extract_variables(&policy(content)).unwrap_err().name(), "UnableToCast");
    assert_eq!(transaction.text(&Variable::new("v")).unwrap(), "-7");
    assert_eq!(transaction.text(&Variable::new("w")), None);
}
