//! AssignMessage on the client's request, as the upstream receives it.

use serde_json::{Value, json};

use crate::fault::assert_fault;
use crate::lab::{Host, Lab, Listener, Message, Received, Request};
use crate::policy::{assign_message, header, set};

/// One AssignMessage in the request flow, with body callbacks.
pub fn assigning(elements: &str) -> Listener {
    Listener::new(json!({"policies": [assign_message("AM-1", elements)]})).allow_on_headers_stop_iteration()
}

/// The request that the upstream gets when a client sends `request`.
pub fn assigned(lab: &mut Lab, name: &str, elements: &'static str, request: Request, check: fn(&Received)) {
    lab.case(name, move |setup| {
        let site = setup.listener(assigning(elements));
        move || async move {
            let response = site.send(request).await;
            assert_eq!(response.status, 200, "{:?}", site.logged().await);
            check(&site.upstream().only_request());
        }
    });
}

pub fn cases(lab: &mut Lab) {
    lines_and_headers(lab);
    removed(lab);
    messages(lab);
    variables(lab);
    nothing_assigned(lab);
    faults(lab);

    // A path that a policy writes is a variable: it neither chooses the route nor reaches the target.
    for (name, policy) in [
        ("set_path", set("AM-1", "<Path>{request.queryparam.p}</Path>")),
        ("copied_path", assign_message("AM-1", "<AssignTo>request</AssignTo><Copy source='m'><Path/></Copy>")),
        ("removed_path", assign_message("AM-1", "<Remove><Path/></Remove>")),
        (
            "assigned_path",
            assign_message(
                "AM-1",
                "<AssignVariable><Name>request.path</Name><Ref>request.queryparam.p</Ref></AssignVariable>",
            ),
        ),
        (
            "assigned_uri",
            assign_message(
                "AM-1",
                "<AssignVariable><Name>request.uri</Name><Ref>request.queryparam.p</Ref></AssignVariable>",
            ),
        ),
    ] {
        lab.case(&format!("{name}_stays_a_variable"), move |setup| {
            let (own, other) = (setup.echo(), setup.echo());
            let made = "<AssignTo createNew='true' type='request'>m</AssignTo><Set><Path>/other/x</Path></Set>";
            let report = set("AM-Report", "<Headers><Header name='x-path'>[{request.path}]</Header></Headers>");
            let configuration = json!({
                "policies": [assign_message("AM-M", made), policy, report],
            });
            let site = setup.listener(Listener::new(configuration).routes(json!([
                {"match": {"prefix": "/other/"}, "route": {"cluster": other.cluster()}},
                {"match": {"prefix": "/v1"}, "route": {"cluster": own.cluster()}},
            ])));
            move || async move {
                assert_eq!(site.get("/v1/a?p=/other/x").await.status, 200);
                let upstream = own.only_request();
                let path = if name == "removed_path" { "[]" } else { "[/other/x]" };
                assert_eq!(upstream.path_and_query, "/v1/a?p=/other/x");
                assert_eq!((upstream.header("x-path"), other.heads()), (Some(path), 0));
            }
        });
    }
}

fn lines_and_headers(lab: &mut Lab) {
    assigned(
        lab,
        "verb_path_and_query",
        "<Set><Verb>PUT</Verb><Path>/new/{request.queryparam.q}</Path>
           <QueryParams><QueryParam name='r'>a b&amp;c</QueryParam></QueryParams></Set>
         <Add><QueryParams><QueryParam name='r'>third</QueryParam><QueryParam name='s'/></QueryParams></Add>
         <Remove><QueryParams><QueryParam name='t'/></QueryParams></Remove>",
        Request::post("/old?q=x%2By&r=1&r=2&t=3", "text/plain", "body"),
        |upstream| {
            assert_eq!((upstream.method.as_str(), upstream.text()), ("PUT", "body"));
            assert_eq!(upstream.path_and_query, "/old?q=x%2By&r=a%20b%26c&r=third&s=");
            assert_eq!(upstream.header_all("content-length"), ["4"]);
        },
    );

    // Characters that a path must not contain are encoded, because they would end the request line.
    assigned(
        lab,
        "query_with_illegal_characters",
        "<Set><Path>/new/{request.queryparam.q}</Path>
           <QueryParams><QueryParam name='r'>{request.queryparam.q}</QueryParam></QueryParams></Set>",
        Request::get("/old?q=x%20y%22%C3%BC"),
        |upstream| assert_eq!(upstream.path_and_query, "/old?q=x%20y%22%C3%BC&r=x%20y%22%C3%BC"),
    );

    assigned(
        lab,
        "headers_set_added_and_removed",
        "<Set><Headers><Header name='X-Set'>{request.verb}</Header><Header name='x-many.2'>n</Header><Header name='x-empty'/></Headers></Set>
         <Add><Headers><Header name='x-add'>2</Header><Header name='x-new'>1</Header></Headers></Add>
         <Remove><Headers><Header name='X-Gone'/><Header name='x-part.1'/><Header name='x-kept'>false</Header></Headers></Remove>",
        Request::get("/")
            .header("x-set", "a")
            .header("x-set", "b")
            .header("x-many", "1, 2")
            .header("x-many", "3")
            .header("x-add", "1")
            .header("x-gone", "1")
            .header("x-part", "1, 2")
            .header("x-kept", "1"),
        |upstream| {
            assert_eq!(upstream.header_all("x-set"), ["GET"]);
            assert_eq!(upstream.header_all("x-many").join(", "), "1, n, 3");
            // Dynamic modules cannot set an empty header.
            let empty = if Host::current().is_native() { &[][..] } else { &[""][..] };
            assert_eq!(upstream.header_all("x-empty"), empty);
            assert_eq!((upstream.header_all("x-add"), upstream.header_all("x-new")), (vec!["1", "2"], vec!["1"]));
            assert_eq!((upstream.header("x-gone"), upstream.header("x-kept")), (None, Some("1")));
            assert_eq!(upstream.header_all("x-part"), ["2"]);
        },
    );

    assigned(
        lab,
        "host",
        "<Set><Headers><Header name='Host'>other.test</Header></Headers></Set>",
        Request::get("/"),
        |upstream| {
            assert_eq!((upstream.authority.as_str(), upstream.header_all("host")), ("other.test", vec!["other.test"]))
        },
    );

    // A value cannot end its header line.
    assigned(
        lab,
        "header_with_line_breaks",
        "<Set><Headers><Header name='x-value'>{request.queryparam.v}</Header></Headers></Set>",
        Request::get("/?v=a%0d%0ax-injected:%201"),
        |upstream| {
            assert_eq!((upstream.header("x-value"), upstream.header("x-injected")), (Some("a  x-injected: 1"), None))
        },
    );
}

fn removed(lab: &mut Lab) {
    // A policy that removes all headers keeps the headers that Envoy routes by.
    for (name, elements) in
        [("all_headers_removed", "<Remove><Headers/></Remove>"), ("everything_removed", "<Remove/>")]
    {
        assigned(
            lab,
            name,
            elements,
            Request::post("/p?q=1", "text/plain", "old").header("x-old", "1").header("cookie", "a=b"),
            |upstream| {
                assert_eq!((upstream.method.as_str(), upstream.authority.as_str()), ("POST", "site.test"));
                assert_eq!(["x-old", "cookie", "content-type"].map(|name| upstream.header(name)), [None; 3]);
            },
        );
    }
}

fn messages(lab: &mut Lab) {
    lab.case("copied_between_messages", |setup| {
        let make = "<AssignMessage name='AM-Make'><AssignTo createNew='true' type='request'>made</AssignTo>
            <Copy source='request'><Headers/><Payload/></Copy>
            <Set><Verb>PATCH</Verb><QueryParams><QueryParam name='m'>1</QueryParam></QueryParams>
              <Headers><Header name='x-made'>{request.verb}</Header></Headers><Payload>{made.content}+</Payload></Set></AssignMessage>";
        let copy = assign_message(
            "AM-Copy",
            "<AssignTo>request</AssignTo>
             <Copy source='made'><Headers><Header name='x-made'/><Header name='x-many.2'/></Headers><Payload/><Verb/><QueryParams/></Copy>",
        );
        let configuration = json!({"policies": [make, copy]});
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/p?q=1", "text/plain", "old").header("x-many", "1, 2").header("x-own", "1");
            assert_eq!(site.send(request).await.status, 200);
            let upstream = site.upstream().only_request();
            assert_eq!((upstream.method.as_str(), upstream.path_and_query.split('?').next()), ("PATCH", Some("/p")));
            assert_eq!((upstream.text(), upstream.header_all("content-length")), ("old+", vec!["4"]));
            assert_eq!((upstream.header("x-made"), upstream.header("x-own")), (Some("POST"), Some("1")));
            assert_eq!(upstream.header_all("x-many"), ["2"]);
            assert!(upstream.path_and_query.contains("m=1"), "{}", upstream.path_and_query);
        }
    });

    lab.case("numbered_values_copied_and_removed", |setup| {
        let make = "<AssignMessage name='AM-Make'><AssignTo createNew='true' type='request'>made</AssignTo>
            <Copy source='request'><Headers><Header name='x-many.1'/><Header name='x-many.3'/></Headers>
              <QueryParams><QueryParam name='q.2'/><QueryParam name='q.3'/></QueryParams></Copy></AssignMessage>";
        let copy = assign_message(
            "AM-Copy",
            "<Remove><Headers><Header name='x-part.1'/><Header name='x-part.2'/></Headers>
               <QueryParams><QueryParam name='r.1'/><QueryParam name='r.2'/></QueryParams></Remove>
             <Copy source='made'><Headers/><QueryParams/><FormParams/></Copy>",
        );
        let configuration = json!({"policies": [make, copy]});
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/p?q=1&q=2&q=3&r=1&r=2&r=3", "text/plain", "old");
            let request = request.header("x-many", "1, 2, 3").header("x-part", "1, 2, 3");
            assert_eq!(site.send(request).await.status, 200);
            let upstream = site.upstream().only_request();
            assert_eq!(upstream.header_all("x-many"), ["1", "3"]);
            assert_eq!(upstream.header_all("x-part"), ["3"]);
            assert_eq!(upstream.path_and_query, "/p?q=2&q=3&r=3");
            // The source has no form, so the body is unchanged.
            assert_eq!((upstream.text(), upstream.header("content-type")), ("old", Some("text/plain")));
        }
    });

    assigned(
        lab,
        "request_created_again",
        "<AssignTo createNew='true' type='request'/>
         <Set><Verb>PUT</Verb><Path>/made</Path><Headers><Header name='x-made'>1</Header></Headers><Payload>new body</Payload></Set>",
        Request::post("/old?q=1", "application/json", "old").header("x-old", "1").header("cookie", "a=b"),
        |upstream| {
            assert_eq!((upstream.method.as_str(), upstream.path_and_query.as_str()), ("PUT", "/old"));
            assert_eq!((upstream.text(), upstream.header_all("content-length")), ("new body", vec!["8"]));
            assert_eq!((upstream.header("x-made"), upstream.authority.as_str()), (Some("1"), "site.test"));
            assert_eq!(["x-old", "cookie", "content-type"].map(|name| upstream.header(name)), [None; 3]);
        },
    );
}

fn variables(lab: &mut Lab) {
    let assign = |name: &str, source: &str| format!("<AssignVariable><Name>{name}</Name>{source}</AssignVariable>");
    let elements = [
        assign("request.queryparam.w", "<Template>{request.verb} &amp; more</Template>"),
        assign("request.queryparam.q.2", "<Value>second</Value>"),
        assign("request.header.X-Var", "<Ref>request.queryparam.q</Ref>"),
        assign("request.verb", "<Value>PUT</Value>"),
        assign("kept", "<Ref>request.content</Ref>"),
        assign("request.content", "<Template>[{kept}]</Template>"),
        assign("fallback", "<Ref>request.header.none</Ref><Value>{none}</Value>"),
        assign("setting", "<PropertySetRef>limits.{request.queryparam.q}</PropertySetRef>"),
    ];
    let configuration = json!({
        "policies": [assign_message("AM-1", &elements.concat())],
        "properties": {"propertyset.limits.one": 5},
        "filter_state": ["kept", "fallback", "setting"],
    });
    lab.case("variables", move |setup| {
        let listener = Listener::new(configuration).allow_on_headers_stop_iteration();
        let site = setup.listener(listener.log_state(&["kept", "fallback", "setting"]));
        move || async move {
            let response = site.send(Request::post("/p?q=one", "text/plain", "old")).await;
            assert_eq!((response.status, response.text()), (200, "[old]"));
            let upstream = site.upstream().only_request();
            assert_eq!(upstream.path_and_query, "/p?q=one&q=second&w=POST%20%26%20more");
            assert_eq!(upstream.method, "PUT");
            assert_eq!(upstream.header_all("x-var"), ["one"]);
            assert_eq!(upstream.header_all("content-length"), ["5"]);
            let logged = site.logged().await;
            let values = ["kept", "fallback", "setting"].map(|name| logged.state(name));
            assert_eq!(values, [Some("old"), Some("{none}"), Some("5")]);
        }
    });
}

/// An assignment without a value removes a part of a message.
fn nothing_assigned(lab: &mut Lab) {
    let names = [
        "request.header.X-Gone",
        "request.header.x-part.2",
        "request.queryparam.q",
        "request.queryparam.r.1",
        "request.formparam.a",
        "setting",
    ];
    let assign = |name: &str| format!("<AssignVariable><Name>{name}</Name><Ref>none</Ref></AssignVariable>");
    let elements: String = names.into_iter().map(assign).collect();
    let policy = assign_message(
        "AM-1",
        &format!(
            "{elements}<Set><Headers><Header name='x-setting'>{{setting:gone}}</Header></Headers></Set>
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"
        ),
    );
    let configuration = json!({"policies": [policy], "properties": {"setting": "1"}});
    lab.case("nothing_assigned", move |setup| {
        let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration());
        move || async move {
            let request = Request::post("/p?q=1&r=1&r=2&q=2", "application/x-www-form-urlencoded", "a=1&b=2&a=3");
            assert_eq!(site.send(request.header("x-gone", "1").header("x-part", "1, 2, 3")).await.status, 200);
            let upstream = site.upstream().only_request();
            assert_eq!((upstream.path_and_query.as_str(), upstream.text()), ("/p?r=2", "b=2"));
            assert_eq!((upstream.header("x-gone"), upstream.header("x-setting")), (None, Some("gone")));
            assert_eq!(upstream.header_all("x-part").join(", "), "1, 3");
            assert_eq!(upstream.header_all("content-length"), ["3"]);
        }
    });
}

fn faults(lab: &mut Lab) {
    let cases: [(&str, String, &str, &str); 8] = [
        (
            "unresolved_variable",
            format!("<Set>{}</Set>", header("x", "{none}")),
            "entities.UnresolvedVariable",
            "Unresolved variable : none",
        ),
        (
            "copy_source_missing",
            "<Copy source='none'/>".into(),
            "UnresolvedVariable",
            "unable to resolve variable none",
        ),
        (
            "copy_source_no_message",
            "<Copy source='text'/>".into(),
            "VariableOfNonMsgType",
            "value of variable text is not of type Message",
        ),
        (
            "destination_missing",
            "<AssignTo createNew='false'>none</AssignTo>".into(),
            "UnresolvedVariable",
            "unable to resolve variable none",
        ),
        (
            "read_only_variable",
            "<AssignVariable><Name>request.url</Name><Value>1</Value></AssignVariable>".into(),
            "SetVariableFailed",
            "unable to set variable request.url",
        ),
        (
            "the_flows_message_as_a_whole",
            "<AssignVariable><Name>request</Name><Value>x</Value></AssignVariable>".into(),
            "SetVariableFailed",
            "unable to set variable request",
        ),
        (
            "header_without_a_name",
            "<AssignTo createNew='true' type='request'>made</AssignTo>
             <AssignVariable><Name>made.header.:path</Name><Value>/x</Value></AssignVariable>"
                .into(),
            "SetVariableFailed",
            "unable to set variable made.header.:path",
        ),
        (
            "nothing_for_a_part_that_is_read",
            "<AssignVariable><Name>request.url</Name><Ref>none</Ref></AssignVariable>
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"
                .into(),
            "SetVariableFailed",
            "unable to set variable request.url",
        ),
    ];
    for (name, elements, code, text) in cases {
        lab.case(name, move |setup| {
            let configuration: Value =
                json!({"policies": [assign_message("AM-1", &elements)], "properties": {"text": "t"}});
            let state = ["fault.name", "assignmessage.AM-1.failed", "error.status.code"];
            let site = setup.listener(Listener::new(configuration).allow_on_headers_stop_iteration().log_state(&state));
            move || async move {
                let (code, text) = match code.contains('.') {
                    true => (code.to_owned(), text.to_owned()),
                    false => (format!("steps.assignmessage.{code}"), format!("AssignMessage[AM-1]: {text}")),
                };
                let fault_name = code.rsplit('.').next();
                for request in
                    [Request::get("/"), Request::new("POST", "/").header("content-length", "0"), Request::get("/").h2()]
                {
                    assert_fault(&site.send(request).await, &code, &text);
                    let logged = site.logged().await;
                    assert_eq!(state.map(|name| logged.state(name)), [fault_name, Some("true"), Some("500")]);
                }
                assert_eq!(site.upstream().heads(), 0);
            }
        });
    }
}
