//! `check`: suggestions, the order of findings, and findings that follow from others.

use super::render::bundle;
use super::{run, scratch};
use std::fs;
use std::path::Path;

const TO_T: &str = "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>";
const TARGET: &str =
    "<TargetEndpoint name='t'><HTTPTargetConnection><URL>http://a.test</URL></HTTPTargetConnection></TargetEndpoint>";
const ASSIGN: &str = "<AssignMessage name='AM-Set'><AssignTo>m</AssignTo></AssignMessage>";

/// A bundle with a target endpoint `t` and a step of `AM-Set`.
fn healthy(name: &str) -> String {
    let path = bundle(name, "<Step><Name>AM-Set</Name></Step>", &[ASSIGN], TO_T);
    write(&path, "targets/t.xml", TARGET);
    path
}

fn write(path: &str, file: &str, content: impl AsRef<[u8]>) {
    fs::write(Path::new(path).join("apiproxy").join(file), content).unwrap();
}

/// Replaces a text of the proxy endpoint.
fn change(path: &str, from: &str, to: &str) {
    let file = Path::new(path).join("apiproxy/proxies/default.xml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// The errors and warnings of a report.
fn problems(report: &str) -> Vec<&str> {
    report.lines().filter(|line| line.starts_with("error") || line.starts_with("warning")).collect()
}

#[test]
fn a_misspelt_name_has_a_suggestion() {
    let cases = [
        ("AM-Set", "AM-Sett", "error: PreFlow request[0] (AM-Sett): unknown policy; did you mean AM-Set?"),
        ("PreFlow>", "Preflow>", "error: unknown element Preflow in ProxyEndpoint; did you mean PreFlow?"),
        ("Request>", "Requests>", "error: unknown element Requests in PreFlow; did you mean Request?"),
    ];
    for (from, to, expected) in cases {
        let path = healthy("suggestions");
        change(&path, from, to);
        let run = run(&["check", &path]);
        assert_eq!((run.status, problems(&run.output)), (1, vec![expected]), "{}", run.output);
    }
    let path = healthy("suggestions");
    write(&path, "targets/t.xml", TARGET.replace("'t'", "'target'"));
    change(&path, ">t<", ">tagret<");
    let expected = "error: unknown target endpoint \"tagret\" in the route rule r; did you mean target?\n";
    let report = run(&["check", &path]).output;
    assert!(report.starts_with(expected) && report.contains("<TargetEndpoint>tagret</TargetEndpoint>"), "{report}");
    let path = healthy("suggestions");
    write(&path, "policies/AM-Set.xml", ASSIGN.replace("AssignTo>", "AsignTo>"));
    let expected = "warning: unknown element AsignTo in AssignMessage is ignored; did you mean AssignTo?";
    assert_eq!(problems(&run(&["check", &path]).output), [expected]);
    let call = "<AssignMessage name='AM-Set'><Set><Path>{toLowercase(request.path)}</Path></Set></AssignMessage>";
    write(&path, "policies/AM-Set.xml", call);
    let expected =
        "error[entities.UnknownStringFunction]: unknown template function toLowercase; did you mean toLowerCase?";
    assert_eq!(problems(&run(&["check", &path]).output), [expected]);
    let callout = "<FlowCallout name='AM-Set'><SharedFlowBundle>logs</SharedFlowBundle></FlowCallout>";
    write(&path, "policies/AM-Set.xml", callout);
    let expected = "error: unknown shared flow logs; did you mean log?";
    let short = run(&["check", &path, "log"]).output;
    assert_eq!(problems(&short), [expected], "{short}");
}

#[test]
fn a_misspelt_outcome_or_policy_of_a_reply_has_a_suggestion() {
    let trace = |reply: &str| {
        let request = "../../tool/tests/cli/trace/near.http";
        run(&["trace", "weather", "log", "--request", request, "--reply", reply])
    };
    for (reply, expected) in [
        ("SC-Place=timeot", "\"timeot\" in --reply is neither a file nor an outcome; did you mean timeout?"),
        ("SC-Plcae=timeout", "unknown policy \"SC-Plcae\" in --reply; did you mean SC-Place?"),
    ] {
        let run = trace(reply);
        assert_eq!(run.status, 2);
        assert!(run.errors.contains(expected), "{}", run.errors);
    }
}

#[test]
fn errors_come_before_warnings() {
    let path = healthy("order");
    write(&path, "policies/A-Spare.xml", "<AssignMessage name='A-Spare'/>");
    change(&path, "<Name>AM-Set", "<Name>X");
    let report = run(&["check", &path]).output;
    let expected = [
        "error: PreFlow request[0] (X): unknown policy",
        "warning: policy A-Spare is not attached to any flow",
        "warning: policy AM-Set is not attached to any flow",
    ];
    assert_eq!(problems(&report.replace("</Name>", "")), expected, "{report}");
}

#[test]
fn what_follows_from_a_finding_is_not_reported() {
    let not_closed = "error: not a well-formed XML document: the root element is not closed";
    let path = healthy("causes");
    for text in ["<AssignMessage name='AM-Set'><Set>", "<AssignMessage name='AM-Set'>"] {
        // The name in the document counts, not the name of the file.
        fs::remove_file(Path::new(&path).join("apiproxy/policies/AM-Set.xml")).ok();
        write(&path, "policies/other.xml", text);
        assert_eq!(problems(&run(&["check", &path]).output), [not_closed], "{text}");
    }
    let not_text = "error: the file is not UTF-8: byte 3 of 8 is invalid";
    for file in ["proxies/default.xml", "targets/t.xml", "policies/AM-Set.xml"] {
        let path = healthy("causes");
        write(&path, file, b"<A\xe9></A>");
        let report = run(&["check", &path]).output;
        assert_eq!(problems(&report), [not_text], "{file}");
        assert!(report.contains(":1:3\n"), "{report}");
    }
    let path = healthy("causes");
    write(&path, "policies/AM-Set.xml", "<AsignMessage name='AM-Set'/>");
    let expected = "error: unknown policy type AsignMessage; did you mean AssignMessage?";
    assert_eq!(problems(&run(&["check", &path]).output), [expected]);
    let path = healthy("causes");
    change(&path, "<BasePath>/a", "<BasePath>{{ PATH }}");
    let expected = "warning: {{ PATH }} looks like an unresolved placeholder";
    assert_eq!(problems(&run(&["check", &path]).output), [expected]);
}

/// `check` without and with an environment, and `render` report the cause only.
#[test]
fn one_mistake_is_one_error() {
    let environment = scratch("one-mistake").join("environment.yaml");
    fs::write(&environment, "organization: acme\n").unwrap();
    let environment = environment.to_str().unwrap();
    let assert_one = |path: &str, expected: &str| {
        let given = [path, "log"];
        let with = [&["check", "--environment", environment][..], &given].concat();
        for arguments in [&[&["check"][..], &given].concat(), &with, &[&["render"][..], &given].concat()] {
            let run = run(arguments);
            let report = if arguments[0] == "check" { &run.output } else { &run.errors };
            assert_eq!((run.status, problems(report)), (1, vec![expected]), "{arguments:?}\n{report}");
        }
    };
    let path = healthy("one-mistake-type");
    write(&path, "policies/AM-Set.xml", "<AsignMessage name='AM-Set'/>");
    assert_one(&path, "error: unknown policy type AsignMessage; did you mean AssignMessage?");
    let path = healthy("one-mistake-flow");
    let callout = "<FlowCallout name='AM-Set'><SharedFlowBundle>logs</SharedFlowBundle></FlowCallout>";
    write(&path, "policies/AM-Set.xml", callout);
    assert_one(&path, "error: unknown shared flow logs; did you mean log?");
    let path = healthy("one-mistake-target");
    write(&path, "targets/t.xml", TARGET.replace("HTTPTargetConnection", "HTTPTargetConection"));
    let expected = "error: unknown element HTTPTargetConection in TargetEndpoint; did you mean HTTPTargetConnection?";
    assert_one(&path, expected);
    let path = healthy("one-mistake-proxy");
    fs::remove_dir_all(Path::new(&path).join("apiproxy/proxies")).unwrap();
    let expected = "error: the bundle one-mistake-proxy has no proxy endpoint, so none of its policies run";
    assert_one(&path, expected);
}

/// A document in a configuration whose name cannot be read may be the one that a step names.
#[test]
fn a_step_of_a_document_with_errors_is_known() {
    let path = scratch("causes-filter").join("filter.json");
    let cases = [
        ("<AssignMessage name='A'><Set>", "error: not a well-formed XML document: the root element is not closed"),
        ("AssignMessage name='A'/>", "error: not a well-formed XML document"),
    ];
    for (policy, expected) in cases {
        fs::write(&path, serde_json::json!({"policies": [policy], "request": ["A"]}).to_string()).unwrap();
        let report = run(&["check", path.to_str().unwrap()]).output;
        let found = problems(&report);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{report}");
    }
}

#[test]
fn the_needs_of_an_environment_with_errors_are_not_listed() {
    let path = bundle(
        "causes-environment",
        "<Step><Name>S</Name></Step>",
        &[
            "<ServiceCallout name='S'><HTTPTargetConnection><LoadBalancer><Server name='one'/></LoadBalancer></HTTPTargetConnection></ServiceCallout>",
        ],
        "<RouteRule name='n'/>",
    );
    let file = Path::new(&path).join("test.yaml");
    fs::write(&file, "target_server: {}\n").unwrap();
    let with = run(&["check", &path, "--environment", file.to_str().unwrap()]).output;
    assert_eq!(problems(&with), ["error: unknown key target_server; did you mean target_servers?"]);
    assert!(!with.contains("must contain"), "{with}");
    assert!(run(&["check", &path]).output.contains("must contain target_servers.one"));
}
