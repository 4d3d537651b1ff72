//! ExtractVariables: every source that it reads, end to end.

use serde_json::{Value, json};

use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, extract_variables, set};

/// Variables with their values at the end.
type Variables = &'static [(&'static str, Option<&'static str>)];

fn configuration(elements: &str, variables: Variables) -> Value {
    json!({
        "policies": [extract_variables("EV-1", elements)],
        "request": ["EV-1"],
        "proxy": {"base_path": "/v1"},
        "properties": {"flow.text": "DBN10001", "flow.json": "{\"a\":{\"b\":[1,2]}}", "flow.xml": "<r><v a='1'>x</v></r>"},
        "filter_state": variables.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
    })
}

/// The variables that the policy extracts in the request flow.
fn extracted(lab: &mut Lab, name: &str, elements: &'static str, request: Request, variables: Variables) {
    lab.case(name, move |setup| {
        let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        let listener = Listener::new(configuration(elements, variables)).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.log_state(&names));
        move || async move {
            let reply = site.send(request).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let logged = site.logged().await;
            let found: Vec<_> = names.iter().map(|name| (*name, logged.state(name))).collect();
            assert_eq!(found, variables);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    heads(lab);
    bodies(lab);
    replies(lab);
}

fn heads(lab: &mut Lab) {
    extracted(
        lab,
        "uri_path",
        "<URIPath><Pattern>/items/{id}</Pattern><Pattern>/items/{item}/parts/{part}</Pattern>
           <Pattern>/**/v{version}</Pattern><Pattern ignoreCase='true'>/ITEMS/*/{lower}</Pattern></URIPath>
         <URIPath><Pattern>/v1/items/{whole}</Pattern></URIPath><VariablePrefix>u</VariablePrefix>",
        Request::get("/v1/items/a%20b/parts/v7?x=y"),
        &[
            ("u.id", None),
            ("u.item", Some("a b")),
            ("u.part", Some("v7")),
            ("u.version", None),
            ("u.lower", None),
            ("u.whole", None),
        ],
    );

    extracted(
        lab,
        "uri_path_ignoring_case",
        "<URIPath><Pattern>/ITEMS/{exact}</Pattern><Pattern ignoreCase='true'>/ITEMS/{any}</Pattern></URIPath>",
        Request::get("/v1/items/B7/"),
        &[("exact", None), ("any", Some("B7"))],
    );

    extracted(
        lab,
        "query_parameters",
        "<QueryParam name='code'><Pattern ignoreCase='true'>dbn{dbncode}</Pattern></QueryParam>
         <QueryParam name='w'><Pattern>{first}</Pattern></QueryParam>
         <QueryParam name='w.2'><Pattern>{second}</Pattern></QueryParam>
         <QueryParam name='w.3'><Pattern>{third}</Pattern></QueryParam>
         <QueryParam name='W'><Pattern>{case}</Pattern></QueryParam>
         <QueryParam name='n'><Pattern>hello {name} {rest}</Pattern></QueryParam>
         <QueryParam name='braces'><Pattern>%{user%} {user}</Pattern></QueryParam>",
        Request::get("/v1?code=DBN88271&w=1&w=%C3%BC&n=hello%20Ann%20Lee%20Roe&braces=%7Buser%7D%20Steve"),
        &[
            ("dbncode", Some("88271")),
            ("first", Some("1")),
            ("second", Some("ü")),
            ("third", None),
            ("case", None),
            ("name", Some("Ann")),
            ("rest", Some("Lee Roe")),
            ("user", Some("Steve")),
        ],
    );

    extracted(
        lab,
        "headers",
        "<Header name='authorization'><Pattern>Digest {digest}</Pattern></Header>
         <Header name='AUTHORIZATION'><Pattern>Bearer {token}</Pattern><Pattern>* a=\"{a}\",*</Pattern></Header>
         <Header name='Content-Type'><Pattern>*;charset={charset}</Pattern></Header>
         <Header name='x-list.2'><Pattern>{two}</Pattern></Header>
         <Header name='x-none'><Pattern>{none}</Pattern></Header>",
        Request::post("/v1", "text/plain;charset=latin1", "x")
            .header("Authorization", "Digest a=\"1\", b=\"2\"")
            .header("x-list", "1, 2"),
        &[
            ("digest", Some("a=\"1\", b=\"2\"")),
            ("token", None),
            ("a", Some("1")),
            ("charset", Some("latin1")),
            ("two", Some("2")),
            ("none", None),
        ],
    );

    extracted(
        lab,
        "variables",
        "<Variable name='flow.text'><Pattern>DBN{code}</Pattern></Variable>
         <Variable name='request.verb'><Pattern>{verb}</Pattern></Variable>
         <Variable name='flow.none'><Pattern>{none}</Pattern></Variable>",
        Request::get("/v1"),
        &[("code", Some("10001")), ("verb", Some("GET")), ("none", None)],
    );
}

fn bodies(lab: &mut Lab) {
    const JSON_BODY: &str = r#"{"name":"A \"B\" ü","lat":37.42291810,"on":true,"none":null,"o":{ "b": [1, "x"] },"l":[{"k":"A"},{"k":"B"}]}"#;
    const JSON_ELEMENTS: &str = "<VariablePrefix>j</VariablePrefix><JSONPayload>
        <Variable name='name'><JSONPath>$.name</JSONPath></Variable>
        <Variable name='lat'><JSONPath>$.lat</JSONPath></Variable>
        <Variable name='double' type='double'><JSONPath>$.lat</JSONPath></Variable>
        <Variable name='whole' type='integer'><JSONPath>$.lat</JSONPath></Variable>
        <Variable name='on' type='boolean'><JSONPath>$.on</JSONPath></Variable>
        <Variable name='null'><JSONPath>$.none</JSONPath></Variable>
        <Variable name='o' type='nodeset'><JSONPath>$.o</JSONPath></Variable>
        <Variable name='list'><JSONPath>$.l[*].k</JSONPath></Variable>
        <Variable name='filtered' type='string'><JSONPath>$.l[?(@.k == '{request.queryparam.k}')].k</JSONPath></Variable>
        <Variable name='second'><JSONPath>$.missing</JSONPath><JSONPath>$['o']['b'][-1]</JSONPath></Variable>
        <Variable name='missing'><JSONPath>$.missing.deep</JSONPath></Variable></JSONPayload>";
    for (name, request) in [
        ("json", Request::post("/v1?k=B", "application/json; charset=utf-8", JSON_BODY)),
        ("json_over_http2", Request::post("/v1?k=B", "application/problem+json", JSON_BODY).h2()),
    ] {
        extracted(
            lab,
            name,
            JSON_ELEMENTS,
            request,
            &[
                ("j.name", Some("A \"B\" ü")),
                ("j.lat", Some("37.42291810")),
                ("j.double", Some("37.4229181")),
                ("j.whole", Some("37")),
                ("j.on", Some("true")),
                ("j.null", None),
                ("j.o", Some(r#"{"b":[1,"x"]}"#)),
                ("j.list", Some(r#"["A","B"]"#)),
                ("j.filtered", Some(r#"["B"]"#)),
                ("j.second", Some("x")),
                ("j.missing", None),
            ],
        );
    }

    // The policy does not search for JSON or XML in a body of another type.
    extracted(
        lab,
        "payload_of_another_type",
        "<JSONPayload><Variable name='a'><JSONPath>$.a</JSONPath></Variable></JSONPayload>
         <XMLPayload><Variable name='b'><XPath>/b</XPath></Variable></XMLPayload>",
        Request::post("/v1", "text/plain", r#"{"a":1}"#),
        &[("a", None), ("b", None)],
    );

    extracted(
        lab,
        "text_that_is_json",
        "<Source>flow.json</Source><JSONPayload><Variable name='b' type='integer'><JSONPath>$.a.b[1]</JSONPath></Variable></JSONPayload>",
        Request::get("/v1"),
        &[("b", Some("2"))],
    );
    extracted(
        lab,
        "text_that_is_xml",
        "<Source>flow.xml</Source><XMLPayload><Variable name='a' type='integer'><XPath>/r/v/@a</XPath></Variable></XMLPayload>",
        Request::get("/v1"),
        &[("a", Some("1"))],
    );

    extracted(
        lab,
        "xml",
        "<VariablePrefix>x</VariablePrefix><XMLPayload>
            <Namespaces><Namespace prefix='dir'>urn:directions</Namespace></Namespaces>
            <Variable name='travel'><XPath>/dir:Directions/dir:route/dir:leg[2]/dir:mode</XPath></Variable>
            <Variable name='first'><XPath>//dir:mode</XPath></Variable>
            <Variable name='attribute' type='boolean'><XPath>//dir:leg[dir:mode='car']/@toll</XPath></Variable>
            <Variable name='count' type='integer'><XPath>count(//dir:leg)</XPath></Variable>
            <Variable name='without'><XPath>//mode</XPath></Variable>
            <Variable name='fragment' type='nodeset'><XPath>//dir:leg[1]/dir:mode</XPath></Variable></XMLPayload>",
        Request::post(
            "/v1",
            "application/xml",
            "<?xml version='1.0'?><d:Directions xmlns:d='urn:directions'><d:route><d:leg><d:mode>foot</d:mode></d:leg>\
             <d:leg toll='true'><d:mode>car</d:mode></d:leg></d:route></d:Directions>",
        ),
        &[
            ("x.travel", Some("car")),
            ("x.first", Some("foot")),
            ("x.attribute", Some("true")),
            ("x.count", Some("2")),
            ("x.without", None),
            ("x.fragment", Some(r#"<d:mode xmlns:d="urn:directions">foot</d:mode>"#)),
        ],
    );

    extracted(
        lab,
        "form_parameters",
        "<FormParam name='greeting'><Pattern>hello {user}</Pattern></FormParam><FormParam name='n.2'><Pattern>{n}</Pattern></FormParam>",
        Request::post("/v1", "application/x-www-form-urlencoded", "greeting=hello+Ann%21&n=1&n=2"),
        &[("user", Some("Ann!")), ("n", Some("2"))],
    );
    extracted(
        lab,
        "form_of_another_type",
        "<FormParam name='a'><Pattern>{a}</Pattern></FormParam>",
        Request::post("/v1", "text/plain", "a=1"),
        &[("a", None)],
    );

    lab.case("payload_cleared", |setup| {
        let elements = "<Source clearPayload='true'>request</Source>
            <JSONPayload><Variable name='a'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
        let listener = Listener::new(configuration(elements, &[("a", None)])).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.log_state(&["a"]));
        move || async move {
            assert_eq!(site.send(Request::post("/v1", "application/json", r#"{"a":1}"#)).await.status, 200);
            let upstream = site.upstream().only_request();
            assert_eq!((upstream.text(), upstream.header_all("content-length")), ("", vec!["0"]));
            assert_eq!(site.filter_state("a").await.as_deref(), Some("1"));
        }
    });
}

/// Answers of callouts and of the upstream.
fn replies(lab: &mut Lab) {
    // Without a match, the variable keeps its value.
    lab.case("callout_responses", |setup| {
        let backend = setup.backend(|request: &Received| match request.path_and_query.as_str() {
            "/json" => MockResponse::json(200, r#"{"token":"t-1","left":{"n":2}}"#).header("x-rate", "limit=10"),
            _ => MockResponse::xml(200, "<e><code>7</code></e>"),
        });
        let call = |name: &str, path: &str, response: &str| {
            ServiceCallout::new(name, &format!("http://a.test/{path}")).response(response).xml()
        };
        let site = setup.listener(Listener::new(json!({
            "policies": [
                call("SC-1", "json", "tokenResp"),
                call("SC-2", "xml", "xmlResp"),
                extract_variables(
                    "EV-1",
                    "<Source>tokenResp</Source><Header name='x-rate'><Pattern>limit={limit}</Pattern></Header>
                     <JSONPayload><Variable name='token'><JSONPath>$.token</JSONPath></Variable></JSONPayload>",
                ),
                extract_variables(
                    "EV-2",
                    "<Source>xmlResp</Source><XMLPayload><Variable name='code'><XPath>/e/code</XPath></Variable></XMLPayload>
                     <JSONPayload><Variable name='token'><JSONPath>$.token</JSONPath></Variable></JSONPayload>",
                ),
                extract_variables(
                    "EV-3",
                    "<Source>tokenResp.content</Source><JSONPayload>
                     <Variable name='n'><JSONPath>$.left.n</JSONPath></Variable>
                     <Variable name='token'><JSONPath>$.other</JSONPath></Variable></JSONPayload>",
                ),
                set("AM-1", "<Headers><Header name='x-found'>{token} {limit} {code} {n}</Header></Headers>"),
            ],
            "request": ["SC-1", "SC-2", "EV-1", "EV-2", "EV-3", "AM-1"],
            "clusters": {"*": backend.cluster()},
        })));
        move || async move {
            let reply = site.get("/").await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(site.upstream().only_request().header("x-found"), Some("t-1 10 7 2"));
        }
    });

    // `message` is the response, which has no path and no query.
    lab.case("response", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::json(200, r#"{"id":5}"#).header("etag", "W/\"9\""));
        let policy = extract_variables(
            "EV-1",
            "<URIPath><Pattern>/{path}</Pattern></URIPath><QueryParam name='q'><Pattern>{q}</Pattern></QueryParam>
             <Header name='ETag'><Pattern>W/\"{etag}\"</Pattern></Header>
             <JSONPayload><Variable name='id' type='integer'><JSONPath>$.id</JSONPath></Variable></JSONPayload>",
        );
        let report = set("AM-1", "<Headers><Header name='x-found'>{etag} {id} {path:none} {q:none}</Header></Headers>");
        let configuration = json!({"policies": [policy, report], "response": ["EV-1", "AM-1"]});
        let site = setup.listener(Listener::new(configuration).upstream(&upstream).allow_on_headers_stop_iteration());
        move || async move {
            let reply = site.get("/p?q=1").await;
            assert_eq!((reply.status, reply.text()), (200, r#"{"id":5}"#));
            assert_eq!(reply.header("x-found"), Some("9 5 none none"));
        }
    });
}
