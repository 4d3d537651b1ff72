//! Environment files: findings of `check`, and the template.

use super::{run_in_project, scratch};

const SHOP: [&str; 2] = ["examples/shop", "examples/shop/trace"];

#[test]
fn check_lists_the_needs_of_the_environment() {
    let run = run_in_project(&["check", SHOP[0], SHOP[1]]);
    let titles: Vec<&str> = run.output.lines().filter(|line| line.contains("environment file")).collect();
    let must = |entry: &str, user: &str| {
        format!("error: the environment file (--environment) must contain {entry}: {user} it")
    };
    let expected = [
        must("google", "SC-Risk needs"),
        must("target_servers.stock-1", "SC-Stock uses"),
        must("target_servers.stock-2", "SC-Stock uses"),
        must("target_servers.catalogue-1", "the target endpoint catalogue uses"),
        must("target_servers.catalogue-2", "the target endpoint catalogue uses"),
        must("target_servers.catalogue-standby", "the target endpoint catalogue uses"),
        "note: the environment file (--environment) should contain property_sets.shop.warehouse".to_owned(),
    ];
    assert_eq!((run.status, titles, run.errors.as_str()), (1, expected.iter().map(String::as_str).collect(), ""));
    assert!(run.output.ends_with("\n6 errors in 17 files\n"), "{}", run.output);
    // Entries of a shared flow without its proxy are notes: it is not rendered.
    let folder = scratch("needs-of-flow").join("sharedflowbundle");
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::create_dir_all(folder.join("sharedflows")).unwrap();
    let callout = "<ServiceCallout name='SC'><HTTPTargetConnection><LoadBalancer><Server name='s'/></LoadBalancer>\
                   </HTTPTargetConnection></ServiceCallout>";
    std::fs::write(folder.join("policies/SC.xml"), callout).unwrap();
    let flow = "<SharedFlow name='default'><Step><Name>SC</Name></Step></SharedFlow>";
    std::fs::write(folder.join("sharedflows/default.xml"), flow).unwrap();
    let run = run_in_project(&["check", folder.to_str().unwrap()]);
    let note = "note: the environment file (--environment) must contain target_servers.s: SC uses it\n\nno problems in 2 files\n";
    assert_eq!((run.status, run.output.as_str()), (0, note));
}

/// `check` without the environment fails for the same bundles as `render`.
#[test]
fn check_and_render_agree_about_the_environment() {
    for bundles in [&["examples/shop", "examples/shop/trace"][..], &["tests/bundles/risk"], &["examples/weather"]] {
        let check = run_in_project(&[&["check"], bundles].concat());
        let render = run_in_project(&[&["render"], bundles].concat());
        assert_eq!(check.status, render.status, "{bundles:?}\n{}\n{}", check.output, render.errors);
    }
}

/// Every problem of an environment file is reported at once, by each command.
#[test]
fn all_problems_of_an_environment_file_are_reported() {
    let file = scratch("problems-of-environment").join("environment.yaml");
    let text = "organisation: acme\ntarget_servers:\n  stock-1: {host: a, prt: 80}\n  stock-2: {host: b, port: http}\n";
    std::fs::write(&file, text).unwrap();
    let expected = [
        "error: unknown key organisation; did you mean organization?",
        "error: target_servers.stock-1.port is missing",
        "error: unknown key target_servers.stock-1.prt; did you mean port?",
        "error: target_servers.stock-2.port must be an integer from 1 to 65535, not \"http\"",
    ];
    for command in ["check", "render"] {
        let run = run_in_project(&[command, SHOP[0], SHOP[1], "--environment", file.to_str().unwrap()]);
        let text = if command == "check" { &run.output } else { &run.errors };
        let found: Vec<&str> = text.lines().filter(|line| line.starts_with("error")).take(4).collect();
        assert_eq!((run.status, found), (1, expected.to_vec()), "{text}");
    }
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
    let expected = "note: the environment file (--environment) should contain organization: policies read organization.name\n\n\
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
        "error: unknown target server stock-2: add it to target_servers of the environment",
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
    let warnings: Vec<&str> = check.output.lines().filter(|line| line.starts_with("warning: ")).collect();
    let placeholder =
        |key: &str, placeholder: &str| format!("warning: {key} contains the placeholder {placeholder} of the template");
    let expected = [
        placeholder("organization", "ORGANIZATION"),
        placeholder("environment", "ENVIRONMENT"),
        placeholder("target_servers.catalogue-1.host", "HOST"),
        placeholder("target_servers.catalogue-2.host", "HOST"),
        placeholder("target_servers.catalogue-standby.host", "HOST"),
        placeholder("target_servers.stock-1.host", "HOST"),
        placeholder("target_servers.stock-2.host", "HOST"),
        placeholder("property_sets.shop.warehouse", "VALUE"),
        placeholder("google.service_account", "NAME@PROJECT.iam.gserviceaccount.com"),
        placeholder("allowed_hosts[0]", "HOST"),
        placeholder("allowed_hosts[1]", "*.SUFFIX"),
    ];
    assert_eq!((check.status, warnings), (0, expected.iter().map(String::as_str).collect()), "{}", check.output);
    let position = format!(
        "{}\n --> {}:8:23\n  |\n8 |   catalogue-1: {{host: HOST, port: 80, tls: false}}\n  |                       ^^^^\n",
        expected[2],
        file.display()
    );
    assert!(check.output.contains(&position), "{}", check.output);
    let options = ["--environment", file.to_str().unwrap()];
    let rendered = run_in_project(&[&["render", SHOP[0], SHOP[1]], &options[..]].concat());
    let all = expected.iter().all(|warning| rendered.errors.contains(warning));
    assert!(rendered.status == 0 && all, "{}", rendered.errors);
    let denied = run_in_project(&[&["check", "--deny", "placeholder", SHOP[0], SHOP[1]], &options[..]].concat());
    assert_eq!((denied.status, denied.output.contains("11 errors in 18 files")), (1, true), "{}", denied.output);
    let little = run_in_project(&["render", "--environment-template", "examples/weather"]);
    assert!(!little.output.contains("target_servers"), "{}", little.output);
}

#[test]
fn key_value_maps_come_from_the_environment() {
    let folder = scratch("maps").join("apiproxy");
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::create_dir_all(folder.join("proxies")).unwrap();
    let proxy = "<ProxyEndpoint name='default'><PreFlow><Request><Step><Name>KV</Name></Step></Request></PreFlow>
        <HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>";
    let policy = "<KeyValueMapOperations name='KV' mapIdentifier='backends'><Get assignTo='private.secret'><Key>
        <Parameter>secret</Parameter></Key></Get></KeyValueMapOperations>";
    std::fs::write(folder.join("a.xml"), "<APIProxy name='a'/>").unwrap();
    std::fs::write(folder.join("proxies/default.xml"), proxy).unwrap();
    std::fs::write(folder.join("policies/KV.xml"), policy).unwrap();
    let bundle = folder.parent().unwrap().to_str().unwrap().to_owned();
    let check = run_in_project(&["check", &bundle]);
    let warning = "warning: unknown key value map backends: add it to key_value_maps of the environment\n";
    assert!(check.status == 0 && check.output.starts_with(warning), "{}", check.output);

    let template = run_in_project(&["render", "--environment-template", &bundle]).output;
    let section = "key_value_maps:\n  backends:\n    encrypted: true\n    entries:\n      secret: VALUE\n";
    assert!(template.contains(section), "{template}");
    let file = folder.with_file_name("environment.yaml");
    let settings = "cache: {max_bytes: 1000, coalesce: yes}\n";
    let filled = template.replace("VALUE", "[1.10, b]").replace("ORGANIZATION", "acme").replace("ENVIRONMENT", "test");
    std::fs::write(&file, filled + settings).unwrap();
    let with =
        |command: &[&str]| run_in_project(&[command, &[&bundle, "--environment", file.to_str().unwrap()]].concat());
    assert_eq!(with(&["check"]).output, "no problems in 4 files\n");
    let rendered: serde_json::Value = serde_json::from_str(&with(&["render", "--format", "filter"]).output).unwrap();
    let maps = serde_json::json!({"backends": {"encrypted": true, "entries": {"secret": ["1.10", "b"]}}});
    assert_eq!(rendered["key_value_maps"], maps);
    assert_eq!(rendered["cache"], serde_json::json!({"max_bytes": 1000, "coalesce": true}));
    std::fs::write(
        &file,
        "cache: {max_bytes: 1k}\nkey_value_maps: {backends: {encrypt: true, entries: {secret: {a: b}}}}\n",
    )
    .unwrap();
    let problems = with(&["check"]).output;
    for expected in [
        "cache.max_bytes must be a non-negative integer, not \"1k\"",
        "unknown key key_value_maps.backends.encrypt; did you mean encrypted?",
        "key_value_maps.backends.entries.secret must be a text, not an object",
    ] {
        assert!(problems.contains(expected), "{problems}");
    }
}
