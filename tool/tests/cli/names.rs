//! Names that two bundles or two parts of a bundle share.

use super::render::bundle;
use super::routing::{URL_ROUTE, named, values};
use super::run;
use std::fs;
use std::path::Path;

#[test]
fn names_of_clusters_and_filters_are_unique() {
    let paths = [
        named("names-1", "a_b", "/1", "c", "http://one.test"),
        named("names-2", "a", "/2", "b_c", "http://two.test"),
        named("names-3", "a", "/3", "b_c", "http://three.test"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let run = run(&[&["render"], paths.as_slice()].concat());
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    assert_eq!(values(&run.output, "cluster"), ["target_a_b_c", "target_a_b_c_2", "target_a_b_c_3"]);
    assert_eq!(values(&run.output, "root_id"), ["callout.a.default", "callout.a.default_2", "callout.a_b.default"]);
    assert_eq!(values(&run.output, "host_rewrite_literal"), ["one.test", "three.test", "two.test"]);
}

#[test]
fn names_of_resources_are_unique() {
    let paths = [
        named("labels-1", "A_B", "/1", "t", "http://a.example.com"),
        named("labels-2", "a-b", "/2", "t", "http://a-example.com"),
    ];
    let istio = run(&["render", "--module", "oci://a", "--format", "istio", &paths[0], &paths[1]]);
    assert_eq!((istio.status, istio.errors.as_str()), (0, ""));
    assert_eq!(values(&istio.output, "pluginName"), ["callout-a-b-default", "callout-a-b-default-2"]);
    let names = values(&istio.output, "name");
    assert!(names.contains(&"callout-a-example-com") && names.contains(&"callout-a-example-com-2"), "{names:?}");
    let gateway = run(&["render", "--module", "oci://a", "--format", "envoy-gateway", &paths[0], &paths[1]]);
    assert_eq!((gateway.status, gateway.errors.as_str()), (0, ""));
    assert_eq!(values(&gateway.output, "rootID"), ["callout-a-b-default", "callout-a-b-default-2"]);
    let names = values(&gateway.output, "name");
    assert!(names.contains(&"target-a-b-t") && names.contains(&"target-a-b-t-2"), "{names:?}");
}

#[test]
fn route_rules_with_the_same_name_have_separate_clusters() {
    let path = bundle("names-rules", "", &[], URL_ROUTE);
    let other = "<ProxyEndpoint name='other'><HTTPProxyConnection><BasePath>/b</BasePath></HTTPProxyConnection>\
                 <RouteRule name='r'><URL>http://10.0.0.2:8080</URL></RouteRule></ProxyEndpoint>";
    fs::write(Path::new(&path).join("apiproxy/proxies/other.xml"), other).unwrap();
    let run = run(&["render", &path]);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    assert_eq!(values(&run.output, "cluster"), ["target_names-rules_r", "target_names-rules_r_2"]);
    assert_eq!(values(&run.output, "host_rewrite_literal"), ["10.0.0.1:8080", "10.0.0.2:8080"]);
}
