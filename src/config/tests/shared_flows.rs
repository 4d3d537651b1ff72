use super::*;

const PROXY: &str = "<ProxyEndpoint name='p'><PreFlow><Request><Step><Name>FC</Name></Step></Request></PreFlow>
  <HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection></ProxyEndpoint>";

#[test]
fn shared_flows_exist_and_do_not_call_themselves() {
    let callout =
        |flow: &str| format!("<FlowCallout name='FC'><SharedFlowBundle>{flow}</SharedFlowBundle></FlowCallout>");
    let flow =
        |name: &str, step: &str| format!("<SharedFlow name='{name}'><Step><Name>{step}</Name></Step></SharedFlow>");
    let with = |policies: serde_json::Value, flows: serde_json::Value| {
        problems(&json!({"policies": policies, "proxy_endpoint": PROXY, "shared_flows": flows, "clusters": {"*": "a"}}))
    };
    assert_eq!(with(json!([callout("log"), CALLOUT]), json!([flow("log", "SC-1")])), [""; 0]);
    assert_eq!(with(json!([callout("log")]), json!([])), ["FC, line 1, column 24: unknown shared flow log"]);
    assert_eq!(
        with(json!([callout("log")]), json!([flow("log", "X")])),
        ["SharedFlow log, line 1, column 30: SharedFlow log[0] (X): unknown policy"]
    );
    assert_eq!(
        with(json!([callout("log")]), json!([flow("log", "FC")])),
        ["SharedFlow log: the shared flow calls itself"]
    );
}

#[test]
fn a_shared_flow_can_have_its_own_policies() {
    let callout = "<FlowCallout name='FC'><SharedFlowBundle>log</SharedFlowBundle></FlowCallout>";
    let flow = "<SharedFlow><Step><Name>SC-1</Name></Step></SharedFlow>";
    let with = |flow: serde_json::Value| {
        problems(
            &json!({"policies": [callout, CALLOUT], "proxy_endpoint": PROXY, "shared_flows": [flow], "clusters": {"*": "a"}}),
        )
    };
    assert_eq!(with(json!({"name": "log", "xml": flow, "policies": [CALLOUT]})), [""; 0]);
    // Without the key, its steps refer to the policies of the configuration.
    assert_eq!(with(json!({"name": "log", "xml": flow})), [""; 0]);
    assert_eq!(
        with(json!({"name": "log", "xml": flow, "policies": [CALLOUT.replace("SC-1", "sc-1")]})),
        ["SharedFlow log, line 1, column 19: SharedFlow log[0] (SC-1): unknown policy; did you mean sc-1?"]
    );
    assert_eq!(
        with(json!({"name": "log", "xml": flow, "policies": [CALLOUT, CALLOUT, "<Timeout"], "policy": 1})),
        [
            "unknown key shared_flows[0].policy; did you mean policies?",
            "shared_flows[0].policies[1]: duplicate policy SC-1",
            "shared_flows[0].policies[2], line 1, column 1: not a well-formed XML document: the document has no root element",
        ]
    );
    assert_eq!(
        with(json!({"xml": flow, "policies": []})),
        [
            "shared_flows[0], line 1, column 1: MissingName: Required attribute name is missing in SharedFlow",
            "FC, line 1, column 24: unknown shared flow log",
        ]
    );
    assert_eq!(with(json!({"name": "log"})), ["shared_flows[0].xml is missing"]);
    assert_eq!(with(json!(5)), ["shared_flows[0] must be a document or an object with xml and policies, not 5"]);
}
