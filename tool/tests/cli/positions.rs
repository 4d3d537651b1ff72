//! `check`: positions of findings in configurations of Envoy and of the filter.

use super::{run_in, scratch};
use serde_json::Value;
use std::fs;

/// A configuration of Envoy. Several names are parts of others, and `users` is the only cluster.
const ENVOY: &str = r#"static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          http_filters:
          - name: callout
            typed_config:
              config:
                vm_config:
                  code: {local: {filename: module.wasm}}
                configuration:
                  "@type": type.googleapis.com/google.protobuf.Struct
                  value:
                    policies:
                    - |
                      <ServiceCallout name="SC-User">
                        <Request variable="userRequest"/>
                        <Response>user.mial</Response>
                        <Timeout>2000</Timeout>
                        <HTTPTargetConnection><URL>https://user.test</URL></HTTPTargetConnection>
                      </ServiceCallout>
                    - '<AssignMessage name="AM-1"><AssignVariable><Name>user.mail</Name></AssignVariable></AssignMessage>'
                    - "<AssignMessage name=\"AM-2\"><Set/></AssignMessage>"
                    request: [SC-User, AM-1, {step: AM-2, condition: user.mail != null}]
                    clusters: {"https://user.test": users}
                    local_proxies: [{api_proxy: a, base_path: /a, cluster: users}]
  clusters: [{name: users}]
"#;

/// The titles of the findings with their positions, for [`ENVOY`] with changes.
fn found(test: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let folder = scratch(test);
    fs::write(folder.join("module.wasm"), "").unwrap();
    let mut text = ENVOY.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    fs::write(folder.join("e.yaml"), text).unwrap();
    let report = run_in(&folder, &["check", "--json", "e.yaml"], &[]).output;
    let report: Value = serde_json::from_str(&report).unwrap();
    let line = |finding: &Value| {
        let text = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let number = |key: &str| finding.get(key).and_then(Value::as_u64).unwrap_or_default();
        let document = Some(text("document")).filter(|key| !key.is_empty()).map(|key| format!(" {key}"));
        format!("{}:{}{} {}", number("line"), number("column"), document.unwrap_or_default(), text("text"))
    };
    report.pointer("/findings").and_then(Value::as_array).unwrap().iter().map(line).collect()
}

#[test]
fn a_finding_points_to_the_node_that_it_is_about() {
    let undefined = "which static_resources.clusters does not define; did you mean users?";
    let of_origin = format!("26:53 clusters[\"https://user.test\"] names the cluster user, {undefined}");
    let of_proxy = format!("27:76 local_proxies[0].cluster names the cluster user, {undefined}");
    let cases = [
        ("SC-User, AM-1", "SC-User, AM", "25:40 request[1] (AM): unknown policy"),
        ("step: AM-2", "step: user", "25:53 request[2] (user): unknown policy"),
        ("step: AM-2", "name: AM-2", "25:47 unknown key request[2].name; did you mean step?"),
        ("{step: AM-2, c", "{c", "25:46 request[2].step is required: a policy's name"),
        (
            "condition: user.mail != null",
            "condition: user.mail !",
            "25:70 request[2] (AM-2) condition, column 11: expected an operator after user.mail",
        ),
        ("test\": users}", "test\": user}", of_origin.as_str()),
        ("cluster: users}]\n", "cluster: user}]\n", of_proxy.as_str()),
        ("local_proxies: [", "local_proxy: [", "27:21 unknown key local_proxy; did you mean local_proxies?"),
        ("api_proxy: a", "apiproxy: a", "27:38 unknown key local_proxies[0].apiproxy; did you mean api_proxy?"),
        (
            "filename: module.wasm",
            "filename: filename",
            "11:44 no module at filename in the working directory; `envoy-callout module > FILE` writes it",
        ),
        (
            "condition: user.mail",
            "condition: user.maill",
            "25:70 nothing sets the variable user.maill; did you mean user.mail?",
        ),
    ];
    for (from, to, expected) in cases {
        let found: Vec<String> = found("positions", &[(from, to)]);
        assert_eq!(found, [expected], "{to}");
    }
    assert_eq!(found("positions", &[]), [] as [String; 0]);
}

#[test]
fn a_line_of_a_policy_is_that_of_the_file_when_the_file_contains_the_text() {
    let cases = [
        // A block, a text in single quotes, and a text with escapes.
        ("<Timeout>2000", "<Timeout>0", "20:25 Invalid Timeout value 0. Timeout is a positive number of milliseconds"),
        (
            "<Response>user",
            "<Respons>x</Respons><Response>user",
            "19:25 unknown element Respons in ServiceCallout is ignored; did you mean Response?",
        ),
        (
            "<AssignVariable><Name>",
            "<Sett/><AssignVariable><Name>",
            "23:51 unknown element Sett in AssignMessage is ignored; did you mean Set?",
        ),
        ("<Set/>", "<St/>", "1:28 policies[2] unknown element St in AssignMessage is ignored"),
    ];
    for (from, to, expected) in cases {
        let found = found("positions-policies", &[(from, to)]);
        assert!(found.iter().any(|line| line == expected), "{to}: {found:#?}");
    }
}

/// The positions in a text with a filter configuration are those of its words. Other parts of the file do not count.
#[test]
fn a_configuration_in_a_text_is_searched_in_its_lines() {
    let text = r#"{"policies": [], "request": ["user"], "clusters": {"https://a.test": "user"}}"#;
    let (before, rest) = ENVOY.split_once("                  value:\n").unwrap();
    let (_, after) = rest.split_once("  clusters: [").unwrap();
    let folder = scratch("positions-text");
    fs::write(folder.join("module.wasm"), "").unwrap();
    let before = before.replace("name: callout", "name: user");
    fs::write(folder.join("e.yaml"), format!("{before}                  value: '{text}'\n  clusters: [{after}"))
        .unwrap();
    let report = run_in(&folder, &["check", "e.yaml"], &[]).output;
    let lines: Vec<&str> = report.lines().filter(|line| line.contains("--> ")).collect();
    assert_eq!(lines, ["  --> e.yaml:14:57", "  --> e.yaml:14:97"], "{report}");
}
