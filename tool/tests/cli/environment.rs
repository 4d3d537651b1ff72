//! Environment files: findings of `check`, and the template.

use super::{run_in_project, scratch};

const SHOP: [&str; 2] = ["examples/shop", "examples/shop/trace"];

#[test]
fn check_lists_the_needs_of_the_environment() {
    let run = run_in_project(&["check", SHOP[0], SHOP[1]]);
    let expected = "\
note: https://risk.example.com needs a cluster: SC-Risk calls it
note: hosts that come from variables need a cluster for \"*\": SC-Price calls it
note: the environment must contain the target server catalogue-1: the target endpoint catalogue uses it
note: the environment must contain the target server catalogue-2: the target endpoint catalogue uses it
note: the environment must contain the target server catalogue-standby: the target endpoint catalogue uses it
note: the environment must contain the target server stock-1: SC-Stock uses it
note: the environment must contain the target server stock-2: SC-Stock uses it
note: the environment must contain a Google identity: SC-Risk needs it
note: the environment must contain the properties propertyset.shop.warehouse

no problems in 17 files
";
    assert_eq!((run.status, run.output.as_str(), run.errors.as_str()), (0, expected, ""));
}

#[test]
fn variables_of_the_environment_are_reported() {
    let folder = scratch("names").join("apiproxy");
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::create_dir_all(folder.join("proxies")).unwrap();
    let proxy = "<ProxyEndpoint name='default'><PreFlow><Request><Step><Name>AM</Name></Step></Request></PreFlow>
        <HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>";
    let policy =
        "<AssignMessage name='AM'><Set><Headers><Header name='x'>{organization.name} {apiproxy.revision}</Header>
        </Headers></Set></AssignMessage>";
    std::fs::write(folder.join("a.xml"), "<APIProxy name='a'/>").unwrap();
    std::fs::write(folder.join("proxies/default.xml"), proxy).unwrap();
    std::fs::write(folder.join("policies/AM.xml"), policy).unwrap();
    let bundle = folder.parent().unwrap().to_str().unwrap().to_owned();
    let run = run_in_project(&["check", &bundle]);
    let expected = "note: the environment must contain organization: policies read organization.name\n\n\
                    no problems in 3 files\n";
    assert_eq!((run.status, run.output.as_str()), (0, expected));
    let environment = folder.with_file_name("environment.yaml");
    std::fs::write(&environment, "organization: acme\n").unwrap();
    let rendered =
        run_in_project(&["render", &bundle, "--format", "filter", "--environment", environment.to_str().unwrap()]);
    assert!(rendered.output.contains("\"organization\": \"acme\""), "{} {}", rendered.output, rendered.errors);
    assert!(rendered.output.contains("\"revision\": \"1\""), "{}", rendered.output);
}

#[test]
fn a_missing_entry_of_the_environment_is_an_error() {
    let file = scratch("lacking").join("environment.yaml");
    std::fs::write(&file, "target_servers:\n  stock-1: {host: a, port: 80}\ngoogle: {}\n").unwrap();
    let run = run_in_project(&["check", SHOP[0], SHOP[1], "--environment", file.to_str().unwrap()]);
    assert_eq!(run.status, 1);
    let errors: Vec<&str> = run.output.lines().filter(|line| line.starts_with("error")).collect();
    let expected = [
        "error: unknown target server stock-2: add it to target_servers",
        "error: unknown target server \"catalogue-1\": add it to target_servers of the environment",
        "error: unknown target server \"catalogue-2\": add it to target_servers of the environment",
        "error: unknown target server \"catalogue-standby\": add it to target_servers of the environment",
    ];
    assert_eq!(errors, expected);

    std::fs::write(&file, "organization: acme\n").unwrap();
    let run = run_in_project(&["check", "tests/bundles/risk", "--environment", file.to_str().unwrap()]);
    assert_eq!(run.status, 1);
    assert_eq!(run.output.matches("error[FAILED_PRECONDITION]: Deployment of \"organizations/acme").count(), 2);
}

#[test]
fn a_syntax_error_of_the_environment_has_a_position() {
    let file = scratch("broken-environment").join("environment.yaml");
    std::fs::write(&file, "organization: acme\ntarget_server: {}\n").unwrap();
    let path = file.to_str().unwrap();
    let run = run_in_project(&["check", SHOP[0], SHOP[1], "--environment", path]);
    assert_eq!(run.status, 1);
    let expected = format!(
        "error: unknown key target_server; did you mean target_servers?\n --> {path}:2:1\n  |\n2 | target_server: {{}}\n"
    );
    assert!(run.output.contains(&expected), "{}", run.output);
    let missing = run_in_project(&["check", SHOP[0], "--environment", "nowhere.yaml"]);
    assert_eq!(missing.status, 2);
}

#[test]
fn the_template_contains_the_needs_of_the_bundles() {
    let template = run_in_project(&["render", "--environment-template", SHOP[0], SHOP[1]]);
    assert_eq!((template.status, template.output.as_str()), (0, include_str!("environment.yaml")));
    let file = scratch("template").join("environment.yaml");
    std::fs::write(&file, &template.output).unwrap();
    let check = run_in_project(&["check", SHOP[0], SHOP[1], "--environment", file.to_str().unwrap()]);
    assert_eq!(check.status, 0, "{}", check.output);
    let little = run_in_project(&["render", "--environment-template", "examples/weather"]);
    assert!(!little.output.contains("target_servers"), "{}", little.output);
}
