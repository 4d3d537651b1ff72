//! `render`: its output, and the errors that prevent output.

use super::run::can_run;
use super::{project, run, run_in_project, scratch};
use std::fs;
use std::path::Path;
use std::process::Command;

const SHOP: [&str; 4] = ["examples/shop", "examples/shop/trace", "--environment", "examples/shop/environment.yaml"];

fn shop(more: &[&str]) -> super::Run {
    run_in_project(&[&["render"], &SHOP[..], more].concat())
}

#[test]
fn the_files_in_envoy_are_current() {
    let image = "oci://registry.example.com/envoy-callout:latest";
    let cases: [(&str, &[&str]); 4] = [
        ("envoy.yaml", &["--module", "/etc/envoy/envoy_callout.wasm"]),
        ("envoy-native.yaml", &["--host", "native"]),
        ("istio.yaml", &["--format", "istio", "--module", image]),
        ("envoy-gateway.yaml", &["--format", "envoy-gateway", "--module", image]),
    ];
    for (file, more) in cases {
        let run = run_in_project(&[&["render", "examples/weather"], more].concat());
        assert_eq!((run.status, run.errors.as_str()), (0, ""));
        let kept = fs::read_to_string(project().join("envoy").join(file)).unwrap();
        assert!(run.output == kept, "envoy/{file} is outdated: run `make deployments`");
    }
}

#[test]
fn the_example_of_a_module_has_a_warning() {
    let warning = "warning: the resources name the example oci://registry.example.com/envoy-callout:latest; name your module \
                   with --module oci://IMAGE\n";
    for (format, expected) in [("istio", warning), ("envoy-gateway", warning), ("envoy", ""), ("filter", "")] {
        let run = run_in_project(&["render", "examples/weather", "--format", format]);
        assert_eq!((run.status, run.errors.as_str()), (0, expected), "{format}");
    }
}

#[test]
fn only_envoy_has_the_native_module() {
    for format in ["istio", "envoy-gateway"] {
        let run = run_in_project(&["render", "examples/weather", "--host", "native", "--format", format]);
        let error = "error: the native module runs only in Envoy: --host native needs --format envoy";
        assert_eq!((run.status, run.output.as_str()), (1, ""), "{}", run.errors);
        assert!(run.errors.contains(error), "{}", run.errors);
    }
}

/// Google's metadata server rejects a header that Envoy adds to the calls of dynamic modules.
#[test]
fn the_native_module_sends_no_forwarded_header_to_the_metadata_server() {
    for (host, expected) in [("wasm", 0), ("native", 1)] {
        let run = shop(&["--host", host]);
        assert_eq!(run.status, 0, "{}", run.errors);
        assert_eq!(run.output.matches("remove: x-forwarded-for").count(), expected);
    }
}

#[test]
fn the_filter_accepts_the_configurations_of_every_format() {
    for format in ["envoy", "istio", "envoy-gateway", "filter"] {
        let run = shop(&["--format", format]);
        assert_eq!(run.status, 0, "{}", run.errors);
        let file = scratch(&format!("rendered-{format}")).join("rendered.yaml");
        fs::write(&file, &run.output).unwrap();
        if format != "filter" {
            let check = run_in_project(&["check", file.to_str().unwrap()]);
            assert_eq!(check.status, 0, "{}", check.output);
        }
    }
}

#[test]
fn the_format_filter_is_json_for_each_endpoint() {
    let run = shop(&["--format", "filter"]);
    let configurations = serde_json::Deserializer::from_str(&run.output).into_iter::<serde_json::Value>();
    let configurations: Vec<serde_json::Value> = configurations.map(Result::unwrap).collect();
    assert_eq!(configurations.len(), 2);
    let expected = serde_json::json!({"https://risk.example.com": "risk.example.com_443", "*": "any_host_{scheme}"});
    for configuration in configurations {
        assert_eq!(configuration["clusters"], expected);
        let expected = ["stock-1", "stock-2"];
        let servers: Vec<&String> = configuration["target_servers"].as_object().unwrap().keys().collect();
        assert_eq!(servers, expected);
        assert_eq!(configuration["properties"]["propertyset.shop.warehouse"], "north");
        assert_eq!(configuration["google"]["iam_cluster"], "google_iam");
    }
}

#[test]
fn a_bundle_with_errors_is_not_rendered() {
    let run = run_in_project(&["render", "examples/shop", "examples/shop/trace"]);
    assert_eq!((run.status, run.output.as_str()), (1, ""));
    for error in [
        "error: unknown target server \"catalogue-1\": add it to target_servers of the environment",
        "error: unknown target server stock-1: add it to target_servers",
        "error[FAILED_PRECONDITION]",
    ] {
        assert!(run.errors.contains(error), "{}", run.errors);
    }
}

#[test]
fn only_proxies_can_be_rendered() {
    let policy = run(&["render", "weather/apiproxy/policies/SC-Place.xml"]);
    assert_eq!((policy.status, policy.output.as_str()), (1, ""));
    assert!(policy.errors.contains("SC-Place.xml is not a bundle"), "{}", policy.errors);
    assert!(policy.errors.contains("no proxy to render"), "{}", policy.errors);
}

/// A bundle with steps in one flow, policies and route rules.
pub(crate) fn bundle(name: &str, steps: &str, policies: &[&str], routes: &str) -> String {
    let folder = scratch(name).join("apiproxy");
    for inner in ["policies", "proxies", "targets"] {
        fs::create_dir_all(folder.join(inner)).unwrap();
    }
    for policy in policies {
        let name = policy.split("name='").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        fs::write(folder.join(format!("policies/{name}.xml")), policy).unwrap();
    }
    let proxy = format!(
        "<ProxyEndpoint name='default'><PreFlow><Request>{steps}</Request></PreFlow><HTTPProxyConnection>\
         <BasePath>/a</BasePath></HTTPProxyConnection>{routes}</ProxyEndpoint>"
    );
    fs::write(folder.join("proxies/default.xml"), proxy).unwrap();
    folder.parent().unwrap().to_str().unwrap().to_owned()
}

const URL_ROUTE: &str = "<RouteRule name='r'><URL>http://10.0.0.1:8080/x/</URL></RouteRule>";

#[test]
fn bodies_are_enabled_where_a_policy_needs_them() {
    let policy = "<AssignMessage name='A'><AssignTo>request</AssignTo><Set><Payload>x</Payload></Set></AssignMessage>";
    let path = bundle("body", "<Step><Name>A</Name></Step>", &[policy], URL_ROUTE);
    for (format, expected) in [
        ("envoy", "allow_on_headers_stop_iteration: true"),
        ("envoy", "per_connection_buffer_limit_bytes: 10485760"),
        ("istio", "applyTo: EXTENSION_CONFIG"),
        ("envoy-gateway", "path: allow_on_headers_stop_iteration"),
    ] {
        let run = run_in_project(&["render", &path, "--format", format]);
        assert!(run.output.contains(expected), "{format}: {} {}", run.errors, run.output);
    }
}

#[test]
fn a_route_rule_can_contain_a_url() {
    let run = run_in_project(&["render", &bundle("url", "", &[], URL_ROUTE)]);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    for expected in ["exact: r\n", "prefix_rewrite: /x\n", "host_rewrite_literal: 10.0.0.1:8080\n", "type: STATIC\n"] {
        assert!(run.output.contains(expected), "{expected}: {}", run.output);
    }
    let gone = "<RouteRule name='r'><TargetEndpoint>gone</TargetEndpoint></RouteRule>";
    let run = run_in_project(&["render", &bundle("gone", "", &[], gone)]);
    assert_eq!(run.status, 1);
    assert!(run.errors.contains("error: unknown target endpoint \"gone\" in the route rule r"));
}

#[test]
fn policy_types_that_do_not_run_are_rejected_or_skipped() {
    let path = bundle("types", "<Step><Name>Q</Name></Step>", &["<Quota name='Q'/>"], URL_ROUTE);
    let rejected = run_in_project(&["render", &path]);
    assert_eq!((rejected.status, rejected.output.as_str()), (1, ""));
    let skipped = run_in_project(&["render", &path, "--skip-unsupported"]);
    assert_eq!(skipped.status, 0, "{}", skipped.errors);
    assert!(skipped.output.contains("unsupported_policies: skip"));
}

/// Every command lists the policies, and `render` writes nothing without consent.
#[test]
fn authentication_that_is_not_enforced_is_loud() {
    let steps = "<Step><Name>OA</Name></Step><Step><Name>VK</Name></Step><Step><Name>Q</Name></Step>";
    let policies = ["<OAuthV2 name='OA'/>", "<VerifyAPIKey name='VK'/>", "<Quota name='Q'/>"];
    let path = bundle("open", steps, &policies, URL_ROUTE);
    let text = "authentication is not enforced: the filter skips OAuthV2 (OA), VerifyAPIKey (VK)";
    let rejected = run_in_project(&["render", &path, "--skip-unsupported"]);
    assert_eq!((rejected.status, rejected.output.as_str()), (1, ""));
    let error = format!("error: {text}; --skip-unsupported=including-authentication allows this\n");
    assert!(rejected.errors.contains(&error), "{}", rejected.errors);
    for (format, starts) in [("envoy", true), ("istio", true), ("envoy-gateway", true), ("filter", false)] {
        let skip = "--skip-unsupported=including-authentication";
        let rendered = run_in_project(&["render", &path, "--format", format, skip]);
        assert_eq!(rendered.status, 0, "{}", rendered.errors);
        assert!(rendered.errors.contains(&format!("warning: {text}\n")), "{}", rendered.errors);
        let comment = "# WARNING: Authentication is not enforced: the filter skips OAuthV2 (OA), VerifyAPIKey (VK).";
        assert_eq!(rendered.output.lines().nth(1) == Some(comment), starts, "{}", rendered.output);
    }
    let check = run_in_project(&["check", &path, "--skip-unsupported=including-authentication"]);
    assert!(check.status == 0 && check.output.contains(&format!("warning: {text}\n")), "{}", check.output);
    let request = scratch("open-request").join("request.http");
    fs::write(&request, "GET /a HTTP/1.1\n\n").unwrap();
    let trace = run_in_project(&["trace", &path, "--request", request.to_str().unwrap()]);
    assert!(
        trace.status == 0 && trace.output.contains("\nwarning: authentication is not enforced: "),
        "{}",
        trace.output
    );
    for skip in [&[][..], &["--skip-unsupported"]] {
        let check = run_in_project(&[&["check", &path], skip].concat());
        let render = run_in_project(&[&["render", &path], skip].concat());
        assert_eq!((check.status, check.output), (1, render.errors), "{skip:?}");
    }
    let other = bundle("closed", "<Step><Name>Q</Name></Step>", &["<Quota name='Q'/>"], URL_ROUTE);
    let quiet = run_in_project(&["render", &other, "--skip-unsupported"]);
    assert!(quiet.status == 0 && !quiet.output.contains("WARNING"), "{}", quiet.output);
}

#[test]
fn a_proxy_among_the_paths_is_a_local_proxy() {
    let call = "<ServiceCallout name='S'><Response>r</Response><LocalTargetConnection><APIProxy>weather</APIProxy>\
                </LocalTargetConnection></ServiceCallout>";
    let path = bundle("local", "<Step><Name>S</Name></Step>", &[call], URL_ROUTE);
    let run = run_in_project(&["render", &path, "examples/weather", "--port", "8123"]);
    assert_eq!(run.status, 0, "{}", run.errors);
    assert!(run.output.contains("cluster: this_listener"), "{}", run.output);
    let alone = run_in_project(&["render", &path]);
    assert!(alone.errors.contains("unknown endpoint default of proxy weather"), "{}", alone.errors);
}

const INTEGRATION_HOST: &str = "us-west1-integrations.googleapis.com";

/// An environment file with an identity.
fn identity(name: &str) -> String {
    let file = scratch(name).join("environment.yaml");
    fs::write(&file, "organization: acme\ngoogle: {service_account: risk@acme.iam.gserviceaccount.com}\n").unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn an_integration_endpoint_gets_clusters_and_no_route() {
    let environment = identity("integration");
    let risk = ["render", "tests/bundles/risk", "--environment", &environment];
    let filter = run_in_project(&[&risk[..], &["--format", "filter"]].concat());
    let filter: serde_json::Value = serde_json::from_str(&filter.output).unwrap();
    let expected = serde_json::json!({
        "metadata_cluster": "google_metadata",
        "service_account": "risk@acme.iam.gserviceaccount.com",
        "iam_cluster": "google_iam",
    });
    assert_eq!(filter["google"], expected);
    let cluster = format!("{INTEGRATION_HOST}_443");
    assert_eq!(filter["clusters"], serde_json::json!({format!("https://{INTEGRATION_HOST}"): cluster}));
    assert_eq!(filter["integration_endpoints"].as_array().unwrap().len(), 1);

    let envoy = run_in_project(&risk);
    assert_eq!((envoy.status, envoy.errors.as_str()), (0, ""));
    // The timeout of an integration is two minutes.
    assert!(envoy.output.contains("stream_idle_timeout: 125s\n"));
    assert!(!envoy.output.contains("x-callout-target"), "{}", envoy.output);
    assert!(envoy.output.contains(&format!("        sni: {INTEGRATION_HOST}\n")));
    assert!(envoy.output.contains(&format!("              matcher:\n                exact: {INTEGRATION_HOST}\n")));
    let clusters = envoy.output.lines().filter_map(|line| line.trim().strip_prefix("cluster_name: "));
    assert_eq!(clusters.collect::<Vec<_>>(), [cluster.as_str(), "google_metadata", "google_iam"]);

    let rejected = run_in_project(&["render", "tests/bundles/risk"]);
    assert_eq!((rejected.status, rejected.output.as_str()), (1, ""));
    let errors = rejected.errors.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, 3, "{}", rejected.errors);
}

#[test]
fn the_region_of_an_integration_can_come_from_a_variable() {
    let set = "<SetIntegrationRequest name='S'><IntegrationRegion ref='request.queryparam.region'/><ApiTrigger>t</ApiTrigger>\
               </SetIntegrationRequest>";
    let call = "<IntegrationCallout name='C'><Request>integration.request</Request></IntegrationCallout>";
    let steps = "<Step><Name>S</Name></Step><Step><Name>C</Name></Step>";
    let path = bundle("region", steps, &[set, call], URL_ROUTE);
    let run = run_in_project(&["render", &path, "--environment", &identity("region-identity"), "--format", "filter"]);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    let filter: serde_json::Value = serde_json::from_str(&run.output).unwrap();
    assert_eq!(filter["clusters"], serde_json::json!({"*": "any_host_{scheme}"}));
    assert_eq!(filter["google"]["metadata_cluster"], "google_metadata");
}

#[test]
fn a_target_that_gets_a_token_needs_an_identity() {
    let path = bundle("target-token", "", &[], "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>");
    let target = "<TargetEndpoint name='t'><HTTPTargetConnection><URL>https://t.example.com</URL><Authentication>\
                  <GoogleIDToken><Audience>a</Audience></GoogleIDToken></Authentication></HTTPTargetConnection>\
                  </TargetEndpoint>";
    fs::write(Path::new(&path).join("apiproxy/targets/t.xml"), target).unwrap();
    let template = run_in_project(&["render", &path, "--environment-template"]);
    assert!(template.output.contains("# Google tokens, for the target endpoint t."), "{}", template.output);
    let run = run_in_project(&["render", &path, "--environment", &identity("target-identity"), "--format", "filter"]);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    assert!(run.output.contains("\"iam_cluster\": \"google_iam\""), "{}", run.output);
}

#[test]
fn envoy_accepts_the_clusters_of_integrations() {
    if !can_run() {
        return;
    }
    let environment = identity("integration-envoy");
    let module = std::env::var("CALLOUT_WASM").unwrap();
    let run = run_in_project(&["render", "tests/bundles/risk", "--environment", &environment, "--module", &module]);
    let file = Path::new(&environment).with_file_name("envoy.yaml");
    fs::write(&file, run.output).unwrap();
    let envoy = Command::new(std::env::var("ENVOY").unwrap())
        .args(["--mode", "validate", "--log-level", "warning", "--config-path"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(envoy.status.success(), "{}", String::from_utf8_lossy(&envoy.stderr));
}

#[test]
fn resources_that_policies_read_are_embedded() {
    let assign = |url: &str| {
        format!(
            "<AssignMessage name='A'><AssignVariable><Name>v</Name><ResourceURL>{url}</ResourceURL></AssignVariable></AssignMessage>"
        )
    };
    let render = |url: &str| {
        let path = bundle("resources", "<Step><Name>A</Name></Step>", &[&assign(url)], URL_ROUTE);
        let write = |file: &str, bytes: &[u8]| {
            let file = Path::new(&path).join("apiproxy/resources").join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        };
        write("jsc/a.js", b"var a;\n");
        write("oas/b.yaml", b"b: 1\n");
        write("xsl/c.xsl", b"\xff");
        let run = run_in_project(&["render", &path, "--format", "filter"]);
        let filter: serde_json::Value = serde_json::from_str(&run.output).unwrap();
        (filter["resources"].clone(), run.errors)
    };
    let json = |value: serde_json::Value| (value, String::new());
    assert_eq!(render("jsc://a.js"), json(serde_json::json!({"jsc://a.js": "var a;\n"})));
    let all = serde_json::json!({"jsc://a.js": "var a;\n", "oas://b.yaml": "b: 1\n"});
    assert_eq!(render("oas://{request.queryparam.x}"), json(all));
    let (resources, errors) = render("jsc://gone.js");
    assert_eq!(resources, serde_json::Value::Null);
    assert!(
        errors.contains("warning: unknown resource jsc://gone.js: the bundle has no such file in resources\n"),
        "{errors}"
    );
}
