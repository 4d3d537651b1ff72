use super::*;
use crate::flow::cache::CacheEvent::{self, Eviction, Hit, Miss};
use crate::flow::trace::Event;
use std::rc::Rc;
use std::time::Duration;

/// Runs requests on one worker, each with a time in seconds since 1970.
pub(super) struct Session {
    plan: Plan,
    last: Scripted,
}

impl Session {
    pub(super) fn new(configuration: &Value) -> Session {
        Session { plan: plan(configuration), last: Scripted::default() }
    }

    pub(super) fn send(&mut self, now: u64, host: Scripted) -> &Scripted {
        let worker = std::mem::take(&mut self.last.worker);
        let (shared, now) = (Rc::clone(&self.last.shared), Duration::from_secs(now));
        self.last = Scripted { worker, shared, now, ..host };
        self.last.run(&self.plan);
        &self.last
    }

    fn get(&mut self, now: u64, path: &str) -> &Scripted {
        self.send(now, Scripted::client("GET", path, &[]))
    }
}

pub(super) fn events(host: &Scripted) -> Vec<CacheEvent> {
    let event = |event: &Event| match event {
        Event::Cache(event) => Some(*event),
        _ => None,
    };
    host.done.borrow().events.iter().filter_map(event).collect()
}

fn populate(key: &str, rest: &str) -> String {
    format!("<PopulateCache name='PC'>{key}{rest}</PopulateCache>")
}

fn lookup(key: &str, assign_to: &str) -> String {
    format!("<LookupCache name='LC'>{key}<AssignTo>{assign_to}</AssignTo></LookupCache>")
}

const KEY: &str = "<CacheKey><KeyFragment>k</KeyFragment><KeyFragment ref='request.queryparam.id'/></CacheKey>";

/// A LookupCache, a callout that runs without an entry, and a PopulateCache of its response.
fn guarded(populate_rest: &str) -> Value {
    json!({
        "policies": [lookup(KEY, "answer"), callout(""), populate(KEY, populate_rest)],
        "request": [
            "LC",
            {"step": "SC", "condition": "lookupcache.LC.cachehit = false"},
            {"step": "PC", "condition": "lookupcache.LC.cachehit is false"},
        ],
        "proxy": {"organization": "acme", "environment": "prod", "name": "orders", "revision": 7},
        "filter_state": ["lookupcache.LC.*", "populatecache.PC.*", "answer.*"],
    })
}

#[test]
fn a_response_is_stored_and_found() {
    let mut session = Session::new(&guarded("<Source>answer</Source>"));
    let reply = || Scripted::client("GET", "/?id=1", &[]).with_reply(201, &[("x-a", "b")], "one");
    let first = session.send(100, reply());
    assert_eq!(first.done.borrow().calls.len(), 1);
    assert_eq!(events(first), [Miss]);
    assert_eq!(first.published("lookupcache.LC.cachehit").as_deref(), Some("false"));
    assert_eq!(first.published("populatecache.PC.cachekey").as_deref(), Some("acme__prod__orders__7__default__k__1"));
    let second = session.get(399, "/?id=1");
    assert_eq!(second.done.borrow().calls.len(), 0);
    assert_eq!(events(second), [Hit]);
    let published = [
        ("lookupcache.LC.cachehit", "true"),
        ("lookupcache.LC.cachename", "default"),
        ("lookupcache.LC.cachekey", "acme__prod__orders__7__default__k__1"),
        ("lookupcache.LC.assignto", "answer"),
        ("answer.content", "one"),
        ("answer.status.code", "201"),
    ];
    for (name, value) in published {
        assert_eq!(second.published(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(events(session.get(399, "/?id=2")), [Miss]);
    // The default lifetime is 300 seconds.
    assert_eq!(events(session.get(400, "/?id=1")), [Miss]);
}

/// The time when the entry of a request at 1 January 2030, 12:00:00, is no longer found.
fn lifetime(settings: &str) -> Option<u64> {
    const NOON: u64 = 1_893_499_200;
    let rest = format!("<ExpirySettings>{settings}</ExpirySettings><Source>answer</Source>");
    let mut session = Session::new(&guarded(&rest));
    session.send(NOON, Scripted::client("GET", "/?id=1&t=20&o=12:00:09&d=bad", &[]).with_reply(200, &[], ""));
    let is_found = |session: &mut Session, seconds: u64| events(session.get(NOON + seconds, "/?id=1"))[0] == Hit;
    let candidates = [0, 1, 5, 9, 20, 300, 3600, 43_200, 43_200 + 86_400, 30 * 86_400];
    candidates.into_iter().find(|seconds| !is_found(&mut session, *seconds)).filter(|seconds| {
        *seconds == 0 || {
            let mut again = Session::new(&guarded(&rest));
            again.send(NOON, Scripted::client("GET", "/?id=1&t=20&o=12:00:09&d=bad", &[]).with_reply(200, &[], ""));
            is_found(&mut again, seconds - 1)
        }
    })
}

#[test]
fn entries_expire() {
    let cases = [
        ("", Some(300)),
        ("<TimeoutInSeconds>5</TimeoutInSeconds>", Some(5)),
        ("<TimeoutInSec>5</TimeoutInSec>", Some(5)),
        ("<TimeoutInSeconds ref='request.queryparam.t'>5</TimeoutInSeconds>", Some(20)),
        ("<TimeoutInSeconds ref='missing'>5</TimeoutInSeconds>", Some(5)),
        ("<TimeoutInSeconds ref='request.queryparam.d'>5</TimeoutInSeconds>", Some(5)),
        ("<TimeoutInSeconds ref='missing'/>", Some(300)),
        ("<TimeoutInSeconds>-1</TimeoutInSeconds>", Some(30 * 86_400)),
        ("<TimeoutInSeconds>99999999</TimeoutInSeconds>", Some(30 * 86_400)),
        ("<TimeOfDay>13:00:00</TimeOfDay>", Some(3600)),
        ("<TimeOfDay>00:00:00</TimeOfDay>", Some(43_200)),
        ("<TimeOfDay ref='request.queryparam.o'>13:00:00</TimeOfDay>", Some(9)),
        ("<ExpiryDate>01-02-2030</ExpiryDate>", Some(43_200)),
        ("<ExpiryDate>01-01-2030</ExpiryDate>", Some(0)),
        ("<ExpiryDate>01-01-2030</ExpiryDate><TimeOfDay>13:00:00</TimeOfDay>", Some(3600)),
        ("<ExpiryDate>12-31-9999</ExpiryDate>", Some(30 * 86_400)),
        ("<ExpiryDate>01-02-2030</ExpiryDate><TimeoutInSeconds>5</TimeoutInSeconds>", Some(5)),
    ];
    for (settings, expected) in cases {
        assert_eq!(lifetime(settings), expected, "{settings}");
    }
}

/// The key of a policy, attached to the flows of the proxy and of its target.
fn keys(elements: &str, proxy: &Value) -> (String, String) {
    let lookup = |name: &str| lookup(elements, "v").replace("'LC'", &format!("'{name}'"));
    let step = |name: &str| format!("<PreFlow><Request><Step><Name>{name}</Name></Step></Request></PreFlow>");
    let configuration = json!({
        "policies": [lookup("P"), lookup("T")],
        "proxy_endpoint": format!("<ProxyEndpoint name='edge'>{}<RouteRule name='r'><TargetEndpoint>back</TargetEndpoint></RouteRule></ProxyEndpoint>", step("P")),
        "target_endpoints": [format!("<TargetEndpoint name='back'>{}</TargetEndpoint>", step("T"))],
        "proxy": proxy,
        "filter_state": ["lookupcache.P.cachekey", "lookupcache.T.cachekey"],
    });
    let host = Scripted::client("GET", "/?p=q", &[]);
    host.run(&plan(&configuration));
    let key = |name: &str| host.published(&format!("lookupcache.{name}.cachekey")).unwrap_or_default();
    (key("P"), key("T"))
}

#[test]
fn the_scope_starts_the_key() {
    let acme = json!({"organization": "acme", "environment": "prod", "name": "orders", "revision": 7});
    let fragment = "<KeyFragment>k</KeyFragment><KeyFragment ref='missing'/><KeyFragment ref='request.queryparam.p'/>";
    let cases = [
        ("<Scope>Exclusive</Scope>", "acme__prod__orders__7__edge__k__q", "acme__prod__orders__7__back__k__q"),
        ("", "acme__prod__orders__7__edge__k__q", "acme__prod__orders__7__back__k__q"),
        ("<Scope>Global</Scope>", "acme__prod__k__q", "acme__prod__k__q"),
        ("<Scope>Application</Scope>", "acme__prod__orders__k__q", "acme__prod__orders__k__q"),
        ("<Scope>Proxy</Scope>", "acme__prod__orders__7__edge__k__q", "acme__prod__orders__7__edge__k__q"),
        ("<Scope>Target</Scope>", "acme__prod__orders__7__k__q", "acme__prod__orders__7__back__k__q"),
    ];
    for (scope, of_proxy, of_target) in cases {
        let elements = format!("<CacheKey>{fragment}</CacheKey>{scope}");
        assert_eq!(keys(&elements, &acme), (of_proxy.to_owned(), of_target.to_owned()), "{scope}");
    }
    for prefix in ["<Prefix>mine</Prefix>", "<Prefix ref='missing'>mine</Prefix>"] {
        let elements = format!("<CacheKey>{prefix}{fragment}</CacheKey><Scope>Global</Scope>");
        assert_eq!(keys(&elements, &acme).0, "mine__k__q");
    }
    assert_eq!(keys(&format!("<CacheKey>{fragment}</CacheKey>"), &json!({})).0, "edge__k__q");
}

#[test]
fn every_value_can_be_stored() {
    let set =
        "<AssignMessage name='AM'><AssignVariable><Name>n</Name><Ref>request.queryparams.count</Ref></AssignVariable>
        <AssignVariable><Name>list</Name><Ref>request.queryparams.names</Ref></AssignVariable></AssignMessage>";
    for (source, expected) in [("n", "2"), ("list", "[id, b]"), ("request.queryparam.b", "é"), ("missing", "none")] {
        let configuration = json!({
            "policies": [set, populate(KEY, &format!("<Source>{source}</Source>")), lookup(KEY, "v"),
                "<AssignMessage name='E'><AssignVariable><Name>e</Name><Template>{v:none}</Template></AssignVariable></AssignMessage>"],
            "filter_state": ["e"],
        });
        let mut session = Session::new(&configuration);
        assert_eq!(session.get(1, "/?id=1&b=%C3%A9").published("e").as_deref(), Some(expected), "{source}");
    }
}

#[test]
fn a_stored_message_has_parts_and_replaces_the_response() {
    let configuration = json!({
        "policies": [
            "<AssignMessage name='AM'><AssignTo createNew='true' type='response'>made</AssignTo><Set><StatusCode>418</StatusCode>
             <Headers><Header name='x-made'>1</Header></Headers><Payload>tea</Payload></Set></AssignMessage>",
            populate(KEY, "<Source>made</Source>"),
            lookup(KEY, "response"),
        ],
        "request": ["AM", "PC"],
        "response": ["LC"],
    });
    let mut session = Session::new(&configuration);
    let host = session.send(1, Scripted::client("GET", "/", &[]).with_response("200", &[("x-old", "1")], "coffee"));
    let (headers, body) = host.client_response().unwrap();
    assert_eq!((headers.first_line(":status").unwrap(), body.unwrap()), (Bytes::from("418"), Bytes::from("tea")));
    assert!(headers.contains("x-made") && !headers.contains("x-old"));
}

#[test]
fn a_variable_that_cannot_be_set_is_a_fault() {
    for assign_to in ["system.timestamp", "request"] {
        let configuration =
            json!({"policies": [populate(KEY, "<Source>request.verb</Source>"), lookup(KEY, assign_to)]});
        let mut session = Session::new(&configuration);
        let host = session.get(1, "/");
        let body = format!(
            r#"{{"fault":{{"faultstring":"LookupCache[LC]: unable to set variable {assign_to}","detail":{{"errorcode":"steps.lookupcache.SetVariableFailed"}}}}}}"#
        );
        assert_eq!(host.done.borrow().reply_status_and_body(), (500, body.as_str()));
    }
}

#[test]
fn the_memory_of_a_cache_is_limited() {
    let mut configuration = guarded("<Source>answer</Source>");
    configuration["cache"] = json!({"max_bytes": 2000});
    let mut session = Session::new(&configuration);
    let mut send = |id: u32, size: usize| {
        let host = Scripted::client("GET", &format!("/?id={id}"), &[]).with_reply(200, &[], &"x".repeat(size));
        let host = session.send(1, host);
        (events(host), host.done.borrow().reply.as_ref().map(|reply| String::from_utf8_lossy(&reply.body).into_owned()))
    };
    assert_eq!(send(1, 500), (vec![Miss], None));
    assert_eq!(send(2, 500), (vec![Miss], None));
    assert_eq!(send(1, 500), (vec![Hit], None));
    assert_eq!(send(3, 500), (vec![Miss, Eviction], None));
    assert_eq!(send(1, 500), (vec![Hit], None));
    // The workers share the entries that were stored last, and this one is among them.
    assert_eq!(send(2, 500), (vec![Eviction, Hit], None));
    let fault = r#"{"fault":{"faultstring":"PopulateCache[PC]: an entry cannot be cached","detail":{"errorcode":"policies.populatecache.EntryCannotBeCached"}}}"#;
    assert_eq!(send(4, 2000), (vec![Miss], Some(fault.to_owned())));
}

#[test]
fn entries_are_invalidated() {
    let invalidate = |content: &str| format!("<InvalidateCache name='IC'>{content}</InvalidateCache>");
    let purge = "<PurgeChildEntries>true</PurgeChildEntries>";
    let other = KEY.replace(">k<", ">other<");
    let cases = [
        (invalidate(KEY), [Miss, Hit]),
        (invalidate(&other), [Hit, Hit]),
        (invalidate(&format!("{other}{purge}")), [Miss, Miss]),
        (invalidate(&format!("<CacheKey><Prefix>p</Prefix></CacheKey>{purge}")), [Hit, Hit]),
        (invalidate(&format!("{KEY}<CacheContext><ProxyName>other</ProxyName></CacheContext>{purge}")), [Hit, Hit]),
        (invalidate(&format!("{KEY}<CacheResource>other</CacheResource>{purge}")), [Hit, Hit]),
    ];
    for (policy, expected) in cases {
        let mut configuration = guarded("<Source>answer</Source>");
        configuration["policies"].as_array_mut().unwrap().push(json!(policy));
        configuration["request"]
            .as_array_mut()
            .unwrap()
            .push(json!({"step": "IC", "condition": "request.path = \"/drop\""}));
        let mut session = Session::new(&configuration);
        for id in [1, 2] {
            session.send(1, Scripted::client("GET", &format!("/?id={id}"), &[]).with_reply(200, &[], "x"));
        }
        session.get(1, "/drop?id=1");
        let found = [1, 2].map(|id| {
            let host = Scripted::client("GET", &format!("/?id={id}"), &[]).with_reply(200, &[], "x");
            events(session.send(1, host))[0]
        });
        assert_eq!(found, expected, "{policy}");
    }
}

/// Two configurations without a proxy's name do not read each other's entries.
#[test]
fn proxies_without_a_name_have_their_own_entries() {
    let configuration = |extra: &str| json!({"policies": [lookup(KEY, "v"), populate(KEY, "<Source>request.verb</Source>")], "filter_state": [extra]});
    let mut first = Session::new(&configuration("a"));
    assert_eq!((events(first.get(1, "/")), events(first.get(1, "/"))), (vec![Miss], vec![Hit]));
    let mut second = Session::new(&configuration("b"));
    second.last.shared = Rc::clone(&first.last.shared);
    assert_eq!(events(second.get(1, "/")), [Miss]);
}
