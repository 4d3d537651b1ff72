//! `check` and `render`: findings of route rules and targets.

use super::render::bundle;
use super::run;
use std::fs;
use std::path::Path;

/// The errors and warnings of a report, without their positions.
pub(super) fn problems(text: &str) -> Vec<&str> {
    text.lines().filter(|line| ["error", "warning"].iter().any(|severity| line.starts_with(severity))).collect()
}

/// Asserts that `check` and `render` report the same problems with the same exit status.
fn assert_problems(path: &str, expected: &[&str]) {
    let status = i32::from(expected.iter().any(|line| line.starts_with("error")));
    let check = run(&["check", path]);
    assert_eq!((check.status, problems(&check.output)), (status, expected.to_vec()), "check: {}", check.output);
    let render = run(&["render", path]);
    assert_eq!((render.status, problems(&render.errors)), (status, expected.to_vec()), "render: {}", render.errors);
}

const TO_T: &str = "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";

/// A bundle with a route to a target endpoint of that content.
fn with_target(name: &str, content: &str) -> String {
    let path = bundle(name, "", &[], TO_T);
    write_target(&path, "t", content);
    path
}

pub(super) fn write_target(path: &str, name: &str, content: &str) {
    let text = format!("<TargetEndpoint name='{name}'>{content}</TargetEndpoint>");
    fs::write(Path::new(path).join(format!("apiproxy/targets/{name}.xml")), text).unwrap();
}

/// A bundle with a name that differs from its folder, one endpoint and one target.
pub(super) fn named(folder: &str, name: &str, base_path: &str, target: &str, url: &str) -> String {
    let path = bundle(folder, "", &[], "");
    let root = Path::new(&path).join("apiproxy");
    fs::write(root.join("manifest.xml"), format!("<APIProxy name='{name}'/>")).unwrap();
    let proxy = format!(
        "<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>\
         <RouteRule name='r'><TargetEndpoint>{target}</TargetEndpoint></RouteRule></ProxyEndpoint>"
    );
    fs::write(root.join("proxies/default.xml"), proxy).unwrap();
    write_target(&path, target, &format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>"));
    path
}

#[test]
fn check_reports_the_errors_of_render() {
    let url = |url: &str| format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>");
    let no_connection = "error: the target endpoint t has neither URL nor LoadBalancer";
    let program = |element: &str| {
        format!(
            "error: the target endpoint t is a {element}, a program that Apigee runs: deploy it as a service and name its URL \
             in an HTTPTargetConnection"
        )
    };
    let (script, hosted) = (program("ScriptTarget"), program("HostedTarget"));
    let cases: [(String, &[&str]); 12] = [
        (url("http://a.test/x"), &[]),
        (String::new(), &[no_connection]),
        ("<ScriptTarget><ResourceURL>node://a.js</ResourceURL></ScriptTarget>".to_owned(), &[script.as_str()]),
        ("<HostedTarget/>".to_owned(), &[hosted.as_str()]),
        (url("ftp://a.test"), &["error: the URL of t must start with http:// or https://, got \"ftp://a.test\""]),
        (url("http://"), &["error: the host in the URL of t is not a host with an optional port: http://"]),
        (
            url("http://a.test:99999/"),
            &["error: the host in the URL of t is not a host with an optional port: http://a.test:99999/"],
        ),
        (url("http://{request.header.x-host}/"), &[]),
        (url("{request.header.x-url}/x"), &[]),
        (url("http://a.test/{request.header.x}"), &[]),
        (url("http://a.test/x?y=z"), &[]),
        (
            url("ftp://{request.verb}"),
            &["error: the URL of t must start with http:// or https://, got \"ftp://{request.verb}\""],
        ),
    ];
    for (content, expected) in cases {
        assert_problems(&with_target("routing-target", &content), expected);
    }
    let gone = bundle("routing-gone", "", &[], TO_T);
    assert_problems(&gone, &["error: unknown target endpoint \"t\" in the route rule r"]);
    fs::write(Path::new(&gone).join("apiproxy/targets/t.xml"), "no XML").unwrap();
    assert_problems(&gone, &["error: not a well-formed XML document: unknown token"]);
}

#[test]
fn a_provider_of_sap_is_not_part_of_the_bundle() {
    let path = bundle("routing-provider", "", &[], TO_T);
    let target = "<TargetEndPoint xmlns='http://www.sap.com/apimgmt'><name>t</name><provider_id>Northwind</provider_id><url/>\
                  </TargetEndPoint>";
    fs::write(Path::new(&path).join("apiproxy/targets/t.xml"), target).unwrap();
    let error = "error: the host of the target endpoint t is that of the provider Northwind of SAP, which is not part of the \
                 bundle: write the URL into <url>";
    assert_problems(&path, &[error]);
}

/// The unique values of a key in YAML.
pub(super) fn values<'y>(yaml: &'y str, key: &str) -> Vec<&'y str> {
    let mut values: Vec<&str> = yaml
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)?.strip_prefix(": "))
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The filter's configuration of a bundle with an environment.
fn filter_of(path: &str, environment: &str) -> serde_json::Value {
    let file = Path::new(path).join("environment.yaml");
    fs::write(&file, environment).unwrap();
    let run = run(&["render", path, "--format", "filter", "--environment", file.to_str().unwrap()]);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    serde_json::from_str(&run.output).unwrap()
}

#[test]
fn property_sets_are_put_into_the_urls_of_targets() {
    let url = "https://{propertyset.backend.host}:{propertyset.backend.port:443}/{environment.name}/x";
    let path = with_target("routing-folded", &format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>"));
    let environment = "environment: test\nproperty_sets: {backend: {host: b.test, port: 8443}}\n";
    assert_eq!(filter_of(&path, environment)["variable_targets"], serde_json::Value::Null);
    let file = Path::new(&path).join("environment.yaml");
    let folded = run(&["render", &path, "--environment", file.to_str().unwrap()]);
    assert_eq!(values(&folded.output, "host_rewrite_literal"), ["b.test:8443"]);
    assert_eq!(values(&folded.output, "prefix_rewrite"), ["/test/x"]);
    // Without the values, the filter finds them in the request.
    let variable = run(&["render", &path]);
    assert_eq!(variable.status, 0, "{}", variable.errors);
    assert_eq!(values(&variable.output, "cluster_header"), ["x-callout-cluster"]);
}

#[test]
fn a_url_that_stays_variable_is_expanded_by_the_filter() {
    let url = |url: &str| format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>");
    let host = with_target("routing-variable", &url("{flow.url}"));
    let render = run(&["render", &host]);
    assert_eq!((render.status, render.errors.as_str()), (0, ""));
    assert_eq!(values(&render.output, "cluster_header"), ["x-callout-cluster"]);
    // The first two are those of metrics.
    assert_eq!(values(&render.output, "regex")[2..], ["^/a/callout-url/?"]);
    assert_eq!(values(&render.output, "path_separated_prefix"), ["/a/callout-url"]);
    assert!(render.output.lines().any(|line| line.trim() == "- x-callout-cluster"), "{}", render.output);
    assert!(render.output.contains("name: any_host_https\n"), "{}", render.output);
    assert_eq!(filter_of(&host, "organization: acme\n")["variable_targets"], serde_json::json!(["t"]));
    for format in ["istio", "envoy-gateway"] {
        let other = run(&["render", &host, "--format", format]);
        let error = "error: this format cannot express a route to a host that comes from a variable: the target t of \
                     routing-variable.default";
        assert_eq!(other.status, 1);
        assert!(problems(&other.errors).contains(&error), "{}", other.errors);
    }
    let path = with_target("routing-variable-path", &url("http://a.test/{flow.path}"));
    for (format, key, value) in [
        ("envoy", "host_rewrite_literal", "a.test"),
        ("istio", "match", "^/a/callout-url/?"),
        ("envoy-gateway", "replacePrefixMatch", "/"),
    ] {
        let run = run(&["render", &path, "--format", format]);
        assert_eq!((run.status, values(&run.output, key)), (0, vec![value]), "{} {}", run.errors, run.output);
    }
    let template = run(&["render", "--environment-template", &host]);
    assert!(template.output.contains("# Allowed hosts of the target t:"), "{}", template.output);
}

/// A value in the URL would choose a target of the other endpoint, without its policies.
#[test]
fn a_longer_base_path_that_matches_the_path_of_a_variable_target_is_rejected() {
    for (folder, base_path) in [("hidden", "/a/*"), ("reached", "/a/*/admin"), ("marked", "/a/callout-url")] {
        let folder = format!("routing-{folder}");
        let path = with_target(&folder, "<HTTPTargetConnection><URL>{flow.url}</URL></HTTPTargetConnection>");
        let other = format!(
            "<ProxyEndpoint name='other'><HTTPProxyConnection><BasePath>{base_path}</BasePath></HTTPProxyConnection>\
             <RouteRule name='n'/></ProxyEndpoint>"
        );
        fs::write(Path::new(&path).join("apiproxy/proxies/other.xml"), other).unwrap();
        let run = run(&["render", &path]);
        let error = format!(
            "error: the URL of the target t of {folder}.default contains variables, which does not work together with the \
             base path of {folder}.other: both match paths below /a/callout-url"
        );
        assert_eq!((run.status, problems(&run.errors)), (1, vec![error.as_str()]));
    }
}

const LOCAL: &str =
    "<LocalTargetConnection><APIProxy>a</APIProxy><ProxyEndpoint>p</ProxyEndpoint></LocalTargetConnection>";

#[test]
fn a_target_can_be_another_proxy() {
    let path = with_target("routing-local", LOCAL);
    let alone = run(&["check", &path]);
    let note = "error: the environment file (--environment) must contain the endpoint p of a in local_proxies: the target endpoint t calls it";
    assert!(alone.status == 1 && alone.output.contains(note), "{}", alone.output);
    let render = run(&["render", &path]);
    let error = "error: unknown endpoint p of proxy a: add it to local_proxies of the environment";
    assert_eq!((render.status, problems(&render.errors)), (1, vec![error]));
    assert!(render.errors.contains("targets/t.xml:1:26\n"), "{}", render.errors);

    let environment = Path::new(&path).join("environment.yaml");
    let with = |entry: &str| {
        fs::write(&environment, format!("local_proxies:\n- {{api_proxy: a, proxy_endpoint: p, {entry}}}\n")).unwrap();
        let arguments = [path.as_str(), "--environment", environment.to_str().unwrap()];
        let check = run(&[&["check"], &arguments[..]].concat());
        assert_eq!((check.status, problems(&check.output)), (0, vec![]), "{}", check.output);
        let render = run(&[&["render"], &arguments[..], &["--port", "8123"]].concat());
        assert_eq!((render.status, render.errors.as_str()), (0, ""));
        render.output
    };
    let here = with("base_path: /v1/p");
    assert_eq!((values(&here, "cluster"), values(&here, "prefix_rewrite")), (vec!["this_listener"], vec!["/v1/p"]));
    assert_eq!((values(&here, "address").len(), here.matches("port_value: 8123\n").count()), (2, 2), "{here}");
    // The other proxy gets the client's host.
    assert!(!here.contains("host_rewrite"), "{here}");
    let there = with("base_path: /v1/p, host: proxies.test, port: 81, authority: api.test");
    assert_eq!(
        (values(&there, "cluster"), values(&there, "host_rewrite_literal")),
        (vec!["local_proxy_0"], vec!["api.test"])
    );
    assert!(there.contains("address: proxies.test\n") && there.contains("port_value: 81\n"), "{there}");
}

#[test]
fn a_target_can_be_the_path_of_a_given_proxy() {
    let target = "<LocalTargetConnection><Path>/b/items</Path></LocalTargetConnection>";
    let path = with_target("routing-local-path", target);
    let other = named("routing-local-other", "other", "/b", "u", "http://u.test");
    for command in ["check", "render"] {
        let run = run(&[command, &path, &other]);
        assert_eq!((run.status, problems(&run.output), problems(&run.errors)), (0, vec![], vec![]), "{command}");
        if command == "render" {
            assert_eq!(values(&run.output, "cluster"), ["target_other_u", "this_listener"]);
            assert!(values(&run.output, "prefix_rewrite").contains(&"/b/items"), "{}", run.output);
        }
    }
    let istio = run(&["render", &path, &other, "--format", "istio"]);
    assert_eq!(values(&istio.output, "authority"), ["u.test"], "{}", istio.output);
    let gateway = run(&["render", &path, &other, "--format", "envoy-gateway"]);
    assert_eq!(values(&gateway.output, "hostname"), ["u.test"], "{}", gateway.output);
}

#[test]
fn target_servers_come_from_the_environment() {
    let pool = "<HTTPTargetConnection><LoadBalancer><Server name='s'/></LoadBalancer></HTTPTargetConnection>";
    let path = with_target("routing-pool", pool);
    let alone = run(&["check", &path]);
    let error =
        "error: the environment file (--environment) must contain target_servers.s: the target endpoint t uses it";
    assert_eq!((alone.status, problems(&alone.output)), (1, vec![error]));
    let environment = Path::new(&path).join("environment.yaml");
    fs::write(&environment, "organization: acme\n").unwrap();
    let with = run(&["check", &path, "--environment", environment.to_str().unwrap()]);
    let error = "error: unknown target server \"s\": add it to target_servers of the environment";
    assert_eq!((with.status, problems(&with.output)), (1, vec![error]));
}

#[test]
fn a_load_balancer_of_a_target_endpoint_is_checked() {
    let pool = "<HTTPTargetConnection><LoadBalancer><Server name='a'/><Server name='b'/>\
                <RetryEnabled>yes</RetryEnabled></LoadBalancer></HTTPTargetConnection>";
    let path = with_target("routing-balancer", pool);
    let environment = Path::new(&path).join("environment.yaml");
    let servers = "target_servers:\n  a: {host: 10.0.0.1, port: 80}\n  b: {host: 10.0.0.2, port: 80}\n";
    fs::write(&environment, servers).unwrap();
    let environment = ["--environment", environment.to_str().unwrap()];
    let warning = "warning: RetryEnabled must be true or false, got \"yes\"; true is used";
    let check = run(&[&["check", &path], &environment[..]].concat());
    assert_eq!((check.status, problems(&check.output)), (0, vec![warning]));
    assert!(check.output.contains("targets/t.xml:1:"), "{}", check.output);
    let render = run(&[&["render", &path], &environment[..]].concat());
    assert_eq!((render.status, problems(&render.errors)), (0, vec![warning]));
    assert!(render.output.contains("num_retries: 1"), "{}", render.output);

    let alone = run(&["check", &format!("{path}/apiproxy/targets/t.xml")]);
    assert_eq!((alone.status, problems(&alone.output)), (0, vec![warning]));

    let bad = pool.replace("<RetryEnabled>yes</RetryEnabled>", "<MaxFailures>some</MaxFailures>");
    write_target(&path, "t", &bad);
    let error = "error: MaxFailures must be a non-negative integer, got \"some\"";
    let check = run(&[&["check", &path], &environment[..]].concat());
    assert_eq!((check.status, problems(&check.output)), (1, vec![error]));
}

#[test]
fn a_proxy_without_route_rules_has_a_warning() {
    let warning = "warning: the proxy endpoint default has no RouteRule: Apigee responds with the fault \
                   NoRoutesMatched, Envoy with 404";
    assert_problems(&bundle("routing-none", "", &[], ""), &[warning]);
    assert_problems(&bundle("routing-null", "", &[], "<RouteRule name='r'/>"), &[]);
}

#[test]
fn a_url_and_a_target_endpoint_of_one_name_are_an_error() {
    let routes = "<RouteRule name='r'><Condition>request.verb = \"GET\"</Condition><TargetEndpoint>t</TargetEndpoint>\
                  </RouteRule><RouteRule name='t'><URL>http://b.test</URL></RouteRule>";
    let path = bundle("routing-names", "", &[], routes);
    write_target(&path, "t", "<HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection>");
    let expected = "error: the route rule t has a URL and the name of the target endpoint of the route rule r: Envoy \
                    cannot distinguish their requests; rename one";
    let run = run(&["render", &path]);
    assert_eq!((run.status, problems(&run.errors)), (1, vec![expected]));
}

pub(super) const URL_ROUTE: &str = "<RouteRule name='r'><URL>http://10.0.0.1:8080</URL></RouteRule>";

#[test]
fn two_endpoints_cannot_have_the_same_base_path() {
    let path = bundle("routing-base", "", &[], URL_ROUTE);
    let other = format!(
        "<ProxyEndpoint name='other'><HTTPProxyConnection><BasePath>/a/</BasePath></HTTPProxyConnection>{}\
         </ProxyEndpoint>",
        URL_ROUTE
    );
    fs::write(Path::new(&path).join("apiproxy/proxies/other.xml"), other).unwrap();
    let error = "error: routing-base.default and routing-base.other have the same base path";
    let check = run(&["check", &path]);
    assert_eq!((check.status, problems(&check.output)), (1, vec![error]));
    let one = bundle("routing-one", "", &[], URL_ROUTE);
    let two = bundle("routing-two", "", &[], URL_ROUTE);
    let same = "routing-one.default and routing-two.default have the same base path";
    let check = run(&["check", &one, &two]);
    assert_eq!((check.status, problems(&check.output)), (1, vec![format!("error: {same}").as_str()]));
    let render = run(&["render", &one, &two]);
    assert_eq!((render.status, problems(&render.errors)), (1, vec![format!("error: {same}").as_str()]));
}

#[test]
fn a_policy_type_that_does_not_exist_is_an_error() {
    let path = bundle("routing-type", "<Step><Name>S</Name></Step>", &["<ServiceCalout name='S'/>"], TO_T);
    write_target(&path, "t", "<HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection>");
    let check = run(&["check", &path]);
    let error = "error: unknown policy type ServiceCalout; did you mean ServiceCallout?";
    let place = "apiproxy/policies/S.xml:1:1\n";
    assert_eq!(check.status, 1);
    assert!(check.output.contains(&format!("{error}\n --> {path}/{place}")), "{}", check.output);
    assert!(!check.output.contains("note: "), "{}", check.output);
    let render = run(&["render", &path, "--skip-unsupported"]);
    assert_eq!(render.status, 1);
    assert!(problems(&render.errors).contains(&error), "{}", render.errors);
}

#[test]
fn a_manifest_that_is_not_xml_is_an_error() {
    let path = with_target("routing-manifest", "<HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection>");
    fs::write(Path::new(&path).join("apiproxy/shop.xml"), "<APIProxy name='shop'").unwrap();
    assert_problems(&path, &["error: not a well-formed XML document: the document has no root element"]);
}

#[test]
fn a_policy_has_the_name_of_its_file() {
    let path =
        bundle("file-names", "<Step><Name>A</Name></Step>", &["<AssignMessage name='A'/>"], "<RouteRule name='r'/>");
    assert_problems(&path, &[]);
    let policies = Path::new(&path).join("apiproxy/policies");
    fs::rename(policies.join("A.xml"), policies.join("a.xml")).unwrap();
    let check = run(&["check", &path]);
    let warning = "warning: the policy A is in a file with another name: Apigee X rejects it at import";
    assert_eq!((check.status, problems(&check.output)), (0, vec![warning]));
    assert!(check.output.contains("policies/a.xml:1:1\n"), "{}", check.output);
}

#[test]
fn a_body_of_a_request_that_may_have_none_is_a_warning() {
    let warning = "warning: A sets the body of the request: a request that arrives without a body, such as a GET, goes to the \
                   target without it";
    let set = |assign_to: &str, content: &str| {
        format!("<AssignMessage name='A'>{assign_to}<Set>{content}</Set></AssignMessage>")
    };
    let payload = "<Payload>x</Payload>";
    let condition = |text: &str| format!("<Step><Name>A</Name><Condition>{text}</Condition></Step>");
    let always = "<Step><Name>A</Name></Step>".to_owned();
    let form = "<FormParams><FormParam name='a'>b</FormParam></FormParams>";
    let cases = [
        (always.clone(), set("", payload), true),
        (always.clone(), set("<AssignTo>request</AssignTo>", form), true),
        (condition("request.verb = \"GET\""), set("", payload), true),
        (condition("request.verb = \"POST\""), set("", payload), false),
        (condition("request.verb = \"PUT\" or request.verb = \"GET\""), set("", payload), true),
        (condition("request.header.x = 1"), set("<AssignTo type='request'/>", payload), true),
        (always.clone(), set("<AssignTo type='response'/>", payload), false),
        (always.clone(), set("<AssignTo>other</AssignTo>", payload), false),
        (always.clone(), set("", "<Payload/><Verb>GET</Verb>"), false),
    ];
    for (step, policy, is_warned) in cases {
        let path = bundle("bodies", &step, &[&policy], TO_T);
        write_target(&path, "t", "<HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection>");
        let check = run(&["check", &path]);
        let expected = if is_warned { vec![warning] } else { vec![] };
        assert_eq!((check.status, problems(&check.output)), (0, expected), "{step} {policy}");
    }
    let null = bundle("bodies", &always, &[&set("", payload)], "<RouteRule name='r'/>");
    assert_problems(&null, &[]);
}
