//! Proxies that call shared flows.

use super::render::bundle;
use super::routing::problems;
use super::{run, scratch};
use std::fs;
use std::path::Path;

/// A proxy that calls a shared flow, with a policy of one name and a property of one key in both.
fn caller(name: &str, own: &str, shared: &str, own_value: &str, shared_value: &str) -> [String; 2] {
    let call = "<FlowCallout name='F'><SharedFlowBundle>common</SharedFlowBundle></FlowCallout>";
    let steps = "<Step><Name>A</Name></Step><Step><Name>F</Name></Step>";
    let proxy = bundle(name, steps, &[own, call], "<RouteRule name='r'/>");
    let flow = scratch(&format!("{name}-flow"));
    let write = |path: &Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let root = flow.join("sharedflowbundle");
    write(&root.join("common.xml"), "<SharedFlowBundle name='common'/>");
    write(&root.join("policies/A.xml"), shared);
    write(&root.join("sharedflows/default.xml"), "<SharedFlow name='default'><Step><Name>A</Name></Step></SharedFlow>");
    write(&root.join("resources/properties/limits.properties"), &format!("most={shared_value}\n"));
    let own = Path::new(&proxy).join("apiproxy/resources/properties/limits.properties");
    write(&own, &format!("most={own_value}\n"));
    [proxy, flow.to_str().unwrap().to_owned()]
}

#[test]
fn a_proxy_and_its_shared_flow_have_separate_policies_and_properties() {
    let policy = |to: &str| format!("<AssignMessage name='A'>\n<AssignTo>{to}</AssignTo>\n</AssignMessage>\n");
    let [proxy, flow] = caller("separate", &policy("request"), &policy("message"), "1", "2");
    let check = run(&["check", &proxy, &flow]);
    assert_eq!((check.status, problems(&check.output)), (0, vec![]), "{}", check.output);
    let render = run(&["render", &proxy, &flow, "--format", "filter"]);
    assert_eq!((render.status, problems(&render.errors)), (0, vec![]));
    let filter: serde_json::Value = serde_json::from_str(&render.output).unwrap();
    assert_eq!(filter["policies"].as_array().unwrap().len(), 2);
    assert_eq!(filter["policies"][0], policy("request"));
    assert_eq!(filter["properties"], serde_json::json!({"propertyset.limits.most": "1"}));
    let expected = serde_json::json!([{
        "xml": "<SharedFlow name=\"common\"><Step><Name>A</Name></Step></SharedFlow>",
        "policies": [policy("message")],
        "properties": {"propertyset.limits.most": "2"},
    }]);
    assert_eq!(filter["shared_flows"], expected);
}

/// A problem in a policy of a shared flow is one of its file, also when the file of the proxy has the same name.
#[test]
fn a_problem_of_a_shared_flow_names_its_file() {
    let policy = "<AssignMessage name='A'/>";
    let [proxy, flow] = caller("separate-broken", policy, "<ServiceCallout name='A'/>", "1", "1");
    let check = run(&["check", &proxy, &flow]);
    let error = "error[ConnectionInfoMissing]: Connection information is missing in Step A.";
    assert_eq!((check.status, problems(&check.output)), (1, vec![error]), "{}", check.output);
    let position = format!(" --> {flow}/sharedflowbundle/policies/A.xml:1:1\n");
    assert!(check.output.contains(&position), "{}", check.output);
    let render = run(&["render", &proxy, &flow]);
    assert_eq!((render.status, problems(&render.errors)), (1, vec![error]));
    assert!(render.errors.contains(&position), "{}", render.errors);
}

/// The name of a FlowCallout is that of the deployment, which the bundle need not contain.
#[test]
fn a_shared_flow_is_found_by_the_names_of_its_folder_and_its_documents() {
    let call = |flow: &str| format!("<FlowCallout name='F'><SharedFlowBundle>{flow}</SharedFlowBundle></FlowCallout>");
    let root = scratch("aliases-folder").join("sharedflowbundle");
    fs::create_dir_all(root.join("policies")).unwrap();
    fs::create_dir_all(root.join("sharedflows")).unwrap();
    fs::write(root.join("base.xml"), "<SharedFlowBundle name='bundle'/>").unwrap();
    fs::write(root.join("policies/A.xml"), "<AssignMessage name='A'/>").unwrap();
    fs::write(root.join("sharedflows/flow.xml"), "<SharedFlow name='flow'><Step><Name>A</Name></Step></SharedFlow>")
        .unwrap();
    let flow = root.parent().unwrap().to_str().unwrap().to_owned();
    for name in ["bundle", "base", "flow", "aliases-folder"] {
        let proxy = bundle("aliases", "<Step><Name>F</Name></Step>", &[&call(name)], "<RouteRule name='r'/>");
        for command in ["check", "render"] {
            let run = run(&[command, &proxy, &flow]);
            assert_eq!(
                (run.status, problems(&run.output), problems(&run.errors)),
                (0, vec![], vec![]),
                "{command} {name}"
            );
        }
    }
    let proxy = bundle("aliases", "<Step><Name>F</Name></Step>", &[&call("other")], "<RouteRule name='r'/>");
    let check = run(&["check", &proxy, &flow]);
    assert_eq!(
        (check.status, problems(&check.output)),
        (1, vec!["error: unknown shared flow other; pass its bundle as a further path"])
    );
}
