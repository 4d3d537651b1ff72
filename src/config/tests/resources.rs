use super::*;

#[test]
fn a_missing_resource_is_a_warning() {
    let assign = |url: &str| {
        format!(
            "<AssignMessage name='AM'><AssignVariable><Name>v</Name>\n<ResourceURL>{url}</ResourceURL></AssignVariable></AssignMessage>"
        )
    };
    let callout = "<FlowCallout name='FC'><SharedFlowBundle>s</SharedFlowBundle></FlowCallout>";
    let with = |url: &str, flow_url: &str| {
        problems(&json!({
            "policies": [assign(url), callout],
            "request": ["AM", "FC"],
            "resources": {"jsc://a.js": "a"},
            "shared_flows": [{"name": "s", "xml": "<SharedFlow><Step><Name>AM</Name></Step></SharedFlow>",
                              "policies": [assign(flow_url)], "resources": {"jsc://b.js": "b"}}],
        }))
    };
    assert_eq!(with("jsc://a.js", "jsc://b.js"), [""; 0]);
    // A shared flow also reads the resources of the configuration, but not the reverse.
    assert_eq!(with("jsc://{x}.js", "jsc://a.js"), [""; 0]);
    let warning = ["AM, line 2, column 1: unknown resource jsc://b.js: add it to resources"];
    assert_eq!(with("jsc://b.js", "jsc://a.js"), warning);
    assert_eq!(
        problems(&json!({"policies": [], "resources": {"jsc://a.js": 1}})),
        ["resources.jsc://a.js must be a string, not 1"]
    );
}
