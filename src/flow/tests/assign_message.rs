use super::*;

/// Runs an AssignMessage on the client's request and returns the changes upstream, or the fault's body.
fn assign(content: &str, host: &Scripted) -> Result<Vec<String>, String> {
    let policy = format!("<AssignMessage name='AM'>{content}</AssignMessage>");
    let done = request_flow(&[&policy], host);
    match &done.reply {
        Some(_) => Err(done.reply_status_and_body().1.to_owned()),
        None => {
            let bodies = done.bodies.iter().map(|(_, body)| format!("body {}", String::from_utf8_lossy(body)));
            Ok(done.changes(Direction::Request).into_iter().chain(bodies).collect())
        }
    }
}

fn client() -> Scripted {
    let headers =
        [("x-a", "1"), ("x-b", "1, 2"), ("x-b", "3"), ("content-length", "3"), ("content-type", "text/plain")];
    Scripted::client("POST", "/v1/p?q=1&r=2&q=3", &headers).with_body("old")
}

/// docs/apigee-semantics.md 3.3 to 3.5 and 13.3: every child of every action on the client's request.
#[test]
fn actions_change_the_clients_request() {
    let cases: [(&str, &[&str]); 36] = [
        ("<Set><Headers><Header name='X-A'>{request.verb}</Header></Headers></Set>", &["X-A: POST"]),
        ("<Set><Headers><Header name='X-B'>n</Header></Headers></Set>", &["X-B: n"]),
        ("<Set><Headers><Header name='x-b.2'>n</Header></Headers></Set>", &["x-b: 1 | n | 3"]),
        ("<Set><Headers><Header name='host'>other.test</Header></Headers></Set>", &[":authority: other.test"]),
        ("<Set><Headers/><QueryParams/></Set>", &[]),
        ("<Add><Headers><Header name='x-a'>2</Header></Headers></Add>", &["x-a: 1 | 2"]),
        ("<Remove><Headers><Header name='X-A'/></Headers></Remove>", &["-x-a"]),
        ("<Remove><Headers><Header name='x-b.2'/></Headers></Remove>", &["x-b: 1 | 3"]),
        ("<Remove><Headers><Header name='x-b.1'/><Header name='X-B.2'/></Headers></Remove>", &["x-b: 3"]),
        ("<Remove><Headers><Header name='x-b.2'/><Header name='x-b'/></Headers></Remove>", &["-x-b"]),
        (
            "<Remove><QueryParams><QueryParam name='q.1'/><QueryParam name='q.2'/></QueryParams></Remove>",
            &[":path: /v1/p?r=2"],
        ),
        ("<Set><QueryParams><QueryParam name='q'>n</QueryParam></QueryParams></Set>", &[":path: /v1/p?q=n&r=2"]),
        (
            "<Add><QueryParams><QueryParam name='r'>n</QueryParam></QueryParams></Add>",
            &[":path: /v1/p?q=1&r=2&q=3&r=n"],
        ),
        ("<Remove><QueryParams><QueryParam name='q.2'/></QueryParams></Remove>", &[":path: /v1/p?q=1&r=2"]),
        ("<Remove><QueryParams/></Remove>", &[":path: /v1/p"]),
        // The path is a variable only. The target gets the client's path, and the changes of parameters.
        ("<Set><Verb>PUT</Verb><Path>/new</Path></Set>", &[":method: PUT"]),
        ("<Set><Path>new?x=1</Path></Set>", &[]),
        ("<Set><Path/></Set>", &[]),
        ("<Remove><Path/></Remove>", &[]),
        (
            "<Set><Path>/new?x=1</Path><QueryParams><QueryParam name='q'>n</QueryParam></QueryParams></Set>",
            &[":path: /v1/p?q=n&r=2"],
        ),
        (
            "<Set><Path>/new?x=1</Path></Set><Remove><QueryParams><QueryParam name='r'/></QueryParams></Remove>
             <Add><QueryParams><QueryParam name='a'>b</QueryParam></QueryParams></Add>",
            &[":path: /v1/p?q=1&q=3&a=b"],
        ),
        ("<AssignVariable><Name>request.path</Name><Value>/m?x=1</Value></AssignVariable>", &[]),
        ("<AssignVariable><Name>request.uri</Name><Value>/m?x=1</Value></AssignVariable>", &[]),
        (
            "<AssignVariable><Name>request.uri</Name><Value>/m?x=1</Value></AssignVariable>
             <AssignVariable><Name>request.queryparam.q</Name><Value>n</Value></AssignVariable>",
            &[":path: /v1/p?q=n&r=2"],
        ),
        ("<Set><Verb>HEAD</Verb></Set>", &[]),
        ("<Set><StatusCode>404</StatusCode><ReasonPhrase>x</ReasonPhrase></Set>", &[]),
        ("<Set><Payload>new {request.content}</Payload></Set>", &["content-length: 7", "body new old"]),
        (
            "<Set><Payload contentType='application/json'>{}</Payload></Set>",
            &["Content-Type: application/json", "content-length: 2", "body {}"],
        ),
        (
            "<Set><FormParams><FormParam name='a'>b c</FormParam></FormParams></Set>",
            &["Content-Type: application/x-www-form-urlencoded", "content-length: 7", "body a=b%20c"],
        ),
        ("<Remove><Payload/></Remove>", &["content-length: 0", "body "]),
        ("<Remove><Payload>false</Payload></Remove>", &[]),
        ("<Copy source='nothing'/><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>", &[]),
        ("<Copy source='request'/>", &[]),
        (
            "<AssignVariable><Name>request.queryparam.w</Name><Value>1</Value></AssignVariable>",
            &[":path: /v1/p?q=1&r=2&q=3&w=1"],
        ),
        ("<AssignVariable><Name>message.path</Name><Value>/m</Value></AssignVariable>", &[]),
        (
            "<AssignVariable><Name>request.content</Name><Value>n</Value></AssignVariable>",
            &["content-length: 1", "body n"],
        ),
    ];
    for (content, changes) in cases {
        assert_eq!(assign(content, &client()).unwrap(), changes, "{content}");
    }
}

#[test]
fn a_value_cannot_end_its_header_line() {
    let host = Scripted::client("GET", "/?v=a%0d%0ax-injected:%201", &[]);
    let set = "<Set><Headers><Header name='x'>{request.queryparam.v}</Header></Headers></Set>";
    assert_eq!(assign(set, &host).unwrap(), ["x: a  x-injected: 1"]);
}

/// An action that fails has Apigee's code and text (docs/apigee-semantics.md 3.9).
#[test]
fn faults_have_apigees_texts() {
    let fault = |reason: &str, code: &str| {
        format!(r#"{{"fault":{{"faultstring":"{reason}","detail":{{"errorcode":"{code}"}}}}}}"#)
    };
    let of_policy = |name: &str, reason: &str| {
        fault(&format!("AssignMessage[AM]: {reason}"), &format!("steps.assignmessage.{name}"))
    };
    let unresolved =
        |variable: &str| of_policy("UnresolvedVariable", &format!("unable to resolve variable {variable}"));
    let no_message = |variable: &str| {
        of_policy("VariableOfNonMsgType", &format!("value of variable {variable} is not of type Message"))
    };
    let unset = |variable: &str| of_policy("SetVariableFailed", &format!("unable to set variable {variable}"));
    let string = "<AssignVariable><Name>s</Name><Value>1</Value></AssignVariable>";
    let cases = [
        (
            "<Set><Headers><Header name='x'>{request.header.none}</Header></Headers></Set>".to_owned(),
            fault("Unresolved variable : request.header.none", "entities.UnresolvedVariable"),
        ),
        ("<Copy source='nothing'/>".to_owned(), unresolved("nothing")),
        (format!("{string}<Copy source='s'/>"), no_message("s")),
        ("<AssignTo createNew='false'>nothing</AssignTo>".to_owned(), unresolved("nothing")),
        ("<AssignVariable><Name>a</Name><Ref>none</Ref></AssignVariable>".to_owned(), unresolved("none")),
        (
            "<AssignVariable><Name>a</Name><PropertySetRef>s.k</PropertySetRef></AssignVariable>".to_owned(),
            unresolved("propertyset.s.k"),
        ),
        ("<AssignVariable><Name>system.time</Name><Value>1</Value></AssignVariable>".to_owned(), unset("system.time")),
        ("<AssignVariable><Name>request.url</Name><Value>1</Value></AssignVariable>".to_owned(), unset("request.url")),
        (
            "<AssignTo type='response' createNew='true'>r</AssignTo><Set><StatusCode>abc</StatusCode></Set>".to_owned(),
            unset("status.code"),
        ),
        ("<AssignVariable><Name>request</Name><Value>1</Value></AssignVariable>".to_owned(), unset("request")),
        ("<AssignVariable><Name>message</Name><Ref>request</Ref></AssignVariable>".to_owned(), unset("message")),
        (null("request"), unset("request")),
        (null("system.time"), unset("system.time")),
        (null("request.queryparam.a.values"), unset("request.queryparam.a.values")),
        (
            "<AssignTo createNew='true' type='request'>made</AssignTo>
             <AssignVariable><Name>made.header.:path</Name><Value>/x</Value></AssignVariable>"
                .to_owned(),
            unset("made.header.:path"),
        ),
    ];
    for (content, body) in cases {
        assert_eq!(assign(&content, &Scripted::client("GET", "/", &[])).unwrap_err(), body, "{content}");
    }
}

/// An assignment without a value, which makes the variable unresolved.
fn null(name: &str) -> String {
    format!(
        "<AssignVariable><Name>{name}</Name><Ref>none</Ref></AssignVariable>
         <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"
    )
}

/// docs/apigee-semantics.md 3.3: the path of the flow's request is a variable only.
#[test]
fn a_written_path_is_read_and_not_sent() {
    let assign =
        |name: &str, value: &str| format!("<AssignVariable><Name>{name}</Name><Value>{value}</Value></AssignVariable>");
    let other = "<AssignMessage name='O'><AssignTo createNew='true' type='request'>m</AssignTo>
        <Set><Path>/other</Path></Set></AssignMessage>";
    let cases = [
        ("<Set><Path>/new</Path></Set>".to_owned(), "/new /new?q=1 q=1 /p"),
        ("<Set><Path>/new?x=2</Path></Set>".to_owned(), "/new /new?q=1&x=2 q=1&x=2 /p"),
        ("<Copy source='m'><Path/></Copy>".to_owned(), "/other /other?q=1 q=1 /p"),
        ("<Remove><Path/></Remove>".to_owned(), " ?q=1 q=1 /p"),
        (assign("request.path", "/new"), "/new /new?q=1 q=1 /p"),
        (assign("request.uri", "/new?x=2"), "/new /new?x=2 x=2 /p"),
        (assign("message.uri", "/new"), "/new /new  /p"),
        (null("request.uri"), "   /p"),
    ];
    for (elements, expected) in cases {
        let change = format!("<AssignMessage name='C'>{elements}</AssignMessage>");
        let report = "<AssignMessage name='T'><AssignVariable><Name>v</Name>
            <Template>{request.path} {request.uri} {request.querystring} {proxy.pathsuffix}</Template>
            </AssignVariable></AssignMessage>";
        let host = Scripted::client("GET", "/v1/p?q=1", &[]);
        let done = host.run(&plan(&json!({
            "policies": [other, change, report],
            "proxy": {"base_path": "/v1"},
            "filter_state": ["v"],
        })));
        assert_eq!(host.published("v").as_deref(), Some(expected), "{elements}");
        assert_eq!(done.changes(Direction::Request), Vec::<String>::new(), "{elements}");
    }
}

/// docs/apigee-semantics.md 3.6: an unresolved source is assigned to a part of a message.
#[test]
fn a_part_without_a_value_is_removed() {
    let cases: [(&str, &[&str]); 7] = [
        ("request.header.X-A", &["-x-a"]),
        ("request.header.x-b.2", &["x-b: 1 | 3"]),
        ("message.header.none", &[]),
        ("request.queryparam.q", &[":path: /v1/p?r=2"]),
        ("request.queryparam.q.2", &[":path: /v1/p?q=1&r=2"]),
        ("request.content", &["content-length: 0", "body "]),
        ("request.formparam.a", &[]),
    ];
    for (name, changes) in cases {
        assert_eq!(assign(&null(name), &client()).unwrap(), changes, "{name}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let host = Scripted::client("POST", "/", &form).with_body("a=1&b=2&a=3");
    assert_eq!(assign(&null("request.formparam.a"), &host).unwrap(), ["body b=2"]);
    assert_eq!(assign(&null("request.formparam.a.2"), &host).unwrap(), ["body b=2", "body a=1&b=2"]);
}

#[test]
fn constants_are_not_hidden() {
    let assignments = format!(
        "{}<AssignVariable><Name>v</Name><Template>{{number:gone}}</Template></AssignVariable>",
        null("number")
    );
    assert_eq!(variable(&assignments, &Scripted::client("GET", "/", &[])).as_deref(), Some("gone"));
    let assignments = format!(
        "{}<AssignVariable><Name>number</Name><Value>6</Value></AssignVariable>
         <AssignVariable><Name>v</Name><Ref>number</Ref></AssignVariable>",
        null("number")
    );
    assert_eq!(variable(&assignments, &Scripted::client("GET", "/", &[])).as_deref(), Some("6"));
}

/// Runs AssignVariables and returns the value of the variable `v`.
fn variable(assignments: &str, host: &Scripted) -> Option<String> {
    let policy = format!("<AssignMessage name='AM'>{assignments}</AssignMessage>");
    let properties = json!({"propertyset.set.key": "property", "number": 5, "template": "<{number}>"});
    host.run(&plan(&json!({"policies": [policy], "properties": properties, "filter_state": ["v"]})));
    host.published("v")
}

/// The first source with a value is assigned (docs/apigee-semantics.md 3.6).
#[test]
fn a_variable_gets_the_first_source_that_is_there() {
    let cases = [
        ("<Value> a{b} </Value>", Some(" a{b} ")),
        ("<Value/>", Some("")),
        ("<Ref>number</Ref><Value>x</Value>", Some("5")),
        ("<Ref>none</Ref><Value>x</Value>", Some("x")),
        ("<Template>{number}/{request.verb}</Template><Ref>none</Ref>", Some("5/GET")),
        ("<Template>\"{number}\"</Template>", Some("5")),
        ("<Template ref='template'>x</Template>", Some("<5>")),
        ("<Template ref='none'>x</Template>", Some("x")),
        ("<PropertySetRef>set.{request.queryparam.k}</PropertySetRef>", Some("property")),
        ("<PropertySetRef>set.key</PropertySetRef><Value>x</Value>", Some("x")),
        ("", None),
    ];
    for (sources, value) in cases {
        let assignment = format!("<AssignVariable><Name>v</Name>{sources}</AssignVariable>");
        let host = Scripted::client("GET", "/?k=key", &[]);
        assert_eq!(variable(&assignment, &host).as_deref(), value, "{sources}");
    }
}

#[test]
fn variables_see_those_assigned_before_and_can_be_unset() {
    let assignments = "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
        <AssignVariable><Name>a</Name><Value>1</Value></AssignVariable>
        <AssignVariable><Name>b</Name><Template>{a}2</Template></AssignVariable>
        <AssignVariable><Name>a</Name><Ref>none</Ref></AssignVariable>
        <AssignVariable><Name>v</Name><Template>{b}{a:gone}</Template></AssignVariable>";
    assert_eq!(variable(assignments, &Scripted::client("GET", "/", &[])).as_deref(), Some("12gone"));
}

#[test]
fn a_reference_to_a_message_is_that_message() {
    let policy = "<AssignMessage name='AM'><AssignVariable><Name>m</Name><Ref>request</Ref></AssignVariable>
        <AssignVariable><Name>m.header.x</Name><Value>1</Value></AssignVariable></AssignMessage>";
    let done = request_flow(&[policy], &Scripted::client("GET", "/", &[]));
    assert_eq!(done.changes(Direction::Request), ["x: 1"]);
}

/// docs/apigee-semantics.md 3.2 and 3.4: copies into a new message.
#[test]
fn copies_between_messages() {
    let cases = [
        (
            "<Copy source='request'/>",
            "POST /v1/p?q=1&r=2&q=3 [x-a: 1][x-b: 1, 2][x-b: 3][content-type: text/plain] old",
        ),
        ("<Copy><Headers><Header name='x-b.2'/></Headers><Verb/></Copy>", "POST / [x-b: 2] "),
        ("<Copy source='request'><Headers><Header name='x-a'>false</Header></Headers></Copy>", "GET / "),
        ("<Copy source='request'><QueryParams/><Path>false</Path></Copy>", "GET /?q=1&r=2&q=3 "),
        ("<Copy source='request'><QueryParams><QueryParam name='q.2'/></QueryParams></Copy>", "GET /?q=3 "),
        (
            "<Copy source='request'><Headers><Header name='x-b.3'/><Header name='x-b.1'/></Headers></Copy>",
            "GET / [x-b: 1][x-b: 3] ",
        ),
        (
            "<Copy source='request'><QueryParams><QueryParam name='q.1'/><QueryParam name='q.2'/></QueryParams></Copy>",
            "GET /?q=1&q=3 ",
        ),
        // The source is no form: there is nothing to copy and nothing to replace.
        (
            "<Set><Payload contentType='text/plain'>own</Payload></Set><Copy source='request'><FormParams/></Copy>",
            "GET / [Content-Type: text/plain] own",
        ),
        (
            "<Set><Payload contentType='text/plain'>own</Payload></Set>
             <Copy source='request'><FormParams><FormParam name='a'/></FormParams></Copy>",
            "GET / [Content-Type: text/plain] own",
        ),
        ("<Copy source='request'><Payload/></Copy>", "GET / old"),
        ("<Copy source='request'><StatusCode/></Copy>", "GET / "),
        ("<Copy source='request'/><Remove/>", "POST /v1/p "),
        ("<Copy source='request'/><Remove><Verb/><Path/><Headers/></Remove>", "GET /?q=1&r=2&q=3 old"),
    ];
    for (actions, expected) in cases {
        let make = format!(
            "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo>{actions}</AssignMessage>"
        );
        let send = callout("<Request variable='m'/>");
        let host = client().with_reply(200, &[], "");
        let done = host.run(&plan(&json!({"policies": [make, send], "trace_headers": false})));
        let call = done.only_call();
        let headers = call.headers.iter().filter(|(name, _)| !name.starts_with(':') && !name.is_empty());
        let headers: String =
            headers.map(|(name, value)| format!("[{name}: {}]", String::from_utf8_lossy(value))).collect();
        let path = format!("{} {}", call.header(":method").unwrap(), call.header(":path").unwrap());
        let space = if headers.is_empty() { "" } else { " " };
        assert_eq!(format!("{path}{space}{headers} {}", call.text()), expected, "{actions}");
    }
}

/// Thousands of names take linear time and keep their positions.
#[test]
fn many_names_are_copied_and_removed_in_order() {
    let pairs = |value: &str| (0..14_000).map(|number| format!("n{number}={value}")).collect::<Vec<_>>();
    let reversed: Vec<String> = pairs("1").into_iter().rev().collect();
    let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "1")];
    let host = Scripted::client("POST", &format!("/?{}", reversed.join("&")), &form).with_body(&reversed.join("&"));
    let host = host.with_reply(200, &[], "");
    let copy = "<Copy source='made'><QueryParams/><FormParams/></Copy>";
    let remove = "<Remove><QueryParams><QueryParam name='n7'/><QueryParam name='n8.1'/></QueryParams></Remove>";
    let policies = [
        format!(
            "<AssignMessage name='AM-1'><AssignTo createNew='true' type='request'>made</AssignTo><Set><Path>/?{}</Path>
            <Payload contentType='application/x-www-form-urlencoded'>{}</Payload></Set></AssignMessage>",
            format!("{}&last=3", pairs("2").join("&")).replace('&', "&amp;"),
            pairs("2").join("&amp;")
        ),
        format!("<AssignMessage name='AM-2'>{copy}{remove}</AssignMessage>"),
    ];
    let done = request_flow(&[&policies[0], &policies[1]], &host);
    let copied: Vec<String> = pairs("2").into_iter().rev().collect();
    let mut query = copied.clone();
    query.retain(|pair| pair != "n7=2" && pair != "n8=2");
    query.push("last=3".to_owned());
    let expected = [format!(":path: /?{}", query.join("&")), format!("content-length: {}", copied.join("&").len())];
    assert!(done.changes(Direction::Request) == expected);
    assert!(done.bodies == [(Direction::Request, Bytes::from(copied.join("&")))]);
}

/// Contract of ResourceURL: it comes before the other sources, and a missing resource is null or a fault.
#[test]
fn a_variable_gets_the_text_of_a_resource() {
    let run = |url: &str, ignore: bool| {
        let policy = format!(
            "<AssignMessage name='AM'><AssignVariable><Name>v</Name><ResourceURL>{url}</ResourceURL><Value>other</Value>\
             </AssignVariable><IgnoreUnresolvedVariables>{ignore}</IgnoreUnresolvedVariables></AssignMessage>"
        );
        let host = Scripted::client("GET", "/?file=a", &[]);
        let resources = json!({"jsc://a.js": "{not a template}\n"});
        let done = host.run(&plan(&json!({"policies": [policy], "resources": resources, "filter_state": ["v"]})));
        (host.published("v").map(|text| text.to_string()), done.reply.map(|reply| reply.body))
    };
    let text = (Some("{not a template}\n".to_owned()), None);
    assert_eq!(run("jsc://a.js", false), text);
    assert_eq!(run("jsc://{request.queryparam.file}.js", false), text);
    assert_eq!(run("jsc://b.js", true), (None, None));
    let fault = r#"{"fault":{"faultstring":"AssignMessage[AM]: unable to resolve variable jsc://b.js","detail":{"errorcode":"steps.assignmessage.UnresolvedVariable"}}}"#;
    assert_eq!(run("jsc://b.js", false), (None, Some(fault.into())));
}
