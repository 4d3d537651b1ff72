//! A transaction does not panic for any request and callout response.
#![no_main]

use envoy_callout::config;
use envoy_callout::flow::scripted::Scripted;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const ASSIGN: &str = "<AssignMessage name='AM'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <AssignVariable><Name>a</Name><Template>{jsonPath('$..a',request.content)}{xpath('//b',request.content)}{substring(request.header.x,1,-1)}</Template></AssignVariable>
    <Set><Headers><Header name='y'>{request.queryparam.q}{timeFormatUTCMs(request.header.x,a)}</Header></Headers></Set></AssignMessage>";

const CALL: &str = "<ServiceCallout name='SC'><Request><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <Copy source='request'/></Request><Response>answer</Response><HTTPTargetConnection><URL>http://{request.header.x}/{a}</URL>
    </HTTPTargetConnection></ServiceCallout>";

const EXTRACT: &str =
    "<ExtractVariables name='EV'><Source>answer</Source><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <JSONPayload><Variable name='v'><JSONPath>$..v</JSONPath></Variable></JSONPayload>
    <Header name='z'><Pattern>a{w}b</Pattern></Header></ExtractVariables>";

fuzz_target!(|input: (&str, &str, &str, &str)| {
    let (path, header, body, response) = input;
    let configuration = json!({"policies": [ASSIGN, CALL, EXTRACT], "clusters": {"*": "any"}, "filter_state": ["*"]});
    let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
    let client = Scripted::client("POST", path, &[("x", header), ("content-type", "application/json")]);
    client.with_body(body).with_reply(200, &[("z", header)], response).run(&loaded.plan);
});
