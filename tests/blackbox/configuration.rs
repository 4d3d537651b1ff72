//! The log of the module when Envoy validates a configuration.

use serde_json::json;

use crate::lab::{Host, Lab, Listener, filter, ours};
use crate::policy::ServiceCallout;

const MAPS: &str = "http://maps.test";

fn callout() -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://maps.test/").response("r")
}

/// The levels and texts that the module logged, without repetitions, sorted because their order has no meaning.
fn logged(log: &str) -> Vec<(&str, &str)> {
    let mut lines = Vec::new();
    for line in log.lines() {
        // "[2026-01-01 00:00:00.000][1][error][wasm] [source/…:1] wasm log validated validated callout: callout: text"
        let Some((head, text)) = line.split_once(": callout: ") else { continue };
        let level = head.split(['[', ']']).filter(|part| !part.is_empty()).nth(2).unwrap();
        // Envoy configures the plugin in several VMs.
        if !lines.contains(&(level, text)) {
            lines.push((level, text));
        }
    }
    lines.sort_unstable();
    lines
}

fn sorted<'a>(level: &'a str, texts: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut lines: Vec<_> = texts.iter().map(|text| (level, *text)).collect();
    lines.sort_unstable();
    lines
}

/// Envoy rejects the configuration, and the module logs exactly these errors.
pub fn rejected(lab: &mut Lab, name: &str, listener: Listener, expected: &'static [&'static str]) {
    rejected_with(lab, name, listener, expected, &[]);
}

/// Envoy rejects the configuration, and the module logs exactly these errors and warnings.
pub fn rejected_with(
    lab: &mut Lab,
    name: &str,
    listener: Listener,
    errors: &'static [&'static str],
    warnings: &'static [&'static str],
) {
    lab.case(name, move |_| {
        move || async move {
            let validation = listener.validate();
            let expected = [sorted("error", errors), sorted("warning", warnings)].concat();
            assert_eq!(logged(&validation.log), expected, "{}", validation.log);
            assert!(!validation.ok);
        }
    });
}

/// Envoy accepts the configuration, and the module logs exactly these warnings.
pub fn accepted_with(lab: &mut Lab, name: &str, listener: Listener, expected: &'static [&'static str]) {
    // Dynamic modules do not need this setting.
    let is_of_host = |line: &&str| !Host::current().is_native() || !line.contains("allow_on_headers_stop_iteration");
    let expected: Vec<&str> = expected.iter().copied().filter(is_of_host).collect();
    lab.case(name, move |_| {
        move || async move {
            let validation = listener.validate();
            assert_eq!(logged(&validation.log), sorted("warning", &expected), "{}", validation.log);
            assert!(validation.ok, "{}", validation.log);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    whole(lab);
    deployment_errors(lab);
    accepted(lab);
}

/// All in one listener: every validation costs a start of Envoy and of the VM.
fn accepted(lab: &mut Lab) {
    let every_key = json!({
        "policies": [callout().xml()],
        "request": ["SC-1"],
        "response": [],
        "clusters": {MAPS: "maps", "*": "outbound|{port}||{host}"},
        "proxy": {"organization": "o", "environment": "e", "name": "n", "revision": 3, "base_path": "/v1"},
        "properties": {"propertyset.s.k": "v", "limit": 1.5, "flag": true},
        "filter_state": ["r.header.etag", "flow.*"],
        "trace_headers": false,
        "max_response_bytes": 1_000_000,
        "body_memory_bytes": 100_000_000,
    });
    let body = callout().set("<Payload>{request.content}</Payload>").served_by("maps");
    let odd = json!({
        "policies": ["<ServiceCallout name='SC-2' enabled='yes'>\n  <Odd/>\n  <Response>r</Response><Response>s</Response>\n  \
                      <HTTPTargetConnection><URL>http://maps.test/</URL></HTTPTargetConnection>\n</ServiceCallout>"],
        "clusters": {MAPS: "maps"},
    });
    let target = json!({"policies": [
        "<AssignMessage name='AM-1'>\n<AssignVariable><Name>target.url</Name><Value>http://b.test</Value></AssignVariable>\n\
         <AssignVariable><Name>target.evaluated.url</Name><Value>false</Value></AssignVariable></AssignMessage>",
        "<ExtractVariables name='EV-1'><Header name='x-target'><Pattern>{target.url}</Pattern></Header></ExtractVariables>",
    ]});
    let misspelt = json!({
        "policies": [
            "<LookupCache name='LC-1'>\n<CacheKey><KeyFragment reff='proxy.pathsuffix'/></CacheKey><AssignTo>v</AssignTo></LookupCache>",
            "<KeyValueMapOperations name='KV-1' mapIdentifier='settings'>\n<Get assignTo='v'><Key><Parameter>limt</Parameter></Key></Get>\
             </KeyValueMapOperations>",
            "<RaiseFault name='RF-1'>\n<FaultResponse><Set><StatusCode>4o9</StatusCode></Set></FaultResponse></RaiseFault>",
        ],
        "key_value_maps": {"settings": {"entries": {"limit": "5"}}},
    });
    let text = |configuration: &serde_json::Value| filter::string_value(&configuration.to_string());
    let plugin = |name, configuration| ours(name, "callout", true, &configuration);
    let listener = Listener::new(every_key.clone())
        .before(plugin("struct", filter::struct_value(&every_key)))
        .before(plugin("body", text(&body)))
        .before(plugin("odd", text(&odd)))
        .before(plugin("target", text(&target)))
        .before(plugin("misspelt", text(&misspelt)));
    accepted_with(
        lab,
        "accepted",
        listener,
        &[
            "the policies use the body of a message: set allow_on_headers_stop_iteration: true in the plugin's configuration, \
             else requests with a body wait until stream_idle_timeout",
            "SC-2, line 1, column 29: enabled must be true or false, got \"yes\"; true is used",
            "SC-2, line 2, column 3: unknown element Odd in ServiceCallout is ignored",
            "SC-2, line 3, column 25: duplicate Response; the first is used",
            "AM-1, line 2, column 17: setting target.url does not change the target: Envoy's route selects the upstream",
            "AM-1, line 3, column 17: setting target.evaluated.url does not change the target: Envoy's route selects \
             the upstream",
            "EV-1, line 1, column 1: setting target.url does not change the target: Envoy's route selects the upstream",
            "LC-1, line 2, column 24: unknown attribute reff in KeyFragment is ignored; did you mean ref?",
            "LC-1, line 2, column 11: KeyFragment has neither a text nor ref and is not a part of the key",
            "KV-1, line 2, column 1: the key value map settings has no key limt; did you mean limit?",
            "RF-1, line 2, column 21: StatusCode must be a number from 100 to 999, got \"4o9\": every run fails with \
             SetVariableFailed",
        ],
    );
}

fn whole(lab: &mut Lab) {
    rejected(lab, "empty", Listener::with_text(""), &["the configuration is empty"]);
    rejected(
        lab,
        "not_json",
        Listener::with_text("{\"policies\": [\n,]}"),
        &["the configuration is not valid JSON: expected value at line 2 column 1"],
    );
    rejected(
        lab,
        "wrong_keys_and_types",
        Listener::new(json!({
            "trace_header": true,
            "clsuters": {},
            "proxy": {"organisation": "o"},
            "trace_headers": "yes",
            "max_response_bytes": -1,
            "body_memory_bytes": "64 MiB",
            "filter_state": "a",
        })),
        &[
            "unknown key trace_header; did you mean trace_headers?",
            "unknown key clsuters; did you mean clusters?",
            "policies is required: a list of policy documents",
            "unknown key proxy.organisation; did you mean organization?",
            "filter_state must be a list, not a string",
            "trace_headers must be true or false, not a string",
            "max_response_bytes must be a non-negative integer, not -1",
            "body_memory_bytes must be a non-negative integer, not a string",
        ],
    );
    rejected(
        lab,
        "wrong_types_in_a_struct",
        Listener::with_struct(
            json!({"policies": [callout().xml(), true], "clusters": {MAPS: 1}, "max_response_bytes": 1.5}),
        ),
        &[
            "policies[1] must be a string, not a boolean",
            "clusters.http://maps.test must be a string, not 1",
            r#"SC-1, line 1, column 98: no cluster serves http://maps.test: add {"http://maps.test": CLUSTER} to the filter's clusters"#,
            "max_response_bytes must be a non-negative integer, not 1.5",
        ],
    );
}

/// All problems of policies, steps and clusters are reported together; a document without a name is reported by its
/// index.
fn deployment_errors(lab: &mut Lab) {
    const CONNECTION: &str = "<HTTPTargetConnection><URL>http://maps.test/</URL></HTTPTargetConnection>";

    let timeout = |name: &str, timeout: &str| {
        format!("<ServiceCallout name='{name}'>\n  <Timeout>{timeout}</Timeout>\n  {CONNECTION}\n</ServiceCallout>")
    };
    let url = |name: &str, url: &str| {
        format!("<ServiceCallout name='{name}'><HTTPTargetConnection>\n{url}</HTTPTargetConnection></ServiceCallout>")
    };
    rejected(
        lab,
        "documents",
        Listener::new(json!({
            "policies": [
                "<ServiceCallout name='SC-1'>\n  <HTTPTargetConnection>\n    <URL/>\n  </HTTPTargetConnection>\n</ServiceCallout>",
                "<?xml version=\"1.0\"?>\n<ServiceCallout name='SC-2'/>",
                timeout("SC-3", "0"),
                timeout("SC-4", "-5"),
                timeout("SC-5", "{t}"),
                format!("<ServiceCallout>{CONNECTION}</ServiceCallout>"),
                url("SC-6", "<URL>{url}</URL>"),
                url("SC-7", "<URL>http://maps.test/{nope(a)}</URL>"),
                url("SC-8", "<URL>ftp://maps.test/</URL>"),
                "<a/><b/>",
                "<!-- no callout -->\n<SpikeArrest name='SA-1'/>",
                "<AssignMessage name='AM-1'>\n  <AssignVariable><Name>request.header.:path</Name><Value>/</Value></AssignVariable>\n</AssignMessage>",
            ],
            "clusters": {MAPS: "maps"},
        })),
        &[
            "SC-1, line 3, column 5: URLMissing: URL is missing in Step SC-1.",
            "SC-2, line 2, column 1: ConnectionInfoMissing: Connection information is missing in Step SC-2.",
            "SC-3, line 2, column 3: InvalidTimeoutValue: Invalid Timeout value 0. Timeout is a positive number of milliseconds",
            "SC-4, line 2, column 3: InvalidTimeoutValue: Invalid Timeout value -5. Timeout is a positive number of milliseconds",
            "SC-5, line 2, column 3: InvalidTimeoutValue: Invalid Timeout value {t}. Timeout is a positive number of milliseconds",
            "policies[5], line 1, column 1: MissingName: Required attribute name is missing in ServiceCallout",
            "SC-6, line 2, column 1: the protocol of a URL, http:// or https://, cannot come from a variable",
            "SC-7, line 2, column 1: entities.UnknownStringFunction: unknown template function nope",
            "SC-8, line 2, column 1: the protocol of a URL must be http:// or https://, got ftp://",
            "policies[9], line 1, column 5: not a well-formed XML document: unknown token",
            "SA-1, line 2, column 1: unsupported policy type SpikeArrest",
            "AM-1, line 2, column 19: \":path\" is not a valid header name",
        ],
    );

    let other = url("SC-2", "  <URL>https://maps.test:8443/x</URL>");
    rejected(
        lab,
        "steps_and_clusters",
        Listener::new(json!({
            "policies": [callout().xml(), callout().xml(), other],
            "request": ["SC-1", "SC-2", "SC-3"],
            "response": ["SC-4"],
            "clusters": {MAPS: "maps", "maps.test/x": "maps"},
        })),
        &[
            "policies[1]: duplicate policy SC-1",
            "request[2] (SC-3): unknown policy",
            "response[0] (SC-4): unknown policy",
            "clusters: \"maps.test/x\" is neither an origin such as https://example.com:8443 nor *",
            r#"SC-2, line 2, column 3: no cluster serves https://maps.test:8443: add {"https://maps.test:8443": CLUSTER} to the filter's clusters"#,
        ],
    );
}
