use super::caches::{Session, events};
use super::*;
use crate::flow::cache::CacheEvent::{Hit, Miss};

const KEY: &str = "<CacheKey><KeyFragment ref='request.uri'/></CacheKey>";

fn step(name: &str) -> String {
    format!("<Step><Name>{name}</Name></Step>")
}

fn policy(content: &str) -> String {
    format!("<ResponseCache name='RC'>{KEY}{content}</ResponseCache>")
}

/// Adds its name to `trail`.
fn mark(name: &str) -> String {
    format!(
        "<AssignMessage name='{name}'><AssignVariable><Name>trail</Name><Template>{{trail:}}{name} </Template></AssignVariable></AssignMessage>"
    )
}

/// A proxy with marks around the steps of the policy: in the PreFlow of the request, and in a response flow of the proxy
/// or of the target.
fn proxy(content: &str, is_in_target: bool) -> Value {
    let marks = ["A", "B", "C", "T1", "T2", "P1", "P2"];
    let response = |before: &str, has_policy: bool, after: &str| {
        let cache = if has_policy { step("RC") } else { String::new() };
        format!("<Response>{}{cache}{}</Response>", step(before), step(after))
    };
    json!({
        "policies": marks.iter().map(|name| mark(name)).chain([policy(content)]).collect::<Vec<_>>(),
        "proxy_endpoint": format!(
            "<ProxyEndpoint name='default'><PreFlow><Request>{}{}{}</Request></PreFlow><PostFlow>{}</PostFlow>
             <RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>",
            step("A"), step("RC"), step("B"), response("P1", !is_in_target, "P2")
        ),
        "target_endpoints": [format!(
            "<TargetEndpoint name='t'><PreFlow><Request>{}</Request>{}</PreFlow></TargetEndpoint>",
            step("C"), response("T1", is_in_target, "T2")
        )],
        "proxy": {"name": "p"},
        "filter_state": ["trail", "responsecache.RC.*"],
    })
}

fn upstream(path: &str, status: &str, headers: &[(&str, &str)], body: &str) -> Scripted {
    Scripted::client("GET", path, &[("accept-language", "de")]).with_response(status, headers, body)
}

#[test]
fn a_stored_response_replaces_that_of_the_target() {
    for (is_in_target, first, second) in
        [(true, "A B C T1 T2 P1 P2 ", "A T2 P1 P2 "), (false, "A B C T1 T2 P1 P2 ", "A P2 ")]
    {
        let mut session = Session::new(&proxy("", is_in_target));
        let host =
            session.send(1, upstream("/a", "203", &[("x-a", "b"), ("x-envoy-upstream-service-time", "3")], "one"));
        assert_eq!((events(host), host.published("trail").as_deref()), (vec![Miss], Some(first)));
        assert_eq!(host.published("responsecache.RC.cachehit").as_deref(), Some("false"));
        let host = session.send(2, upstream("/a", "200", &[], "two"));
        assert_eq!((events(host), host.published("trail").as_deref()), (vec![Hit], Some(second)));
        for (name, value) in
            [("cachehit", "true"), ("invalidentry", "false"), ("cachename", "default"), ("cachekey", "p__default__/a")]
        {
            assert_eq!(host.published(&format!("responsecache.RC.{name}")).as_deref(), Some(value), "{name}");
        }
        let reply = host.done.borrow().reply.clone().unwrap();
        assert_eq!((reply.status, reply.details.as_str()), (203, "callout_response_cache"));
        assert_eq!((reply.body.as_ref(), reply.header("x-a")), (&b"one"[..], Some("b")));
        assert_eq!(reply.header("x-envoy-upstream-service-time"), None);
        assert!(host.upstream_request().is_none());
        assert_eq!(events(session.send(2, upstream("/b", "200", &[], "two"))), [Miss]);
        assert_eq!(events(session.send(301, upstream("/a", "200", &[], "two"))), [Miss]);
    }
}

/// Whether the response to a first request is found by a second one.
fn is_stored(content: &str, first: Scripted, second: Scripted) -> bool {
    let mut session = Session::new(&proxy(content, true));
    session.send(1_000_000_000, first);
    events(session.send(1_000_000_030, second)) == [Hit]
}

#[test]
fn options_decide_what_is_stored_and_found() {
    let found = |content: &str, status: &str, headers: &[(&str, &str)]| {
        is_stored(content, upstream("/a?b=c", status, headers, "x"), upstream("/a?b=c", "200", &[], "y"))
    };
    let cases = [
        ("", "500", vec![], true),
        ("<ExcludeErrorResponse>true</ExcludeErrorResponse>", "500", vec![], false),
        ("<ExcludeErrorResponse>true</ExcludeErrorResponse>", "206", vec![], false),
        ("<ExcludeErrorResponse>true</ExcludeErrorResponse>", "205", vec![], true),
        ("<SkipCacheLookup>request.queryparam.b = \"c\"</SkipCacheLookup>", "200", vec![], false),
        ("<SkipCacheLookup>request.queryparam.b = \"d\"</SkipCacheLookup>", "200", vec![], true),
        ("<SkipCachePopulation>response.status.code = 404</SkipCachePopulation>", "404", vec![], false),
        ("<SkipCachePopulation>response.status.code = 404</SkipCachePopulation>", "200", vec![], true),
        ("<SkipCacheLookup/><SkipCachePopulation/>", "200", vec![], true),
        ("", "200", vec![("cache-control", "no-store")], true),
        ("<UseResponseCacheHeaders>true</UseResponseCacheHeaders>", "200", vec![("cache-control", "no-store")], false),
        (
            "<UseResponseCacheHeaders>true</UseResponseCacheHeaders>",
            "200",
            vec![("cache-control", "max-age=30")],
            false,
        ),
        ("<UseResponseCacheHeaders>true</UseResponseCacheHeaders>", "200", vec![("cache-control", "max-age=31")], true),
        ("<ExpirySettings><TimeoutInSeconds>30</TimeoutInSeconds></ExpirySettings>", "200", vec![], false),
        ("<ExpirySettings><TimeoutInSeconds>31</TimeoutInSeconds></ExpirySettings>", "200", vec![], true),
    ];
    for (content, status, headers, expected) in cases {
        assert_eq!(found(content, status, &headers), expected, "{content} {status} {headers:?}");
    }
}

#[test]
fn a_conditional_request_gets_304_or_the_response_of_the_target() {
    let request = |headers: &[(&str, &str)]| {
        Scripted::client("GET", "/", headers).with_response("200", &[("etag", "\"a\""), ("content-type", "x/y")], "x")
    };
    let mut session = Session::new(&proxy("", true));
    session.send(1, request(&[]));
    let host = session.send(2, request(&[("if-none-match", "\"a\"")]));
    let reply = host.done.borrow().reply.clone().unwrap();
    assert_eq!((reply.status, reply.header("etag"), reply.header("content-type")), (304, Some("\"a\""), None));
    assert_eq!((reply.body.len(), host.published("trail").as_deref()), (0, Some("A T2 P1 P2 ")));
    assert_eq!(host.published("responsecache.RC.cachehit").as_deref(), Some("true"));
    let host = session.send(2, request(&[("if-none-match", "\"b\"")]));
    assert_eq!((events(host), host.published("responsecache.RC.cachehit").as_deref()), (vec![Miss], Some("false")));
    assert_eq!(events(session.send(2, request(&[("if-modified-since", "today")]))), [Miss]);
}

#[test]
fn the_result_of_a_condition_does_not_replace_an_entry() {
    let request = |verb: &str, headers: &[(&str, &str)], status: &str| {
        Scripted::client(verb, "/", headers).with_response(status, &[("etag", "\"a\"")], status)
    };
    let cases = [
        ("HEAD", ("if-match", "\"b\""), "200"),
        ("GET", ("if-match", "\"b\""), "412"),
        ("GET", ("range", "bytes=9-"), "416"),
        ("PUT", ("if-none-match", "*"), "201"),
        ("DELETE", ("if-match", "\"a\""), "200"),
    ];
    for (verb, condition, status) in cases {
        let mut session = Session::new(&proxy("", true));
        if status != "416" {
            session.send(1, request("GET", &[], "203"));
        }
        assert_eq!(events(session.send(2, request(verb, &[condition], status))), [Miss], "{verb} {condition:?}");
        let host = session.send(3, request("GET", &[], "200"));
        let expected = if status == "416" { None } else { Some(203) };
        assert_eq!(host.done.borrow().reply.as_ref().map(|reply| reply.status), expected, "{verb} {condition:?}");
    }
}

#[test]
fn a_response_to_head_is_not_stored() {
    let request = |verb: &str| Scripted::client(verb, "/", &[]).with_response("200", &[], "x");
    let mut session = Session::new(&proxy("", true));
    assert_eq!(events(session.send(1, request("HEAD"))), [Miss]);
    assert_eq!(events(session.send(2, request("GET"))), [Miss]);
    assert_eq!(events(session.send(3, request("HEAD"))), [Hit]);
}

#[test]
fn a_compressed_response_is_found_by_clients_that_accept_it() {
    let request = |headers: &[(&str, &str)], coding: &[(&str, &str)]| {
        let response = [&[("etag", "\"a\"")], coding].concat();
        Scripted::client("GET", "/", headers).with_response("200", &response, "x")
    };
    let (gzip, none) = ([("content-encoding", "gzip")], []);
    let accepts = ("accept-encoding", "gzip");
    let mut session = Session::new(&proxy("", true));
    assert_eq!(events(session.send(1, request(&[accepts], &gzip))), [Miss]);
    assert_eq!(events(session.send(2, request(&[accepts], &none))), [Hit]);
    // The response is stored again, with its coding.
    assert_eq!(events(session.send(3, request(&[], &gzip))), [Miss]);
    let host = session.send(4, request(&[("if-none-match", "\"a\"")], &gzip));
    assert_eq!((events(host), host.published("responsecache.RC.cachehit").as_deref()), (vec![Miss], Some("false")));
    assert!(host.done.borrow().reply.is_none());
    let host = session.send(5, request(&[accepts, ("if-none-match", "\"a\"")], &gzip));
    assert_eq!((events(host), host.done.borrow().reply.as_ref().map(|reply| reply.status)), (vec![Hit], Some(304)));
    // The response without a coding replaces the entry, and serves every client.
    assert_eq!(events(session.send(6, request(&[("accept-encoding", "gzip;q=0")], &none))), [Miss]);
    for headers in [vec![], vec![accepts], vec![("accept-encoding", "*;q=0")]] {
        let host = session.send(7, request(&headers, &gzip));
        let reply = host.done.borrow().reply.clone().unwrap();
        assert_eq!((events(host), reply.header("content-encoding")), (vec![Hit], None), "{headers:?}");
    }
}

#[test]
fn the_client_decides_what_it_accepts() {
    let mut configuration = proxy("", true);
    let remove =
        "<AssignMessage name='A'><Remove><Headers><Header name='Accept-Encoding'/></Headers></Remove></AssignMessage>";
    *configuration.pointer_mut("/policies/0").unwrap() = remove.into();
    let mut session = Session::new(&configuration);
    let request = || {
        let client = Scripted::client("GET", "/", &[("accept-encoding", "br")]);
        client.with_response("200", &[("content-encoding", "br")], "x")
    };
    assert_eq!(events(session.send(1, request())), [Miss]);
    assert_eq!(events(session.send(2, request())), [Hit]);
}

#[test]
fn accept_headers_can_be_a_part_of_the_key() {
    let request =
        |language: &str| Scripted::client("GET", "/", &[("accept-language", language)]).with_response("200", &[], "x");
    for (content, expected) in [("", true), ("<UseAcceptHeader>true</UseAcceptHeader>", false)] {
        assert_eq!(is_stored(content, request("de"), request("fr")), expected);
        assert!(is_stored(content, request("de"), request("de")));
    }
}

#[test]
fn problems_are_reported() {
    let configuration = |content: &str, request: &Value, response: &Value| {
        let configuration = json!({"policies": [policy(content)], "request": request, "response": response});
        match config::load(configuration.to_string().as_bytes()) {
            Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    };
    let one = json!(["RC"]);
    assert_eq!(configuration("", &one, &one), Vec::<String>::new());
    assert_eq!(
        configuration("", &json!(["RC", "RC"]), &json!(["RC", "RC", "RC"])),
        [
            "RC: ResponseCacheStepAttachmentNotAllowedReq: the policy is attached to more than one request flow",
            "RC: ResponseCacheStepAttachmentNotAllowedResp: the policy is attached to more than one response flow",
        ]
    );
    assert_eq!(
        configuration("<SkipCacheLookup>request.verb = </SkipCacheLookup>", &one, &one)[..1],
        [
            "RC, line 1, column 79: InvalidMessagePatternForErrorCode: SkipCacheLookup, column 16: expected a value after ="
        ]
    );
    let shared = json!({
        "policies": [policy(""), "<FlowCallout name='FC'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>"],
        "request": ["FC"],
        "shared_flows": ["<SharedFlow name='s'><Step><Name>RC</Name></Step></SharedFlow>"],
    });
    let problems = config::load(shared.to_string().as_bytes()).unwrap_err();
    let expected = "RC: ResponseCacheStepAttachmentNotAllowedReq: the policy is attached to a shared flow";
    assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}
