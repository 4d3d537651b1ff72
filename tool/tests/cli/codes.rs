//! Codes of findings: `--list`, `--allow`, `--deny`, the configuration file, and the formats that contain codes.

use super::{bundles, run, run_in, scratch, tool};
use serde_json::{Value, json};
use std::fs;

/// The output with codes and the status.
fn raw(arguments: &[&str]) -> (i32, String) {
    let output = tool(&bundles(), arguments, &[]).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// A policy in a file with another name, with an unknown element.
fn policy(name: &str) -> String {
    let file = scratch(name).join("SC,1.xml");
    let text = "<ServiceCallout name='SC-1' continueOnError='no!'>\n  <Tiemout>5</Tiemout>\n  \
                <HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection>\n</ServiceCallout>\n";
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn codes_are_listed() {
    let list = run(&["check", "--list"]);
    assert_eq!((list.status, list.errors.as_str()), (0, ""));
    let lines: Vec<&str> = list.output.lines().collect();
    let names: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    for code in ["unused-policy", "unknown-element", "missing-url", "undefined-cluster"] {
        assert!(names.contains(&code), "{code}");
    }
    let apigee = "an HTTPTargetConnection has no URL and no LoadBalancer (Apigee: URLMissing)";
    assert!(lines.iter().any(|line| line.starts_with("missing-url ") && line.ends_with(apigee)), "{}", list.output);
}

#[test]
fn texts_contain_the_codes() {
    let file = policy("codes-text");
    let (status, output) = raw(&["check", &file, "troubled/apiproxy/policies/SC-NoURL.xml"]);
    assert_eq!(status, 1);
    let titles: Vec<&str> = output.lines().filter(|line| line.contains("]: ")).collect();
    let expected = [
        "error[InvalidTimeoutValue]: Invalid Timeout value 0. Timeout is a positive number of milliseconds",
        "error[URLMissing]: URL is missing in Step SC-NoURL.",
        "warning[invalid-boolean]: continueOnError must be true or false, got \"no!\"; false is used",
        "warning[unknown-element]: unknown element Tiemout in ServiceCallout is ignored; did you mean Timeout?",
        "warning[invalid-boolean]: continueOnError must be true or false, got \"yes\"; false is used",
        "note[needs-cluster]: http://a.test needs a cluster in clusters of the filter configuration: SC-1 calls it",
    ];
    assert_eq!(titles, expected);
}

#[test]
fn codes_are_allowed_and_denied() {
    let file = policy("codes-selected");
    let summary = |arguments: &[&str]| {
        let run = run(&[&["check", &file], arguments].concat());
        (run.status, run.output.lines().last().unwrap_or_default().to_owned())
    };
    let cases: [(&[&str], i32, &str); 7] = [
        (&[], 0, "2 warnings in 1 file"),
        (&["--allow", "unknown-element"], 0, "1 warning in 1 file"),
        (&["--allow", "unknown-element,invalid-boolean", "--deny-warnings"], 0, "no problems in 1 file"),
        (&["--deny", "unknown-element"], 1, "1 error, 1 warning in 1 file"),
        (&["--deny", "needs-cluster"], 1, "1 error, 2 warnings in 1 file"),
        (&["--allow", "unknown-element", "--allow", "invalid-boolean"], 0, "no problems in 1 file"),
        (&["--allow", "unknown-element", "--deny", "unknown-element"], 1, "1 error, 1 warning in 1 file"),
    ];
    for (arguments, status, last) in cases {
        assert_eq!(summary(arguments), (status, last.to_owned()), "{arguments:?}");
    }
    let unknown = run(&["check", &file, "--allow", "unknown-elemnt"]);
    assert_eq!(unknown.status, 2);
    let text =
        "unknown code unknown-elemnt; did you mean unknown-element? `envoy-callout check --list` lists the codes";
    assert!(unknown.errors.contains(text), "{}", unknown.errors);
}

#[test]
fn a_file_selects_codes() {
    let file = policy("codes-file");
    let folder = std::path::Path::new(&file).parent().unwrap();
    let configuration = folder.join(".envoy-callout.yaml");
    fs::write(&configuration, "allow: [unknown-element]\ndeny: [invalid-boolean]\n").unwrap();
    let last = |run: &super::Run| run.output.lines().last().unwrap_or_default().to_owned();
    let found = run(&["check", &file]);
    assert_eq!((found.status, last(&found).as_str()), (1, "1 error in 1 file"));
    // The arguments precede the file.
    let allowed = run(&["check", &file, "--allow", "invalid-boolean"]);
    assert_eq!((allowed.status, last(&allowed).as_str()), (0, "no problems in 1 file"));
    let denied = run(&["check", &file, "--deny", "unknown-element"]);
    assert_eq!((denied.status, last(&denied).as_str()), (1, "2 errors in 1 file"));

    let other = folder.join("other.yaml");
    fs::write(&other, "# nothing\n").unwrap();
    let named = run(&["check", &file, "--config", other.to_str().unwrap()]);
    assert_eq!((named.status, last(&named).as_str()), (0, "2 warnings in 1 file"));
    let here = run_in(folder, &["check", &bundles().join("log").display().to_string()], &[]);
    assert_eq!(here.status, 0, "{}", here.errors);

    let cases = [
        ("allow: [unused-polici]\n", "unknown code unused-polici; did you mean unused-policy?"),
        ("alow: []\n", "alow"),
    ];
    for (text, message) in cases {
        fs::write(&other, text).unwrap();
        let run = run(&["check", &file, "--config", other.to_str().unwrap()]);
        assert_eq!((run.status, run.output.as_str()), (2, ""));
        let start = format!("envoy-callout: {}: ", other.display());
        assert!(run.errors.starts_with(&start) && run.errors.contains(message), "{}", run.errors);
    }
    assert_eq!(run(&["check", &file, "--config", "gone.yaml"]).status, 2);
}

/// The required fields of SARIF 2.1.0 and those that code scanning reads.
#[test]
fn a_report_can_be_sarif() {
    let file = policy("codes sarif");
    let configuration = scratch("codes-sarif-filter").join("filter.json");
    let text = json!({"policies": ["<ServiceCallout name='SC-2'>\n<HTTPTargetConnection/></ServiceCallout>"]});
    fs::write(&configuration, text.to_string()).unwrap();
    let (status, output) = raw(&["check", "--format", "sarif", "troubled", &file, configuration.to_str().unwrap()]);
    assert_eq!(status, 1);
    let log: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("{output}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "envoy-callout");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 15, "{output}");
    let (_, json) = raw(&["check", "--json", "troubled", &file, configuration.to_str().unwrap()]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(results.len(), json["findings"].as_array().unwrap().len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(result["message"]["text"].is_string(), "{result}");
        for location in result["locations"].as_array().unwrap() {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.contains(' '), "{uri}");
            assert!(physical["region"]["startLine"].as_u64().unwrap() > 0, "{result}");
        }
    }
    let of = |rule: &str| results.iter().filter(|result| result["ruleId"] == rule).collect::<Vec<_>>();
    let element = of("unknown-element");
    let region = json!({"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 23});
    assert_eq!(element.len(), 1);
    assert_eq!(element[0]["locations"][0]["physicalLocation"]["region"], region);
    let uri = element[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") && uri.ends_with("/codes%20sarif/SC,1.xml"), "{uri}");
    // The lines of a document in a configuration are not those of the file.
    let inner = of("missing-url");
    let inner = inner.iter().find(|result| result["message"]["text"] == "URL is missing in Step SC-2.").unwrap();
    assert_eq!(inner["locations"][0]["physicalLocation"]["region"], json!({"startLine": 1}));
    assert_eq!(inner["locations"][0]["logicalLocations"], json!([{"fullyQualifiedName": "policies[0]"}]));
}

#[test]
fn a_report_can_be_junit() {
    let file = policy("codes-junit");
    let (status, output) = raw(&["check", "--format", "junit", &file, "--deny", "unknown-element"]);
    assert_eq!(status, 1);
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"envoy-callout check\" tests=\"1\" failures=\"1\" errors=\"0\">\n  \
         <testsuite name=\"envoy-callout check\" tests=\"1\" failures=\"1\" errors=\"0\">\n    \
         <testcase classname=\"envoy-callout\" name=\"{file}\">\n      \
         <failure type=\"unknown-element\" message=\"unknown element Tiemout in ServiceCallout is ignored; did you mean Timeout?\">\
         {file}:2:3: error[unknown-element]: unknown element Tiemout in ServiceCallout is ignored; did you mean Timeout?</failure>\n      \
         <system-out>{file}:1:29: warning[invalid-boolean]: continueOnError must be true or false, got &quot;no!&quot;; false is \
         used&#10;{file}:3:25: note[needs-cluster]: http://a.test needs a cluster in clusters of the filter configuration: \
         SC-1 calls it</system-out>\n    </testcase>\n  </testsuite>\n</testsuites>\n"
    );
    assert_eq!(output, expected);
    let (status, output) = raw(&["check", "--format", "junit", "--deny-warnings", &file]);
    assert_eq!((status, output.matches("<failure").count()), (1, 2));
    let (status, output) = raw(&["check", "--format", "junit", "log"]);
    assert_eq!((status, output.matches("<testcase").count(), output.matches("<failure").count()), (0, 1, 0));
}

#[test]
fn a_report_can_be_annotations_of_github() {
    let file = policy("codes-github");
    let (status, output) = raw(&["check", "--format", "github", &file, "--deny", "unknown-element"]);
    assert_eq!(status, 1);
    let escaped = file.replace(',', "%2C");
    let expected = format!(
        "::error file={escaped},line=2,col=3,endLine=2,endColumn=23,title=unknown-element::unknown element Tiemout in \
         ServiceCallout is ignored; did you mean Timeout?\n\
         ::warning file={escaped},line=1,col=29,endLine=1,endColumn=50,title=invalid-boolean::continueOnError must be true or false, got \
         \"no!\"; false is used\n\
         ::notice file={escaped},line=3,col=25,endLine=3,endColumn=49,title=needs-cluster::http://a.test needs a cluster in \
         clusters of the filter configuration: SC-1 calls it\n"
    );
    assert_eq!(output, expected);
}
