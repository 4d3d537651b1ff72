//! `check` of single files, and its output as text and JSON.

use super::{project, run, run_in, scratch};
use serde_json::{Value, json};

#[test]
fn a_policy_is_checked_without_its_flows() {
    let run = run(&["check", "troubled/apiproxy/policies/SC-NoURL.xml", "weather/apiproxy/policies/FC-Log.xml"]);
    let expected = "\
error[InvalidTimeoutValue]: Invalid Timeout value 0. Timeout is a positive number of milliseconds
 --> troubled/apiproxy/policies/SC-NoURL.xml:3:3
  |
3 |   <Timeout>0</Timeout>
  |   ^^^^^^^^^^^^^^^^^^^^

error[URLMissing]: URL is missing in Step SC-NoURL.
 --> troubled/apiproxy/policies/SC-NoURL.xml:5:25
  |
5 |   <HTTPTargetConnection><URL/></HTTPTargetConnection>
  |                         ^^^^^^

warning: continueOnError must be true or false, got \"yes\"; false is used
 --> troubled/apiproxy/policies/SC-NoURL.xml:2:17
  |
2 | <ServiceCallout continueOnError=\"yes\">
  |                 ^^^^^^^^^^^^^^^^^^^^^

2 errors, 1 warning in 2 files
";
    assert_eq!((run.status, run.output.as_str()), (1, expected));
}

#[test]
fn a_report_can_be_json() {
    let run = run(&["check", "--json", "log", "troubled/apiproxy/policies/SC-NoURL.xml"]);
    assert_eq!((run.status, run.errors.as_str()), (1, ""));
    let finding = |severity: &str, code: &str, name: Value, line: u32, column: u32, text: &str| {
        json!({
            "severity": severity, "code": code, "name": name, "file": "troubled/apiproxy/policies/SC-NoURL.xml", "document": null,
            "policy": "SC-NoURL", "line": line, "column": column, "text": text,
        })
    };
    let expected = json!({
        "files": 4,
        "errors": 2,
        "warnings": 1,
        "findings": [
            finding("error", "invalid-timeout", json!("InvalidTimeoutValue"), 3, 3, "Invalid Timeout value 0. Timeout is a positive number of milliseconds"),
            finding("error", "missing-url", json!("URLMissing"), 5, 25, "URL is missing in Step SC-NoURL."),
            finding("warning", "invalid-boolean", Value::Null, 2, 17, "continueOnError must be true or false, got \"yes\"; false is used"),
        ],
    });
    assert_eq!(run.output, format!("{expected:#}\n"));
    let format = super::run(&["check", "--format", "json", "log", "troubled/apiproxy/policies/SC-NoURL.xml"]);
    assert_eq!(format.output, run.output);
}

#[test]
fn warnings_can_fail_the_check() {
    let unattached = "sap/APIProxy/Policy/unused";
    let quota = scratch("warnings").join("Q-1.xml");
    std::fs::write(&quota, "<Quota name='Q-1'/>").unwrap();
    let quota = quota.to_str().unwrap();
    let expected = format!(
        "warning: unsupported policy type Quota: bundles are rejected unless --skip-unsupported skips its steps\n --> {quota}:1:1\n  |\n1 | <Quota name='Q-1'/>\n  | ^^^^^^^^^^^^^^^^^^^\n\n\
         1 warning in 2 files\n"
    );
    let allowed = run(&["check", unattached, quota]);
    assert_eq!((allowed.status, allowed.output.as_str()), (0, expected.as_str()));
    let denied = run(&["check", "--deny-warnings", unattached, quota]);
    assert_eq!((denied.status, denied.output.as_str()), (1, expected.as_str()));
    assert_eq!(run(&["check", "--deny-warnings", "log"]).status, 0);
}

const POLICY: &str = "<ServiceCallout name=\"SC-1\">\n  <HTTPTargetConnection/>\n</ServiceCallout>\n";

/// The line of a text with the word after `request`, as in a report.
fn snippet(file: &str, text: &str, word: &str) -> String {
    let (first, rest) = text.split_once("request").unwrap();
    let (second, _) = rest.split_once(word).unwrap();
    let before = format!("{first}request{second}");
    let (number, column) = (before.lines().count(), before.lines().last().unwrap().len());
    let (line, margin) = (text.lines().nth(number - 1).unwrap(), " ".repeat(number.to_string().len()));
    let (under, marks) = (" ".repeat(column), "^".repeat(word.len()));
    format!("{margin}--> {file}:{number}:{}\n{margin} |\n{number} | {line}\n{margin} | {under}{marks}\n", column + 1)
}

/// The report of a JSON file with a filter configuration of [`POLICY`] and a step of an unknown policy.
fn expected(file: &str, text: &str, prefix: &str) -> String {
    let (configuration, document) = match prefix.is_empty() {
        true => (String::new(), format!("{file} (policies[0])")),
        false => (format!("{prefix}: "), format!("{file} ({prefix}: policies[0])")),
    };
    format!(
        "error: {configuration}request[0] (SC-2): unknown policy\n{}\n\
         error[URLMissing]: URL is missing in Step SC-1.\n --> {document}:2:3\n  |\n\
         2 |   <HTTPTargetConnection/>\n  |   ^^^^^^^^^^^^^^^^^^^^^^^\n",
        snippet(file, text, "SC-2")
    )
}

#[test]
fn a_filter_configuration_can_be_json_or_yaml() {
    let folder = scratch("configurations");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let configuration = json!({"policies": [POLICY], "request": ["SC-2"]});
    let text = format!("{configuration:#}");
    let file = write("filter.json", &text);
    let json = run(&["check", &file]);
    assert_eq!((json.status, json.output), (1, format!("{}\n2 errors in 1 file\n", expected(&file, &text, ""))));
    let yaml = "policies:\n- |\n  <ServiceCallout name=\"SC-1\">\n    <HTTPTargetConnection/>\n  </ServiceCallout>\nrequest: [SC-2]\n";
    let file = write("filter.yaml", yaml);
    // The lines of a block are those of the file.
    let expected_of_yaml = format!(
        "error[URLMissing]: URL is missing in Step SC-1.\n --> {file}:4:5\n  |\n\
         4 |     <HTTPTargetConnection/>\n  |     ^^^^^^^^^^^^^^^^^^^^^^^\n\n\
         error: request[0] (SC-2): unknown policy\n{}\n2 errors in 1 file\n",
        snippet(&file, yaml, "SC-2")
    );
    let of_yaml = run(&["check", &file]);
    assert_eq!((of_yaml.status, of_yaml.output), (1, expected_of_yaml));
    let healthy = json!({"policies": []});
    let text = format!("{:#}", json!([configuration, {"value": healthy.to_string()}]));
    let several = write("several.json", &text);
    let report = run(&["check", &several]);
    assert_eq!(report.output, format!("{}\n2 errors in 1 file\n", expected(&several, &text, "configuration 1")));
    let other = write("other.yaml", "polices: []\n");
    let expected = format!(
        "error: unknown key polices; did you mean policies?\n --> {other}:1:1\n  |\n1 | polices: []\n  | ^^^^^^^\n\n\
         1 error in 1 file\n"
    );
    assert_eq!(run(&["check", &other]).output, expected);
}

#[test]
fn the_examples_have_no_problems() {
    // The module is a file below the working directory, which `make build` writes.
    let folder = scratch("examples");
    let module = folder.join("target/wasm32-wasip1/release/envoy_callout.wasm");
    std::fs::create_dir_all(module.parent().unwrap()).unwrap();
    std::fs::write(&module, "").unwrap();
    for example in ["geocoding", "orders", "integration"] {
        let file = project().join(format!("examples/{example}/envoy.yaml"));
        let run = run_in(&folder, &["check", file.to_str().unwrap()], &[]);
        assert_eq!((run.status, run.output.as_str()), (0, "no problems in 1 file\n"), "{example}");
    }
}

#[test]
fn syntax_errors_have_positions() {
    let folder = scratch("broken");
    let cases = [
        ("a.json", "{\"policies\": [1,]}", "the configuration is not valid JSON: trailing comma", "1:17"),
        ("a.yaml", "a: [1\nb: 2\n", "the configuration is not valid YAML: illegal placement of ':' indicator", "2:2"),
    ];
    for (name, text, message, position) in cases {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let run = run(&["check", path.to_str().unwrap()]);
        assert_eq!(run.status, 1);
        let start = format!("error: {message}\n --> {}:{position}\n", path.display());
        assert!(run.output.starts_with(&start), "{}", run.output);
    }
}
