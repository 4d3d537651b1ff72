//! `check` of configurations of Envoy.

use super::{run_in, scratch};
use serde_json::{Value, json};
use std::fs;

/// A configuration of Envoy with one plugin.
fn envoy(filter: Value, plugin: Value, clusters: &[&str], module: &str) -> Value {
    let configuration = json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": filter});
    let mut config = json!({
        "name": "callout", "configuration": configuration,
        "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
    });
    config.as_object_mut().unwrap().extend(plugin.as_object().unwrap().clone());
    let filters = json!([{"name": "callout", "typed_config": {"config": config}}]);
    let clusters: Vec<Value> = clusters.iter().map(|name| json!({"name": name})).collect();
    let listener = json!({"filter_chains": [{"filters": [{"typed_config": {"http_filters": filters}}]}]});
    json!({"static_resources": {"listeners": [listener], "clusters": clusters}})
}

const CALLOUT: &str =
    "<ServiceCallout name='SC'><HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>";
const PAYLOAD: &str =
    "<AssignMessage name='AM'><AssignTo>request</AssignTo><Set><Payload>x</Payload></Set></AssignMessage>";

/// The titles of the findings for a file in a folder that contains `module.wasm`.
fn titles(name: &str, envoy: &Value) -> (i32, Vec<String>) {
    let folder = scratch(name);
    fs::write(folder.join("module.wasm"), "").unwrap();
    fs::write(folder.join("envoy.json"), format!("{envoy:#}")).unwrap();
    let run = run_in(&folder, &["check", "envoy.json"], &[]);
    let is_title = |line: &&str| ["error", "warning"].iter().any(|severity| line.starts_with(severity));
    (run.status, run.output.lines().filter(is_title).map(str::to_owned).collect())
}

#[test]
fn clusters_must_exist() {
    let server = json!({"host": "b.test", "port": 80, "cluster": "servers"});
    let filter = json!({
        "policies": [CALLOUT], "request": ["SC"],
        "clusters": {"http://a.test": "servces", "*": "{host}"}, "target_servers": {"s": server},
        "google": {"metadata_cluster": "metadata"},
    });
    let undefined = |user: &str, cluster: &str, hint: &str| {
        format!("error: {user} names the cluster {cluster}, which static_resources.clusters does not define{hint}")
    };
    let file = envoy(filter.clone(), json!({}), &["services"], "module.wasm");
    let expected = [
        undefined("clusters[\"http://a.test\"]", "servces", "; did you mean services?"),
        undefined("target_servers.s.cluster", "servers", "; did you mean services?"),
        undefined("google.metadata_cluster", "metadata", ""),
    ];
    let (status, mut found) = titles("envoy-clusters", &file);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!((status, found), (1, expected));

    let mut dynamic = file.clone();
    dynamic["dynamic_resources"] = json!({"cds_config": {"ads": {}}});
    assert_eq!(titles("envoy-dynamic", &dynamic), (0, Vec::new()));
    let all = envoy(filter, json!({}), &["servces", "servers", "metadata"], "module.wasm");
    assert_eq!(titles("envoy-defined", &all), (0, Vec::new()));
}

#[test]
fn the_module_must_exist() {
    let file = |module: &str| envoy(json!({"policies": []}), json!({}), &[], module);
    assert_eq!(titles("envoy-module", &file("module.wasm")), (0, Vec::new()));
    let text = "`envoy-callout module > FILE` writes it";
    let missing = [
        ("gone.wasm", format!("warning: no module at gone.wasm in the working directory; {text}")),
        ("/no/gone.wasm", format!("warning: no module at /no/gone.wasm on this machine; {text}")),
    ];
    for (module, expected) in missing {
        assert_eq!(titles("envoy-no-module", &file(module)), (0, vec![expected]));
    }
}

#[test]
fn a_plugin_that_reads_bodies_has_the_flag() {
    let filter = json!({"policies": [PAYLOAD], "request": ["AM"]});
    let flag = |plugin: Value| titles("envoy-flag", &envoy(filter.clone(), plugin, &[], "module.wasm"));
    let expected = "warning: the policies use the body of a message: set allow_on_headers_stop_iteration: true next to \
                    configuration of the plugin, else requests with a body wait until stream_idle_timeout";
    assert_eq!(flag(json!({})), (0, vec![expected.to_owned()]));
    assert_eq!(flag(json!({"allow_on_headers_stop_iteration": false})), (0, vec![expected.to_owned()]));
    assert_eq!(flag(json!({"allow_on_headers_stop_iteration": true})), (0, Vec::new()));
    let none = json!({"policies": [PAYLOAD], "request": []});
    let file = envoy(none, json!({}), &[], "module.wasm");
    assert_eq!(titles("envoy-no-body", &file), (0, Vec::new()));
}

#[test]
fn an_envoy_without_the_filter_has_a_warning() {
    let expected =
        "warning: the Envoy configuration contains no configuration of the filter: an object with the list policies";
    assert_eq!(titles("envoy-none", &json!({"static_resources": {}})), (0, vec![expected.to_owned()]));
}

/// A configuration of Envoy with the native filter, as docs/guide/native.md shows it.
fn native(filter: Value, clusters: &[&str]) -> Value {
    let mut file = envoy(filter, json!({}), clusters, "");
    let plugin = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config";
    let plugin = file.pointer_mut(plugin).unwrap();
    let configuration = plugin.pointer("/config/configuration").unwrap().clone();
    *plugin = json!({
        "dynamic_module_config": {"name": "envoy_callout", "do_not_close": true},
        "filter_name": "callout", "filter_config": configuration,
    });
    file
}

#[test]
fn the_clusters_of_the_native_filter_must_exist() {
    let filter = json!({"policies": [CALLOUT], "request": ["SC"], "clusters": {"http://a.test": "servces"}});
    let expected = "error: clusters[\"http://a.test\"] names the cluster servces, which static_resources.clusters does not \
                    define; did you mean services?";
    let found = titles("envoy-native", &native(filter.clone(), &["services"]));
    assert_eq!(found, (1, vec![expected.to_owned()]));
    assert_eq!(titles("envoy-native", &native(filter, &["servces"])), (0, Vec::new()));
    let reads_body = json!({"policies": [PAYLOAD], "request": ["AM"]});
    assert_eq!(titles("envoy-native", &native(reads_body, &[])), (0, Vec::new()));
}

#[test]
fn a_filter_configuration_without_policies_is_an_error() {
    let misspelt = json!({"policy": [CALLOUT], "request": []});
    let error = "error: unknown key policy; did you mean policies?".to_owned();
    let warning =
        "warning: the Envoy configuration contains no configuration of the filter: an object with the list policies";
    let own = "/etc/envoy/envoy_callout.wasm";
    let module = format!("warning: no module at {own} on this machine; `envoy-callout module > FILE` writes it");
    let required = "error: policies is required: a list of policy documents".to_owned();
    let list = "error: policies must be a list, not null".to_owned();
    let cases = [
        (envoy(misspelt.clone(), json!({}), &[], "module.wasm"), (1, vec![error.clone()])),
        (envoy(json!(misspelt.to_string()), json!({}), &[], "module.wasm"), (1, vec![error.clone()])),
        (native(misspelt, &[]), (1, vec![error])),
        (native(json!({}), &[]), (1, vec![required.clone()])),
        (envoy(json!({"policies": null}), json!({}), &[], own), (1, vec![list])),
        (envoy(json!({"request": []}), json!({}), &[], own), (1, vec![required])),
        // Other plugins.
        (envoy(json!({"policy": {"allow": true}}), json!({}), &[], "module.wasm"), (0, vec![warning.to_owned()])),
        (envoy(json!({"rules": []}), json!({}), &[], "module.wasm"), (0, vec![warning.to_owned()])),
        (envoy(json!({"policies": []}), json!({}), &[], own), (0, vec![module])),
    ];
    for (file, expected) in cases {
        assert_eq!(titles("envoy-without-policies", &file), expected, "{file}");
    }
}

#[test]
fn an_origin_without_a_cluster_is_shown_as_an_entry() {
    let file = envoy(json!({"policies": [CALLOUT], "request": ["SC"]}), json!({}), &["a"], "module.wasm");
    let expected = r#"error: no cluster serves http://a.test: add {"http://a.test": CLUSTER} to the filter's clusters"#;
    assert_eq!(titles("envoy-no-cluster", &file), (1, vec![expected.to_owned()]));
}

#[test]
fn the_idle_timeout_is_above_the_timeouts_of_callouts() {
    let callout = |timeout: &str, response: &str| {
        CALLOUT.replace("<HTTP", &format!("{response}<Timeout>{timeout}</Timeout><HTTP"))
    };
    let response = "<Response>r</Response>";
    let warning = |idle: &str, timeout: &str| {
        vec![format!(
            "warning: stream_idle_timeout ({idle} s) is not above the Timeout of SC ({timeout} s): Envoy ends the request while \
             the callout waits"
        )]
    };
    let cases = [
        (Some("5s"), callout("10000", response), warning("5", "10")),
        (Some("5.5s"), callout("5500", response), warning("5.5", "5.5")),
        (None, callout("300000", response), warning("default 300", "300")),
        (None, callout("299000", response), Vec::new()),
        (Some("60s"), CALLOUT.to_owned(), Vec::new()),
        (Some("55s"), CALLOUT.replace("<HTTP", "<Response>r</Response><HTTP"), warning("55", "55")),
        (Some("0s"), callout("10000", response), Vec::new()),
        // The request does not wait.
        (Some("5s"), callout("10000", ""), Vec::new()),
    ];
    for (idle, callout, expected) in cases {
        let filter = json!({"policies": [callout], "request": ["SC"], "clusters": {"http://a.test": "a"}});
        for mut file in [envoy(filter.clone(), json!({}), &["a"], "module.wasm"), native(filter, &["a"])] {
            if let Some(idle) = idle {
                let manager = file.pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config");
                manager.unwrap()["stream_idle_timeout"] = json!(idle);
            }
            assert_eq!(titles("envoy-idle", &file), (0, expected.clone()), "{file}");
        }
    }
}
