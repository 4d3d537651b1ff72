//! Query and form parameters do not panic for any query, body and parameter name.
#![no_main]

use envoy_callout::config;
use envoy_callout::flow::scripted::Scripted;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const POLICIES: [&str; 2] = [
    "<AssignMessage name='AM-Read'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <AssignVariable><Name>a</Name><Template>{request.queryparam.a}{request.queryparam.a.2}{request.queryparam.a.values}
    {request.queryparams.names}{request.queryparams.count}{request.querystring}{request.formparam.a}{request.formparam.a.2}
    {request.formparam.a.values}{request.formparams.names}{request.formparams.count}{request.formstring}</Template>
    </AssignVariable></AssignMessage>",
    "<AssignMessage name='AM-Write'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <Copy source='request'><QueryParams><QueryParam name='a'/></QueryParams><FormParams><FormParam name='b'/></FormParams></Copy>
    <Remove><QueryParams><QueryParam name='b'/></QueryParams><FormParams><FormParam name='a'/></FormParams></Remove>
    <Add><QueryParams><QueryParam name='{request.header.n}'>{request.header.v}</QueryParam></QueryParams></Add>
    <Set><FormParams><FormParam name='{request.header.n}'>{request.header.v}</FormParam></FormParams></Set>
    <AssignTo createNew='false' type='request'>request</AssignTo></AssignMessage>",
];

fuzz_target!(|input: (&str, &str, &str, &str)| {
    let (query, body, name, value) = input;
    let configuration = json!({"policies": POLICIES, "clusters": {"*": "any"}, "filter_state": ["*"]});
    let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
    let path = format!("/p?{query}");
    let headers = [("n", name), ("v", value), ("content-type", "application/x-www-form-urlencoded")];
    Scripted::client("POST", &path, &headers).with_body(body).run(&loaded.plan);
});
