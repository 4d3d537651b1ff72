//! Everything but payloads.

use super::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

fn ok(set: &[&str]) -> Result<Vec<String>, String> {
    Ok(set.iter().map(ToString::to_string).collect())
}

#[test]
fn uri_paths() {
    let client = Scripted::client("GET", "/v1/a/b/caf%C3%A9?x=/q", &[]);
    let cases = [
        ("<Pattern>/a/*/{id}</Pattern>", ok(&["id=café"])),
        ("<Pattern ignoreCase='true'>/A/{x}/*</Pattern>", ok(&["x=b"])),
        ("<Pattern>/A/{x}/*</Pattern>", ok(&[])),
        ("<Pattern>/a/{x}</Pattern>", ok(&[])),
        // Of several matches, the one with the most segments wins, then the first.
        (
            "<Pattern>/**/{last}</Pattern><Pattern>/a/{x}/{y}</Pattern><Pattern>/{p}/{q}/{r}</Pattern>",
            ok(&["x=b", "y=café"]),
        ),
        ("<Pattern>/a/{x}/{y}/{z}</Pattern><Pattern>/**/{last}</Pattern>", ok(&["last=café"])),
    ];
    for (patterns, expected) in cases {
        assert_eq!(extract(&client, &nothing, &format!("<URIPath>{patterns}</URIPath>")), expected, "{patterns}");
    }
    let response = |transaction: &mut Running<'_>| {
        transaction.put_message("r".into(), Message::response());
    };
    let content = "<Source>r</Source><URIPath><Pattern>/a/*/{id}</Pattern></URIPath>";
    assert_eq!(extract(&client, &response, content), ok(&[]));
}

#[test]
fn headers_and_query_parameters() {
    let headers = [
        ("Authorization", "Digest a=\"1\", b=\"2\""),
        ("X-Multi", "one, two"),
        ("x-multi", "three"),
        ("content-type", "text/xml;charset=UTF-16"),
    ];
    let client = Scripted::client("GET", "/v1?code=DBN88271&w=1&w=&flag&enc=a%20b+c", &headers);
    let cases = [
        ("<Header name='content-TYPE'><Pattern>*;charset={encoding}</Pattern></Header>", ok(&["encoding=UTF-16"])),
        ("<Header name='authorization'><Pattern>Digest {all}</Pattern></Header>", ok(&["all=a=\"1\", b=\"2\""])),
        ("<Header name='X-Multi'><Pattern>{all}</Pattern></Header>", ok(&["all=one, two"])),
        ("<Header name='X-Multi.2'><Pattern>{x}</Pattern></Header>", ok(&["x=two"])),
        ("<Header name='X-Multi.3'><Pattern>{x}</Pattern></Header>", ok(&["x=three"])),
        ("<Header name='X-Multi.4'><Pattern>{x}</Pattern></Header>", ok(&[])),
        ("<Header name='X-Multi.values'><Pattern>{x}</Pattern></Header>", ok(&["x=one, two,three"])),
        ("<Header name='missing'><Pattern>{x}</Pattern></Header>", ok(&[])),
        (
            "<VariablePrefix>queryinfo</VariablePrefix>
             <QueryParam name='code'><Pattern ignoreCase='true'>dbn{dbncode}</Pattern></QueryParam>",
            ok(&["queryinfo.dbncode=88271"]),
        ),
        ("<QueryParam name='CODE'><Pattern>{x}</Pattern></QueryParam>", ok(&[])),
        ("<QueryParam name='w'><Pattern>{x}</Pattern></QueryParam>", ok(&["x=1"])),
        ("<QueryParam name='w.2'><Pattern>{x}</Pattern></QueryParam>", ok(&["x="])),
        ("<QueryParam name='w.3'><Pattern>{x}</Pattern></QueryParam>", ok(&[])),
        ("<QueryParam name='flag'><Pattern>{x}</Pattern></QueryParam>", ok(&["x="])),
        (
            // The request has a charset.
            "<QueryParam name='enc'><Pattern>{x}</Pattern></QueryParam>",
            ok(&["x=a b c"]),
        ),
        // The first matching pattern wins, and later elements overwrite earlier ones.
        (
            "<QueryParam name='code'><Pattern>X{a}</Pattern><Pattern>D{b}</Pattern><Pattern>{c}</Pattern></QueryParam>",
            ok(&["b=BN88271"]),
        ),
        (
            "<QueryParam name='code'><Pattern>{a}</Pattern></QueryParam>
             <QueryParam name='w'><Pattern>{a}</Pattern></QueryParam>
             <QueryParam name='none'><Pattern>{a}</Pattern></QueryParam>",
            ok(&["a=1"]),
        ),
    ];
    for (content, expected) in cases {
        assert_eq!(extract(&client, &nothing, content), expected, "{content}");
        assert_eq!(extract(&client, &nothing, &format!("<Source>request</Source>{content}")), expected, "{content}");
    }
    let response = |transaction: &mut Running<'_>| {
        transaction.put_message("r".into(), filled(Message::response(), &[("x-id", "7")], ""));
    };
    let content = "<Source>r</Source><QueryParam name='code'><Pattern>{q}</Pattern></QueryParam>
                   <Header name='X-Id'><Pattern>{h}</Pattern></Header>";
    assert_eq!(extract(&client, &response, content), ok(&["h=7"]));
}

#[test]
fn form_parameters_are_those_of_forms() {
    let client = Scripted::client("POST", "/v1", &[]);
    let message = |headers: &'static [(&'static str, &'static str)]| {
        move |transaction: &mut Running<'_>| {
            let body = "greeting=hello+Ann%20Lee+Roe&w=1&w=2";
            transaction.put_message("m".into(), filled(Message::request(), headers, body));
        }
    };
    let content = "<Source>m</Source>
        <FormParam name='greeting'><Pattern>hello {first} {last}</Pattern></FormParam>
        <FormParam name='w.2'><Pattern>{w}</Pattern></FormParam><FormParam name='W'><Pattern>{x}</Pattern></FormParam>";
    assert_eq!(extract(&client, &message(&[FORM]), content), ok(&["first=Ann", "last=Lee Roe", "w=2"]));
    assert_eq!(extract(&client, &message(&[("content-type", "text/plain")]), content), ok(&[]));
    assert_eq!(extract(&client, &message(&[]), content), ok(&[]));
}

#[test]
fn variables() {
    let client = Scripted::client("GET", "/v1", &[("x-a", "b:c")]);
    let prepare = |transaction: &mut Running<'_>| {
        transaction.set("token".into(), Value::text("Bearer abc"));
        transaction.set("count".into(), Value::Integer(42));
        transaction.put_message("m".into(), filled(Message::response(), &[], "k=v"));
    };
    let cases = [
        ("token", "Bearer {t}", ok(&["t=abc"])),
        ("count", "4{n}", ok(&["n=2"])),
        ("m", "k={v}", ok(&["v=v"])),
        ("m.content", "{k}=*", ok(&["k=k"])),
        ("request.header.x-a", "{a}:{b}", ok(&["a=b", "b=c"])),
        ("none", "{x}", ok(&[])),
        ("none.content", "{x}", ok(&[])),
    ];
    for (name, pattern, expected) in cases {
        // The source is not read when every element names its own variable.
        let content = format!("<Source>gone</Source><Variable name='{name}'><Pattern>{pattern}</Pattern></Variable>");
        assert_eq!(extract(&client, &prepare, &content), expected, "{name}");
    }
}

#[test]
fn a_variable_without_a_match_stays_unchanged() {
    let client = Scripted::client("GET", "/v1?q=1", &[]);
    let prepare = setting("a", "old");
    let content = "<QueryParam name='q'><Pattern>x{a}</Pattern></QueryParam><URIPath><Pattern>/{a}</Pattern></URIPath>";
    assert_eq!(extract(&client, &prepare, content), ok(&[]));
    // Both of two nested names can be set.
    let content = "<QueryParam name='q'><Pattern>{a.b}</Pattern></QueryParam>";
    assert_eq!(extract(&client, &prepare, content), ok(&["a.b=1"]));
}

#[test]
fn missing_sources_are_faults() {
    let client = Scripted::client("GET", "/v1", &[]);
    let prepare = setting("text", "{}");
    let header = "<Header name='h'><Pattern>{a}</Pattern></Header>";
    let json = "<JSONPayload><Variable name='v'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let xml = "<XMLPayload><Variable name='v'><XPath>/a</XPath></Variable></XMLPayload>";
    let no_message = |name: &str| {
        let reason = format!("{name} message is not available for ExtractVariable: EV");
        Err(format!("steps.extractvariables.SourceMessageNotAvailable: {reason}"))
    };
    let no_text = |name: &str| {
        let reason = format!("ExtractVariables EV: Json path parsing failed for for flow variables {name}");
        Err(format!("steps.extractvariables.JsonPathParsingFailure: {reason}"))
    };
    let cases = [
        ("response", header.to_owned(), no_message("response")),
        ("response", json.to_owned(), no_message("response")),
        ("callout", header.to_owned(), no_message("callout")),
        ("callout", xml.to_owned(), no_message("callout")),
        ("callout", json.to_owned(), no_message("callout")),
        ("callout", format!("{json}{header}"), no_message("callout")),
        ("callout.content", json.to_owned(), no_message("callout.content")),
        ("callout.content", format!("{json}{header}"), no_message("callout.content")),
        ("text.content", json.to_owned(), no_text("text.content")),
        ("text.content", format!("{json}{header}"), no_text("text.content")),
        ("text.content", xml.to_owned(), no_message("text.content")),
        ("callout.content", xml.to_owned(), no_message("callout.content")),
        // A text is not a message.
        ("text", header.to_owned(), no_message("text")),
        ("text", "<URIPath><Pattern>/{a}</Pattern></URIPath>".to_owned(), no_message("text")),
        ("text", json.to_owned(), ok(&[])),
    ];
    for (source, content, expected) in cases {
        let content =
            format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Source>{source}</Source>{content}");
        assert_eq!(extract(&client, &prepare, &content), expected, "{content}");
    }
}

#[test]
fn setting_a_read_only_variable_is_a_fault() {
    let client = Scripted::client("GET", "/v1?q=1", &[]);
    let content = |name: &str| format!("<QueryParam name='q'><Pattern>{{{name}}}</Pattern></QueryParam>");
    for name in ["request", "message", "client.host", "proxy.pathsuffix"] {
        let fault = format!("steps.extractvariables.ImmutableVariable: Variable {name} is immutable");
        assert_eq!(extract(&client, &nothing, &content(name)), Err(fault));
    }
    // Outside its flow, the name of a message is an ordinary name.
    assert_eq!(extract(&client, &nothing, &content("error")), ok(&["error=1"]));
    assert_eq!(
        extract(&client, &nothing, &content("request.headers.count")),
        Err("steps.extractvariables.SetVariableFailed: Failed to set variable request.headers.count value 1 from \
             ExtractVariables: EV"
            .to_owned())
    );
}

#[test]
fn parts_of_messages_are_set() {
    let client = Scripted::client("GET", "/v1?q=1", &[]);
    let plan = crate::config::load(br#"{"policies": []}"#).unwrap().plan;
    let mut transaction = Transaction::new(&plan, &client.worker, &client);
    transaction.put_message("m".into(), Message::response());
    let policy =
        policy("<VariablePrefix>m</VariablePrefix><QueryParam name='q'><Pattern>{header.X}</Pattern></QueryParam>");
    assert_eq!(transaction.extract_variables(&policy), Ok(()));
    assert_eq!(transaction.text(&Variable::new("m.header.x")).unwrap(), "1");
}

#[test]
fn clear_payload_clears_the_payload_afterwards() {
    let client = Scripted::client("GET", "/v1", &[]);
    let plan = crate::config::load(br#"{"policies": []}"#).unwrap().plan;
    let json = "<JSONPayload><Variable name='v' type='TYPE'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let cases = [
        ("true", "string", "", true),
        ("false", "string", "{\"a\":\"b\"}", true),
        ("true", "long", "{\"a\":\"b\"}", false),
    ];
    for (clear, kind, body, works) in cases {
        let mut transaction = Transaction::new(&plan, &client.worker, &client);
        let message = filled(Message::response(), &[("content-type", "application/json")], "{\"a\":\"b\"}");
        let id = transaction.put_message("m".into(), message);
        let json = json.replace("TYPE", kind);
        let policy = policy(&format!("<Source clearPayload='{clear}'>m</Source>{json}"));
        assert_eq!(transaction.extract_variables(&policy).is_ok(), works);
        assert_eq!(transaction.message(id).unwrap().body, body);
    }
}
