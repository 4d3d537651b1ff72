//! Private variables in the URLs that filter state shows.

use super::*;

const URL: &str = "servicecallout.SC.target.url";
const URI: &str = "servicecallout.requesturi";

/// Runs policies with the constants `private.key`, `private.path` and `private.url`. Returns the line of the only call,
/// the two published texts, and a header with the values of the two variables.
fn run(policies: &[&str]) -> (String, Option<String>, Option<String>, Vec<String>) {
    let show = format!(
        "<AssignMessage name='show'><Set><Headers><Header name='x'>{{{URL}}} {{{URI}}}</Header></Headers></Set></AssignMessage>"
    );
    let policies: Vec<&str> = policies.iter().copied().chain([show.as_str()]).collect();
    let host = Scripted::client("GET", "/?q=k3y", &[]).with_reply(200, &[], "");
    let done = host.run(&plan(&json!({
        "policies": policies,
        "filter_state": [URL, URI],
        "properties": {"private.key": "k3y &1", "private.path": "in/t0ken?s=1", "private.url": "https://h.test/in/t0ken?s=1"},
    })));
    (done.only_call().line(), host.published(URL), host.published(URI), done.changes(Direction::Request))
}

fn to(url: &str, request: &str) -> String {
    format!(
        "<ServiceCallout name='SC'>{request}<Response>answer</Response>
         <HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection></ServiceCallout>"
    )
}

fn assign(name: &str, template: &str) -> String {
    format!(
        "<AssignMessage name='AM'><AssignVariable><Name>{name}</Name><Template>{template}</Template></AssignVariable></AssignMessage>"
    )
}

#[test]
fn a_private_value_is_masked_where_others_see_it_and_nowhere_else() {
    let (line, url, uri, shown) = run(&[&to("http://a.test/v1?key={private.key}", "")]);
    assert_eq!(line, "GET http://a.test/v1?key=k3y%20&1");
    assert_eq!(url.as_deref(), Some("http://a.test/v1?key=*****"));
    assert_eq!(uri.as_deref(), Some("/v1?key=*****"));
    assert_eq!(shown, ["x: http://a.test/v1?key=k3y &1 /v1?key=k3y%20&1"]);
}

#[test]
fn a_private_value_is_masked_whatever_way_it_came() {
    let query =
        "<Request><Set><QueryParams><QueryParam name='key'>{private.key}</QueryParam></QueryParams></Set></Request>";
    let path = "<Request><Set><Path>{private.path}</Path></Set></Request>";
    let made = "<AssignMessage name='AM'><AssignTo createNew='true' type='request'>m</AssignTo><Set>
        <QueryParams><QueryParam name='a'>{private.key}</QueryParam></QueryParams></Set></AssignMessage>";
    let copied = "<AssignMessage name='AM-2'><AssignTo createNew='true' type='request'>n</AssignTo>
        <Copy source='private.m'><QueryParams/></Copy></AssignMessage>";
    let cases: [(&[&str], &str, &str, &str); 10] = [
        (&[&to("http://a.test/", query)], "key=k3y%20%261", "http://a.test/", "/?key=*****"),
        (&[&to("http://a.test/?v=1", path)], "/in/t0ken?v=1&s=1", "http://a.test/?v=1", "/*****?v=1&*****"),
        (&[made, &to("http://a.test/", "<Request variable='m'/>")], "?a=k3y%20%261", "http://a.test/", "/?a=*****"),
        // A copy, and a value that the variable no longer has.
        (&[&assign("c", "{private.key}"), &to("http://a.test/{c}", "")], "/k3y%20&1", "http://a.test/*****", "/*****"),
        (
            &[
                &assign("c", "-{private.key}-"),
                &assign("private.key", "new").replace("AM", "AM-2"),
                &to("http://a.test/{c}", ""),
            ],
            "/-k3y%20&1-",
            "http://a.test/-*****-",
            "/-*****-",
        ),
        // A function's result.
        (&[&to("http://a.test/{encodeBase64(private.key)}", "")], "/azN5ICYx", "http://a.test/*****", "/*****"),
        // The host, and the whole URL.
        (&[&to("https://{private.path}", "")], "https://in/t0ken?s=1", "https://*****", "*****?*****"),
        (&[&assign(URL, "{private.url}"), &to("http://a.test/", "")], "/in/t0ken?s=1", "*****", "*****?*****"),
        // A private message.
        (
            &[&to("http://a.test/v", "<Request variable='private.m'><Set><Path>/p</Path></Set></Request>")],
            "/v/p",
            "http://a.test/v",
            "*****",
        ),
        (
            &[
                &made.replace(">m<", ">private.m<").replace("{private.key}", "plain"),
                copied,
                &to("http://a.test/", "<Request variable='n'/>"),
            ],
            "?a=plain",
            "http://a.test/",
            "/?*****",
        ),
    ];
    for (policies, sent, url, uri) in cases {
        let (line, published_url, published_uri, _) = run(policies);
        assert!(line.ends_with(sent), "{policies:?} {line}");
        assert_eq!((published_url.as_deref(), published_uri.as_deref()), (Some(url), Some(uri)), "{policies:?}");
    }
}

/// The client's query contains the text of a variable that the flow does not read.
#[test]
fn values_that_are_not_read_are_not_masked() {
    let (_, _, uri, _) = run(&[&to("http://a.test/", "<Request variable='request' clearPayload='false'/>")]);
    assert_eq!(uri.as_deref(), Some("/?q=k3y"));
}

#[test]
fn prefixes_are_masked() {
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    host.run(&plan(&json!({
        "policies": [to("http://a.test/{private.key}", "")],
        "properties": {"private.key": "k3y"},
        "filter_state": ["servicecallout.*", "private.key"],
    })));
    for (name, shown) in [(URL, "http://a.test/*****"), (URI, "/*****"), ("private.key", "k3y")] {
        assert_eq!(host.published(name).as_deref(), Some(shown), "{name}");
    }
}
