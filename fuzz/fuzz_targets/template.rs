//! The expansion of a template does not panic for any template, at load or from a variable, and any values.
#![no_main]

use envoy_callout::config;
use envoy_callout::flow::scripted::Scripted;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const OF_VARIABLE: &str = "<AssignMessage name='AM'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <AssignVariable><Name>a</Name><Template ref='request.header.t'/></AssignVariable>
    <AssignVariable><Name>b</Name><Template>{a}{replaceAll(a,request.header.x,a)}</Template></AssignVariable>
    </AssignMessage>";

fuzz_target!(|input: (&str, &str, &str)| {
    let (template, value, body) = input;
    let at_load = format!(
        "<AssignMessage name='AM-2'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
         <Set><Headers><Header name='y'><![CDATA[{}]]></Header></Headers></Set></AssignMessage>",
        template.replace("]]>", "")
    );
    for policies in [json!([OF_VARIABLE]), json!([OF_VARIABLE, at_load])] {
        let configuration = json!({"policies": policies, "clusters": {"*": "any"}, "filter_state": ["*"]});
        let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
        let headers = [("t", template), ("x", value), ("content-type", "application/json")];
        Scripted::client("POST", "/a?b=c", &headers).with_body(body).run(&loaded.plan);
    }
});
